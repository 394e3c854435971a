r"""The forward model of structured illumination and its adjoint, as parts of a network, always in float32.

Frame p of an image S under the light I_p is :math:`F_p = B [h * (I_p S)]`, with lens h and pixel B, as of
`srredsim.reconstruction.forward`; but the window goes on periodically, so that what is near its borders is for the
caller to leave out. Images are (batch, 2y, 2x), light (batch, frames, 2y, 2x), frames (batch, frames, y, x); there is
an even number of frames, as two share a complex transform. A spectrum is a pair of its real and its imaginary part.
"""

import math

from keras import ops

FINEST = 0.5005  # cycles in a pixel: beyond, frequencies fold onto others
SCALE = 2  # output pixels per raw pixel


def forward(image, light, otf):
    """Frames of an image."""
    lit = light * image[:, None]
    return _unpaired(ops.ifft2(_times(narrowed(ops.fft2(_paired(lit))), otf)))


def adjoint(frames, light, otf):
    """The image of frames under the adjoint map: sum over all frames."""
    real, imaginary = otf
    back = SCALE**2 * real, -(SCALE**2) * imaginary
    fine = ops.ifft2(widened(_times(ops.fft2(_paired(frames)), back)))
    return ops.sum(light * _unpaired(fine), axis=1)


def filtered(images, factor):
    """Images (..., y, x) whose spectrum is multiplied by a real factor that is the same at f and -f."""
    real, imaginary = ops.fft2((images, ops.zeros_like(images)))
    return ops.ifft2((real * factor, imaginary * factor))[0]


def otf_of(cutoff_per_pixel, damping, like):
    """Spectrum (batch, 1, y, x) that takes an image's to the raw grid: lens, pixel and half an output pixel's way.

    Cut-offs, in cycles per raw pixel, and dampings are (batch, 1, 1, 1); ``like`` has raw pixels (..., y, x). At the
    Nyquist frequency it is 0: what is there has no sign.
    """
    fy, fx = (frequencies(like, axis) for axis in (-2, -1))
    fy = fy[:, None]
    relative = ops.sqrt(ops.square(fy) + ops.square(fx)) / cutoff_per_pixel
    passed = ops.where(cutoff_per_pixel > FINEST, 1.0 / cutoff_per_pixel - 1.0, 1.0)
    lens = ideal_otf(relative) * ops.power(damping, relative)
    lens = ops.where(relative <= passed, lens, 0.0)
    signed = ops.cast(ops.logical_and(ops.abs(fy) < 0.4999999, ops.abs(fx) < 0.4999999), "float32")
    lens = lens * signed * _sinc(fy) * _sinc(fx) / SCALE**2
    angle = math.pi / SCALE * (fy + fx)
    return lens * ops.cos(angle), lens * ops.sin(angle)


def ideal_otf(relative):
    """Transfer function of a circular pupil, at multiples of the cut-off; see `srredsim.optics.otf.ideal_otf`."""
    v = ops.clip(relative, 0.0, 1.0)
    return 2.0 / math.pi * (ops.arccos(v) - v * ops.sqrt(1.0 - v * v))


def passed_twice(light, otf):
    r"""What forward and adjoint together leave of each frequency, on average over the window: (batch, 2y, 2x).

    .. math:: D = F[c g], \quad c(s) = \langle \sum_p I_p(r) I_p(r + s) \rangle_r, \quad g = F^{-1}[|H|^2]
    """
    real, imaginary = otf
    power = SCALE**2 * (ops.square(real) + ops.square(imaginary))
    blur = ops.ifft2(widened((power, ops.zeros_like(power))))[0][:, 0]
    light_real, light_imaginary = ops.fft2(_paired(light))
    spectrum = ops.sum(ops.square(light_real) + ops.square(light_imaginary), axis=1)
    pixels = ops.cast(ops.shape(light)[-1] * ops.shape(light)[-2], "float32")
    # of two frames that share a transform, the real part of the sum is that of both
    alike = ops.ifft2((spectrum, ops.zeros_like(spectrum)))[0] / pixels
    return ops.maximum(ops.fft2((alike * blur, ops.zeros_like(blur)))[0], 0.0)


def frequencies(like, axis: int):
    """Cycles per pixel along an axis, in the order of a transform: 0, 1/n ... -1/n."""
    size = ops.shape(like)[axis]
    number = ops.cast(ops.arange(size), "float32")
    size = ops.cast(size, "float32")
    return (number - ops.where(2.0 * number >= size, size, 0.0)) / size


def narrowed(spectrum):
    """The spectrum on half as many points a side: the lowest frequencies."""
    return tuple(_lowest(_lowest(part, -2), -1) for part in spectrum)


def widened(spectrum):
    """The spectrum on twice as many points a side, 0 where there was none."""
    return tuple(_filled(_filled(part, -2), -1) for part in spectrum)


def _lowest(part, axis: int):
    small = ops.shape(part)[axis] // SCALE
    first = (small + 1) // 2
    return ops.concatenate([_cut(part, axis, 0, first), _cut(part, axis, SCALE * small - (small - first), None)], axis)


def _filled(part, axis: int):
    small = ops.shape(part)[axis]
    first = (small + 1) // 2
    return ops.concatenate([_cut(part, axis, 0, first), ops.zeros_like(part), _cut(part, axis, first, None)], axis)


def _cut(part, axis: int, start, stop):
    return part[..., start:stop] if axis == -1 else part[..., start:stop, :]


def _paired(images):
    """The second half of the images as the imaginary parts of the first."""
    half = ops.shape(images)[1] // 2
    return images[:, :half], images[:, half:]


def _unpaired(pairs):
    return ops.concatenate(pairs, axis=1)


def _times(spectrum, factor):
    (a, b), (c, d) = spectrum, factor
    return a * c - b * d, a * d + b * c


def _sinc(x):
    turn = math.pi * x
    return ops.where(ops.abs(turn) < 1e-6, 1.0, ops.sin(turn) / ops.where(ops.abs(turn) < 1e-6, 1.0, turn))
