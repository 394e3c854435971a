"""Relativistic losses: reference numbers of the published formulas, and which logits learn from which."""

import keras
import numpy as np
import pytest
from keras import ops

from srredsim.losses.adversarial import GENERATOR_LOSSES, cross_entropy, discriminator_loss, epsr_loss, esrgan_loss

REAL = np.array([[0.3], [-1.2], [2.0]], "float32")
FAKE = np.array([[-0.5], [0.7], [0.1]], "float32")


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gradients(loss):
    """Gradients of one loss with respect to the logits of the real and of the fake images (TensorFlow)."""
    import tensorflow as tf

    real, fake = tf.Variable(REAL), tf.Variable(FAKE)
    with tf.GradientTape() as tape:
        value = loss(real, fake)
    return [None if g is None else np.asarray(g)[:, 0] for g in tape.gradient(value, [real, fake])]


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (esrgan_loss, 0.9452921838676),
        (epsr_loss, 0.8644063405694),
        (discriminator_loss, 0.678625517200957),
    ],
)
def test_reference_numbers(loss, expected):
    assert float(loss(REAL, FAKE)) == pytest.approx(expected, rel=1e-6)
    in_half = loss(ops.cast(REAL, "bfloat16"), ops.cast(FAKE, "bfloat16"))
    assert keras.backend.standardize_dtype(in_half.dtype) == "float32"
    assert float(in_half) == pytest.approx(expected, rel=5e-3)


def test_cross_entropy_of_large_logits_is_finite_and_linear():
    assert float(cross_entropy(np.float32([[-200.0]]), 1.0)) == pytest.approx(200)
    assert float(cross_entropy(np.float32([[200.0]]), 0.0)) == pytest.approx(200)
    assert float(cross_entropy(np.float32([[0.0]]), 1.0)) == pytest.approx(np.log(2))


def test_the_generator_learns_through_the_fake_images_alone():
    """The closed form: d/df of 1/2 B(r - <f>, 0) + 1/2 B(f - <r>, 1); EPSR has the second term, whole."""
    of_mean = -sigmoid(REAL - FAKE.mean()).mean() / 3
    own = (sigmoid(FAKE - REAL.mean()) - 1)[:, 0] / 3
    real, fake = gradients(esrgan_loss)
    assert real is None
    np.testing.assert_allclose(fake, 0.5 * of_mean + 0.5 * own, rtol=1e-5)
    real, fake = gradients(epsr_loss)
    assert real is None
    np.testing.assert_allclose(fake, own, rtol=1e-5)


def test_the_discriminator_learns_from_both_but_not_through_the_means():
    real, fake = gradients(discriminator_loss)
    np.testing.assert_allclose(real, 0.5 * (sigmoid(REAL - FAKE.mean()) - 1)[:, 0] / 3, rtol=1e-5)
    np.testing.assert_allclose(fake, 0.5 * sigmoid(FAKE - REAL.mean())[:, 0] / 3, rtol=1e-5)


def test_generator_and_discriminator_want_the_opposite():
    for name, loss in GENERATOR_LOSSES.items():
        assert float(loss(REAL, FAKE + 3)) < float(loss(REAL, FAKE)), name
    assert float(discriminator_loss(REAL, FAKE + 3)) > float(discriminator_loss(REAL, FAKE))
