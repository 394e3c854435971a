r"""One step towards the frames, as a layer: what they say of an image, weighed as photons count.

An image x on the output grid, apodised by A as a SIM image is, shows the object :math:`s = x / A`. With the forward
model :math:`F_p = B [h * (I_p s)]` of `srredsim.layers.sim_forward`, haze z and a camera whose noise has the variance
:math:`v = g (F + z) + v_0`,

.. math::

    \delta = \tau S \, F^{-1} \Big[ \frac{A}{D + \mu} F \big[ S \sum_p A_p^T \frac{y_p - F_p - z}{v_p} \big] \Big],
    \quad S^{-2} = B^T \langle 1 / v_p \rangle_p

is a step of Newton's method for the likelihood of the frames, as far as noise and light are even: D is what forward and
adjoint together leave of each frequency, :math:`\mu` the regularisation of the Wiener filter. How long the step is and
how much the regularisation counts is learnt.

What a training learns about x from the steps after it goes through the same approximation, :math:`d\delta / dx = - \tau
D / (D + \mu)`: it takes a third of the time of the exact derivative.
"""

import keras
from keras import KerasTensor, layers, ops

from srredsim.layers import sim_forward
from srredsim.layers.sim_forward import SCALE

BORDER = 8  # raw pixels at the border of a window that say little: what lies beyond is not known
APODISATION, RIM = 0.85, 0.01  # power, as of the truth; squared, what is not brought back
LOWEST = 0.1  # times the cut-off: below, the regularisation is as there
PRIOR = 1.0  # times that of the Wiener filter, in units of what is passed at frequency 0
LEAST, TINY = 1e-4, 1e-12  # of D, where nothing is passed; and of precision, where no light fell


class _Exact(layers.Layer):
    """A layer in float32, whatever the policy. Its shapes are told: to find them Keras would go through all of it."""

    def __init__(self, **settings):
        super().__init__(**settings | {"dtype": "float32"})


def _plane(batch, *channels):
    """A float32 tensor of a known rank and of any size."""
    return KerasTensor((batch, *channels, None, None), "float32")


@keras.saving.register_keras_serializable(package="srredsim")
class Optics(_Exact):
    """What does not change from step to step: OTF (two parts), D, :math:`\\mu`, A and its inverse.

    Of light (batch, frames, 2y, 2x) and numbers (batch, 1, 1, 1): cut-off and reach of the SIM image in cycles per raw
    pixel, damping, and the regularisation w at the cut-off with its slope.
    """

    def call(self, light, cutoff, reach, damping, wiener, slope):
        otf = sim_forward.otf_of(cutoff, damping, light[..., ::SCALE, ::SCALE])
        passed = sim_forward.passed_twice(light, otf)
        fy, fx = (SCALE * sim_forward.frequencies(light, axis) for axis in (-2, -1))
        frequency = ops.sqrt(ops.square(fy[:, None]) + ops.square(fx))
        relative = ops.maximum(frequency / cutoff[:, 0], LOWEST)
        prior = ops.square(wiener[:, 0]) * ops.power(relative, slope[:, 0]) * passed[:, :1, :1]
        apodised = ops.power(sim_forward.ideal_otf(frequency / reach[:, 0]) + 1e-9, APODISATION)
        return (*otf, passed, prior, apodised, apodised / (ops.square(apodised) + RIM))

    def compute_output_spec(self, light, *numbers):
        batch = light.shape[0]
        return (_plane(batch, None), _plane(batch, None), *(_plane(batch) for _ in range(4)))


@keras.saving.register_keras_serializable(package="srredsim")
class Residual(_Exact):
    """What is left of the frames, (frames - expected) inside the border, and the variance of a pixel: two tensors.

    Of an image, what was recorded (frames, light, haze, and gain and dark variance of the noise), and `Optics`.
    """

    def call(self, image, recorded, optics):
        frames, light, haze, gain, dark = recorded
        *otf, _, _, _, unapodised = optics
        expected = sim_forward.forward(sim_forward.filtered(image, unapodised), light, otf) + haze
        variance = gain * ops.maximum(expected, 0.0) + dark
        return (frames - expected) * _inside(frames), variance

    def compute_output_spec(self, image, recorded, optics):
        return _plane(*recorded[0].shape[:2]), _plane(*recorded[0].shape[:2])


@keras.saving.register_keras_serializable(package="srredsim")
class DataStep(_Exact):
    """The step (batch, 2y, 2x) from an image for which this is left, see `Residual`, under this light."""

    def __init__(self, **settings):
        super().__init__(**settings)
        self.length = self.add_weight(name="length", shape=(1,), initializer="ones")
        self.log_prior = self.add_weight(name="log_prior", shape=(1,), initializer="zeros")

    def call(self, image, left, light, optics, training=None):
        residual, variance = (ops.stop_gradient(part) for part in left)
        *otf, passed, prior, apodised, _ = optics
        gradient = sim_forward.adjoint(residual / variance, light, otf)
        precision = mean_of_lit(1.0 / variance, light)
        blurred = SCALE**2 * sim_forward.adjoint(ops.concatenate([precision, ops.zeros_like(precision)], 1), 1.0, otf)
        least = (
            ops.min(precision, axis=(2, 3), keepdims=True)[:, 0] + TINY
        )  # where the window goes on, there is ringing
        spread = ops.rsqrt(ops.maximum(blurred, least))
        whole = passed + PRIOR * ops.exp(self.log_prior) * prior + LEAST
        step = spread * sim_forward.filtered(spread * gradient, apodised / whole)
        if training:  # 0, but for its derivative
            inside = ops.repeat(ops.repeat(_inside(residual), SCALE, axis=0), SCALE, axis=1)
            step = step - sim_forward.filtered(inside * (image - ops.stop_gradient(image)), passed / whole)
        return self.length * step

    def compute_output_spec(self, image, left, light, optics, training=None):
        return _plane(image.shape[0])


def mean_of_lit(values, light):
    """(batch, frames, y, x) -> (batch, 1, y, x): mean over the frames on which some light fell."""
    lit = ops.cast(ops.max(light, axis=(2, 3), keepdims=True) > 0.0, "float32")
    return ops.sum(lit * values, axis=1, keepdims=True) / ops.maximum(ops.sum(lit, axis=1, keepdims=True), 1.0)


def _inside(frames):
    """(y, x): rises from 0 at the border to 1."""

    def rise(axis):
        size = ops.shape(frames)[axis]
        place = ops.cast(ops.arange(size), "float32") + 0.5
        return ops.clip(ops.minimum(place, ops.cast(size, "float32") - place) / BORDER, 0.0, 1.0)

    return rise(-2)[:, None] * rise(-1)
