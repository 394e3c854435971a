r"""Losses of a relativistic average GAN: is the real image more real than the average fake one, and the reverse?

With the logits r of the real and f of the fake images of a batch, their means <r> and <f> over the batch, and
B(l, t) the mean cross-entropy of sigmoid(l) with the target t:

.. math::
    L_D &= \tfrac12 B(r - \langle f \rangle, 1) + \tfrac12 B(f - \langle r \rangle, 0) \\
    L_{ESRGAN} &= \tfrac12 B(r - \langle f \rangle, 0) + \tfrac12 B(f - \langle r \rangle, 1) \\
    L_{EPSR} &= B(f - \langle r \rangle, 1)

Logits are (batch, 1), in any precision; each loss is one float32 number. Under a strategy the batch is the share of
one replica: the means are not those of the whole batch.

References
----------
.. [1] A. Jolicoeur-Martineau, The relativistic discriminator, ICLR 2019.
.. [2] X. Wang et al., ESRGAN, ECCV Workshops 2018.
.. [3] S. Vasu et al., EPSR, ECCV Workshops 2018.
"""

from keras import ops


def discriminator_loss(real, fake):
    """L_D. No gradient through the means: each logit learns from its own term."""
    real, fake = ops.cast(real, "float32"), ops.cast(fake, "float32")
    above_fake = real - ops.mean(ops.stop_gradient(fake))
    above_real = fake - ops.mean(ops.stop_gradient(real))
    return 0.5 * cross_entropy(above_fake, 1.0) + 0.5 * cross_entropy(above_real, 0.0)


def esrgan_loss(real, fake):
    """L_ESRGAN of the generator; gradient through the logits of the fake images only, their mean included."""
    real, fake = ops.stop_gradient(ops.cast(real, "float32")), ops.cast(fake, "float32")
    return 0.5 * cross_entropy(real - ops.mean(fake), 0.0) + 0.5 * cross_entropy(fake - ops.mean(real), 1.0)


def epsr_loss(real, fake):
    """L_EPSR of the generator; gradient through the logits of the fake images only."""
    real, fake = ops.stop_gradient(ops.cast(real, "float32")), ops.cast(fake, "float32")
    return cross_entropy(fake - ops.mean(real), 1.0)


def cross_entropy(logits, target: float):
    """Mean of -target log(sigmoid(l)) - (1 - target) log(1 - sigmoid(l)), for logits of any size."""
    return ops.mean(ops.softplus(logits) - target * logits)


GENERATOR_LOSSES = {"esrgan": esrgan_loss, "epsr": epsr_loss}
