"""What object and camera frame have to do with each other: lens and pixel, as one transfer function."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from srredsim.acquisition import Optics, RawStack
from srredsim.arrays import lowered
from srredsim.cached import cached_property
from srredsim.errors import InputError
from srredsim.optics import nominal, plausible
from srredsim.optics.otf import cutoff_per_um, otf
from srredsim.optics.sampling import pixel_transfer

DAMPING = 0.75  # damping of the OTF, where nothing is known: real objectives lie between 0.5 and 1
SAMPLES = 4096  # values of the radial OTF, evenly spaced in the square of the frequency
FINE_ENOUGH, TOO_COARSE = 1.001, 1.2  # pixels, of the largest that sample the image: as good as that; of no use
NEEDED = {  # what must be known of the optics, in words
    "na": "NA",
    "wavelength_em_um": "wavelength of emission",
    "pixel_size_um": "pixel size",
}


@dataclass(frozen=True)
class Transfer:
    """OTF times the transfer function of a square pixel; or, where it was measured, both in one curve."""

    cutoff_per_um: float
    pixel_size_um: float
    damping: float = DAMPING  # that of the lens: its OTF is the ideal one, or the curve, times damping^(f / cut-off)
    curve: tuple[tuple[float, ...], tuple[float, ...]] | None = None  # measured: frequencies per um, values
    spherical_waves: float = 0.0  # spherical aberration of the model, root mean square in wavelengths
    nominal: bool = False  # the size of the pixels is not known: lengths are as if it were `nominal.PIXEL_UM`

    @property
    def cutoff_per_pixel(self) -> float:
        """Cycles in a raw pixel."""
        return self.cutoff_per_um * self.pixel_size_um

    def in_words(self, length_um: float) -> str:
        """A length for a reader: in raw pixels where their size is not known."""
        return f"{length_um / self.pixel_size_um:.2f} raw pixels" if self.nominal else f"{1000 * length_um:.0f} nm"

    @property
    def passed(self) -> float:
        """Share of the frequencies up to the cut-off that frames show as they are: from there on others fold onto them.

        1 where pixels sample the image.
        """
        relative = 2 * self.cutoff_per_pixel
        return 1.0 if relative <= FINE_ENOUGH else 2 / relative - 1

    @property
    def remarks(self) -> list[str]:
        """What to say of pixels that are a little too coarse."""
        if self.passed == 1:
            return []
        lost = f"the finest {100 * (1 - self.passed):.0f} % of what the lens passes fold over and are left out"
        too_coarse = f"{100 * (2 * self.cutoff_per_pixel - 1):.1f} % too coarse"
        if self.nominal:
            shown = f"a cut-off of {self.cutoff_per_pixel:.3f} cycles/pixel, wanted at most 0.5"
            return [f"warning: pixels are {too_coarse} for {shown}: {lost}"]
        return [
            f"warning: pixels of {self.pixel_size_um:g} um are {too_coarse}, wanted at most"
            f" {1 / (2 * self.cutoff_per_um):.4f} um: {lost}; check `pixel_size_um`, `na` and `wavelength_em_um`"
        ]

    def with_curve(self, curve: np.ndarray) -> Transfer:
        """With a curve (2, n) of frequencies and values, as it was measured, in place of the model."""
        frequencies, values = curve.tolist()
        return replace(self, curve=(tuple(frequencies), tuple(values)), damping=1.0)

    def damped(self, factor: float) -> Transfer:
        """With a lens that passes ``factor^(f / cut-off)`` of what this one passes."""
        return replace(self, damping=self.damping * factor)

    @cached_property
    def _radial(self) -> np.ndarray:
        relative = np.sqrt(np.linspace(0.0, 1.0, SAMPLES + 1))
        if self.curve is not None:
            values = self._measured(relative) * self.damping**relative
        else:
            values = otf(relative, 1.0, self.damping, self.spherical_waves)
        values = np.where(relative <= self.passed, values, 0.0)
        return np.append(values, 0.0).astype(np.float32)

    def _measured(self, relative: np.ndarray) -> np.ndarray:
        """The curve without the pixel, as it is on average over all directions."""
        frequency = relative * self.cutoff_per_um
        directions = np.linspace(0.0, np.pi / 4, 9)[:, None]
        pixel = np.mean(
            self.pixel(frequency * np.cos(directions)) * self.pixel(frequency * np.sin(directions)),
            axis=0,
        )
        return np.interp(frequency, *self.curve) * (relative < 1.0) / pixel

    def lens(self, fy: np.ndarray, fx: np.ndarray, xp: Any = np) -> np.ndarray:
        """OTF on the grid of the frequencies fy (rows) and fx (columns), in cycles/um; an array of the library xp."""
        scale = SAMPLES / self.cutoff_per_um**2
        down, across = (xp.asarray(each.astype(np.float32)) for each in (fy * fy * scale, fx * fx * scale + 0.5))
        square = down[:, None] + across
        return xp.asarray(self._radial)[lowered(square, SAMPLES + 1).astype(xp.int32)]

    def pixel(self, frequency_per_um: np.ndarray) -> np.ndarray:
        """What the pixel leaves of a wave along one axis."""
        return pixel_transfer(frequency_per_um * self.pixel_size_um)

    def __call__(self, fy: np.ndarray, fx: np.ndarray, xp: Any = np) -> np.ndarray:
        pixel = [xp.asarray(self.pixel(f).astype(np.float32)) for f in (fy, fx)]
        return self.lens(fy, fx, xp) * pixel[0][:, None] * pixel[1]


def transfers_of(stack: RawStack) -> tuple[Transfer, ...]:
    """Transfer function of each channel; InputError as of `transfer_of`."""
    return tuple(transfer_of(stack.optics.of_channel(c)) for c in range(stack.sizes["C"]))


def transfer_of(optics: Optics, damping: float = DAMPING) -> Transfer:
    """Transfer function of a microscope, of one channel.

    Raises
    ------
    InputError
        If a value is missing, or no microscope has such values. Pixels that are too coarse by up to a fifth are used,
        without the finest frequencies; the `remarks` say so.
    """
    if missing := missing_of(optics):
        if optics.cutoffs:
            return _as_shown(optics, damping)
        raise InputError(f"the file does not say {in_words(missing)}; give `{', '.join(missing)}`")
    if isinstance(optics.wavelength_em_um, tuple):
        raise TypeError("a transfer function is that of one channel: see `Optics.of_channel`")
    for name in NEEDED:
        plausible.check(name, getattr(optics, name))
    cutoff = cutoff_per_um(optics.na, optics.wavelength_em_um)
    largest = 1 / (2 * cutoff)
    if optics.pixel_size_um > largest * TOO_COARSE:
        raise InputError(
            f"pixels of {optics.pixel_size_um:g} um are too coarse for NA {optics.na:g} at"
            f" {optics.wavelength_em_um:g} um: wanted at most wavelength / (4 NA) = {largest:.4f} um in the object;"
            " check `pixel_size_um`, `na` and `wavelength_em_um`"
        )
    return Transfer(cutoff, optics.pixel_size_um, damping)


def missing_of(optics: Optics) -> list[str]:
    """Names of what is not known, of all that is needed."""
    return [name for name in NEEDED if getattr(optics, name) is None]


def in_words(missing: list[str]) -> str:
    """``NA, wavelength of emission and pixel size``"""
    *others, last = (NEEDED[name] for name in missing)
    return " and ".join(filter(None, [", ".join(others), last]))


def _as_shown(optics: Optics, damping: float) -> Transfer:
    """Transfer function with the cut-off that the frames show."""
    (cutoff,) = optics.cutoffs
    if optics.pixel_size_um is None:
        return Transfer(cutoff.per_pixel / nominal.PIXEL_UM, nominal.PIXEL_UM, damping, nominal=True)
    plausible.check("pixel_size_um", optics.pixel_size_um)
    return Transfer(cutoff.per_pixel / optics.pixel_size_um, optics.pixel_size_um, damping)


def refuse_impossible(optics: Optics) -> None:
    """InputError if no microscope has such values, as far as they are known."""
    for one in optics.each:
        for name in NEEDED:
            if getattr(one, name) is not None:
                plausible.check(name, getattr(one, name))
        if one.known:
            transfer_of(one)
