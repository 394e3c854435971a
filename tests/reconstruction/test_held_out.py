"""Updates of Richardson-Lucy that the noise bears."""

import numpy as np

from srredsim.optics.transfer import Transfer
from srredsim.reconstruction.held_out import updates_by_noise
from srredsim.reconstruction.richardson_lucy import updates
from srredsim.reconstruction.wiener import reconstruct
from srredsim.simulation.sim import simulate_stack
from srredsim.stripes.estimate import estimate
from srredsim.stripes.preprocess import prepare


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
