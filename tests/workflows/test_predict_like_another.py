"""Stripes of another stack of the microscope, for networks whose input is made with stripes."""

import json

import numpy as np
import pytest
import tifffile

import srredsim
from srredsim import io
from srredsim.acquisition import Optics, Pattern, RawStack
from srredsim.cli.main import main
from srredsim.errors import InputError
from srredsim.io import Reading, Writing

OPTICS = {"na": 1.4, "wavelength_em_um": 0.525, "pixel_size_um": 0.08}
SIDE = 192
K_PER_UM = 1.85 * 1.4 / 0.525


def lens(side, pixel_um):
    """Closed form of an ideal lens."""
    f = np.fft.fftfreq(side, pixel_um)
    r = np.clip(np.hypot(f[:, None], f) / (2 * OPTICS["na"] / OPTICS["wavelength_em_um"]), 0, 1)
    return 2 / np.pi * (np.arccos(r) - r * np.sqrt(1 - r * r))


def recorded(sample, photons, seed, k_per_um=K_PER_UM):
    """Frames (9, y, x) of a sample of twice the pixels, lit by three angles of cosines."""
    rng, side, pixel_um = np.random.default_rng(seed), len(sample), OPTICS["pixel_size_um"] / 2
    y, x = np.mgrid[:side, :side] * pixel_um
    frames = []
    for turn in 0.3 + np.pi * np.arange(3) / 3:
        phase = 2 * np.pi * k_per_um * (np.sin(turn) * y + np.cos(turn) * x)
        for step in 2 * np.pi * np.arange(3) / 3:
            lit = np.fft.fft2(sample * (1 + 0.8 * np.cos(phase + step + turn))) * lens(side, pixel_um)
            frames.append(np.fft.ifft2(lit).real.reshape(side // 2, 2, side // 2, 2).mean((1, 3)))
    frames = np.clip(frames, 0, None)
    frames *= photons / np.percentile(frames, 99.5)
    return (rng.poisson(frames + 2) * 2 + 100).astype(np.uint16)


def lines():
    """A test slide, exactly upright: pairs of lines whose distance grows."""
    sample = np.zeros((2 * SIDE, 2 * SIDE))
    for number, at in enumerate(range(20, 2 * SIDE - 24, 48)):
        sample[80:-80, [at, at + 2 * number]] += 1
    return sample


def spots():
    sample = np.zeros((2 * SIDE, 2 * SIDE))
    sample[tuple(np.random.default_rng(4).integers(20, 2 * SIDE - 20, (2, 900)))] = 1
    return sample


@pytest.fixture(scope="module")
def bright(tmp_path_factory):
    """Parameters of a stack that shows the stripes."""
    found = srredsim.reconstruct(recorded(spots(), 2000, 1), **OPTICS).found
    path = tmp_path_factory.mktemp("bright") / "bright_wiener.json"
    path.write_text(json.dumps(found))
    return path


@pytest.fixture(scope="module")
def slide():
    return recorded(lines(), 500, 2)


def likeness(image):
    truth = np.fft.fft2(lines())
    f = np.fft.fftfreq(len(truth), OPTICS["pixel_size_um"] / 2)
    truth = np.fft.ifft2(truth * np.clip(1 - np.hypot(f[:, None], f) / (3.85 * 1.4 / 0.525), 0, None)).real
    return np.corrcoef(image.array[24:-24, 24:-24].ravel(), truth[24:-24, 24:-24].ravel())[0, 1]


@pytest.mark.filterwarnings("ignore::srredsim.errors.Doubt")
def test_lines_of_a_slide_that_hide_the_stripes_are_made_with_those_of_another_stack(slide, bright):
    alone = srredsim.predict(slide, model="red_wiener", **OPTICS)
    known = srredsim.predict(slide, model="red_wiener", parameters=bright, **OPTICS)
    assert likeness(known) > 0.99 > likeness(alone) + 0.02
    assert any(note.startswith(f"stripes as in {bright}, if the frames show them") for note in known.notes)
    k0 = [np.hypot(*angle["k0_per_um"]) for angle in known.found["parameters"][0]]
    np.testing.assert_allclose(k0, K_PER_UM, rtol=1e-3)


def test_a_file_without_optics_has_those_of_the_other_stack_and_planes_are_the_same(slide, bright, tmp_path, capsys):
    tifffile.imwrite(tmp_path / "slide.tif", slide)
    command = ["predict", str(tmp_path / "slide.tif"), "--parameters", str(bright), "--model", "red_wiener"]
    assert main([*command, "--out", str(tmp_path / "whole")]) == 0
    assert "cut-off estimated" not in capsys.readouterr().err
    assert main([*command, "--out", str(tmp_path / "parts"), "--by-plane"]) == 0
    whole, parts = (tifffile.imread(tmp_path / way / "slide_red_wiener.tif") for way in ("whole", "parts"))
    np.testing.assert_array_equal(whole, parts)
    in_memory = srredsim.predict(slide, model="red_wiener", parameters=bright, **OPTICS)
    np.testing.assert_allclose(whole, in_memory.array, atol=1e-4 * whole.max())


def test_stripes_of_another_microscope_are_refused(slide, bright, tmp_path):
    with pytest.raises(InputError, match=r"was measured with na 1\.4, this stack has 1\.3"):
        srredsim.predict(slide, parameters=bright, **(OPTICS | {"na": 1.3}))
    with pytest.raises(InputError, match="there is no such file"):
        srredsim.predict(slide, parameters=tmp_path / "none.json", **OPTICS)


@pytest.mark.filterwarnings("ignore::srredsim.errors.Doubt")
def test_where_stripes_are_others_the_lens_is_measured_too(bright, tmp_path):
    """Whatever the other stack says of it; and optics that only it says are refused, as are its stripes."""
    told = json.loads(bright.read_text())
    told["channels"][0]["otf"] |= {"damping": 0.3, "spherical_waves": 0.1}
    frames = recorded(spots(), 1000, 8, 0.8 * K_PER_UM)
    alone = srredsim.reconstruct(frames, **OPTICS)
    known = srredsim.reconstruct(frames, parameters=told, **OPTICS)
    assert any(
        note.startswith("warning: the frames have other stripes than the parameters say") for note in known.notes
    )
    np.testing.assert_allclose(known.array, alone.array, atol=1e-3 * alone.array.max())
    np.save(tmp_path / "other.npy", frames)
    words = "the frames have other stripes than the parameters say, and `wavelength_em_um` only these tell"
    for verb in (srredsim.reconstruct, srredsim.predict):
        with pytest.raises(InputError, match=words):
            verb(tmp_path / "other.npy", parameters=told, **(OPTICS | {"wavelength_em_um": None}))


@pytest.mark.filterwarnings("ignore::srredsim.errors.Doubt")
def test_predict_measures_the_lens_where_the_other_stack_had_a_file_of_it(bright):
    frames, told = recorded(spots(), 1000, 9), json.loads(bright.read_text())
    with_lens = srredsim.predict(frames, model="red_wiener", parameters=told, **OPTICS)
    told["channels"][0]["otf"] |= {"file": "otf.tif", "damping": None}
    without = srredsim.predict(frames, model="red_wiener", parameters=told, **OPTICS)
    assert np.corrcoef(with_lens.array.ravel(), without.array.ravel())[0, 1] > 0.999
    with pytest.raises(InputError, match=r"was measured with `otf` otf\.tif: give that, too, or `otf_damping`"):
        srredsim.reconstruct(frames, parameters=told, **OPTICS)


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        (("otf", "damping"), 1e-9, "a damping of 1e-09 where one from 0.01 to 1 should be"),
        (("otf", "damping"), 7, "a damping of 7 where one from 0.01 to 1 should be"),
        (("angles", 0, "orders", 0, "z"), 1e12, "a significance of 1e\\+12"),
        (("angles", 0, "orders", 0, "z"), float("nan"), "where a number should be"),
    ],
)
def test_numbers_that_no_measurement_gives_are_refused(slide, bright, place, value, words):
    told = json.loads(bright.read_text())
    *way, last = place
    found = told["channels"][0]
    for step in way:
        found = found[step]
    found[last] = value
    with pytest.raises(InputError, match=f"is damaged .*{words}"):
        srredsim.predict(slide, parameters=told, **OPTICS)


