r"""What small patches of images look like: a mixture of Gaussians, each of mean 0.

A patch x, row by row and less its own mean, has the density

.. math:: p(x) = \sum_k w_k\, N(x; 0, C_k)

The components are flat ground, edges and ridges of every direction, spots and texture, each in several strengths.

The mixture that comes with this package was fitted by us, with `tools/patch_prior.py`, to images that this package
simulates: noise-free widefield images of phantoms of cells, stabilised like a noisy image of theirs. It holds nothing
of anybody's data, and has seen no photograph.

References
----------
.. [1] D. Zoran, Y. Weiss, Int. Conf. Computer Vision, 479 (2011).
.. [2] A. P. Dempster, N. M. Laird, D. B. Rubin, J. R. Stat. Soc. B 39, 1 (1977): the fit.
"""

from __future__ import annotations

import tokenize
import zipfile
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, cached_property
from io import BytesIO
from pathlib import Path

import numpy as np

from srredsim import documents
from srredsim.errors import InputError
from srredsim.io.whole import atomic

PATCH_PX = 8  # pixels of a patch
PIXELS = PATCH_PX**2
SHIPPED = Path(__file__).with_name("patch_prior.npz")
STRENGTHS = 10  # groups of equal size into which patches are sorted by contrast before the fit
WORKERS = 2
BLOCK = 1 << 13  # patches worked on at a time: their products stay in the cache
NEGLIGIBLE = 1e-4  # share of a patch in a component that is not counted
LARGEST = 64 * 2**20  # bytes of an archive when unpacked: 2000 components, whole
DAMAGE = (
    ValueError,
    TypeError,
    EOFError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
    SyntaxError,
    tokenize.TokenError,
)
FLOOR = 1e-6  # variance added to every pixel: no component becomes a point, nothing fainter than 1/1000 is told apart


@dataclass(frozen=True)
class Mixture:
    """``weights`` (components,), of sum 1; ``covariances`` (components, 64, 64), of patches of images from 0 to 1."""

    weights: np.ndarray
    covariances: np.ndarray

    @cached_property
    def axes(self) -> tuple[np.ndarray, np.ndarray]:
        """Variances along the axes of each component (components, 64), 0 or more; the axes (components, 64, 64)."""
        variances, axes = np.linalg.eigh(np.asarray(self.covariances, float))
        return np.maximum(variances, 0.0), axes

    def log_densities(self, patches: np.ndarray, noise_variance: float = 0.0) -> np.ndarray:
        """``log(weight_k N(x; 0, C_k + noise_variance I))``; float32 (components, patches)."""
        return np.concatenate(list(self._in_blocks(patches, noise_variance, lambda logs: logs)), axis=1)

    def most_likely(self, patches: np.ndarray, noise_variance: float) -> np.ndarray:
        """Number of the component that each noisy patch belongs to, (patches,) int."""
        return np.concatenate(list(self._in_blocks(patches, noise_variance, lambda logs: np.argmax(logs, axis=0))))

    def _in_blocks(self, patches: np.ndarray, noise_variance: float, use: Callable[[np.ndarray], np.ndarray]):
        """``use(log densities)`` of every block of patches."""
        variances, axes = self.axes
        variances = variances + noise_variance
        whitening = (axes / np.sqrt(variances)[:, None, :]).astype(np.float32)
        constants = np.log(self.weights) - 0.5 * np.sum(np.log(2 * np.pi * variances), axis=1)

        def logs(block: np.ndarray) -> np.ndarray:
            result, white = np.empty((len(constants), len(block)), np.float32), np.empty_like(block)
            for k, constant in enumerate(constants):
                product(block, whitening[k], out=white)
                result[k] = constant - 0.5 * np.einsum("ij,ij->i", white, white)
            return use(result)

        patches = np.asarray(patches, np.float32)
        with ThreadPoolExecutor(WORKERS) as pool:
            yield from pool.map(logs, [patches[start : start + BLOCK] for start in range(0, len(patches), BLOCK)])


def product(patches: np.ndarray, matrix: np.ndarray, out: np.ndarray) -> np.ndarray:
    """``patches @ matrix`` as many small products: a large one starts threads, which get into each other's way."""
    whole = len(patches) - len(patches) % PIXELS
    np.matmul(patches[:whole].reshape(-1, PIXELS, PIXELS), matrix, out=out[:whole].reshape(-1, PIXELS, PIXELS))
    np.matmul(patches[whole:], matrix, out=out[whole:])
    return out


