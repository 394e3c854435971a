"""Prediction: tiles change nothing, pixels and planes stay in place, calibration travels, failures leave nothing."""

import dataclasses
import json
from pathlib import Path

import keras
import numpy as np
import pytest
import tifffile
from keras import layers, ops

from srredsim import engines, io, networks
from srredsim.acquisition import Optics, frames_from_raw
from srredsim.errors import InputError
from srredsim.inputs import frames as frames_input
from srredsim.io import Reading, Writing
from srredsim.workflows import predict as prediction
from srredsim.zoo import recipe
from srredsim.zoo.chain import Chain
from srredsim.zoo.models import LoadedModel
from srredsim.zoo.windows import Network, default_tile

ANGLES, PHASES = 3, 5


def loaded(network, scale=2, receptive_field=0, angles=ANGLES, phases=PHASES, name="model"):
    described = recipe.from_dict(
        {"name": name, "network": {"name": "red_net"}, "data": {"angles": angles, "phases": phases}}
    )
    return LoadedModel(name, Path(), described, network, receptive_field, scale, "float32")


def of_frames(model, frames, tile=None):
    return frames_input.of_frames(Network(model), frames, tile)


def of_zoo(name, **settings):
    """A network of the package with random weights, also in what is zero or one at the start."""
    keras.utils.set_random_seed(2)
    network = networks.build(name, **settings)
    rng = np.random.default_rng(5)
    network.set_weights([w + rng.uniform(0, 0.1, w.shape) for w in network.get_weights()])
    scale = 1 if name == "dncnn" else 2
    return loaded(network, scale, networks.module(name).receptive_field(**settings))


@pytest.fixture(scope="module")
def widefield_twice():
    """Every raw pixel becomes the 2 x 2 pixels that it covers: a result that is known exactly."""
    frames = keras.Input((None, None, ANGLES * PHASES))
    return loaded(keras.Model(frames, layers.UpSampling2D(2)(ops.mean(frames, axis=-1, keepdims=True))))


class Recorded:
    """Stands for a network and its engine: calls `function` and remembers the sizes of the windows."""

    def __init__(self, function):
        self.function, self.windows = function, []

    def __call__(self, batch):
        self.windows.append(batch.shape[1:3])
        return self.function(batch)


@pytest.fixture(autouse=True)
def recorded_networks_are_engines(monkeypatch):
    opened = engines.open
    monkeypatch.setattr(
        engines, "open", lambda model: model.network if isinstance(model.network, Recorded) else opened(model)
    )


def twice(batch):
    return np.repeat(np.repeat(batch.mean(-1, keepdims=True), 2, 1), 2, 2)


def expected_widefield(raw):
    """Widefield above background, each pixel four times; written without the package."""
    widefield = raw.reshape(-1, *raw.shape[-2:]).astype(float).mean(0)
    return np.kron(widefield - np.percentile(widefield, 1.0), np.ones((2, 2)))


def raw_frames(*shape, seed=0):
    return np.random.default_rng(seed).integers(100, 4000, (*shape[:-2], ANGLES, PHASES, *shape[-2:])).astype(np.uint16)


SHALLOW = [
    ("red_net", {"input_channels": 15, "depth": 5, "filters": 4, "widefield_skip": True}),
    ("rrdb", {"input_channels": 15, "blocks": 1, "filters": 4, "growth": 2}),
    ("dncnn", {"input_channels": 15, "depth": 5, "filters": 4}),
]
DEEP = [
    ("red_net", {"input_channels": 15, "filters": 3}),
    ("rrdb", {"input_channels": 15, "blocks": 2, "filters": 4, "growth": 2}),
    ("dncnn", {"input_channels": 15, "filters": 4}),
]


@pytest.mark.parametrize(("name", "settings"), SHALLOW + DEEP)
def test_tiles_change_nothing(name, settings):
    model = of_zoo(name, **settings)
    frames = frames_from_raw(raw_frames(95, 124)).astype(np.float32) / 3900
    whole = of_frames(model, frames, tile=1000)
    tiled = of_frames(model, frames, tile=30)
    assert whole.shape == (95 * model.scale, 124 * model.scale)
    assert np.ptp(whole) > 1e-2
    np.testing.assert_allclose(tiled, whole, rtol=0, atol=1e-5 * np.abs(whole).max())


