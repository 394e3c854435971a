"""A penalty of the weights themselves, whatever they make of an image."""

from keras import ops


def weight_sparsity(weights):
    """Sum of |w| over all weights, biases and norms included; ``optimizer.l1`` of a recipe adds its gradient."""
    return sum(ops.sum(ops.abs(ops.cast(weight, "float32"))) for weight in weights)
