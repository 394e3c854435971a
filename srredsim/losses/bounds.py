"""A loss that is nearly flat within given bounds of the truth and steep beyond: an extended log-barrier.

References
----------
.. [1] H. Kervadec et al., Constrained deep networks: Lagrangian optimization via log-barrier extensions, EUSIPCO 2022.
"""

from keras import ops

from srredsim.metrics import float32_pair

GREY_LEVELS = 255.0


def bound_prediction(y_true, y_pred, margin=1.0, restore_range: bool = True, sharpness=1.0, growth=1.01, epoch=0):
    r"""The barrier of :math:`y - e \le \hat y \le y + e`, the mean over the pixels and both bounds.

    ``restore_range`` multiplies images by 255 first, so that the ``margin`` e is in grey levels. The barrier gets
    sharper by ``growth`` with every epoch (`sharpness_at`), as was meant; in the published code it never does, which
    is ``growth: 1`` (reference).
    """
    y_true, y_pred = float32_pair(y_true, y_pred)
    error = (y_pred - y_true) * (GREY_LEVELS if restore_range else 1.0)
    t = sharpness_at(epoch, sharpness, growth)
    above, below = extended_log_barrier(error - margin, t), extended_log_barrier(-margin - error, t)
    return ops.mean(0.5 * (above + below), axis=(1, 2, 3))


def sharpness_at(epoch, sharpness=1.0, growth=1.01, largest=10.0):
    """The sharpness t of a barrier: ``sharpness * growth^epoch``, at most ``largest``; epochs count from 0."""
    epoch, growth = (ops.cast(value, "float32") for value in (epoch, growth))
    return ops.minimum(ops.cast(sharpness, "float32") * growth**epoch, largest)


def extended_log_barrier(values, t=1.0):
    r"""Barrier of :math:`f \le 0`: :math:`-\ln(-f) / t` up to :math:`f = -1/t^2`, from there on its tangent.

    The larger t, the nearer to a wall. The tangent is :math:`t f - \ln(1/t^2) / t + 1/t`.
    """
    values, t = ops.cast(values, "float32"), ops.cast(t, "float32")
    bend = -1.0 / ops.square(t)
    inside = -ops.log(-ops.minimum(values, bend)) / t
    return ops.where(values <= bend, inside, t * values + 2.0 * ops.log(t) / t + 1.0 / t)