def test_a_folder_is_no_file_of_parameters(slide, tmp_path):
    (tmp_path / "some.json").mkdir()
    with pytest.raises(InputError, match=r"some\.json is a folder; give the <stem>_wiener\.json"):
        srredsim.predict(slide, parameters=tmp_path / "some.json", **OPTICS)


@pytest.mark.filterwarnings("ignore::srredsim.errors.Doubt")
def test_one_channel_does_not_say_the_optics_of_two(bright):
    two = np.stack([recorded(spots(), 500, seed) for seed in range(2)]).reshape(2, 3, 3, SIDE, SIDE)
    with pytest.raises(InputError, match="is of one channel, this stack has 2, whose emission wavelengths"):
        srredsim.reconstruct(two, axes="CAPYX", parameters=bright, na=1.4, pixel_size_um=0.08)
    told = {"wavelength_em_um": (0.525, 0.525)}
    assert srredsim.reconstruct(two, axes="CAPYX", parameters=bright, **(OPTICS | told)).array.shape[0] == 2


def test_networks_of_raw_frames_and_of_single_images_take_none(slide, bright, tmp_path):
    np.save(tmp_path / "slide.npy", slide)
    from srredsim.workflows.predict import predict_file
    from srredsim.zoo.models import load

    for name, told in (("red_frames_3x3", OPTICS), ("w2s_dncnn", {})):
        with pytest.raises(InputError, match="`parameters` is for models whose input is made with stripes"):
            predict_file(
                tmp_path / "slide.npy",
                load(name),
                reading=Reading(**told),
                writing=Writing(tmp_path),
                parameters=bright,
            )
    assert [path.name for path in tmp_path.iterdir()] == ["slide.npy"]


