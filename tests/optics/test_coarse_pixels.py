"""Pixels a little too coarse for the lens: used with a warning, without the frequencies that others fold onto."""

import numpy as np
import pytest

import srredsim
from srredsim.acquisition import Optics
from srredsim.errors import InputError
from srredsim.optics.transfer import transfer_of
from srredsim.simulation.sim import simulate_stack

LIGHT_UM, PIXEL_UM = 0.515, 0.0867
REAL = {"na": 1.49, "wavelength_em_um": LIGHT_UM, "pixel_size_um": PIXEL_UM}  # 0.0864 um would sample it


def transfer(coarser_by, na=1.2):
    return transfer_of(Optics(na, LIGHT_UM, coarser_by * LIGHT_UM / (4 * na)))


@pytest.mark.parametrize("coarser_by", [1.004, 1.029, 1.19])
def test_what_others_fold_onto_is_left_out(coarser_by):
    """A wave beyond the Nyquist frequency looks like the one as far below it: where one may be, nothing is believed."""
    lens = transfer(coarser_by)
    nyquist = 1 / (2 * lens.pixel_size_um)
    frequency = np.linspace(0, 1.1 * lens.cutoff_per_um, 2000)
    found = lens(frequency, np.zeros(1))[:, 0]
    folded = 2 * nyquist - frequency
    aliased = (folded <= lens.cutoff_per_um) | (frequency > lens.cutoff_per_um)
    near = np.abs(folded - lens.cutoff_per_um) < 0.002 * lens.cutoff_per_um
    assert np.all(found[aliased & ~near] == 0)
    assert np.all(found[~aliased & ~near & (frequency < lens.cutoff_per_um)] > 0)
    (line,) = lens.remarks
    assert f"{100 * (coarser_by - 1):.1f} % too coarse" in line


def test_fine_pixels_are_not_touched():
    for share in (0.5, 1.0, 1.0009):
        assert transfer(share).passed == 1
        assert transfer(share).remarks == []


def test_beyond_a_fifth_it_is_refused():
    with pytest.raises(InputError, match="too coarse"):
        transfer(1.21)


def test_a_real_microscope(tmp_path, run):
    sample = simulate_stack(3, size=(48, 56), photons=(500.0, 500.0), phantom="filaments", **REAL | {"na": 1.3})
    fine = srredsim.reconstruct(sample.raw, **REAL | {"na": 1.3}).array
    image = srredsim.reconstruct(sample.raw, **REAL)
    assert np.corrcoef(image.array.ravel(), fine.ravel())[0, 1] > 0.98
    for made in (image, srredsim.predict(sample.raw, **REAL)):
        assert [note for note in made.notes if "0.3 % too coarse" in note]
    np.save(tmp_path / "stack.npy", sample.raw)
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in REAL.items()]
    for command in ("reconstruct", "inspect"):
        status, out, err = run(command, tmp_path / "stack.npy", *flags)
        assert (status, "0.3 % too coarse" in out + err) == (0, True)


def test_a_camera_of_15_percent_too_coarse_pixels_still_gives_detail():
    """6.5 um behind 60 times: widefield images of it, interpolated, are far behind."""
    coarse = {"na": 1.4, "wavelength_em_um": 0.525, "pixel_size_um": 1.15 * 0.525 / 5.6}
    made = coarse | {"pixel_size_um": coarse["pixel_size_um"] / 2}
    sample = simulate_stack(8, size=192, phases=3, photons=(300.0, 300.0), phantom="filaments", **made)
    raw = sample.raw.astype(float).reshape(3, 3, 96, 2, 96, 2).sum(axis=(3, 5))
    truth = sample.truth.reshape(192, 2, 192, 2).mean(axis=(1, 3))
    image = srredsim.reconstruct(raw, **coarse)
    blurred = np.kron(raw.mean(axis=(0, 1)), np.ones((2, 2)))
    ours, theirs = (np.corrcoef(each.ravel(), truth.ravel())[0, 1] for each in (image.array, blurred))
    assert ours > theirs + 0.03
