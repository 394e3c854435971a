"""Columns and rows that a camera adds, against the ones that were added."""

import numpy as np
import pytest

from srredsim.acquisition import Optics, Pattern, RawStack
from srredsim.noise.lines import lines_of
from srredsim.simulation.sim import simulate_stack
from srredsim.workflows.reconstruct import reconstruct

OPTICS = {"na": 1.4, "wavelength_em_um": 0.525, "pixel_size_um": 0.08}
CUTOFF = 2 * 1.4 / 0.525 * 0.08
FLOATING = {"photons": (60.0, 60.0), "gain_adu": 2.0, "modulation_depths": ((0.6,),) * 3, "otf_damping": 0.75}


def sample(index: int, **fixed):
    return simulate_stack(77, index=index, phases=3, beams=2, phantom="filaments", **OPTICS, **FLOATING | fixed)


@pytest.mark.parametrize(("added", "side"), [(3.0, (96, 128)), (6.0, (160, 112))])
def test_what_was_added_is_found_where_the_lens_shows_nothing_of_the_object(added, side):
    """Within the cut-off the object has some of each column's share; beyond it nothing but noise is left."""
    made = sample(1, size=side)
    offsets = np.random.default_rng(3).normal(0, added, side[1])
    found = lines_of(made.raw + offsets, CUTOFF)
    assert not found.rows.any()
    beyond = np.fft.rfftfreq(side[1]) > CUTOFF
    wanted, seen = (np.fft.rfft(each * np.hanning(side[1]))[beyond] for each in (offsets, found.columns))
    assert np.vdot(seen, wanted).real / np.vdot(wanted, wanted).real == pytest.approx(1, abs=0.2)
    assert np.std(offsets - offsets.mean() - found.columns) < 0.75 * added


def test_rows_are_columns_of_the_turned_frames():
    made = sample(2, size=(128, 96))
    offsets = np.random.default_rng(4).normal(0, 4.0, 96)
    found = lines_of(made.raw + offsets, CUTOFF)
    turned = lines_of(np.swapaxes(made.raw + offsets, 2, 3), CUTOFF)
    np.testing.assert_allclose(turned.rows, found.columns, atol=1e-9)
    np.testing.assert_array_equal(turned.columns, 0)


@pytest.mark.parametrize("photons", [10.0, 200.0, 3000.0])
@pytest.mark.parametrize("index", range(4))
def test_an_even_camera_has_none(photons, index):
    assert lines_of(sample(index, photons=(photons, photons), size=96).raw, CUTOFF) is None


def test_columns_of_a_pixel_size_that_hides_what_lies_beyond_the_lens_are_left():
    assert lines_of(sample(0, size=96).raw + np.arange(96) % 2 * 9.0, 0.49) is None


def test_a_camera_with_columns_gives_nearly_the_image_of_one_without():
    """Contrasts had become .01, .06 and .52 where they are .6, with one angle of three at another place."""
    made = sample(3, size=128)
    offsets = np.random.default_rng(5).normal(0, 3.0, 128)
    images, contrasts = [], []
    for raw in (made.raw.astype(float), made.raw + offsets):
        done = reconstruct(RawStack(raw[None, None, None], Pattern(3, 3), Optics(**OPTICS)))
        images.append(done.images[0, 0, 0])
        (channel,) = done.channels
        contrasts.append([angle.orders[0].modulation_depth for angle in channel.parameters.angles])
        assert all(angle.status == "measured" for angle in channel.parameters.angles)
    assert np.corrcoef(images[0].ravel(), images[1].ravel())[0, 1] > 0.97
    assert min(contrasts[0]) > 0.45
    assert min(contrasts[1]) > 0.15
    assert any("columns of the camera" in note for note in done.notes)