@pytest.mark.parametrize(("name", "settings"), SHALLOW)
def test_tiles_with_less_context_are_not_the_same(name, settings):
    """What the test above would say if the receptive field were ignored."""
    model = of_zoo(name, **settings)
    frames = frames_from_raw(raw_frames(71, 94)).astype(np.float32) / 3900
    whole = of_frames(model, frames, tile=1000)
    careless = dataclasses.replace(model, receptive_field=1)
    error = np.abs(of_frames(careless, frames, tile=30) - whole).max()
    assert error > 1e-3 * np.abs(whole).max()


@pytest.mark.parametrize("tile", [None, 13])
def test_every_pixel_lands_where_it_belongs(widefield_twice, tile):
    y, x = np.mgrid[:37, :53]
    raw = np.broadcast_to(1000.0 * y + x, (ANGLES, PHASES, 37, 53))  # each pixel carries its own coordinates
    image = of_frames(widefield_twice, frames_from_raw(raw), tile)
    above = image + np.percentile(raw[0, 0], 1.0)
    out_y, out_x = np.mgrid[:74, :106]
    np.testing.assert_allclose(above, 1000.0 * (out_y // 2) + out_x // 2, atol=0.05)


def test_units_are_those_of_the_frames(widefield_twice):
    frames = frames_from_raw(raw_frames(20, 24))
    image = of_frames(widefield_twice, frames)
    np.testing.assert_allclose(of_frames(widefield_twice, frames * 7.0 + 100), 7 * image, rtol=1e-4, atol=1)


def test_frames_that_are_too_many(widefield_twice):
    with pytest.raises(InputError, match=r"takes 3 angles x 5 phases = 15 frames; got 9"):
        of_frames(widefield_twice, np.ones((8, 8, 9)))


@pytest.fixture
def acquisition(tmp_path):
    """2 times, 3 channels and 4 z of 20 x 26 pixels, every raw stack unlike all others, as an OME-TIFF."""
    raw = raw_frames(2, 3, 4, 20, 26, seed=4)
    stored = raw.transpose(0, 3, 2, 4, 1, 5, 6)  # T A Z P C Y X
    path = tmp_path / "cells.tif"
    metadata = {
        "axes": "TAZPCYX",
        "PhysicalSizeX": 0.08,
        "PhysicalSizeXUnit": "µm",
        "PhysicalSizeY": 0.08,
        "PhysicalSizeYUnit": "µm",
        "PhysicalSizeZ": 0.3,
        "PhysicalSizeZUnit": "µm",
        "TimeIncrement": 2.5,
        "TimeIncrementUnit": "s",
        "Channel": {"Name": ["actin", "tubulin", "DNA"]},
    }
    tifffile.imwrite(path, stored, ome=True, photometric="minisblack", metadata=metadata)
    return path, raw


@pytest.mark.parametrize("tile", [None, 9])
def test_times_channels_and_planes_keep_their_places(acquisition, widefield_twice, tile):
    path, raw = acquisition
    report = prediction.predict_file(path, widefield_twice, tile=tile)
    assert report["shape_tczyx"] == [2, 3, 4, 40, 52]
    with tifffile.TiffFile(report["paths"][0]) as file:
        assert file.series[0].axes == "TZCYX"
        image = file.asarray()
    for t, c, z in np.ndindex(2, 3, 4):
        np.testing.assert_allclose(image[t, z, c], expected_widefield(raw[t, c, z]), atol=0.05)


def test_the_preview_shows_every_channel(acquisition, widefield_twice, monkeypatch):
    """First time, middle of z, in the colours that the title names."""
    path, raw = acquisition
    shown = []
    monkeypatch.setattr(
        prediction.picture, "side_by_side", lambda path, *images, **words: (path.touch(), shown.append((images, words)))
    )
    prediction.predict_file(path, widefield_twice)
    (((widefield, image), words),) = shown
    np.testing.assert_allclose(widefield, raw[0, :, 2].mean(axis=(1, 2)), rtol=1e-5)
    np.testing.assert_allclose(image, [expected_widefield(one) for one in raw[0, :, 2]], atol=0.05)
    assert words["title"].endswith("   t=0, z=2   actin red, tubulin green, DNA blue")


def test_calibration_travels(acquisition, widefield_twice):
    path, _ = acquisition
    report = prediction.predict_file(path, widefield_twice)
    with tifffile.TiffFile(report["paths"][0]) as file:
        assert file.is_imagej
        tags, stated = file.pages[0].tags, file.imagej_metadata
    for axis in "XY":
        count, length = tags[f"{axis}Resolution"].value
        assert length / count == pytest.approx(0.04, rel=1e-5)  # half the raw pixel
    assert stated["unit"] in ("um", "micron", "µm", "\\u00B5m")
    assert (stated["frames"], stated["channels"], stated["slices"]) == (2, 3, 4)
    assert (stated["spacing"], stated["finterval"]) == (0.3, 2.5)
    assert stated["Labels"][:3] == ["actin", "tubulin", "DNA"]
    assert report["pixel_size_um"] == pytest.approx(0.04)


def test_the_report_is_json_and_the_files_are_there(acquisition, widefield_twice, tmp_path):
    path, _ = acquisition
    out = tmp_path / "results"
    steps = []
    report = prediction.predict_file(
        path, widefield_twice, writing=Writing(out), tile=9, progress=lambda *step: steps.append(step)
    )
    assert json.loads(json.dumps(report)) == report
    assert [Path(p) for p in report["paths"]] == [out / "cells_model.tif", out / "cells_model.png"]
    assert sorted(out.iterdir()) == [out / "cells_model.png", out / "cells_model.tif"]
    assert steps == [(done, len(steps)) for done in range(1, len(steps) + 1)]
    assert len(steps) == 24 * 3 * 3  # 20 x 26 pixels in tiles of at most 9
    assert 0 < report["seconds_in_network"] < report["seconds"]


def test_uint16_is_rounded_and_clipped(tmp_path):
    raw = np.full((ANGLES, PHASES, 6, 8), 1000.0, np.float32)
    raw[..., 0, :4] = [0.0, 2000.4, 2000.6, 90000.0]
    path = write(tmp_path / "a.npy", raw)
    model = loaded(Recorded(lambda batch: twice(batch) - 0.01))  # the background falls below zero
    how = {"reading": Reading(keep_hot_pixels=True), "writing": Writing(dtype="uint16")}
    image = tifffile.imread(prediction.predict_file(path, model, **how)["paths"][0])
    assert image.dtype == np.uint16
    low, high = np.percentile(raw[0, 0], [1.0, 99.9])
    above = raw[0, 0] - low - 0.01 * (high - low)
    assert above.min() < 0
    assert above.max() > 65535
    expected = [[min(max(int(value + 0.5), 0), 65535) for value in row] for row in above.tolist()]
    np.testing.assert_allclose(image[::2, ::2], expected, atol=1e-3)
    assert image.max() == 65535


def test_an_existing_result_is_found_before_computing(acquisition):
    path, _ = acquisition
    model = loaded(Recorded(twice))
    for name in ("cells_model.tif", "cells_model.png"):
        existing = path.with_name(name)
        existing.write_text("precious")
        with pytest.raises(InputError, match=f"{name} exists"):
            prediction.predict_file(path, model)
        assert existing.read_text() == "precious"
        assert sorted(path.parent.iterdir()) == sorted([existing, path])
        existing.unlink()
    assert model.network.windows == []


def test_overwrite_replaces(acquisition, widefield_twice):
    path, _ = acquisition
    (path.parent / "cells_model.tif").write_text("old")
    report = prediction.predict_file(path, widefield_twice, writing=Writing(overwrite=True))
    assert tifffile.imread(report["paths"][0]).shape == (2, 4, 3, 40, 52)


@pytest.mark.parametrize("failure", [RuntimeError("the network broke"), KeyboardInterrupt()])
def test_a_failure_leaves_nothing(acquisition, failure):
    path, _ = acquisition

    def fail_later(batch):
        if len(model.network.windows) > 5:
            raise failure
        return twice(batch)

    model = loaded(Recorded(fail_later))
    with pytest.raises(type(failure)):
        prediction.predict_file(path, model)
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(("value", "complaint"), [(np.nan, "NaN or infinite"), (3.0, "constant")])
def test_bad_pixels_are_found_before_computing(tmp_path, value, complaint):
    raw = raw_frames(3, 20, 24).astype(np.float32)[:1]
    raw[0, ...] = value
    path = write(tmp_path / "a.npy", raw.reshape(15, 20, 24))
    model = loaded(Recorded(twice))
    with pytest.raises(InputError, match=complaint):
        prediction.predict_file(path, model)
    assert model.network.windows == []
    assert list(tmp_path.iterdir()) == [path]


def test_another_pattern_is_refused(tmp_path):
    path = write(tmp_path / "a.npy", np.random.default_rng(0).random((9, 20, 24)))
    with pytest.raises(InputError, match=r"the model model takes 3 angles x 5 phases; this stack has 3 x 3; .*model"):
        prediction.predict_file(path, loaded(Recorded(twice)))
    assert list(tmp_path.iterdir()) == [path]


def test_said_angles_and_phases_are_not_overruled(tmp_path):
    path = write(tmp_path / "a.npy", np.random.default_rng(0).random((45, 20, 24)))
    with pytest.raises(InputError, match=r"this stack has 3 x 3"):
        prediction.predict_file(path, loaded(Recorded(twice)), reading=Reading(angles=3, phases=3))


def test_the_model_decides_where_the_file_does_not(tmp_path):
    path = write(tmp_path / "a.npy", np.random.default_rng(0).random((45, 20, 24)))
    three_by_three = loaded(Recorded(twice), phases=3, name="nine")
    assert np.prod(prediction.predict_file(path, three_by_three)["shape_tczyx"][:3]) == 5
    assert np.prod(prediction.predict_file(path, loaded(Recorded(twice)))["shape_tczyx"][:3]) == 3


def test_a_tile_without_pixels(acquisition, widefield_twice):
    with pytest.raises(InputError, match="whole number above 0; got 0"):
        prediction.predict_file(acquisition[0], widefield_twice, tile=0)


def test_short_memory_makes_smaller_windows_and_the_same_image(tmp_path):
    def short_of_memory(batch):
        if max(batch.shape[1:3]) > 30:
            raise MemoryError
        return twice(batch)

    raw = raw_frames(61, 83)
    path = write(tmp_path / "a.npy", raw.reshape(15, 61, 83))
    model = loaded(Recorded(short_of_memory), receptive_field=4)
    report = prediction.predict_file(path, model)
    np.testing.assert_allclose(tifffile.imread(report["paths"][0]), expected_widefield(raw), atol=0.05)
    assert any("memory was short" in note for note in report["notes"])
    assert max(model.network.windows[-1]) <= 30
    assert len([size for size in model.network.windows if max(size) > 30]) == 2  # 83, 41: not tried again
    small = write(tmp_path / "small.npy", raw.reshape(15, 61, 83)[:, :20, :22])
    large = write(tmp_path / "large.npy", raw.reshape(15, 61, 83))
    chain = Chain(model)  # of which nothing is said that is true of another image only
    notes = [prediction.predict_file(each, chain)["notes"] for each in (large, small)]
    assert [any("memory was short" in note for note in said) for said in notes] == [True, False]


def test_tensorflow_says_that_memory_is_short():
    import tensorflow as tf

    def short_of_memory(batch):
        if max(batch.shape[1:3]) > 40:
            raise tf.errors.ResourceExhaustedError(None, None, "failed to allocate memory")
        return twice(batch)

    raw = raw_frames(61, 83)
    image = of_frames(loaded(Recorded(short_of_memory), receptive_field=2), frames_from_raw(raw))
    np.testing.assert_allclose(image, expected_widefield(raw), atol=0.05)


def test_memory_that_never_suffices():
    def out_of_memory(batch):
        raise MemoryError

    with pytest.raises(MemoryError, match="smallest"):
        of_frames(loaded(Recorded(out_of_memory), receptive_field=4), frames_from_raw(raw_frames(61, 83)))


def test_the_context_fits_into_the_window():
    assert default_tile(loaded(None, receptive_field=43)) == 640 - 2 * 43
    assert default_tile(loaded(None, receptive_field=500)) == 64
    assert default_tile(dataclasses.replace(loaded(None, receptive_field=500), scale=8)) == 16
    hungry = dataclasses.replace(
        loaded(None, receptive_field=32), recipe=recipe.from_dict({"name": "m", "network": {"name": "san"}})
    )
    assert default_tile(hungry) == 256 - 2 * 32  # memory of its window grows with the fourth power


def write(path, raw):
    np.save(path, raw)
    return path


def test_raw_stack_of_our_own(tmp_path, widefield_twice):
    raw = raw_frames(20, 26)
    path = io.write_raw(tmp_path / "own.tif", raw, optics=Optics(pixel_size_um=0.065))
    report = prediction.predict_file(path, widefield_twice)
    assert report["pixel_size_um"] == pytest.approx(0.0325)
    np.testing.assert_allclose(tifffile.imread(report["paths"][0]), expected_widefield(raw), atol=0.05)
