"""The discriminator gives the logits of its original definition, computed in float64 from weights filled by name."""

import zlib

import keras
import numpy as np
import pytest
from keras import ops

from srredsim import discriminators
from srredsim.checkpoints.importing import filled
from srredsim.checkpoints.originals import original
from srredsim.errors import InputError

WIDTHS = [64, 128, 256, 512, 512]


def original_shapes(widths, channels, last_side, hidden):
    """Names and shapes of the original's tensors."""
    shapes, before = {}, channels
    for level, width in enumerate(widths):
        for part, size in ((0, 3), (1, 4)):
            shapes[f"conv{level}_{part}.weight"] = (width, before, size, size)
            if level or part:
                names = ("weight", "bias", "running_mean", "running_var")
                shapes |= {f"bn{level}_{part}.{name}": (width,) for name in names}
            before = width
    shapes["conv0_0.bias"] = (widths[0],)
    shapes |= {"linear1.weight": (hidden, widths[-1] * last_side**2), "linear1.bias": (hidden,)}
    return shapes | {"linear2.weight": (1, hidden), "linear2.bias": (1,)}


def by_name(key, shape, gain=2.4):
    u = np.random.RandomState(zlib.crc32(key.encode("ascii"))).uniform(-1, 1, shape)
    if key.endswith("running_mean"):
        return 0.1 * u
    if key.endswith("running_var"):
        return 1 + 0.5 * u
    if len(shape) > 1:
        return gain * u / np.sqrt(np.prod(shape[1:]))
    return 0.05 * u if key.endswith("bias") else 1 + 0.1 * u


def tensors(*shapes):
    return {key: by_name(key, shape) for key, shape in original_shapes(*shapes).items()}


def test_logits_of_the_original_in_evaluation_and_in_training():
    model, settings, dead = filled("vgg_style", tensors(WIDTHS, 1, 4, 100))
    assert settings == {"input_channels": 1, "size": 128, "filters": 64, "levels": 5, "hidden": 100}
    assert not dead
    assert sum(int(np.prod(weight.shape)) for weight in model.trainable_weights) == 14_498_249
    images = np.random.RandomState(1).uniform(0, 1, (2, 1, 128, 128)).transpose(0, 2, 3, 1)
    judged = ops.convert_to_numpy(model(images, training=False))
    np.testing.assert_allclose(judged[:, 0], [-2.24251833, -1.81131699], rtol=1e-5)
    judged = ops.convert_to_numpy(model(images, training=True))
    np.testing.assert_allclose(judged[:, 0], [-3.13702716, -3.18398606], rtol=1e-5)


def test_three_channels_have_the_parameters_of_the_original():
    model = discriminators.build("vgg_style", input_channels=3)
    assert sum(int(np.prod(weight.shape)) for weight in model.trainable_weights) == 14_499_401


def test_a_smaller_original_is_recognised_by_its_shapes():
    model, settings, _ = filled("vgg_style", tensors([4, 8, 16], 2, 3, 5))
    assert settings == {"input_channels": 2, "size": 24, "filters": 4, "levels": 3, "hidden": 5}
    assert model.input_shape == (None, 24, 24, 2)


def test_every_weight_has_one_tensor_of_the_original():
    settings = discriminators.module("vgg_style").SMALL
    model = discriminators.build("vgg_style", **settings)
    found = list(original("vgg_style").counterparts(model, settings))
    assert {part.tensor: part.shape for part in found} == original_shapes([4, 8, 16], 1, 4, 5)
    assert sorted(id(part.weight) for part in found) == sorted(id(weight) for weight in model.weights)


def test_logits_are_float32_under_mixed_precision():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = discriminators.build("vgg_style", **discriminators.module("vgg_style").SMALL)
    finally:
        keras.config.set_dtype_policy(before)
    assert model.get_layer("level_1_conv_0").compute_dtype == "bfloat16"
    assert keras.backend.standardize_dtype(model(np.zeros((1, 32, 32, 1))).dtype) == "float32"


def test_a_size_that_cannot_be_halved_so_often():
    with pytest.raises(InputError, match="halves its image 5 times: `size` must be a multiple of 32; got 100"):
        discriminators.build("vgg_style", size=100)


def test_unknown_names_and_settings_are_refused():
    with pytest.raises(InputError, match=r"no discriminator called 'vgg_stile'.*mean 'vgg_style'"):
        discriminators.build("vgg_stile")
    with pytest.raises(InputError, match=r"no setting of discriminator vgg_style called 'filter'.*mean 'filters'"):
        discriminators.build("vgg_style", filter=3)
