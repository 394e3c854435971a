"""SAN: its parameters, skips and context; its golden image is in test_golden_images.py."""

import keras
import numpy as np
import pytest

from srredsim.errors import InputError
from srredsim.networks import san


def test_tiny_parameter_count_by_hand():
    """Two input, three output channels, 6 filters, reduction 3: convolutions of size^2 in out + out parameters."""
    group = 2 * 2 * (9 * 6 * 6 + 6) + (6 * 2 + 2) + (2 * 6 + 6) + (9 * 6 * 6 + 6)
    others = 3 * (6 * 4 + 4) + (4 * 6 + 6)
    ends = (9 * 2 * 6 + 6) + (9 * 6 * 24 + 24) + (9 * 6 * 3 + 3)
    model = san.build(2, 3, groups=3, blocks=2, filters=6, reduction=3, inner=4)
    assert model.count_params() == ends + 3 * group + others + 1


@pytest.mark.parametrize("reduction", [0, 9, -1])
def test_a_reduction_that_leaves_no_channel_is_refused(reduction):
    with pytest.raises(InputError, match=f"`reduction` of san is from 1 to its filters, here 8; got {reduction}"):
        san.build(filters=8, reduction=reduction)


def test_attention_weighs_each_channel_by_the_root_of_the_covariance_of_all():
    """One group, the root by eigenvalues: on features of equal and independent channels five iterations suffice."""
    model = san.build(groups=1, blocks=1, filters=4, reduction=2, inner=2)
    rng = np.random.default_rng(6)
    model.set_weights([rng.normal(0, 0.5, weight.shape) for weight in model.get_weights()])
    squeeze, squeeze_bias = (w.astype(float) for w in model.get_layer("group_1_squeeze").get_weights())
    excite, excite_bias = (w.astype(float) for w in model.get_layer("group_1_excite").get_weights())
    features = rng.normal(size=(1, 30, 40, 4)).astype("float32")
    # what enters the last convolution of the group is features * weights: features are given, weights are asked for
    entered = keras.Model(_features_of(model), model.get_layer("group_1_last").input)(features)
    values, vectors = np.linalg.eigh(np.cov(features.reshape(-1, 4).astype(float), rowvar=False, bias=True))
    described = (vectors * np.sqrt(values)) @ vectors.T
    squeezed = np.maximum(described.mean(0) @ squeeze[0, 0] + squeeze_bias, 0)
    assert squeezed.max() > 0
    weights = 1 / (1 + np.exp(-(squeezed @ excite[0, 0] + excite_bias)))
    np.testing.assert_allclose(keras.ops.convert_to_numpy(entered)[0], weights * features[0], rtol=1e-4, atol=1e-4)


def _features_of(model):
    """The output of the only block: what the multiplication by the attention takes first."""
    multiply = next(layer for layer in model.layers if isinstance(layer, keras.layers.Multiply))
    return multiply.input[0]


def test_context_is_exact_for_few_blocks_and_bounded_for_many():
    assert san.receptive_field(groups=2, blocks=3) == 2 * 7 + 3
    assert san.receptive_field(groups=2, blocks=3, scale=1) == 2 * 7 + 2
    assert san.receptive_field() == san.CONTEXT
