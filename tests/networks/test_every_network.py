"""What every file in srredsim/networks must do; a new file is tested without being listed anywhere."""

import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

from srredsim import networks
from srredsim.errors import InputError

# Built at one scale only: that takes long, and what up-samples at the end is tested with others.
LARGE = ("act", "enlcn", "grl", "nlsn", "omnisr", "swinir")
LIKE_ANOTHER = ("dfcan", "drrn", "srcnn")  # another scale changes them as it changes vdsr, or rrdb
# Take seconds each: their layers are those of swinir and enlcn
SLOW = ("act", "grl", "nlsn", "omnisr")
SHARING = ("mslapsrn", "prosr")  # with levels, of which the first has all layers, or shares them with the others
often = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in networks.names()]
)


def scales(name):
    if name in LARGE + LIKE_ANOTHER:
        return (2,)
    return networks.module(name).SCALES


PORTABLE = [name for name in networks.names() if networks.module(name).PORTABLE]
EVEN = ("red_net", 1)  # halves its input, whose sides are even: see test_red_net.py
EACH = [(name, scale) for name in networks.names() for scale in scales(name) if (name, scale) != EVEN]
EACH = [(name, scale) for name, scale in EACH if name != "unrolled"]  # Fourier transforms reach everywhere
EACH += [("grl", 1)]  # no convolution of a pixel shuffle
AGAIN = [("unet", 8), *((name, scale) for name in ("rcan", "rdn", "san") for scale in (3, 4, 8))]
EACH = [  # edsr ends as those three
    pytest.param(*one, marks=pytest.mark.slow if one in AGAIN or one[0] in SLOW else ()) for one in EACH
]


def settings_of(name, scale=None):
    return networks.module(name).SMALL | ({"scale": scale} if scale else {})


def scale_of(model):
    return model.compute_output_shape((1, 16, 16, model.input_shape[-1]))[1] // 16


def positive_images(model, y, x, batch=1):
    shape = (batch, y, x, model.input_shape[-1])
    return np.random.default_rng(5).uniform(0.1, 1.0, shape).astype("float32")


def run(model, images):
    return ops.convert_to_numpy(model(images, training=False))


def make_kernels_positive(model, gain=1.0):
    """So that nothing cancels and no ReLU is ever shut, and attention sees something: whatever is connected shows."""
    rng = np.random.default_rng(3)
    for weight in model.trainable_weights:
        if weight.path.endswith(("prelu/alpha", "squeeze/bias")):
            weight.assign(np.ones(weight.shape))
        if len(weight.shape) == 2:
            weight.assign(rng.uniform(-1.0, 1.0, weight.shape) * np.sqrt(3 / weight.shape[0]))
        if len(weight.shape) == 4:
            weight.assign(gain * rng.uniform(0.5, 1.0, weight.shape) / np.prod(weight.shape[:3]))


def test_names_are_the_files_of_the_folder():
    files = Path(networks.__file__).parent.glob("*.py")
    assert networks.names() == sorted(file.stem for file in files if file.stem != "__init__")


def test_an_unknown_network_is_refused_with_the_known_and_the_nearest_named():
    with pytest.raises(InputError, match=r"no network called 'red_nte'.*mean 'red_net'.*dncnn.*red_net.*rrdb"):
        networks.build("red_nte")


def test_an_unknown_setting_is_refused_with_the_known_and_the_nearest_named():
    with pytest.raises(InputError, match=r"no setting of network dncnn called 'filter'.*mean 'filters'.*depth"):
        networks.build("dncnn", filter=3)


@often
@pytest.mark.parametrize(("batch", "y", "x"), [(1, 13, 21), (3, 16, 7)])
def test_output_covers_the_input_at_a_whole_scale(name, batch, y, x, build_small):
    model = build_small(name)
    scale = scale_of(model)
    assert run(model, positive_images(model, y, x, batch)).shape == (batch, scale * y, scale * x, 1)


@often
def test_output_is_float32_and_nearly_the_same_under_mixed_precision(name, build_small):
    exact = build_small(name)
    keras.config.set_dtype_policy("mixed_bfloat16")
    mixed = build_small(name)
    mixed.set_weights(exact.get_weights())
    images = positive_images(exact, 7, 10)
    convolutions = [layer for layer in mixed.layers if isinstance(layer, keras.layers.Conv2D)]
    assert convolutions[0].compute_dtype == "bfloat16"
    assert keras.backend.standardize_dtype(mixed(images).dtype) == "float32"
    expected = run(exact, images)
    np.testing.assert_allclose(run(mixed, images), expected, atol=0.05 * np.std(expected) + 0.02)


