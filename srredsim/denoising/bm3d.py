r"""BM3D: similar blocks are stacked, the stack is transformed, small coefficients go, and all estimates are averaged.

Twice: first coefficients under a threshold are dropped; then, with the result as a pilot for where blocks are similar
and how strong their coefficients are, each is weighed as a Wiener filter would. Each stack is weighed by the inverse of
the noise it keeps, each block by a Kaiser window.

References
----------
.. [1] K. Dabov, A. Foi, V. Katkovnik, K. Egiazarian, IEEE Trans. Image Process. 16, 2080 (2007).
.. [2] A. Cohen, I. Daubechies, J.-C. Feauveau, Commun. Pure Appl. Math. 45, 485 (1992): the biorthogonal wavelet 1.5.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from scipy import fft, sparse

from srredsim.errors import InputError

KAISER_BETA = 2.0
SEARCH = 19  # pixels each way in which similar blocks are looked for
STRIP = 20  # rows of reference blocks worked on at a time
WORKERS = 2
VERY_NOISY = 40.0 / 255.0  # noise, in ranges of the image, from which on the second set of numbers is better


@dataclass(frozen=True)
class Stage:
    """Numbers of one of the two passes; those published with the method."""

    block: int  # side, pixels
    step: int  # pixels between reference blocks
    stack: int  # most blocks in a stack, a power of two
    alike: float  # greatest mean squared difference of blocks in a stack, in (range / 255)^2
    threshold: float = 0.0  # for coefficients, in standard deviations of the noise


NORMAL = (Stage(8, 3, 16, 3000.0, 2.7), Stage(8, 3, 32, 400.0))
NOISY = (Stage(8, 4, 32, 25000.0, 2.8), Stage(11, 6, 32, 3500.0))


def bm3d(image, noise_std: float, data_range: float) -> np.ndarray:
    """Image without its white Gaussian noise; float32 (y, x).

    Parameters
    ----------
    image : (y, x) array_like
        At least 11 pixels a side.
    noise_std : float
        Standard deviation of the noise, in units of the image.
    data_range : float
        From the darkest to the brightest value, noise apart: by this the limits of similarity are scaled.

    Raises
    ------
    InputError
        If the image is not a plane of finite numbers, or noise or range are not above 0.
    """
    noisy = np.asarray(image, np.float32)
    side = NOISY[1].block
    if noisy.ndim != 2 or min(noisy.shape) < side or not np.all(np.isfinite(noisy)):
        raise InputError(f"BM3D needs one plane (y, x) of finite numbers, {side} x {side} or more; got {noisy.shape}")
    if not (np.isfinite(noise_std) and noise_std > 0 and np.isfinite(data_range) and data_range > 0):
        raise InputError(f"BM3D needs noise and range above 0, not {noise_std} and {data_range}")
    first, second = NOISY if noise_std > VERY_NOISY * data_range else NORMAL
    offset = noisy.mean()
    scaled = (noisy - offset) / np.float32(data_range)
    sigma = np.float32(noise_std / data_range)
    pilot = _pass(scaled, scaled, first, sigma)
    return _pass(scaled, pilot, second, sigma) * np.float32(data_range) + offset


def _pass(noisy: np.ndarray, pilot: np.ndarray, stage: Stage, sigma: float) -> np.ndarray:
    """One stage over the whole image, a strip of reference blocks at a time."""
    transform = _Transform(biorthogonal_15() if stage.threshold else fft.dct(np.eye(stage.block), axis=0, norm="ortho"))
    rows = _references(noisy.shape[0], stage)
    strips = [rows[start : start + STRIP] for start in range(0, len(rows), STRIP)]
    places = tuple(n - stage.block + 1 for n in noisy.shape)
    total = np.zeros((*places, stage.block**2), np.float32)
    weight = np.zeros(places, np.float32)
    with ThreadPoolExecutor(WORKERS) as pool:
        for top, part, part_weight in pool.map(
            lambda strip: _strip(noisy, pilot, stage, sigma, transform, strip), strips
        ):
            total[top : top + len(part)] += part
            weight[top : top + len(part)] += part_weight
    return _averaged(transform.inverse(total), weight, stage.block, noisy.shape)


def _strip(noisy, pilot, stage: Stage, sigma, transform: _Transform, rows: np.ndarray):
    """First row; sums at every place of weighed coefficients (rows, columns, block^2), of weights (rows, columns)."""
    top = max(rows[0] - SEARCH, 0)
    bottom = min(rows[-1] + SEARCH + stage.block, noisy.shape[0])
    near, near_pilot = noisy[top:bottom], pilot[top:bottom]
    columns = _references(noisy.shape[1], stage)
    height, width = (n - stage.block + 1 for n in near.shape)
    places, counts = _similar_blocks(near_pilot, rows - top, columns, stage)
    coefficients = transform.of_blocks(near)
    pilots = None if stage.threshold else transform.of_blocks(near_pilot)
    total = np.zeros((height * width, stage.block**2), np.float32)
    weight = np.zeros(height * width, np.float32)
    for size in np.unique(counts):
        chosen = places[counts == size, :size]  # (stacks, size)
        stacks = coefficients[chosen]
        if pilots is None:
            kept, stack_weight = _thresholded(stacks, stage.threshold * sigma, sigma)
        else:
            kept, stack_weight = _wiener_filtered(stacks, pilots[chosen], sigma)
        sums = sparse.csr_array(
            (np.repeat(stack_weight, size), (chosen.ravel(), np.arange(chosen.size))),
            shape=(height * width, chosen.size),
        )
        total += sums @ kept.reshape(chosen.size, -1)
        weight += np.asarray(sums.sum(axis=1)).ravel()
    return top, total.reshape(height, width, -1), weight.reshape(height, width)


def _references(length: int, stage: Stage) -> np.ndarray:
    """Where reference blocks start along an axis; the last one ends with the image."""
    last = length - stage.block
    return np.append(np.arange(0, last, stage.step), last)


def _similar_blocks(image: np.ndarray, rows, columns, stage: Stage) -> tuple[np.ndarray, np.ndarray]:
    """For every reference block the places of those most like it, best first, and how many of them make its stack.

    Returns
    -------
    places : (references, stage.stack) int array
        Row of the block times the number of columns of blocks, plus column; the reference is the first.
    counts : (references,) int array
        The largest power of two of blocks alike.
    """
    width = image.shape[1] - stage.block + 1
    reach = range(-SEARCH, SEARCH + 1)
    distances = np.empty((len(reach) ** 2, len(rows), len(columns)), np.float32)
    padded = np.pad(image, SEARCH, constant_values=1e9)  # so that blocks beyond the edge are unlike any
    bottom = int(rows[-1]) + stage.block
    offsets = [(dy, dx) for dy in reach for dx in reach]
    for number, (dy, dx) in enumerate(offsets):
        shifted = padded[SEARCH + dy : SEARCH + dy + bottom, SEARCH + dx : SEARCH + dx + image.shape[1]]
        squared = image[:bottom] - shifted
        squared *= squared
        distances[number] = _window_sums(_window_sums(squared, rows, stage.block).T, columns, stage.block).T
    flat = np.ascontiguousarray(distances.reshape(len(offsets), -1).T)
    flat[:, len(offsets) // 2] = -1.0  # the reference itself comes first
    best = np.argpartition(flat, stage.stack, axis=1)[:, : stage.stack]
    value = np.take_along_axis(flat, best, axis=1)
    order = np.argsort(value, axis=1)
    best, value = np.take_along_axis(best, order, axis=1), np.take_along_axis(value, order, axis=1)
    alike = np.count_nonzero(value <= stage.alike / 255.0**2 * stage.block**2, axis=1)
    step = np.array([dy * width + dx for dy, dx in offsets])
    start = (np.asarray(rows)[:, None] * width + columns).ravel()
    return start[:, None] + step[best], 2 ** np.floor(np.log2(alike)).astype(int)


def _window_sums(values: np.ndarray, starts: np.ndarray, length: int) -> np.ndarray:
    """Sums of ``length`` rows from each start."""
    total = values[starts]
    for row in range(1, length):
        total += values[starts + row]
    return total


class _Transform:
    """Separable transform of blocks; rows of the matrix have length 1, so that white noise keeps its deviation.

    Products are of many small matrices, not of one large: those start threads, which get into the way of the strips.
    """

    def __init__(self, matrix: np.ndarray):
        self.forward = matrix.astype(np.float32)
        self.backward = np.linalg.inv(matrix).astype(np.float32)
        self.block = len(matrix)

    def of_blocks(self, image: np.ndarray) -> np.ndarray:
        """(places, block^2): every block of the image, row by row."""
        blocks = np.lib.stride_tricks.sliding_window_view(image, (self.block, self.block))
        return (self.forward @ blocks @ self.forward.T).reshape(-1, self.block**2)

    def inverse(self, coefficients: np.ndarray) -> np.ndarray:
        blocks = coefficients.reshape(*coefficients.shape[:-1], self.block, self.block)
        return (self.backward @ blocks @ self.backward.T).reshape(coefficients.shape)


def biorthogonal_15(size: int = 8) -> np.ndarray:
    """Matrix of the periodic biorthogonal wavelet transform 1.5 down to one mean; rows of length 1."""
    mean = np.array([3, -3, -22, 22, 128, 128, 22, -22, -3, 3]) / 256.0
    rows: list[np.ndarray] = []
    averages = np.eye(size)
    while len(averages) > 1:
        n = len(averages)
        rows = [averages[2 * k] - averages[2 * k + 1] for k in range(n // 2)] + rows
        around = [(2 * k - 4 + np.arange(10)) % n for k in range(n // 2)]
        averages = np.array([mean @ averages[places] for places in around])
    matrix = np.vstack([averages, rows])
    return matrix / np.linalg.norm(matrix, axis=1, keepdims=True)


def haar(size: int) -> np.ndarray:
    """Orthonormal Haar matrix of a power of two; the first row is the mean."""
    matrix = np.ones((1, 1))
    while len(matrix) < size:
        detail = np.kron(np.eye(len(matrix)), [1, -1])
        matrix = np.vstack([np.kron(matrix, [1, 1]), detail]) / np.sqrt(2)
    return matrix.astype(np.float32)


def _thresholded(stacks: np.ndarray, limit: float, sigma: float) -> tuple[np.ndarray, np.ndarray]:
    """Stacks (stacks, blocks, block^2) without small coefficients, and the weight of each; the mean always stays."""
    matrix = haar(stacks.shape[1])
    spectrum = matrix @ stacks
    keep = np.abs(spectrum) > limit
    keep[:, 0, 0] = True
    spectrum *= keep
    return matrix.T @ spectrum, 1.0 / (sigma**2 * keep.sum(axis=(1, 2), dtype=np.float32))


def _wiener_filtered(stacks: np.ndarray, pilots: np.ndarray, sigma: float) -> tuple[np.ndarray, np.ndarray]:
    """Stacks with each coefficient weighed by the power that the pilot gives it, and the weight of each stack."""
    matrix = haar(stacks.shape[1])
    gain = matrix @ pilots
    gain *= gain
    gain /= gain + sigma**2
    gain[:, 0, 0] = 1.0
    filtered = matrix.T @ (matrix @ stacks * gain)
    return filtered, 1.0 / (sigma**2 * np.einsum("sbc,sbc->s", gain, gain))


def _averaged(blocks: np.ndarray, weight: np.ndarray, side: int, shape: tuple[int, int]) -> np.ndarray:
    """Blocks at all places (rows, columns, side^2), already weighed, averaged under a Kaiser window."""
    window = np.outer(np.kaiser(side, KAISER_BETA), np.kaiser(side, KAISER_BETA)).astype(np.float32)
    rows, columns = weight.shape
    above, below = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for y in range(side):
        for x in range(side):
            above[y : y + rows, x : x + columns] += window[y, x] * blocks[:, :, y * side + x]
            below[y : y + rows, x : x + columns] += window[y, x] * weight
    return above / below
