"""The W2S benchmark: chains of methods on fields at noise levels, cell by cell, each kept as soon as it is done.

A chain is one method or several, joined by ``+``, of which each takes what the one before made: ``vst_bm3d+bicubic``.
Denoisers are compared with the average of all captures; what has twice the pixels, with the SIM image.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np

from srredsim import resources
from srredsim.data import catalogue
from srredsim.data.fields import Field, Fields, noisy
from srredsim.denoising import methods as denoisers
from srredsim.errors import InputError
from srredsim.evaluation.runner import Cache, Progress, Runner, check_used, classical, mean_and_spread
from srredsim.evaluation.scores import fit_intensity
from srredsim.evaluation.w2s.published import NETWORKS
from srredsim.normalise import scaling_of
from srredsim.quality.image_scores import rmse_z, ssim_reference_range
from srredsim.reconstruction.upscale import bicubic_upscale
from srredsim.resources import unknown
from srredsim.zoo import identity, models, recipe
from srredsim.zoo.precision import resolve
from srredsim.zoo.windows import Network

NOISY, BICUBIC = "noisy", "bicubic"
CLASSICAL = tuple(denoisers.names())
WITHOUT_WEIGHTS = (NOISY, BICUBIC, *CLASSICAL)
SOURCES: dict[str, tuple[str, ...]] = {NOISY: (), BICUBIC: ("reconstruction/upscale.py",)}  # else those of denoisers
DENOISERS = (*CLASSICAL, "memnet", "dncnn", "ridnet")
JOINT = ("jdsr_rcan", "jdsr_esrgan", "jdsr_rrdb")
OWN_JOINT = "widefield_sr"  # for any noise level
DEFINITIONS = {
    "rmse": "root mean squared difference of z-scored images, mean over the images",
    "ssim": "of the z-scored images: 7 x 7 uniform window, K1 0.01, K2 0.03; data range: maximum minus minimum of the"
    " truth",
    "z-score": "widefield images by the mean and standard deviation of all captures, SIM images by their own; what a"
    " method makes, by the constants of its units: those of the SIM image after networks that were trained on its"
    " z-scores, and after all networks where it is in counts of the widefield image, as simulated",
    "fitted": "the same after gain and offset of each image were fitted to the truth by least squares",
    "psnr": "20 log10(data_range / RMSE) after that fit, dB",
    "paper": "RMSE/SSIM on W2S as published (arXiv 2003.05961); its SSIM gives no data range",
}
SCORES = ("rmse", "ssim", "rmse_fitted", "ssim_fitted", "psnr_fitted")


@dataclass(frozen=True)
class Cell:
    """One chain at one noise level."""

    chain: str
    level: int

    @property
    def links(self) -> list[str]:
        return self.chain.split("+")

    @property
    def key(self) -> str:
        return f"{self.chain}@{self.level}"


def tables(levels: Sequence[int], reference: int) -> dict[str, list[Cell]]:
    """The cells of Tables 1 to 3 at noise levels, ``reference`` free of noise, with the rows that the paper lacks: the
    input itself, and bicubic interpolation.
    """
    below = [level for level in levels if level != reference]
    after = [Cell(f"{first}+{network}", 1) for first in DENOISERS for network in (BICUBIC, *NETWORKS)]
    bare = [Cell(network, level) for level in (1, reference) for network in (BICUBIC, *NETWORKS)]
    joint = (BICUBIC, f"vst_bm3d+{BICUBIC}", "dncnn+rcan", "dncnn+esrgan", *JOINT, OWN_JOINT)
    return {
        "denoising": [Cell(name, level) for name in (NOISY, *DENOISERS) for level in below],
        "super-resolution": after + bare,
        "joint": [Cell(chain, level) for chain in joint for level in below],
    }


class Benchmark:
    """The benchmark in the folder ``out``; `run` does what is not there yet.

    Parameters
    ----------
    fields : Fields
    out : path
        ``results.json``, and the denoised images that several cells share.
    weights : mapping
        Where to find the model of a method, as ``{"rcan": "runs/w2s_rcan/1"}``; ``{level}`` stands for the noise level.
        Left out: the model ``w2s_<method>``, or that of the method's own name.
    limit : int, optional
        Fields at most.
    """

    def __init__(
        self,
        fields: Fields,
        out: str | Path,
        *,
        data: str = "",
        weights: Mapping[str, str] | None = None,
        limit: int | None = None,
        precision: str = "auto",
    ):
        self.fields, self.out, self.data = fields, Path(out), data
        self._count, self._runner = min(len(fields), limit or len(fields)), Runner(self, out)
        self._images = Cache(self.out / "images", self._runner.begin)
        self._weights, self._precision = dict(weights or {}), resolve(precision)
        self._contents = cache(fields.identity)
        self._network = lru_cache(maxsize=4)(self._loaded)
        for name in self._weights:
            _known(name)
            if name in WITHOUT_WEIGHTS:
                raise InputError(f"{name} is no network and has no weights; leave it out of `weights`")

    def plan(self, methods: Sequence[str] = (), noise_levels: Iterable[int] = ()) -> tuple[list[Cell], dict[str, str]]:
        """Cells that can be computed, and why the others cannot.

        ``methods`` are chains, left out: those of the paper's tables; ``noise_levels`` left out: all of these.

        Raises
        ------
        InputError
            If a method has no such name, a chain has none on one side of a ``+``, or there is no such level.
        """
        levels, known = set(noise_levels), self.fields.levels
        if wrong := sorted(levels - set(known)):
            there = ", ".join(map(str, known))
            raise InputError(f"no average of {wrong[0]} captures; `noise_levels` are {there}")
        wanted = list(dict.fromkeys(cell for cells in tables(known, self.fields.reference).values() for cell in cells))
        if methods:
            wanted = [Cell(chain, level) for chain in methods for level in levels or noisy(self.fields)]
        check_used(self._weights, (link for cell in wanted for link in cell.links))
        cells, lacking = [], {}
        for cell in wanted:
            if levels and cell.level not in levels:
                continue
            if not all(cell.links):
                raise InputError(f"a chain has a method on each side of +, as vst_bm3d+bicubic; got {cell.chain}")
            why = [reason for link in cell.links if (reason := self._lacking(link, cell.level))]
            if cell.level == self.fields.reference and set(cell.links) <= {NOISY, *DENOISERS}:
                why.insert(0, f"{cell.chain} of {cell.level} captures would be compared with its own input")
            if not why:
                cells.append(cell)
            elif cell.key not in lacking:
                lacking[cell.key] = why[0]
        return cells, lacking

    def run(self, cells: Sequence[Cell], progress: Progress | None = None, share: tuple[int, int] = (1, 1)) -> dict:
        """Content of ``results.json`` after the cells that it lacked were computed, see `Runner.run`."""
        return self._runner.run(cells, progress, share)

    # What the runner asks for

    definitions: Mapping[str, str] = DEFINITIONS

    def facts(self) -> dict:
        constants = {"widefield": self.fields.widefield, "sim": self.fields.sim}
        simulator = {"made_by": self.fields.made_by} if self.fields.made_by else {}  # another makes other fields
        return {
            "data": self.data,
            **simulator,
            "images": self._count,
            "zscore": {name: [z.offset, z.gain] for name, z in constants.items()},
        }

    def fingerprint(self, cell: Cell) -> str:
        made_by = "+".join(self._made_by(link, cell.level) for link in cell.links)
        return f"{made_by}, data {self._contents()}"

    def prepare(self, cells: Sequence[Cell]) -> None:
        self.fields.generate(range(self._count))

    def count(self, cell: Cell) -> int:
        return self._count

    def scores(self, cell: Cell, index: int) -> dict[str, float]:
        field = self.fields[index]
        try:
            return self._scores(cell, field)
        except InputError as problem:
            raise InputError(f"{field.name}: {problem}") from None

    def describe(self, cell: Cell) -> dict:
        return {"chain": cell.chain, "noise_level": cell.level}

    def summary(self, cell: Cell, rows: list[dict[str, float]]) -> dict:
        return {name: mean_and_spread(row[name] for row in rows) for name in SCORES}

    # How an image is made and compared

    def _scores(self, cell: Cell, field: Field) -> dict[str, float]:
        image, links = field.average(cell.level), cell.links
        if len(links) > 1 or links[0] in CLASSICAL:
            image, links = self._first(links[0], cell.level, field), links[1:]
        for link in links:
            image = self._apply(link, cell.level, image)
        return self._compare(field, image, cell.links[-1], cell.level)

    def _compare(self, field: Field, image: np.ndarray, last: str, level: int) -> dict[str, float]:
        fields = self.fields
        if image.shape == field.average(level).shape:
            truth, z = field.average(fields.reference), fields.widefield
            image = z.apply(image)
        else:
            truth, z = field.sim(), fields.sim
            image = self._in_zscores(field, image, last, level)
        if truth.shape != image.shape:
            raise InputError(f"{last} makes {image.shape} pixels; the image to compare with has {truth.shape}")
        if not np.ptp(truth) > 0:
            raise InputError("the image to compare with is constant")
        truth = z.apply(truth).astype(np.float64)
        fitted = fit_intensity(image, truth)
        rmse_fitted = rmse_z(truth, fitted)
        return {
            "rmse": rmse_z(truth, image),
            "ssim": ssim_reference_range(truth, image),
            "rmse_fitted": rmse_fitted,
            "ssim_fitted": ssim_reference_range(truth, fitted),
            "psnr_fitted": float(20 * np.log10(np.ptp(truth) / rmse_fitted)),
        }

    def _in_zscores(self, field: Field, image: np.ndarray, last: str, level: int) -> np.ndarray:
        """A super-resolved image, by the constants of the units that it is in."""
        fields = self.fields
        if last in WITHOUT_WEIGHTS:
            return fields.widefield.apply(image)
        if self._of(last, level).model.recipe.data.normalise == "dataset" or fields.calibrated:
            return fields.sim.apply(image)
        background = scaling_of(field.average(level)[..., None]).offset  # which the model took off
        return fields.widefield.apply(image + np.float32(background))

    def _first(self, link: str, level: int, field: Field) -> np.ndarray:
        """What the first method of a chain, or a slow one alone, makes: computed once for all cells."""
        made_by = f"{link}-{self._made_by(link, level)}-{self._contents()}"
        place = made_by, f"avg{level}", field.name
        return self._images.image(*place, make=lambda: self._apply(link, level, field.average(level)))

    def _apply(self, link: str, level: int, image: np.ndarray) -> np.ndarray:
        if link == NOISY:
            return image
        if link == BICUBIC:
            return bicubic_upscale(image)
        if link in CLASSICAL:
            return denoisers.named(link)(image)
        network = self._of(link, level)
        return network.model.kind.of_plane(network, image, None)

    def _of(self, link: str, level: int) -> Network:
        return self._network(self._place(link, level), self._made_by(link, level))

    def _made_by(self, link: str, level: int) -> str:
        """What the images of a link depend on besides those that it is given."""
        if link in WITHOUT_WEIGHTS:
            return classical(*SOURCES.get(link, denoisers.SOURCES))
        return identity.identity(identity.made_of(models.find(self._place(link, level))), self._precision)

    def _loaded(self, place: str, made_by: str) -> Network:
        model = models.load(place, self._precision)
        model.kind.check_link(model.name)
        return Network(model)

    def _place(self, link: str, level: int) -> str:
        return self._weights.get(link, _own(link)).replace("{level}", str(level))

    def _lacking(self, link: str, level: int) -> str | None:
        _known(link, self._weights)
        if link in WITHOUT_WEIGHTS:
            return None
        place = self._place(link, level)
        try:
            found = models.find(place)
        except InputError as problem:
            if link in self._weights:
                raise
            return str(problem)
        published = _own(link)
        if link in self._weights and resources.has("models", published):
            wanted, given = (recipe.load(one).network["name"] for one in (published, found))
            if given != wanted:
                raise InputError(
                    f"{place} is of the network {given}, not {wanted}, as {link} of the paper is, whose figures would"
                    " stand beside it; give it as one of `methods`, by its folder"
                )
        return None


def open_benchmark(data: str | Path, split: str, out: str | Path, **settings) -> Benchmark:
    """The benchmark on a prepared folder of W2S, or on a data set of the catalogue."""
    return Benchmark(catalogue.open_fields(data, split), out, data=f"{data}, {split}", **settings)


def _own(link: str) -> str:
    """The model of a method that no other weights were given for."""
    return f"w2s_{link}" if link in (*NETWORKS, *DENOISERS) else link


def _known(name: str, more: Iterable[str] = ()) -> None:
    known = (NOISY, BICUBIC, *DENOISERS, *NETWORKS, *JOINT, OWN_JOINT)
    if name not in (*known, *more) and not Path(name).is_dir() and name not in models.names():
        raise InputError(unknown("method", name, list(known)))
