"""Files that say how far raw frames support an image: for every plane, beside the image, whole or not at all."""

from dataclasses import replace

import numpy as np
import pytest

from srredsim import io
from srredsim.acquisition import Optics, Pattern, RawStack, percent
from srredsim.consistency import picture as judging_picture
from srredsim.consistency.compare import consistency
from srredsim.errors import InputError
from srredsim.noise.camera import noise_of_frames
from srredsim.optics.transfer import transfer_of
from srredsim.reconstruction import survey
from srredsim.reconstruction.forward import stripes_of
from srredsim.simulation.sim import simulate_stack
from srredsim.stripes.estimate import estimate
from srredsim.stripes.preprocess import prepare
from srredsim.workflows import judge as judging

SAMPLE = simulate_stack(77, index=2, phases=3, size=(80, 70), photons=(300, 300))
SETTINGS = SAMPLE.settings
OPTICS = Optics(SETTINGS.na, SETTINGS.wavelength_em_um, SETTINGS.pixel_size_um)


def stack_of(*shape, optics=OPTICS, raw=SAMPLE.raw) -> RawStack:
    array = np.broadcast_to(raw, (*shape, *raw.shape)).copy()
    return RawStack(array, Pattern(3, 3), optics, tuple(f"dye {n}" for n in range(shape[1])))


def judge_all(judge, stack, transfer, images, name="net", title="cell"):
    """As a prediction does it: all planes, here in another order than the channels'."""
    found = survey.surveyed(stack, lambda sharpest: judging.stripes_in(sharpest, transfer, hexagonal=False))
    for position in images:
        one = judging.judged(position, stack.raw(*position), images[position], found.stripes[position[1]], transfer)
        judge.add(one, images[position], name=name, title=title)
    return judge.report()


def judge_of(path, stack, **calibration):
    return judging.Judge(path, (*stack.array.shape[:3], *stack.array.shape[5:]), **calibration)


def test_maps_of_every_plane(tmp_path):
    stack = stack_of(2, 2, 1)
    wrong = SAMPLE.truth[:, ::-1]
    images = {(0, 0, 0): SAMPLE.truth, (1, 0, 0): wrong, (0, 1, 0): wrong, (1, 1, 0): SAMPLE.truth}
    transfer, _ = judging.transfers_for(stack)
    with judge_of(tmp_path / "cell_net.tif", stack, channel_names=stack.channel_names) as judge:
        found = judge_all(judge, stack, transfer, images)
    files = judging.paths(tmp_path / "cell_net.tif")
    assert list(files) == [tmp_path / f"cell_net_consistency.{ending}" for ending in ("tif", "png")]
    maps, _ = io.read_image(files[0])
    expected = {
        position: consistency(SAMPLE.raw, image, estimate(prepare(SAMPLE.raw), transfer), transfer)
        for position, image in images.items()
    }
    for (t, c, z), one in expected.items():
        np.testing.assert_allclose(maps[t, 2 * c, z], one.residual, rtol=1e-5)
        np.testing.assert_allclose(maps[t, 2 * c + 1, z], one.score, rtol=1e-5)
    assert [(each["t"], each["c"]) for each in found["planes"]] == [(0, 0), (1, 0), (0, 1), (1, 1)]
    assert [round(each["residual"]) == 1 for each in found["planes"]] == [True, False, False, True]
    rsp = [each["rsp"] for each in found["planes"]]
    assert min(rsp[0], rsp[3]) > max(rsp[1], rsp[2])
    assert found["line"].startswith(f"residual {expected[0, 0, 0].summary:.2f} (1: explained")
    with (tmp_path / "cell_net_consistency.png").open("rb") as file:
        assert file.read(8) == b"\x89PNG\r\n\x1a\n"


def test_channels_are_named(tmp_path):
    judge = judge_of(tmp_path / "a.tif", stack_of(1, 2, 1), channel_names=("green", "red"))
    assert judge.channel_names == ["green residual", "green score", "red residual", "red score"]


def test_a_plane_of_no_use_does_not_stop_the_others(tmp_path):
    stack = stack_of(2, 1, 1)
    images = {(0, 0, 0): np.zeros_like(SAMPLE.truth), (1, 0, 0): SAMPLE.truth}
    with judge_of(tmp_path / "a.tif", stack) as judge:
        found = judge_all(judge, stack, judging.transfers_for(stack)[0], images)
    assert found["notes"] == ["not compared with the raw frames: t=0, c=0, z=0: " + found["notes"][0].split(": ", 2)[2]]
    assert "constant" in found["line"]
    assert found["planes"][0]["residual"] is None
    assert found["planes"][1]["residual"] == pytest.approx(1, abs=0.05)
    maps, _ = io.read_image(judge.maps)
    assert np.all(np.isnan(maps[0]))


def test_nothing_is_overwritten_or_left_half_done(tmp_path):
    stack = stack_of(1, 1, 1)
    with pytest.raises(RuntimeError), judge_of(tmp_path / "a.tif", stack):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "a_consistency.tif").write_bytes(b"mine")
    with pytest.raises(InputError, match="exists"), judge_of(tmp_path / "a.tif", stack):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["a_consistency.tif"]