def without_mean(patches: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Patches (patches, 64) less their means, and the means (patches, 1)."""
    means = patches.mean(axis=1, keepdims=True)
    return patches - means, means


def fit(
    patches: np.ndarray,
    components: int,
    rng: np.random.Generator,
    steps: int = 40,
    progress: Callable[[int, float], None] | None = None,
) -> Mixture:
    """Mixture under which the patches are likeliest, by expectation maximisation.

    Patches that are alike up to sign and strength make the components at the start: those of similar contrast are
    sorted to the nearest of a few of them, by the angle between.

    Parameters
    ----------
    patches : (patches, 64) array_like
        Patches of images from 0 to 1; their means are taken off.
    components : int
    progress : callable, optional
        Called with the number of the step and the mean log likelihood before it.
    """
    patches = without_mean(np.asarray(patches, np.float32))[0]
    mixture = _from_shares(patches, *_first_shares(patches, components, rng))
    for step in range(steps):
        log_likelihood, *shares = _shares(mixture, patches)
        if progress:
            progress(step, log_likelihood)
        mixture = _from_shares(patches, *shares)
    return mixture


def _first_shares(patches: np.ndarray, components: int, rng: np.random.Generator):
    """Every patch belongs to one component."""
    groups = min(STRENGTHS, components)
    order = np.argsort(np.einsum("ij,ij->i", patches, patches), kind="stable")
    owner = np.empty(len(patches), int)
    for group, members in enumerate(np.array_split(order, groups)):
        first, last = group * components // groups, (group + 1) * components // groups
        unit = patches[members] / (np.linalg.norm(patches[members], axis=1, keepdims=True) + 1e-12)
        seeds = unit[rng.choice(len(unit), last - first, replace=False)]
        owner[members] = first + np.argmax(np.abs(unit @ seeds.T), axis=1)
    members = [np.flatnonzero(owner == k) for k in range(components)]
    return members, [np.ones(len(m), np.float32) for m in members]


def _shares(mixture: Mixture, patches: np.ndarray):
    """Mean log likelihood; for each component the patches that belong to it, and how much of each does."""
    members: list[list[np.ndarray]] = [[] for _ in mixture.weights]
    shares: list[list[np.ndarray]] = [[] for _ in mixture.weights]
    total = 0.0
    for start in range(0, len(patches), BLOCK):
        logs = mixture.log_densities(patches[start : start + BLOCK])
        top = logs.max(axis=0)
        share = np.exp(logs - top)
        sums = share.sum(axis=0)
        total += float(np.sum(top + np.log(sums), dtype=float))
        share /= sums
        for k, row in enumerate(share):
            counted = np.flatnonzero(row > NEGLIGIBLE)
            members[k].append(start + counted)
            shares[k].append(row[counted])
    return total / len(patches), [np.concatenate(m) for m in members], [np.concatenate(s) for s in shares]


def _from_shares(patches: np.ndarray, members: list[np.ndarray], shares: list[np.ndarray]) -> Mixture:
    weights, covariances = [], []
    for places, share in zip(members, shares, strict=True):
        own = patches[places]
        total = float(share.sum(dtype=float))
        weights.append(max(total, 1.0))  # a component that lost all its patches stays, and explains nothing
        covariances.append(((own * share[:, None]).T @ own).astype(float) / weights[-1] + FLOOR * np.eye(PIXELS))
    return Mixture(np.array(weights) / np.sum(weights), np.array(covariances))


def save(mixture: Mixture, path: str | Path, overwrite: bool = False) -> Path:
    """A .npz of ``weights`` and the upper triangles of ``covariances``, row by row, float32."""
    triangles = np.asarray(mixture.covariances)[:, *np.triu_indices(PIXELS)]
    with atomic(path, overwrite) as temporary:
        np.savez_compressed(
            temporary, weights=mixture.weights.astype(np.float32), covariances=triangles.astype(np.float32)
        )
    return Path(path)


@cache
def load_prior(path: str | Path = SHIPPED) -> Mixture:
    """A mixture from a .npz with ``weights`` and ``covariances``: (components, 64, 64), or their upper triangles.

    Raises
    ------
    InputError
        If the file is none, or what it holds cannot be a mixture.
    """
    documents.regular(path)
    try:
        _check_size(path)
        with np.load(
            BytesIO(Path(path).read_bytes()), allow_pickle=False
        ) as file:  # a wrong offset is no system's error
            weights, covariances = np.asarray(file["weights"], float), np.asarray(file["covariances"], float)
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; a prior is a .npz with weights and covariances") from None
    except InputError:
        raise
    except KeyError as error:
        raise InputError(f"{path} is no prior: it takes a .npz with weights and covariances ({error})") from None
    except (*DAMAGE, AttributeError, zipfile.BadZipFile, zlib.error):  # NumPy advises to run the file as a pickle
        raise InputError(f"{path} is no prior: it takes a .npz with weights and covariances of numbers") from None
    if covariances.shape == (weights.size, PIXELS * (PIXELS + 1) // 2):
        covariances = _from_triangles(covariances)
    if weights.ndim != 1 or not weights.size or covariances.shape != (weights.size, PIXELS, PIXELS):
        raise InputError(
            f"{path} is no prior: weights {weights.shape} and covariances {covariances.shape};"
            f" wanted (components,) and (components, {PIXELS}, {PIXELS}), of patches of {PATCH_PX} x {PATCH_PX}"
        )
    finite = np.all(np.isfinite(weights)) and np.all(np.isfinite(covariances))
    if not finite or weights.min() <= 0 or np.any(np.diagonal(covariances, axis1=1, axis2=2) < 0):
        raise InputError(f"{path} is no prior: weights must be above 0, variances not below 0, and all of them finite")
    return Mixture(weights / weights.sum(), covariances)


def _check_size(path: str | Path) -> None:
    """InputError if the archive would unpack to more than a mixture has, whatever its own size is."""
    with zipfile.ZipFile(path) as archive:
        size = sum(member.file_size for member in archive.infolist())
    if size > LARGEST:
        raise InputError(
            f"{path} is too large for a prior: {size / 2**20:.0f} MB when unpacked, at most {LARGEST >> 20} MB are read"
        )


def _from_triangles(triangles: np.ndarray) -> np.ndarray:
    rows, columns = np.triu_indices(PIXELS)
    covariances = np.empty((len(triangles), PIXELS, PIXELS))
    covariances[:, rows, columns] = covariances[:, columns, rows] = triangles
    return covariances
