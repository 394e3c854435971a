"""How often a prediction with consistency and preview reads each plane: once, or twice where memory is short."""

import numpy as np
import pytest
import tifffile

import srredsim
from srredsim import io
from srredsim.acquisition import Optics, Pattern, RawStack
from srredsim.io import Reading, memory
from srredsim.simulation.sim import simulate_stack
from srredsim.workflows.predict import predict_file
from srredsim.workflows.reconstruct_file import reconstruct_file
from srredsim.zoo import models

TIMES, CHANNELS, SLICES, ANGLES, PHASES, SIDE = 2, 1, 2, 3, 5, 40
PLANES = TIMES * CHANNELS * SLICES * ANGLES * PHASES


@pytest.fixture(scope="module")
def raw():
    """(t, c, z, angle, phase, y, x), the last slice the sharpest."""
    from scipy.ndimage import gaussian_filter

    one = simulate_stack(6, index=3, phases=PHASES, size=SIDE, photons=(500.0, 500.0)).raw.astype(float)
    light = np.linspace(1, 0.5, TIMES * CHANNELS).reshape(TIMES, CHANNELS)
    slices = np.stack([gaussian_filter(one, (0, 0, 1, 1)), one])
    return (light[..., None, None, None, None, None] * slices).round().astype(np.uint16)


def bare_tiff(path, raw):
    return io.write_raw(path / "a.tif", raw)


def compressed_tiff(path, raw):
    metadata = {"axes": "TAZPCYX"}
    stored = raw.transpose(0, 3, 2, 4, 1, 5, 6)
    tifffile.imwrite(path / "a.tif", stored, ome=True, photometric="minisblack", metadata=metadata, compression="zlib")
    return path / "a.tif"


def array(path, raw):
    np.save(path / "a.npy", raw)
    return path / "a.npy"


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(("limit", "most"), [(memory.LIMIT_BYTES, 1), (0, 2)])
@pytest.mark.parametrize(
    ("write", "kind"), [(bare_tiff, "tiny_cleaner"), (compressed_tiff, "tiny_model"), (array, "tiny_cleaner")]
)
def test_reads_of_each_plane(write, kind, limit, most, raw, counted, tmp_path, monkeypatch, request):
    reads, opened = counted
    path, model = write(tmp_path, raw), models.load(request.getfixturevalue(kind), "float32")
    reads.clear()
    monkeypatch.setattr(memory, "LIMIT_BYTES", limit)
    reading = Reading(na=1.4, wavelength_em_um=0.52, pixel_size_um=0.08)
    report = predict_file(path, lambda stack: model, reading=reading)
    assert len(report["paths"]) == 4
    assert report["shape_tczyx"][:3] == [TIMES, CHANNELS, SLICES]
    assert len(reads) == PLANES
    assert max(reads.values()) <= most
    assert opened["file"] == 1
    if most == 2:  # the test sees what it should
        assert max(reads.values()) == 2


def test_reconstruct_reads_each_plane_once(raw, counted, tmp_path):
    reads, opened = counted
    path = compressed_tiff(tmp_path, raw)
    reads.clear()
    reconstruct_file(path, reading=Reading(na=1.4, wavelength_em_um=0.52, pixel_size_um=0.08), split_photons=True)
    assert len(reads) == PLANES
    assert set(reads.values()) == {1}
    assert opened["file"] == 1


HOW = {"angles": ANGLES, "phases": PHASES, "na": 1.4, "wavelength_em_um": 0.52, "pixel_size_um": 0.08}


def predicted(path, model):
    return predict_file(path, lambda stack: model, reading=Reading(**HOW))["notes"]


def reconstructed(path, model):
    return reconstruct_file(path, reading=Reading(**HOW))["notes"]


def predicted_in_memory(path, model):
    return srredsim.predict(path, model=model, **HOW).notes


def reconstructed_in_memory(path, model):
    return srredsim.reconstruct(path, **HOW).notes


VERBS = predicted, predicted_in_memory, reconstructed, reconstructed_in_memory
LIMITS = [(memory.LIMIT_BYTES, 1), (0, 2)]  # bytes, and how often a plane may be read then


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(("limit", "most"), LIMITS)
@pytest.mark.parametrize("verb", VERBS)
def test_other_readings_are_tried_on_what_was_read(
    verb, limit, most, raw, counted, tmp_path, monkeypatch, tiny_cleaner
):
    """The file has z fastest, and is read as if phases were: a plane belongs to others, too, in other readings."""
    reads, model = counted[0], models.load(tiny_cleaner, "float32")
    np.save(tmp_path / "a.npy", raw[0, 0].transpose(2, 1, 0, 3, 4).reshape(-1, SIDE, SIDE))
    monkeypatch.setattr(memory, "LIMIT_BYTES", limit)
    reads.clear()
    notes = verb(tmp_path / "a.npy", model)
    assert len([note for note in notes if "wrong frame order" in note and '`order="ZAP"' in note]) == 1
    assert len(reads) == SLICES * ANGLES * PHASES
    assert max(reads.values()) <= most


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(("limit", "most"), LIMITS)
@pytest.mark.parametrize("verb", [predicted_in_memory, reconstructed, reconstructed_in_memory])
def test_the_verbs_read_each_plane_as_rarely(verb, limit, most, raw, counted, tmp_path, monkeypatch, tiny_cleaner):
    reads, model = counted[0], models.load(tiny_cleaner, "float32")
    path = compressed_tiff(tmp_path, raw)
    monkeypatch.setattr(memory, "LIMIT_BYTES", limit)
    reads.clear()
    verb(path, model)
    assert len(reads) == PLANES
    assert max(reads.values()) == most


def test_frames_are_known_again_when_they_were_forgotten(raw):
    """What made an image is found without reading it again, and is what a stack that forgets nothing says."""
    pattern, optics = Pattern(ANGLES, PHASES), Optics(1.4, 0.52, 0.08)
    plain = RawStack(raw, pattern, optics)
    short = memory.remembering(plain, limit=0)
    for position in short.positions():
        short.raw(*position)
    assert short.array.digests.keys() == {(0, 0, 0)}
    assert short.fingerprint() == plain.fingerprint()
    assert short.fingerprint() != RawStack(raw[:, :, :, ::-1], pattern, optics).fingerprint()


def test_short_memory_changes_nothing(raw, tmp_path, monkeypatch, tiny_cleaner):
    path, model = bare_tiff(tmp_path, raw), models.load(tiny_cleaner, "float32")
    reading = Reading(na=1.4, wavelength_em_um=0.52, pixel_size_um=0.08)
    whole = [file_bytes(name) for name in predict_file(path, model, reading=reading)["paths"]]
    monkeypatch.setattr(memory, "LIMIT_BYTES", 0)
    again = predict_file(path, model, reading=reading, writing=io.Writing(overwrite=True))
    assert [file_bytes(name) for name in again["paths"]] == whole


def file_bytes(path):
    with open(path, "rb") as file:
        return file.read()


def test_widefield_images_are_read_once(counted, tmp_path):
    from srredsim.workflows.planewise import Work, planewise

    reads, _ = counted
    np.save(tmp_path / "a.npy", np.random.default_rng(0).integers(0, 99, (5, 20, 24)))
    planewise(tmp_path / "a.npy", Work("same", lambda plane: plane.image))
    assert reads == dict.fromkeys(range(5), 1)
