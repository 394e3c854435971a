"""Updates of Richardson-Lucy that the noise bears, and whether frames are so dim that it is chosen."""

import numpy as np
import pytest

from srredsim.acquisition import Optics, Pattern, RawStack
from srredsim.optics.transfer import Transfer
from srredsim.reconstruction.chosen import by_light, photons_of
from srredsim.reconstruction.held_out import updates_by_noise
from srredsim.reconstruction.richardson_lucy import updates
from srredsim.reconstruction.wiener import reconstruct
from srredsim.simulation.sim import simulate_stack
from srredsim.stripes.estimate import estimate
from srredsim.stripes.preprocess import prepare
from srredsim.workflows.reconstruct import Method
from srredsim.workflows.reconstruct import reconstruct as reconstruct_stack


def test_held_out_light_tells_what_the_truth_does():
    """As good as the best of twenty, which only the truth tells, and a scale changes nothing."""
    sample = simulate_stack(41, phases=3, photons=(15, 15), size=(80, 72), phantom="filaments")
    transfer = Transfer(sample.settings.cutoff_per_um, sample.settings.pixel_size_um)
    prepared = prepare(sample.raw)
    parameters = estimate(prepared, transfer)
    count = updates_by_noise(prepared, parameters, transfer)
    start, _ = reconstruct(prepared, parameters, transfer)
    images = [image for image, _ in zip(updates(prepared, parameters, transfer, start), range(21), strict=False)]
    scores = [np.corrcoef(image.ravel(), sample.truth.ravel())[0, 1] for image in images]
    assert scores[min(count, 20)] > max(scores) - 0.004
    assert scores[min(count, 20)] > scores[0] + 0.003
    assert updates_by_noise(prepare(3.0 * sample.raw + 50), parameters, transfer) == count


@pytest.mark.parametrize(("photons", "method"), [(12.0, "richardson-lucy"), (120.0, "wiener")])
def test_photons_are_counted_and_decide(photons, method):
    sample = simulate_stack(41, phases=3, photons=(photons, photons), size=80, haze=0.0, background_photons=0.0)
    transfer = Transfer(sample.settings.cutoff_per_um, sample.settings.pixel_size_um)
    prepared = prepare(sample.raw)
    assert photons_of(prepared, transfer) == pytest.approx(photons, rel=0.3)
    assert photons_of(prepare(5.0 * sample.raw), transfer) == pytest.approx(photons_of(prepared, transfer), rel=0.02)
    assert by_light(photons_of(prepared, transfer)) == method


def test_auto_is_the_method_that_it_says():
    sample = simulate_stack(41, phases=3, photons=(12, 12), size=64, phantom="filaments")
    optics = Optics(**{name: getattr(sample.settings, name) for name in ("pixel_size_um", "na", "wavelength_em_um")})
    stack = RawStack(sample.raw[None, None, None], Pattern(3, 3), optics)
    found = reconstruct_stack(stack)
    channel = found.report["channels"][0]
    assert channel["method"] == "richardson-lucy"
    same = reconstruct_stack(stack, method=Method("richardson-lucy", iterations=channel["updates"]))
    np.testing.assert_array_equal(found.images, same.images)
