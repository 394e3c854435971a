"""A user's own high-light stacks become a folder of pairs to train on: dim raw stacks with sharp references.

The truth is the Wiener reconstruction. Where no dim twin was recorded, the photons of each stack are parted at random:
a small share makes the raw stack that a network is given, as the camera would have recorded it, the rest makes the
truth. No photon is in both, so that the noise of the truth has nothing in common with that of the raw stack, and a
network cannot learn to keep it.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
from scipy import fft, ndimage

from srredsim import io
from srredsim.acquisition import Position, RawStack
from srredsim.errors import InputError
from srredsim.inspection.readings import Watched, watched
from srredsim.io.image import carried_over
from srredsim.lost_frames import whole
from srredsim.noise.line import QUANTISATION
from srredsim.noise.photons import Counting, counting_of, part, recorded
from srredsim.noise.whitened import remarks, whitened
from srredsim.optics.borders import fading
from srredsim.optics.illumination import check_phases
from srredsim.optics.nominal import in_pixels
from srredsim.optics.sampling import SCALE
from srredsim.optics.transfer import Transfer, transfers_of
from srredsim.quality.assess import assess
from srredsim.quality.report import verdict
from srredsim.reconstruction.planes import Plane, planes
from srredsim.reconstruction.unknown_optics import with_cutoffs
from srredsim.stripes.parameters import Parameters
from srredsim.workflows.calibrate import READ_NOISE

LIGHT = (0.1, 0.03)  # shares of the light, where nothing is said
BRIGHTEST_PERCENT = 99.9  # percentile of the widefield image: where photons are counted
VALIDATION = 10  # every tenth stack
SAME_FIELD = 0.3  # correlation of the widefield images of a stack and its twin
COARSE_PIXELS = 1.5  # raw pixels: blur before two widefield images are compared
SPLITS = ("train", "validation")


@dataclass(frozen=True)
class Job:
    """One pair to be made: ``make`` gives the dim frames, and the stack that the truth is made from."""

    name: str
    make: Callable[[], tuple[np.ndarray, RawStack]]
    facts: dict


@dataclass(frozen=True)
class Dim:
    """What the input of each pair is made of: recorded twins, or the stack itself with a part of its photons.

    Parameters
    ----------
    low : path, optional
        Folder of dim twins of the same stems. Else `light` or `photons` says how much light is left.
    light : sequence of float
        Shares of the light, each of which makes a pair of every stack.
    photons : sequence of float
        The same as photo-electrons of the brightest pixels of the widefield image, per frame.
    gain_adu, offset_adu, read_noise_e : float, optional
        What is known of the camera; what is left out is estimated from the noise of each stack.
    seed : int
        The same seed takes the same photons.
    """

    low: Path | None = None
    light: Sequence[float] = ()
    photons: Sequence[float] = ()
    gain_adu: float | None = None
    offset_adu: float | None = None
    read_noise_e: float | None = None
    seed: int = 0

    def __post_init__(self):
        for share in self.light:
            if not 0 < share < 1:
                raise InputError(f"`light` is a share of the light between 0 and 1; got {share:g}")

    @property
    def shares(self) -> Sequence[float]:
        """Shares of the light that are left."""
        return self.light if self.light or self.photons else LIGHT


@dataclass
class Reference:
    """Makes pairs of one stack after the other; ``taken`` counts the stacks that were good enough.

    Parameters
    ----------
    out : path
        Folder that ``train --data`` takes; made if need be.
    dim : Dim
        What the input of each pair is made of.
    reading : Reading
        How to read the stacks; with their NA and emission wavelength, where the files do not say them.
    wiener : float, optional
        Regularisation of the truth; left out: from the noise.
    validation : int
        Number of stacks of which one is held back for validation, with all its pairs; 0: none.
    accept_incomplete : bool
        Take stacks of which not all stripes were measured, too.
    """

    out: Path
    dim: Dim = field(default_factory=Dim)
    reading: io.Reading = field(default_factory=io.Reading)
    wiener: float | None = None
    validation: int = VALIDATION
    accept_incomplete: bool = False
    overwrite: bool = False
    taken: int = field(default=0, init=False)

    def __post_init__(self):
        self.out = Path(self.out)
        if self.validation == 1:
            raise InputError("of every stack none would be left to train on: `validation` is 0, or 2 or more")
        self._twins = {io.stem(path): path for path in io.find([self.dim.low])} if self.dim.low else {}

    def add(
        self, path: str | Path, progress: Callable[[int, int], None] | None = None, scene: int | None = None
    ) -> dict:
        """Make the pairs of one stack, of one ``scene`` in a file of several; returns what was done, ready for JSON.

        Raises
        ------
        InputError
            If the stack cannot be used, its stripes were not all found, it has no twin, or a pair exists already.
        """
        path = Path(path)
        reading = self.reading if scene is None else replace(self.reading, scene=scene)
        opened, watch = watched(_read(path, reading))
        with watch.explaining():
            told = with_cutoffs(opened)
            stack = io.remembering(whitened(told))
            return self._pairs(path, reading, stack, watch, progress)

    def _pairs(
        self,
        path: Path,
        reading: io.Reading,
        stack: RawStack,
        watch: Watched,
        progress: Callable[[int, int], None] | None,
    ) -> dict:
        transfers, name = transfers_of(stack), io.stem(path, reading.scene, reading.only)
        twin = self._twin(path, name, reading, stack) if self.dim.low else None
        jobs = twin or self._parted(name, stack, transfers)
        split = self._split(name)
        homes = [self._home(split, job.name) for job in jobs]
        done, total = 0, len(jobs) * int(np.prod(stack.array.shape[:3]))

        def tick() -> None:
            nonlocal done
            done += 1
            if progress:
                progress(done, total)

        pairs = []
        with io.together(), ExitStack() as files:  # from the last to the first: no raw stack without its truth
            for home, job in zip(homes, jobs, strict=True):
                raw, truth, sidecar = (
                    files.enter_context(io.atomic(home[kind], self.overwrite)) for kind in ("raw", "truth", "facts")
                )
                dim, bright = job.make()
                image, channels = self._truth(bright, transfers, tick)
                facts = {"input": str(path), "split": split, **job.facts, "channels": channels}
                facts = facts if stack.optics.pixel_size_um else in_pixels(facts)
                io.write_raw(raw, dim, optics=stack.optics)
                io.write_image(truth, image, **carried_over(stack, SCALE))
                sidecar.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
                pairs.append(facts | {"paths": [str(home[kind]) for kind in ("raw", "truth", "facts")]})
        self.taken += 1
        notes = [line for transfer in transfers for line in transfer.remarks]
        notes += [line for pair in pairs for channel in pair["channels"] for line in channel["notes"]]
        notes += [READ_NOISE for pair in pairs for one in pair.get("camera", ()) if "read_noise_e" in one["assumed"]]
        notes = list(dict.fromkeys([*stack.notes, *notes, *watch.doubts(remarks(stack))]))
        return {"input": str(path), "split": split, "pairs": pairs, "notes": notes}

    def _split(self, name: str) -> str:
        """Where a stack is already, in any light, so that it is never in both; else one of so many is held back."""
        own = re.compile(rf"{re.escape(name)}(_(light|photons)[\d.e+-]+)?")
        for split in SPLITS:
            if any(own.fullmatch(path.stem) for path in (self.out / split / "raw").glob("*.tif")):
                return split
        return "validation" if self.validation and self.taken % self.validation == 1 else "train"

    def _home(self, split: str, name: str) -> dict[str, Path]:
        """The files of a pair."""
        raw = _raw(self.out, split, name)
        io.refuse_existing(raw, self.overwrite)
        home = self.out / split
        return {"raw": raw, "truth": home / "truth" / raw.name, "facts": home / f"{name}.json"}

    # What a pair is made of: the dim stack, and the one that the truth is made from

    def _twin(self, path: Path, name: str, reading: io.Reading, stack: RawStack) -> list[Job]:
        if io.stem(path) not in self._twins:
            raise InputError(f"there is no stack called {io.stem(path)} in {self.dim.low}")
        twin_path = self._twins[io.stem(path)]
        if twin_path.resolve() == path.resolve():
            raise InputError(f"{self.dim.low} holds the stack itself, not a twin of less light")
        try:
            twin = io.remembering(io.read(twin_path, **asdict(reading)))
        except InputError as problem:
            raise InputError(f"its twin {twin_path}: {problem}") from None
        if twin.array.shape != stack.array.shape:
            raise InputError(f"its twin {twin_path} is {twin.sizes}, the stack {stack.sizes}: they must be the same")
        alike, shift = same_field(*(each.raw(*_middle(each, 0)).mean(axis=(0, 1)) for each in (stack, twin)))
        if alike < SAME_FIELD:
            raise InputError(f"its twin {twin_path} shows another field: their correlation is {alike:.2f}")
        facts = {"twin": str(twin_path), "twin_correlation": alike, "twin_shift_pixels": shift}
        return [Job(name, lambda: (_all_of(twin), stack), facts)]

    def _parted(self, stem: str, stack: RawStack, transfers: Sequence[Transfer]) -> list[Job]:
        countings = [self._counting(stack, c, transfer) for c, transfer in enumerate(transfers)]
        peak = max(brightest(stack.raw(*_middle(stack, c)), counting) for c, counting in enumerate(countings))
        wanted = [(f"light{share:g}", share) for share in self.dim.shares]
        for photons in self.dim.photons:
            if not 0 < photons < peak:
                raise InputError(f"it has {peak:.0f} photons in its brightest pixels; they cannot become {photons:g}")
            wanted.append((f"photons{photons:g}", photons / peak))
        jobs = []
        for suffix, share in wanted:
            name = f"{stem}_{suffix}"
            rng = np.random.default_rng([self.dim.seed, zlib.crc32(name.encode())])
            facts = {
                "light": share,
                "photons": share * peak,
                "camera": [asdict(counting) for counting in countings],
                "seed": self.dim.seed,
            }
            jobs.append(Job(name, partial(parted, stack, countings, share, rng), facts))
        return jobs

    def _counting(self, stack: RawStack, channel: int, transfer: Transfer) -> Counting:
        raw = stack.raw(*_middle(stack, channel))
        return counting_of(raw, transfer, self.dim.gain_adu, self.dim.offset_adu, self.dim.read_noise_e)

    # The truth

    def _truth(
        self, stack: RawStack, transfers: Sequence[Transfer], tick: Callable[[], None]
    ) -> tuple[np.ndarray, list[dict]]:
        """The image (t, c, z, 2y, 2x) of a stack, and what that of each channel rests on."""
        sizes = stack.sizes
        image = np.empty((*stack.array.shape[:3], SCALE * sizes["Y"], SCALE * sizes["X"]), np.float32)
        channels = []
        for plane in planes(stack, transfers, self.wiener, attenuation=None):
            self._refuse(plane.parameters)
            image[plane.position] = plane.image
            if plane.position[0] == 0 and plane.position[2] == plane.sharpest:
                channels.append(_channel(plane))
            tick()
        return image, channels

    def _refuse(self, parameters: Parameters) -> None:
        lacking = unfound(parameters)
        if lacking and not self.accept_incomplete:
            raise InputError(
                f"no truth: not all stripes were found ({', '.join(lacking)}); `accept_incomplete` takes it still"
            )


def _read(path: Path, reading: io.Reading) -> RawStack:
    stack = io.read(path, **asdict(reading))
    check_phases(stack.pattern.phases)
    return stack


def unfound(parameters: Parameters) -> list[str]:
    """The angles whose stripes were not measured, and the orders that were too faint to be used, in words."""
    words = []
    for number, angle in enumerate(parameters.angles, start=1):
        if angle.status != "measured":
            words.append(f"angle {number}: {angle.status}")
        else:
            words += [f"order {o.order} of angle {number}: too faint" for o in angle.orders if o.status == "failed"]
    return words


def parted(
    stack: RawStack, countings: list[Counting], share: float, rng: np.random.Generator
) -> tuple[np.ndarray, RawStack]:
    """The dim stack (t, c, z, a, p, y, x), and the rest of the photons, scaled to the whole light."""
    adu = all(counting.rounding_adu2 == QUANTISATION for counting in countings)
    dim = np.empty(stack.array.shape, np.uint16 if adu else np.float32)
    rest = np.empty(stack.array.shape, np.float32)
    for t, c, z in stack.positions():
        counting = countings[c]
        taken, left = part(whole(stack, (t, c, z)), counting, share, rng)
        dim[t, c, z] = recorded(taken, counting, share, rng)
        rest[t, c, z] = left * (counting.gain_adu / (1 - share)) + counting.offset_adu
    return dim, replace(stack, array=rest)


def brightest(raw: np.ndarray, counting: Counting) -> float:
    """Photo-electrons in the brightest pixels of the widefield image, per frame."""
    return float(np.percentile(counting.electrons(raw.mean(axis=(0, 1))), BRIGHTEST_PERCENT))


def same_field(one: np.ndarray, other: np.ndarray) -> tuple[float, tuple[int, int]]:
    """Correlation of two widefield images where they fit best, and by how many pixels (y, x) the other is moved."""
    window = np.multiply.outer(*(fading(n, n // 4) for n in one.shape))
    one, other = (
        window * (blurred - blurred.mean())
        for blurred in (ndimage.gaussian_filter(image.astype(float), COARSE_PIXELS) for image in (one, other))
    )
    common = fft.irfft2(fft.rfft2(other) * fft.rfft2(one).conj(), s=one.shape)
    at = np.unravel_index(np.argmax(common), one.shape)
    alike = common[at] / max(float(np.sqrt(np.sum(one**2) * np.sum(other**2))), 1e-30)
    down, right = (int(n) if n <= size // 2 else int(n) - size for n, size in zip(at, one.shape, strict=True))
    return float(alike), (down, right)


def lines(report: dict) -> list[str]:
    """What was done with a stack, for a terminal."""
    text = []
    first = report["pairs"][0]
    for number, camera in enumerate(first.get("camera", ()), start=1):
        channel = f"channel {number}, " if len(first["camera"]) > 1 else ""
        values = (
            ("gain_adu", "gain {:.3g} ADU per electron"),
            ("offset_adu", "offset {:.1f} ADU"),
            ("read_noise_e", "read noise {:.2g} electrons"),
        )
        words = ", ".join(words.format(camera[name]) + _origin(name, camera) for name, words in values)
        text.append(f"{channel}camera: {words}")
    if any(first.get("twin_shift_pixels", ())):
        text.append("its twin is moved by {} pixels down and {} to the right".format(*first["twin_shift_pixels"]))
    for pair in report["pairs"]:
        light = f"{100 * pair['light']:.3g} % of the light, {pair['photons']:.3g} photons: " if "light" in pair else ""
        text += [f"{light}{words}" for channel in pair["channels"] for words in channel["warnings"]]
    return text


def _origin(name: str, camera: dict) -> str:
    return next((f" ({how})" for how in ("estimated", "assumed") if name in camera[how]), "")


def _channel(plane: Plane) -> dict:
    """What the truth of a channel rests on."""
    widefield = plane.prepared.frames.mean(axis=(0, 1))
    quality = assess(plane.image, widefield, plane.parameters, plane.transfer, plane.regularisation)
    lacking = unfound(plane.parameters)
    stripes = [f"stripes of angle {found['angle']} were left in the truth" for found in quality["artefacts"]]
    return {
        "channel": plane.position[1],
        "verdict": verdict(plane.parameters),
        "notes": list(plane.notes),
        "warnings": ([f"not all stripes were found ({', '.join(lacking)})"] if lacking else []) + stripes,
        "angles": plane.parameters.report(),
        "regularisation": asdict(plane.regularisation),
        "quality": quality,
    }


def _raw(out: Path, split: str, name: str) -> Path:
    return out / split / "raw" / f"{name}.tif"


def _all_of(stack: RawStack) -> np.ndarray:
    array = np.empty(stack.array.shape, stack.array.dtype)
    for position in stack.positions():
        try:
            array[position] = whole(stack, position)
        except InputError as problem:
            raise InputError(f"its twin {stack.source}: {problem}") from None
    return array


def _middle(stack: RawStack, channel: int) -> Position:
    """The first time, in the middle of z: its frames say what light a channel had."""
    return 0, channel, stack.sizes["Z"] // 2