@pytest.mark.filterwarnings("ignore::srredsim.errors.Doubt")
def test_hot_pixels_stay_where_they_are_asked_to(bright):
    frames = recorded(spots(), 300, 5)
    frames[:, 90, 90] += 3000
    stack = RawStack(frames.reshape(1, 1, 1, 3, 3, SIDE, SIDE), Pattern(3, 3), Optics(**OPTICS))
    repaired, kept = (
        srredsim.predict(stack, model="red_wiener", parameters=bright, keep_hot_pixels=keep) for keep in (False, True)
    )
    assert kept.array[178:184, 178:184].max() > repaired.array[178:184, 178:184].max() + 100
    assert [any("hot pixel" in note for note in image.notes) for image in (repaired, kept)] == [True, False]


def test_a_cut_off_that_was_estimated_is_taken_over_by_the_command_as_in_python(bright, tmp_path, capsys):
    stack = recorded(spots(), 2000, 6)
    found = srredsim.reconstruct(stack).found
    (tmp_path / "other_wiener.json").write_text(json.dumps(found))
    tifffile.imwrite(tmp_path / "dim.tif", recorded(spots(), 50, 7))
    given = ["--parameters", str(tmp_path / "other_wiener.json"), "--model", "red_wiener"]
    assert main(["predict", str(tmp_path / "dim.tif"), *given]) == 0
    assert "estimated from the frames" not in capsys.readouterr().err
    parameters = tmp_path / "other_wiener.json"
    in_memory = srredsim.predict(tmp_path / "dim.tif", model="red_wiener", parameters=parameters)
    made = tifffile.imread(tmp_path / "dim_red_wiener.tif")
    np.testing.assert_allclose(made, in_memory.array, atol=1e-4 * made.max())


def test_wavelengths_of_a_part_of_the_channels(tmp_path):
    three = np.stack([recorded(spots(), 500, seed) for seed in range(3)]).reshape(3, 3, 3, SIDE, SIDE)
    io.write_raw(tmp_path / "three.ome.tif", three[None, :, None], optics=Optics(pixel_size_um=0.08, na=1.4))
    found = srredsim.reconstruct(three[1:], axes="CAPYX", **(OPTICS | {"wavelength_em_um": (0.525, 0.53)})).found
    (tmp_path / "two_wiener.json").write_text(json.dumps(found))
    command = ["predict", str(tmp_path / "three.ome.tif"), "--only", "c=1-2", "--model", "red_wiener"]
    assert main([*command, "--parameters", str(tmp_path / "two_wiener.json"), "--by-plane"]) == 0
    assert tifffile.imread(tmp_path / "three_c1-2_red_wiener.tif").shape == (2, 2 * SIDE, 2 * SIDE)