@pytest.mark.parametrize(
    ("stack", "words"),
    [
        (stack_of(1, 1, 1, optics=Optics(pixel_size_um=0.08)), "`na, wavelength_em_um`"),
        (stack_of(1, 1, 1, raw=SAMPLE.raw[..., :20]), "too small"),
        (RawStack(np.zeros((1, 1, 1, 3, 2, 64, 64)), Pattern(3, 2), OPTICS), "3 phases"),
    ],
)
def test_what_is_missing_is_named(stack, words):
    with pytest.raises(InputError, match=words):
        judging.transfers_for(stack)


def test_stripes_of_the_middle_are_those_of_the_whole(monkeypatch):
    (transfer,) = judging.transfers_for(stack_of(1, 1, 1))
    sharpest = survey.Sharpest(stack_of(1, 1, 1), 0, 0, SAMPLE.raw, SAMPLE.raw)
    whole = stripes_of(judging.stripes_in(sharpest, transfer, hexagonal=False))
    monkeypatch.setattr(judging, "STRIPES_SIDE", 64)
    middle = stripes_of(judging.stripes_in(sharpest, transfer, hexagonal=False))
    y_um, x_um = 40 * SETTINGS.pixel_size_um, 35 * SETTINGS.pixel_size_um
    for one, other in zip(whole, middle, strict=True):
        there, here = (each.seen_from(y_um, x_um).amplitudes for each in (one, other))
        assert np.max(np.abs(np.angle(here / there))) < 0.15  # in the middle, where an error of k does not matter


def test_the_closest_look_is_at_what_is_flagged():
    (transfer,) = judging.transfers_for(stack_of(1, 1, 1))
    image = SAMPLE.truth.copy()
    image[100:108, 90:98] += np.percentile(SAMPLE.truth, 99.5)
    found = consistency(SAMPLE.raw, image, estimate(prepare(SAMPLE.raw), transfer), transfer)
    row, column, side = judging_picture.closest_look(image, found)
    assert row < 100
    assert row + side > 108
    assert column < 90
    assert column + side > 98


def test_a_slice_whose_stripes_have_moved_is_judged_as_if_it_were_alone():
    """All phases of the second slice are 1.1 rad on, and 2.2 those of the second order."""
    ways = {"size": 96, "phases": 5, "photons": (300.0, 300.0), "haze": 0.0, "phantom": "filaments"}
    first = simulate_stack(31, index=0, **ways)
    kept = ("k0_per_um", "modulation_depths", "na", "wavelength_em_um", "pixel_size_um", "otf_damping")
    steps = tuple(tuple(phase + 1.1 for phase in angle) for angle in first.settings.phases_rad)
    known = {name: getattr(first.settings, name) for name in kept} | {"phases_rad": steps}
    other = simulate_stack(31, index=1, **ways, **known)
    optics = Optics(*(known[name] for name in ("na", "wavelength_em_um", "pixel_size_um")))
    transfer = transfer_of(optics)
    found = estimate(prepare(first.raw), transfer)
    alone = judging.judged((0, 0, 0), other.raw, other.truth, estimate(prepare(other.raw), transfer), transfer)
    beside = judging.judged((0, 0, 1), other.raw, other.truth, found, transfer)
    wrong = consistency(other.raw, other.truth, found, transfer)  # with the phases of the other slice
    known = np.isfinite(alone.found.score)
    alike = [np.corrcoef(one.score[known], alone.found.score[known])[0, 1] for one in (beside.found, wrong)]
    assert alike[0] > 0.99
    assert alike[1] < 0.8


def test_an_image_that_the_frames_do_not_support_is_said_aloud():
    stack = stack_of(1, 1, 2)
    images = np.stack([SAMPLE.truth, SAMPLE.truth[::-1]])[None, None]
    report = judging.compare(stack, images).report
    (line,) = report["notes"]
    share = max(each["unsupported_fraction"] for each in report["planes"])
    assert line.startswith(f"warning: the frames do not support {100 * share:.0f} % of the image at t=0, c=0, z=1")
    assert report["of"] == "z=1"
    assert judging.compare(stack, images[:, :, [0, 0]]).report["notes"] == []