@pytest.fixture
def without_the_package(monkeypatch):
    """Importing srredsim, or a part of it, is an error, and Keras knows none of its layers."""
    for name in [name for name in sys.modules if name == "srredsim" or name.startswith("srredsim.")]:
        monkeypatch.setitem(sys.modules, name, None)
    registered = keras.saving.get_custom_objects()
    known = dict(registered)
    registered.clear()
    yield
    registered.update(known)


def test_what_has_layers_of_the_package_does_not_open_without_it(build_small, tmp_path, request):
    """The next test sees what it should. A process without the package opens a model in tests/workflows/test_export."""
    build_small("unrolled").save(tmp_path / "a.keras")
    request.getfixturevalue("without_the_package")
    with pytest.raises(TypeError, match="Could not locate class"):
        keras.saving.load_model(tmp_path / "a.keras")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in PORTABLE]
)
def test_a_saved_network_opens_without_the_package_and_gives_the_same_image(name, build_small, tmp_path, request):
    model = build_small(name, 4 if name in SHARING else None)
    images = positive_images(model, 11, 14, batch=2)
    expected = run(model, images)
    model.save(tmp_path / "a.keras")
    request.getfixturevalue("without_the_package")
    np.testing.assert_allclose(
        run(keras.saving.load_model(tmp_path / "a.keras"), images), expected, rtol=1e-6, atol=1e-6
    )


@often
def test_every_weight_learns(name, build_small):
    model = build_small(name)
    make_kernels_positive(model)
    model.compile(
        optimizer=keras.optimizers.Adam(1e-2),
        loss="mean_squared_error",
        run_eagerly=keras.backend.backend() == "tensorflow",
    )
    images = positive_images(model, 21, 24, batch=2)
    images = np.concatenate([images, -images])  # the slope below zero of a PReLU learns only there
    before = [ops.convert_to_numpy(weight).copy() for weight in model.trainable_weights]
    model.train_on_batch(images, np.random.default_rng(7).random(run(model, images).shape))
    for old, weight in zip(before, model.trainable_weights, strict=True):
        assert np.all(ops.convert_to_numpy(weight) != old), f"parts of {weight.path} did not learn"


def shut_what_sees_all(model, name) -> None:
    for layer in networks.module(name).SEES_ALL:
        model.get_layer(layer).set_weights([np.zeros_like(weight) for weight in model.get_layer(layer).get_weights()])


def alignment_of(name, scale=None) -> int:
    """Pixels to whose multiples an image may be moved without another result."""
    return networks.module(name).alignment(**settings_of(name, scale))


@often
def test_a_shifted_object_gives_the_shifted_image(name, build_small):
    """An object in the dark: what a network pools over the whole image is then the same wherever the object is."""
    model = build_small(name)
    make_kernels_positive(model)  # some begin at zero
    shut_what_sees_all(model, name)
    scale, step = scale_of(model), alignment_of(name)
    margin = networks.module(name).receptive_field(**settings_of(name)) + 3
    margin = -(-margin // step) * step
    images = np.pad(positive_images(model, 9, 12), [(0, 0), (2 * margin,) * 2, (2 * margin,) * 2, (0, 0)])
    shifted = np.roll(images, (2 * step, -3 * step), axis=(1, 2))
    expected = np.roll(run(model, images), (2 * step * scale, -3 * step * scale), axis=(1, 2))
    inside = (slice(None), slice(scale * margin, -scale * margin), slice(scale * margin, -scale * margin))
    assert np.ptp(expected[inside]) > 0
    np.testing.assert_allclose(run(model, shifted)[inside], expected[inside], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("name", "scale"), EACH)
def test_receptive_field_is_what_one_pixel_reaches(name, scale, build_small):
    """A single bright pixel shows at exactly the claimed distance, and nowhere beyond it.

    Layers that a network names as those that bring in the whole window are shut.
    """
    model = build_small(name, scale)
    make_kernels_positive(model, gain=4.0)
    shut_what_sees_all(model, name)
    claimed, step = networks.module(name).receptive_field(**settings_of(name, scale)), alignment_of(name, scale)
    first = -(-(claimed + 3) // step) * step
    side, centres = 2 * first + 2 * step, first + np.arange(step)  # each pixel of a block reaches its own distance
    images = np.zeros((1 + step, side, side, model.input_shape[-1]), "float32")
    images[1 + np.arange(step), centres, centres] = 1.0
    dark, *results = (run(model, image[None])[0] for image in images)  # in a batch, rounding differs with the place
    assert dark.shape == (scale * side, scale * side, 1)
    reached = 0
    for result, centre in zip(results, centres, strict=True):
        rows, columns, _ = np.nonzero(result - dark)
        reached = max(reached, np.abs(np.concatenate([rows, columns]) // scale - centre).max())
    assert reached == claimed
