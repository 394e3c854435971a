"""The small parts of Swin transformers, begun as in their originals."""

from keras import initializers, layers


def dense(x, units: int, name: str, **settings):
    """A layer on the channels of each pixel, normally distributed at the beginning, narrowly."""
    return layers.Dense(units, kernel_initializer=initializers.TruncatedNormal(stddev=0.02), name=name, **settings)(x)


def normalised(x, name: str, epsilon: float = 1e-5):
    """The channels of each pixel to mean 0 and deviation 1, then each times a factor and plus an offset."""
    return layers.LayerNormalization(epsilon=epsilon, name=name)(x)


def left_out(x, rate: float):
    """In training, nothing for some of the images of a batch, and more of the others."""
    return layers.Dropout(rate, noise_shape=(None, 1, 1, 1))(x) if rate else x