@pytest.mark.parametrize("photons", [300.0, 3000.0])
@pytest.mark.parametrize(("added", "said"), [(0.0, False), (0.1, False), (0.3, True)])
def test_what_an_image_leaves_unexplained_is_a_share_of_the_structure(photons, added, said):
    """Grain that no lens makes, of so many deviations of the widefield image: the square of it, in any light."""
    kept = {"phantom": "filaments", "haze": 0.0, "background_photons": 0.0, "offset_adu": 100.0}
    sample = simulate_stack(31, phases=3, size=128, photons=(photons, photons), **kept)
    transfer = transfer_of(Optics(*(getattr(sample.settings, n) for n in ("na", "wavelength_em_um", "pixel_size_um"))))
    widefield = sample.raw.mean((0, 1))
    grain = np.random.default_rng(2).standard_normal(widefield.shape) * added * widefield.std()
    raw = (sample.raw + grain).astype(np.float32)
    found = estimate(prepare(sample.raw), transfer)
    noise = noise_of_frames(sample.raw, transfer.cutoff_per_pixel)
    share = consistency(raw, sample.truth, found, transfer, noise).unexplained
    assert share == pytest.approx(added**2, abs=0.1 * added**2 + 0.003)
    one = judging.judged((0, 0, 0), sample.raw, sample.truth, found, transfer)
    row = one.row | {"unexplained_fraction": share, "residual": 1.2}
    notes = judging._report([replace(one, row=row)], (1, 1, 1))["notes"]
    assert bool(notes) == said
    if said:
        (note,) = notes
        assert note.startswith(
            f"warning: the image leaves {percent(share)} % of the structure of the frames unexplained"
        )


@pytest.mark.parametrize("phases", [3, 5])
def test_structures_that_angles_show_in_unlike_brightness_are_told_from_a_wrong_image(phases):
    """Angles whose frames are 1 + cos(2 pi x / 3 + 2 pi a / 3) / 2 times as bright: so much more or less each is."""
    kept = {"phantom": "filaments", "haze": 0.0, "background_photons": 0.0, "offset_adu": 100.0}
    sample = simulate_stack(31, phases=phases, size=128, photons=(1000.0, 1000.0), **kept)
    transfer = transfer_of(Optics(*(getattr(sample.settings, n) for n in ("na", "wavelength_em_um", "pixel_size_um"))))
    found = estimate(prepare(sample.raw), transfer)
    noise = noise_of_frames(sample.raw, transfer.cutoff_per_pixel)
    turn = 2 * np.pi * (np.arange(128) / 3 + np.arange(3)[:, None] / 3)
    gains = (1 + 0.5 * np.cos(turn))[:, None, None]
    light = sample.raw - 100.0
    raw = (light * gains + 100).astype(np.float32)
    left = consistency(raw, sample.truth, found, transfer, noise)
    border = np.argmax(np.isfinite(left.residual).any(axis=1)) // 2
    inside = light.mean(1)[:, border:-border, border:-border]
    apart = (gains[:, 0] - 1)[:, :, border:-border] * inside
    assert left.between_angles == pytest.approx(np.mean(apart**2) / np.var(inside.mean(0)), rel=0.1)
    assert 0.6 < left.between_angles / left.unexplained < 1
    (note,) = _notes_of(raw, sample.truth, found, transfer)
    assert "angles show the same structures in unlike brightness" in note
    altered = sample.truth + np.roll(sample.truth, 9, axis=1)
    wrong = consistency(sample.raw, altered, found, transfer, noise)
    assert abs(wrong.between_angles) < 0.05 * wrong.unexplained
    (note,) = _notes_of(sample.raw, altered, found, transfer)
    assert note.endswith("look at the consistency map before you believe it")


def _notes_of(raw, image, found, transfer):
    one = judging.judged((0, 0, 0), raw, image, found, transfer)
    return [note for note in judging._report([one], (1, 1, 1))["notes"] if "stripes" not in note]


def test_stripes_that_are_left_in_an_image_are_said_aloud():
    """Planted in one of two planes: a fifth of what is there, along the stripes of the second angle."""
    y, x = (np.arange(n) * SETTINGS.pixel_size_um / 2 for n in SAMPLE.truth.shape)
    found = estimate(prepare(SAMPLE.raw), transfer_of(OPTICS))
    ky, kx = found.angles[1].k0_per_um
    striped = SAMPLE.truth * (1 + 0.2 * np.cos(2 * np.pi * (ky * y[:, None] + kx * x)))
    report = judging.compare(stack_of(1, 1, 2), np.stack([SAMPLE.truth, striped])[None, None]).report
    (line,) = [note for note in report["notes"] if "remain in the image" in note]
    assert line.startswith("warning: t=0, c=0, z=1, the worst of 1 such planes: stripes of angle 2, 1 times its first")
    assert [len(row["stripes_left"]) for row in report["planes"]] == [0, 1]
    assert report["planes"][1]["stripes_left"][0]["contrast"] == pytest.approx(0.2, abs=0.05)


def test_noise_is_no_unlike_brightness_of_the_angles():
    """In little light it is most of what the angles' means differ by."""
    kept = {"phantom": "filaments", "haze": 0.0, "background_photons": 0.0, "offset_adu": 100.0}
    sample = simulate_stack(31, phases=3, size=128, photons=(10.0, 10.0), **kept)
    transfer = transfer_of(Optics(*(getattr(sample.settings, n) for n in ("na", "wavelength_em_um", "pixel_size_um"))))
    found = estimate(prepare(sample.raw), transfer)
    left = consistency(sample.raw, sample.truth, found, transfer)
    means = sample.raw.mean(axis=1)[:, 16:-16, 16:-16]
    by_noise = np.mean((means - means.mean(axis=0)) ** 2) / np.var(means.mean(axis=0))
    assert by_noise > 0.05
    assert abs(left.between_angles) < 0.1 * by_noise
