r"""From an image to the raw frames that it would have given, and back along the same way: the forward model.

Frame :math:`p` of angle :math:`d` shows an image :math:`S` on the output grid as

.. math::

    F_{dp} = a_{dp} \, B \left[ h * S \left( 1 + \sum_b \mathrm{Re} \, c_{dpb} e^{2 \pi i k_{db} r} \right) \right],
    \quad c_{dpb} = m_{db} e^{i \phi_{dpb}}

with the point spread function :math:`h` of the lens and what a raw pixel, :math:`B`, makes of the light on it
(`srredsim.optics.sampling.pixel_transfer`), both as the Wiener filter has them. Frames of an angle are mixtures of the
same few images: each is made once, with real Fourier transforms, of which only the frequencies of the raw grid are
kept; the lens passes no others.

Beyond its borders the image goes on as its mirror image, under stripes that simply go on: within the width of the point
spread function from a border, a real frame also shows what nobody knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from srredsim.arrays import Array, added, irfft2, put, rfft2
from srredsim.optics.borders import margins
from srredsim.optics.sampling import SCALE, output_positions_um
from srredsim.optics.transfer import Transfer
from srredsim.stripes.parameters import Parameters


@dataclass(frozen=True)
class Stripes:
    """What lights the frames of one angle: ``a_p [1 + sum_b Re(amplitudes[p, b] exp(2 pi i k_b r))]``.

    b counts the orders of the angle, or those of all angles that light the frames at once.
    """

    k_per_um: np.ndarray  # (orders, 2): (ky, kx) of each order itself, y down
    amplitudes: np.ndarray  # (phases, orders) complex: contrast, and phase at the centre of raw pixel (0, 0)
    intensities: np.ndarray  # (phases,)
    multiples: np.ndarray | None = None  # (orders, angles): k in vectors of the first order; one angle may leave it out

    @property
    def of_vectors(self) -> np.ndarray:
        """How many times each order has the first-order vector of each angle, (orders, angles)."""
        return np.arange(1, len(self.k_per_um) + 1)[:, None] if self.multiples is None else self.multiples

    def seen_from(self, y_um: float, x_um: float) -> Stripes:
        """The same stripes, for frames whose pixel (0, 0) lies there."""
        turn = np.exp(2j * np.pi * (self.k_per_um @ [y_um, x_um]))
        return replace(self, amplitudes=self.amplitudes * turn)

    def with_k_error(self, k0_error_per_um: np.ndarray) -> Stripes:
        """Stripes whose first orders have vectors ((angles,) 2) that differ by this."""
        return replace(self, k_per_um=self.k_per_um + self.of_vectors @ np.atleast_2d(k0_error_per_um))


def stripes_of(parameters: Parameters, intensities=None) -> list[Stripes]:
    """Stripes of every group of frames as they were estimated; orders of which there was no sign are left out.

    ``intensities``, one a frame (groups, phases), as of `Prepared`; left out: all 1.
    """
    result = []
    for number, group in enumerate(parameters.groups):
        waves_rad = group.waves_rad
        numbers = np.repeat(np.arange(len(group.angles)), [len(angle.orders) for angle in group.angles])
        seen = np.array([order.status != "failed" for order in group.orders], bool)
        orders = [order for order in group.orders if order.status != "failed"]
        of_frame_0 = [order.modulation_depth * np.exp(1j * order.phase_rad) for order in orders]
        multiples = np.array([order.order for order in orders])[:, None] * np.eye(len(group.angles))[numbers[seen]]
        result.append(
            Stripes(
                np.array([order.k_per_um for order in orders], float).reshape(-1, 2),
                np.array(of_frame_0, complex) * np.exp(1j * waves_rad[:, seen]),
                np.ones(len(waves_rad)) if intensities is None else np.asarray(intensities[number], float),
                multiples,
            )
        )
    return result


class Forward:
    """The forward model of one stack: a linear map from images (2y, 2x) to frames (groups, phases, y, x).

    Parameters
    ----------
    shape : (int, int)
        Raw pixels (y, x), any.
    transfer : Transfer
    stripes : sequence of Stripes
        One a group of frames.
    dtype : numpy dtype
        float32, or float64 where rounding matters.
    filter_of : callable, optional
        ``filter_of(frequency_per_um)``, real: what the spectrum of the image is multiplied by before anything else,
        as to undo the apodisation of a SIM image. Left out: 1.
    xp : library, optional
        Of images and frames, see `srredsim.arrays`; left out: NumPy.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        transfer: Transfer,
        stripes: Sequence[Stripes],
        *,
        dtype=np.float32,
        filter_of: Callable[[np.ndarray], np.ndarray] | None = None,
        xp: Any = np,
    ):
        self.xp = xp
        self.shape, self.stripes, self.dtype = tuple(shape), tuple(stripes), np.dtype(dtype)
        self.complex_dtype = np.result_type(self.dtype, np.complex64)
        self.pixel_size_um = transfer.pixel_size_um
        self.sides = [margins(n) for n in shape]  # raw pixels beyond the borders
        self.raw_grid = tuple(n + sum(side) for n, side in zip(shape, self.sides, strict=True))
        self.grid = tuple(SCALE * n for n in self.raw_grid)
        self.otf = self._lens_and_pixel(transfer)
        self.filter = None if filter_of is None else self._filter(filter_of)

    def _lens_and_pixel(self, transfer: Transfer) -> Array:
        """What carries the spectrum of a real image to the raw grid, on the half plane that a real transform keeps.

        At the Nyquist frequency of the raw grid it is 0: what is there has no sign.
        """
        rows, columns = self.raw_grid
        numbers = np.fft.fftfreq(rows, 1 / rows), np.arange(columns // 2 + 1.0)
        fy, fx = (f / (n * self.pixel_size_um) for f, n in zip(numbers, self.raw_grid, strict=True))
        # the pixel, and the way from the centre of its first output pixel to its own
        pixel = [
            transfer.pixel(f) * np.exp(1j * np.pi * number / (SCALE * n)) * (2 * np.abs(number) < n)
            for f, number, n in zip((fy, fx), numbers, self.raw_grid, strict=True)
        ]
        # SCALE^2: a transform of the raw grid has so many times fewer samples
        whole = transfer.lens(fy, fx) * pixel[0][:, None] * pixel[1] / SCALE**2
        return self.xp.asarray(whole.astype(self.complex_dtype))

    def _filter(self, filter_of: Callable[[np.ndarray], np.ndarray]) -> Array:
        fy = np.fft.fftfreq(self.grid[0], self.pixel_size_um / SCALE)
        fx = np.fft.rfftfreq(self.grid[1], self.pixel_size_um / SCALE)
        return self.xp.asarray(np.asarray(filter_of(np.hypot(fy[:, None], fx)), self.dtype))

    def __call__(self, image: Array) -> Array:
        """Frames (angles, phases, y, x) of an image (2y, 2x)."""
        return self.xp.stack(list(self.by_angle(image)))

    def by_angle(self, image: Array) -> Iterator[Array]:
        """Frames (phases, y, x) of one angle after the other, so that a large stack need not be held at once."""
        for number, parts in enumerate(self.parts(image)):
            weights = self.mixture(number) * self.stripes[number].intensities[:, None]
            yield self.xp.tensordot(self.xp.asarray(weights.astype(self.dtype)), parts, axes=1)

    def parts(self, image: Array) -> Iterator[Array]:
        """For every angle what its frames are mixed from, (1 + 2 orders, y, x), as frames would show it.

        First the image itself, then, for every order, the image times the cosine and times the sine of its wave.
        """
        padded, zero = self._object(image)
        for number in range(len(self.stripes)):
            yield self.xp.stack([zero, *self._modulated(padded, number)])

    def unmodulated(self, image: Array) -> Array:
        """The image (y, x) that frames without stripes would show."""
        return self._object(image)[1]

    def spectrum(self, image: Array) -> Array:
        """Spectrum of an image (2y, 2x) with its mirror image around it, filtered, for `through`."""
        wanted = tuple(SCALE * n for n in self.shape)
        if image.shape != wanted:
            raise ValueError(f"frames of {self.shape} pixels belong to an image of {wanted}; got {image.shape}")
        spectrum = rfft2(self._mirrored(image))
        return spectrum if self.filter is None else spectrum * self.filter

    def through(self, spectrum: Array, lens: Transfer) -> Array:
        """The image (y, x) that frames without stripes would show through another lens, of a `spectrum`."""
        return self._to_raw(spectrum, self._lens_and_pixel(lens))

    def adjoint(self, frames: Array) -> Array:
        r"""The image (2y, 2x) of frames (angles, phases, y, x) under the adjoint map.

        :math:`\langle F, A S \rangle = \langle A^T F, S \rangle` for all frames :math:`F` and images :math:`S`.
        """
        return self.adjoint_of_angles(enumerate(frames))

    def adjoint_of_angles(self, angles) -> Array:
        """The same from pairs (number of the angle, its frames (phases, y, x)), of any of the angles."""
        xp = self.xp
        padded = xp.zeros(self.grid, dtype=self.dtype)
        zero = xp.zeros(self.shape, dtype=self.dtype)
        for number, frames in angles:
            weighted = self.stripes[number].intensities[:, None] * self.mixture(number)
            mixture = xp.asarray(weighted.T.astype(self.dtype))
            parts = xp.tensordot(mixture, xp.asarray(frames, dtype=self.dtype), axes=1)
            zero += parts[0]
            for wave, part in zip(self._waves(number), parts[1:], strict=True):
                padded += wave * self._to_fine(part)
        padded += self._to_fine(zero)
        if self.filter is not None:
            padded = irfft2(rfft2(padded) * self.filter, self.grid)
        return self._folded(padded)

    def mixture(self, number: int) -> np.ndarray:
        """(phases, 1 + 2 orders): how frames are mixed from the unmodulated image and those under cosine and sine."""
        amplitudes = self.stripes[number].amplitudes
        columns = [np.ones(len(amplitudes))]
        for amplitude in amplitudes.T:
            columns += [amplitude.real, -amplitude.imag]
        return np.stack(columns, axis=1)

    def _waves(self, number: int) -> Iterator[Array]:
        """Cosine and sine of every order of an angle, on the grid."""
        for k_per_um in self.stripes[number].k_per_um:
            rows, columns = (
                np.exp(2j * np.pi * k * output_positions_um(n, self.pixel_size_um, first_raw_pixel=side[0])).astype(
                    self.complex_dtype
                )
                for k, n, side in zip(k_per_um, self.grid, self.sides, strict=True)
            )
            wave = self.xp.asarray(rows)[:, None] * self.xp.asarray(columns)
            yield wave.real
            yield wave.imag

    def _modulated(self, padded: Array, number: int) -> Iterator[Array]:
        for wave in self._waves(number):
            yield self._to_raw(rfft2(padded * wave), self.otf)

    def _object(self, image: Array) -> tuple[Array, Array]:
        """The image with its mirror image around it, filtered; and as frames without stripes would show it."""
        spectrum = self.spectrum(image)
        padded = self._mirrored(image) if self.filter is None else irfft2(spectrum, self.grid, used_up=False)
        return padded, self._to_raw(spectrum, self.otf)

    def _mirrored(self, image: Array) -> Array:
        sides = [(SCALE * before, SCALE * after) for before, after in self.sides]
        return self.xp.pad(self.xp.asarray(image, dtype=self.dtype), sides, mode="symmetric")

    def _to_raw(self, spectrum: Array, otf: Array) -> Array:
        """Image (y, x) through lens and pixels, of a spectrum on the fine grid."""
        rows, columns = otf.shape
        top = (rows + 1) // 2
        small = self.xp.concat([spectrum[:top, :columns], spectrum[top - rows :, :columns]])
        small *= otf
        image = irfft2(small, self.raw_grid)
        (top, _), (left, _) = self.sides
        return image[top : top + self.shape[0], left : left + self.shape[1]]

    def _to_fine(self, image: Array) -> Array:
        """The adjoint of `_to_raw` and of the transform before it."""
        small = rfft2(self.xp.pad(image, self.sides))
        small *= self.otf.conj() * SCALE**2
        rows, columns = small.shape
        spectrum = self.xp.zeros((self.grid[0], self.grid[1] // 2 + 1), dtype=small.dtype)
        top = (rows + 1) // 2
        spectrum = put(spectrum, np.s_[:top, :columns], small[:top])
        spectrum = put(spectrum, np.s_[top - rows :, :columns], small[top:])
        return irfft2(spectrum, self.grid)

    def _folded(self, padded: Array) -> Array:
        """The adjoint of the mirrored extension: what lies beyond a border comes back on top of it."""
        for axis, (before, after) in enumerate(self.sides):
            before, after = SCALE * before, SCALE * after
            padded = self.xp.moveaxis(padded, axis, 0)
            inside = self.xp.asarray(padded[before : len(padded) - after], copy=True)
            inside = added(inside, np.s_[:before], padded[:before][::-1])
            inside = added(inside, np.s_[len(inside) - after :], padded[len(padded) - after :][::-1])
            padded = self.xp.moveaxis(inside, 0, axis)
        return padded if self.xp is not np else np.ascontiguousarray(padded)
