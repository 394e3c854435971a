"""The SR-CACO-2 benchmark: methods at scales on markers, cell by cell, each kept as soon as it is done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np

from srredsim.data import catalogue, description
from srredsim.data.caco2.layout import GREY_LEVELS, Layout, layout
from srredsim.data.caco2.patches import Patches
from srredsim.data.readers import Wanted
from srredsim.denoising import methods as denoisers
from srredsim.errors import InputError
from srredsim.evaluation.runner import Progress, Runner, check_used, classical
from srredsim.evaluation.sr_caco_2.published import METHODS, SCORES
from srredsim.normalise import SCALINGS
from srredsim.quality import eight_bit
from srredsim.reconstruction.bicubic import enlarged_renormalised
from srredsim.resources import unknown
from srredsim.zoo import identity, models, recipe
from srredsim.zoo.precision import resolve
from srredsim.zoo.windows import Network

BICUBIC = "bicubic"
WITHOUT_WEIGHTS = (BICUBIC, *(f"{denoiser}+{BICUBIC}" for denoiser in denoisers.names()))  # denoised, then enlarged
ENLARGING = "reconstruction/bicubic.py"
OWN = "confocal_sr"  # for any confocal image
OWN_MODELS = {2: "confocal_sr_x2", 4: "confocal_sr", 8: "confocal_sr_x8"}
CLEAN = "clean"
UNTRAINED = "untrained"  # in the place of the fingerprint of weights
TRIED, LEAST_TRIED = 64, 12  # HR pixels on a side, and LR pixels at least, that an untrained network is tried on
PARTS = ("full", "roi", "roi_nonempty", "clean_full", "clean_roi")
DEFINITIONS = {
    "psnr": "20 log10(255 / RMSE) of images of 8 bits, as many pixels as the scale cut off on every side, dB",
    "nrmse": "RMSE divided by the range of the truth; in a region of interest by its maximum there minus the minimum of"
    " the image",
    "ssim": "11 x 11 Gaussian window, sigma 1.5, K1 0.01, K2 0.03, data range 255",
    "full": "the whole image; mean over the images",
    "roi": "where the truth has at least 4, 5 ... 10 grey levels, mean over these seven, then over the images; where"
    " there is no such pixel 498.13 dB, NRMSE 0 and SSIM 0 are counted, as published",
    "roi_nonempty": "the same, but what has no such pixel is left out",
    "clean": "of the test patches on the tiles 9 and 10; 14 and 20 are most probably in validation and training, too",
    "denoised": "images whose noise could be measured by a denoiser before interpolation; the others, mostly of few"
    " pixels, were interpolated as they are",
    "untrained": f"a network of the paper before its training, on the middle {TRIED} x {TRIED} HR pixels of the first"
    f" patch, or {LEAST_TRIED} x {LEAST_TRIED} of LR: that it runs, and how long with its start; its scores say nothing"
    " of the method",
    "paper": "as published, on the measured test patches (Tables 4 and 5)",
}


@dataclass(frozen=True)
class Cell:
    """One method at one scale on one marker."""

    method: str
    scale: int
    cell: str

    @property
    def key(self) -> str:
        return f"{self.method}@{self.scale}/{self.cell}"


@dataclass(frozen=True)
class Images:
    """One patch as it was scanned and as it was made of it; 0 to 1, what was made is not clipped."""

    name: str
    low: np.ndarray
    high: np.ndarray
    bicubic: np.ndarray
    image: np.ndarray


class Benchmark:
    """The benchmark in the folder ``out``; `run` does what is not there yet.

    Parameters
    ----------
    data, split : str
        Patches as those of SR-CACO-2, by scale and cell.
    weights : mapping
        Where to find the model of a method, as ``{"swinir": "runs/swinir_{scale}_{cell}"}``. Left out: the model
        ``caco2_<method>``, or that of the method's own name.
    limit : int, optional
        Images at most.
    """

    definitions: Mapping[str, str] = DEFINITIONS

    def __init__(
        self,
        data: str | Path,
        split: str,
        out: str | Path | None,
        *,
        weights: Mapping[str, str] | None = None,
        limit: int | None = None,
        precision: str = "auto",
    ):
        self._data, self._split, self._limit = data, split, limit
        self._weights, self._precision, self._untrained = dict(weights or {}), resolve(precision), False
        described = description.of(data)
        if not {"scale", "cell"} <= set(described.reader.CHOICES):
            raise self._unlike()
        settings = described.settings
        self._scanned = isinstance(settings, Layout)  # and not simulated
        self._layout = settings if self._scanned else layout()  # tiles of one's own have their own
        self._runner = Runner(self, out)
        self._patches = lru_cache(maxsize=16)(self._opened)
        self._contents = cache(lambda scale, cell: self._patches(scale, cell).identity())
        self._network = lru_cache(maxsize=2)(self._loaded)
        for name in self._weights:
            if name in WITHOUT_WEIGHTS:
                raise InputError(f"{name} is no network and has no weights; leave it out of `weights`")

    def plan(
        self,
        methods: Sequence[str] = (),
        scales: Iterable[int] = (),
        cells: Iterable[str] = (),
        subset: str | None = None,
        untrained: bool | None = None,
    ) -> tuple[list[Cell], dict[str, str]]:
        """Cells that can be computed, and why the others cannot; what is left out is all that the paper has, and `OWN`.

        ``untrained`` takes networks of the paper without weights, too, as they are before training, on a part of one
        patch: what they score says nothing of the method, only that it runs. Left out: on simulated patches.

        Raises
        ------
        InputError
            If there is no such method, scale, cell or subset.
        """
        if subset is not None:
            if subset != CLEAN or self._split not in ("test", CLEAN):
                raise InputError(f"`subset` is clean, a part of the split test; got {subset} of {self._split}")
            self._split = CLEAN
        self._untrained = not self._scanned if untrained is None else untrained
        scales = [self._layout.check_scale(scale, "`scales`") for scale in scales] or self._layout.scales
        chosen = [one for cell in cells for one in self._layout.check_cells(cell, "`cells`")] or self._layout.cells
        wanted = dict.fromkeys([*(methods or (*METHODS, OWN)), *([] if methods else self._weights)])
        check_used(self._weights, wanted)
        planned, lacking = [], {}
        for one in (Cell(method, scale, cell) for method in wanted for scale in scales for cell in chosen):
            if why := self._lacking(one):
                lacking[one.key] = why
            else:
                planned.append(one)
        return planned, lacking

    def run(self, cells: Sequence[Cell], progress: Progress | None = None, share: tuple[int, int] = (1, 1)) -> dict:
        """Content of ``results.json`` after the cells that it lacked were computed, see `Runner.run`."""
        return self._runner.run(cells, progress, share)

    # What the runner asks for

    def facts(self) -> dict:
        some = self._patches(self._layout.scales[0], self._layout.cells[0])
        return {"data": f"{self._data}, {self._split}", "images": min(len(some), self._limit or len(some))}

    def fingerprint(self, cell: Cell) -> str:
        if self._is_untrained(cell):
            return UNTRAINED
        made_by = classical(*_sources(cell.method)) if cell.method in WITHOUT_WEIGHTS else self._identity(cell)
        return f"{made_by}, data {self._contents(cell.scale, cell.cell)}"

    def prepare(self, cells: Sequence[Cell]) -> None:
        for cell in cells:
            self._patches(cell.scale, cell.cell).generate(range(self.count(cell)))

    def count(self, cell: Cell) -> int:
        there = len(self._patches(cell.scale, cell.cell))
        return 1 if self._is_untrained(cell) else min(there, self._limit or there)

    def scores(self, cell: Cell, index: int) -> dict:
        """Scores of an image: ``full``, ``roi`` and ``roi_nonempty``, each with psnr, nrmse and ssim; and its tile."""
        patches = self._patches(cell.scale, cell.cell)
        low, high = self._pair(cell, index)
        facts = patches.facts(index)
        try:
            before = self._denoised(cell, low)
            image = self._image(cell, before)
        except InputError as problem:
            raise InputError(f"{facts['name']}: {problem}") from None
        pair = high / GREY_LEVELS, image
        return {
            "tile": facts["tile"],
            "denoised": before is not low,
            "full": eight_bit.scores(*pair, cell.scale),
            "roi": eight_bit.roi_scores(*pair, cell.scale, empty_counts=True),
            "roi_nonempty": eight_bit.roi_scores(*pair, cell.scale),
        }

    def images(self, cell: Cell, index: int) -> Images:
        """What the scores of an image are of, with bicubic interpolation beside."""
        low, high = self._pair(cell, index)
        interpolated = self._image(Cell(BICUBIC, cell.scale, cell.cell), low)
        image = interpolated if cell.method == BICUBIC else self._image(cell, self._denoised(cell, low))
        name = self._patches(cell.scale, cell.cell).facts(index)["name"]
        return Images(name, low / GREY_LEVELS, high / GREY_LEVELS, interpolated, image)

    def describe(self, cell: Cell) -> dict:
        return {"method": cell.method, "scale": cell.scale, "cell": cell.cell}

    def summary(self, cell: Cell, rows: list[dict]) -> dict:
        """``PART_SCORE`` with mean and spread; those of no image are null."""
        clean = [row for row in rows if row["tile"] in self._layout.splits.get(CLEAN, {})]
        of_part = {part: [row[part] for row in rows] for part in PARTS[:3]}
        of_part |= {f"clean_{part}": [row[part] for row in clean] for part in ("full", "roi")}
        means = {f"{part}_{name}": _mean(row[name] for row in its) for part, its in of_part.items() for name in SCORES}
        chain = {"denoised": sum(row["denoised"] for row in rows)} if "+" in cell.method else {}
        return {"clean_images": len(clean), **chain, **means}

    # How an image is made

    def _pair(self, cell: Cell, index: int) -> tuple[np.ndarray, np.ndarray]:
        """LR and HR of a patch, uint8; of an untrained network their middle."""
        low, high = self._patches(cell.scale, cell.cell).grey_levels(index)
        if not self._is_untrained(cell):
            return low, high
        side = max(TRIED // cell.scale, LEAST_TRIED)
        return _middle(low, side), _middle(high, side * cell.scale)

    def _denoised(self, cell: Cell, low: np.ndarray) -> np.ndarray:
        """By the first link of ``vst_bm3d+bicubic``; the same array where there is none, or no noise is measured."""
        first, _, then = cell.method.partition("+")
        if not then or cell.method not in WITHOUT_WEIGHTS:
            return low
        try:
            return denoisers.named(first)(low)
        except InputError:
            return low

    def _image(self, cell: Cell, low: np.ndarray) -> np.ndarray:
        """From 0 to 1, not clipped."""
        if cell.method in WITHOUT_WEIGHTS:
            return enlarged_renormalised(low / GREY_LEVELS, cell.scale)
        network, frames = self._network_of(cell), low.astype(np.float32)
        image, data = network.model.kind.of_plane(network, frames, None), network.model.recipe.data
        if data.target != "average" and data.normalise != "dataset":  # such a model takes the background off
            image = image + np.float32(SCALINGS[data.normalise](frames[..., None]).offset)
        return image / GREY_LEVELS

    def _opened(self, scale: int, cell: str) -> Patches:
        wanted = Wanted(normalise="dataset", options={"scale": scale, "cell": cell})
        patches = catalogue.open_images(self._data, self._split, wanted).pairs
        if not isinstance(patches, Patches):
            raise self._unlike()
        return patches

    def _unlike(self) -> InputError:
        return InputError(f"{self._data} has no patches as SR-CACO-2; take caco2_simulated, or a prepared folder")

    def _network_of(self, cell: Cell) -> Network:
        if self._is_untrained(cell):
            return self._network(self._place(cell), UNTRAINED, cell.scale)
        return self._network(self._place(cell), self._identity(cell), cell.scale)

    def _identity(self, cell: Cell) -> str:
        return identity.identity(identity.made_of(models.find(self._place(cell))), self._precision)

    def _loaded(self, place: str, made_by: str, scale: int) -> Network:
        if made_by != UNTRAINED:
            return Network(models.load(place, self._precision))
        model = models.untrained(place, [f"data.scale={scale}"], self._precision)
        model.network.run_eagerly = True  # so few pixels take less time than a graph of all layers, though more memory
        return Network(model)

    def _is_untrained(self, cell: Cell) -> bool:
        """Whether it is to be computed with a network of the paper that has no weights at this scale."""
        if not self._untrained or cell.method not in METHODS or cell.method in (*self._weights, *WITHOUT_WEIGHTS):
            return False
        place = self._place(cell)
        return not (place in models.names() and recipe.load(place).network["scale"] == cell.scale)

    def _place(self, cell: Cell) -> str:
        own = f"caco2_{cell.method}" if cell.method in METHODS else cell.method
        own = OWN_MODELS.get(cell.scale, OWN) if cell.method == OWN else own
        return self._weights.get(cell.method, own).replace("{scale}", str(cell.scale)).replace("{cell}", cell.cell)

    def _lacking(self, cell: Cell) -> str | None:
        if cell.method in WITHOUT_WEIGHTS:
            return None
        if cell.method not in (*METHODS, OWN, *self._weights, *models.names()) and not Path(cell.method).is_dir():
            raise InputError(unknown("method", cell.method, [*METHODS, *WITHOUT_WEIGHTS[1:], OWN]))
        place = self._place(cell)
        if self._is_untrained(cell):
            return None
        try:
            models.find(place)
        except InputError as problem:
            if cell.method in self._weights:
                raise
            return str(problem)
        model = self._network_of(cell).model
        if cell.method in METHODS and (network := model.recipe.network["name"]) != cell.method:
            raise InputError(
                f"{place} is of the network {network}, not {cell.method}, whose figures of the paper would stand beside"
                " it; give `weights` another name, as mine=DIR"
            )
        if model.kind.OF_STACKS or model.scale != cell.scale:
            return f"{place} is a model of {model.kind.WORDS} at scale {model.scale}, none of images at {cell.scale}"
        return None


def open_benchmark(data: str | Path, split: str, out: str | Path, **settings) -> Benchmark:
    """The benchmark on a prepared folder of SR-CACO-2, or on a data set of the catalogue."""
    return Benchmark(data, split, out, **settings)


def _sources(method: str) -> list[str]:
    """Those of a method without weights."""
    return [ENLARGING, *(denoisers.SOURCES if "+" in method else ())]


def _middle(image: np.ndarray, side: int) -> np.ndarray:
    """The middle square of an image; all of one that is no larger."""
    y, x = (max(0, n - side) // 2 for n in image.shape)
    return image[y : y + side, x : x + side]


def _mean(values: Iterable[float]) -> dict[str, float | None]:
    """``mean`` and ``std`` over the images that have a value."""
    there = [value for value in values if not np.isnan(value)]
    return {"mean": float(np.mean(there)), "std": float(np.std(there))} if there else {"mean": None, "std": None}
