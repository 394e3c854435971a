"""GELU, exact, of operations that every export format knows."""

from keras import ops


def gelu(x):
    r""":math:`\tfrac12 x (1 + \operatorname{erf}(x / \sqrt 2))`; Keras's own is made of erfc, which ONNX has not."""
    return x * (0.5 + 0.5 * ops.erf(x * 0.5**0.5))
