"""What was found, or given, when an image was made is used when it is compared with its frames."""

import json
from pathlib import Path

import numpy as np
import pytest

import srredsim
from srredsim import io
from srredsim.acquisition import Optics
from srredsim.cli.main import main
from srredsim.consistency import compare as comparing
from srredsim.errors import InputError
from srredsim.inspection.readings import watched
from srredsim.optics.transfer import transfer_of, transfers_of
from srredsim.reconstruction.planes import planes
from srredsim.simulation.sim import simulate_stack
from srredsim.stripes.given import Known
from srredsim.stripes.parameters import Damping
from srredsim.workflows import judge as judging
from srredsim.workflows.reconstruct import KnownStripes, Lens, Method, Reconstruction

MICROSCOPE = {"na": 1.4, "wavelength_em_um": 0.525, "pixel_size_um": 0.07}
LIGHT = {"photons": (400.0, 400.0), "phantom": "filaments", "haze": 0.2}
SAMPLE = simulate_stack(8, size=(64, 72), angles=3, phases=3, **LIGHT, **MICROSCOPE)
K = tuple(tuple(map(float, each)) for each in SAMPLE.settings.k0_per_um)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return io.write_raw(tmp_path_factory.mktemp("a") / "a.tif", SAMPLE.raw, optics=Optics(**MICROSCOPE))


@pytest.fixture(scope="module")
def otf(tmp_path_factory):
    """A measured curve, of a lens that is much worse than the usual one."""
    cutoff = transfer_of(Optics(**MICROSCOPE)).cutoff_per_um
    frequencies = np.linspace(0, 1, 101)
    path = tmp_path_factory.mktemp("b") / "otf.txt"
    np.savetxt(path, np.column_stack([frequencies * cutoff, (1 - frequencies) * 0.4**frequencies]))
    return path


@pytest.fixture
def nothing_is_found(monkeypatch):
    """Function: from now on, whoever looks for stripes or damping fails."""

    def refused(*_, **__):
        raise AssertionError("found anew")

    def now() -> None:
        for name in ("estimate", "surveyed", "stripes_in"):
            monkeypatch.setattr(judging, name, refused)

    return now


def test_what_is_given_is_that_of_the_command_and_stays(file, tmp_path, nothing_is_found):
    """Image as of the flags; maps as of the very stripes and lens that the plane was made with."""
    flags = ["--otf-damping", "0.9", *(word for ky, kx in K for word in ("--k", f"{ky!r},{kx!r}"))]
    assert main(["reconstruct", str(file), *flags, "--out", str(tmp_path)]) == 0
    said = json.loads((tmp_path / "a_wiener.json").read_text(encoding="utf-8"))
    image = srredsim.reconstruct(srredsim.read(file), otf_damping=0.9, k=K)
    assert image.save(tmp_path / "b.tif").read_bytes() == (tmp_path / "a_wiener.tif").read_bytes()
    assert said == json.loads(json.dumps(image.found))

    stack = srredsim.read(file)
    known = Known(None, K, None, [Damping(0.9, "given")])
    (plane,) = planes(stack, transfers_of(stack), known=known)
    assert plane.transfer.damping == 0.9
    expected = comparing.consistency(SAMPLE.raw, plane.image, plane.parameters, plane.transfer)
    anew = srredsim.compare_with_frames(np.asarray(image), stack)
    nothing_is_found()
    maps = srredsim.compare_with_frames(image, stack)
    np.testing.assert_array_equal(maps.planes[0, :, 0], [expected.residual, expected.score])
    assert maps.found["planes"][0]["damping_factor"] == expected.damping_factor
    assert not np.array_equal(anew.array, maps.array, equal_nan=True)


@pytest.mark.parametrize("kind", ["damping", "curve", "saved"])
def test_the_lens_is_carried_on(kind, file, otf, tmp_path, nothing_is_found, monkeypatch):
    """Also optics that only the saved stripes know."""
    given = {"damping": {"otf_damping": 0.55}, "curve": {"otf": otf}, "saved": {}}[kind]
    stack = srredsim.read(file)
    if kind == "saved":
        given = {"parameters": srredsim.reconstruct(stack, otf_damping=0.6).found}
        stack = srredsim.read(SAMPLE.raw)
    image = srredsim.reconstruct(stack, **given)
    nothing_is_found()
    lenses = []
    monkeypatch.setattr(
        judging, "consistency", lambda *given, **how: lenses.append(given[3]) or comparing.consistency(*given, **how)
    )
    maps = srredsim.compare_with_frames(image, stack)
    assert np.isfinite(maps.array).any()
    assert maps.pixel_size_um == pytest.approx(0.035)
    (lens,) = lenses
    assert (lens.curve is not None) == (kind == "curve")
    assert lens.damping == {"damping": 0.55, "curve": 1.0, "saved": 0.6}[kind]


def test_frames_are_known_again_however_they_were_opened(file):
    image = srredsim.reconstruct(file)
    stack = srredsim.read(file)
    again = [stack, io.remembering(stack), watched(stack)[0], io.remembering(watched(stack)[0])]
    again += [srredsim.read(SAMPLE.raw, **MICROSCOPE), srredsim.read(SAMPLE.raw)]
    assert all(image.made_of.is_of(each) for each in again)
    other = SAMPLE.raw.copy()
    other[0, 0, 0, 0] += 1
    others = [srredsim.read(file, na=1.3), srredsim.read(other, **MICROSCOPE)]
    others += [srredsim.read(each, **MICROSCOPE) for each in (SAMPLE.raw[::-1], SAMPLE.raw[:, ::-1])]
    assert not any(image.made_of.is_of(each) for each in others)


def test_an_array_that_was_filled_anew_is_another():
    frames = SAMPLE.raw.copy()
    image = srredsim.reconstruct(frames, **MICROSCOPE)
    assert image.made_of.is_of(srredsim.read(frames))
    frames[:] = frames[..., ::-1, :].copy()
    assert not image.made_of.is_of(srredsim.read(frames))


def test_channels_have_stripes_of_their_own():
    """Those of each at the first time, where phases are measured at every time."""
    both = np.stack([SAMPLE.raw, SAMPLE.raw[..., ::-1, :]])
    stack = srredsim.read(np.stack([both, np.roll(both, 1, axis=2)]), axes="TCAPYX", **MICROSCOPE)
    work = Reconstruction(stack, Method(), KnownStripes(), Lens())
    at_first = {plane.position[1]: plane.parameters for plane in work.planes() if plane.position[0] == 0}
    channels = srredsim.reconstruct(stack).made_of.channels
    assert [each.parameters for each in channels] == [at_first[0], at_first[1]]
    assert channels[0].parameters.angles[0].k0_per_um != channels[1].parameters.angles[0].k0_per_um


def test_images_of_another_scale_are_refused_in_one_line(file):
    with pytest.raises(InputError, match=r"2x the pixels.*\(1, 1, 1, 128, 144\); got \(256, 288\)$") as problem:
        srredsim.compare_with_frames(np.eye(256, 288), Path(file))
    assert "\n" not in str(problem.value)
