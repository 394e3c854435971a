"""Wiener images as training input: the same image as `reconstruct` makes, beside the truth of the same field."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from srredsim.acquisition import Optics, raw_from_frames
from srredsim.data import catalogue
from srredsim.data.pairs import Pair, Pairs
from srredsim.data.reconstructed import Joined, Reconstructed, ReconstructedSeries, reconstructed, with_white_noise
from srredsim.data.simulated import Series, SimulatedPairs
from srredsim.errors import InputError
from srredsim.evaluation.scores import fit_intensity
from srredsim.normalise import Scaling
from srredsim.optics.transfer import transfer_of
from srredsim.reconstruction.wiener import reconstruct
from srredsim.stripes.estimate import estimate
from srredsim.stripes.preprocess import prepare

SERIES = Series(seed=11, count=3, phases=3, size=64, photons=(800.0, 800.0))


def test_the_input_is_the_image_of_reconstruct_in_the_units_of_the_truth():
    pair, made = SimulatedPairs(SERIES)[1], ReconstructedSeries(SERIES)[1]
    transfer = transfer_of(Optics(**pair.facts["optics"]))
    prepared = prepare(raw_from_frames(pair.frames, 3, 3))
    found = estimate(prepared, transfer)
    expected, _ = reconstruct(prepared, found, found.lens(transfer))
    images, truth = made.normalised()
    np.testing.assert_allclose(images[..., 0] * pair.scaling.gain, expected, rtol=1e-5, atol=1e-3)
    np.testing.assert_allclose(truth[..., 0] * pair.scaling.gain, pair.truth, rtol=1e-5)
    blocks = images[..., 1].reshape(64, 2, 64, 2).mean((1, 3))  # widefield: its blocks are the raw pixels
    assert np.corrcoef(blocks.ravel(), pair.frames.mean(-1).ravel())[0, 1] > 0.999


def test_frames_of_coloured_noise_are_made_white_and_those_of_a_camera_are_left():
    pair = SimulatedPairs(SERIES)[1]
    assert with_white_noise(pair, 3, 3) is pair
    smoothed = replace(pair, frames=ndimage.gaussian_filter(pair.frames.astype(np.float32), (0.8, 0.8, 0)))
    white = with_white_noise(smoothed, 3, 3)
    corner = np.hypot(np.fft.fftfreq(64)[:, None], np.fft.fftfreq(64)) > 0.55  # where there is noise alone

    def noise(frames):
        return np.mean(abs(np.fft.fft2(frames, axes=(0, 1))[corner]) ** 2)

    assert noise(smoothed.frames) < 0.05 * noise(pair.frames)
    assert 0.3 < noise(white.frames) / noise(pair.frames) < 3
    np.testing.assert_allclose(white.frames.mean((0, 1)), smoothed.frames.mean((0, 1)), rtol=2e-3)


def test_input_and_truth_show_the_same_field():
    """Turned or moved by a pixel, they would agree less."""
    pair = ReconstructedSeries(SERIES)[0]
    image, truth = pair.frames[8:-8, 8:-8, 0], pair.truth[8:-8, 8:-8]

    def error(of):
        return np.sqrt(np.mean((fit_intensity(of, truth) - truth) ** 2))

    shifted = [np.roll(image, by, axis) for by in (-1, 1) for axis in (0, 1)]
    assert error(image) < min(error(other) for other in [*shifted, image.T, image[::-1], image[:, ::-1]])


def test_what_other_processes_made_is_what_one_makes_itself():
    series = Series(seed=12, count=10, phases=3, size=48)
    pairs = ReconstructedSeries(series)
    assert pairs.generate(range(10)) == 10
    assert pairs.missing(range(10)) == []
    assert pairs.generate(range(10)) == 0
    for index in (0, 9):
        expected = reconstructed(SimulatedPairs(series)[index], 3, 3)
        np.testing.assert_allclose(ReconstructedSeries(series)[index].frames, expected.frames, atol=1e-5)


def test_simulated_pairs_say_themselves_how_they_are_reconstructed():
    pairs = SimulatedPairs(SERIES)
    kept, general = pairs.reconstructed((3, 3)), Pairs.reconstructed(pairs, (3, 3))
    assert kept.generate([2]) + general.generate([2]) <= 2
    assert (kept.missing([2]), isinstance(general, Reconstructed)) == ([], True)
    np.testing.assert_allclose(kept[2].frames, general[2].frames, rtol=1e-5, atol=1e-5)
    opened = catalogue.open_reconstructed("simulated", "train", [(3, 3)], count=1).pairs
    assert (type(opened), opened.series.phases) == (ReconstructedSeries, 3)


def test_joined_sets_come_in_turn():
    class Numbers:
        def __init__(self, first):
            self.first, self.made = first, {1}

        def __len__(self):
            return 3

        def __getitem__(self, index):
            return self.first + index

        def missing(self, indices):
            return [i for i in indices if i not in self.made]

        def generate(self, indices, progress):
            todo = self.missing(indices)
            self.made |= set(todo)
            progress(len(todo), len(todo))
            return len(todo)

    joined, steps = Joined([Numbers(0), Numbers(10)]), []
    assert [joined[i] for i in range(len(joined))] == [0, 10, 1, 11, 2, 12]
    assert sorted(joined.missing(range(6))) == [0, 1, 4, 5]
    assert joined.generate(iter([0, 2, 5]), lambda *done: steps.append(done)) == 2
    assert steps == [(1, 2), (2, 2)]
    assert sorted(joined.missing(range(6))) == [1, 4]


def test_pairs_of_unknown_optics_are_refused():
    pair = Pair(np.ones((8, 8, 9)), np.ones((16, 16)), Scaling(0.0, 1.0))
    with pytest.raises(InputError, match="needs NA, emission wavelength and pixel size"):
        reconstructed(pair, 3, 3)


def test_a_folder_has_one_pattern(tmp_path):
    with pytest.raises(InputError, match=r"data\.patterns"):
        catalogue.open_reconstructed(tmp_path, "train", [(3, 5), (3, 3)])
