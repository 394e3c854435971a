r"""Losses of how an image changes from pixel to pixel: gradient, Laplacian, differences from the neighbours.

Each compares filtered images of one channel, the edge repeated: the gradient :math:`\nabla` is (right - left, below -
above), the Laplacian :math:`\Delta` eight times the pixel minus its eight neighbours, the local variation :math:`V` the
pixel minus each of its neighbours within a window. ``power`` 1 is the mean absolute difference, 2 the mean square.
No gradient flows into the truth. As in SR-CACO-2 (Belharbi et al., 2024).
"""

from typing import Literal

from keras import ops

from srredsim.errors import InputError
from srredsim.metrics import float32_pair


def gradient_error(y_true, y_pred, power: Literal[1, 2] = 2):
    r""":math:`\langle |\nabla \hat y - \nabla y|^p \rangle` over both directions."""
    return _compared(y_true, y_pred, _gradient, power)


def gradient_norm_error(y_true, y_pred, power: Literal[1, 2] = 2):
    r""":math:`\langle |\|\nabla \hat y\| - \|\nabla y\||^p \rangle`: how steep, whichever way."""
    return _compared(y_true, y_pred, lambda image: _norm(_gradient(image)), power)


def laplacian_error(y_true, y_pred, power: Literal[1, 2] = 2):
    r""":math:`\langle |\Delta \hat y - \Delta y|^p \rangle`"""
    return _compared(y_true, y_pred, _laplacian, power)


def laplacian_norm_error(y_true, y_pred, power: Literal[1, 2] = 2):
    r""":math:`\langle ||\Delta \hat y| - |\Delta y||^p \rangle`"""
    return _compared(y_true, y_pred, lambda image: ops.abs(_laplacian(image)), power)


def local_variation_error(y_true, y_pred, size: int = 3, power: Literal[1, 2] = 2):
    r""":math:`\langle |V \hat y - V y|^p \rangle` over all neighbours in a window of ``size`` pixels a side, odd."""
    return _compared(y_true, y_pred, lambda image: _variation(image, size), power)


def local_variation_norm_error(y_true, y_pred, size: int = 3, power: Literal[1, 2] = 2):
    r""":math:`\langle |\|V \hat y\| - \|V y\||^p \rangle`, the norm over all neighbours in the window."""
    return _compared(y_true, y_pred, lambda image: _norm(_variation(image, size)), power)


def _compared(y_true, y_pred, filtered, power: int):
    y_true, y_pred = float32_pair(y_true, y_pred)
    difference = filtered(y_pred) - ops.stop_gradient(filtered(y_true))
    return ops.mean(ops.abs(difference) if power == 1 else ops.square(difference), axis=(1, 2, 3))


def _gradient(image):
    around = _edge_repeated(image, 1)
    across = around[:, 1:-1, 2:] - around[:, 1:-1, :-2]
    down = around[:, 2:, 1:-1] - around[:, :-2, 1:-1]
    return ops.concatenate([across, down], axis=-1)


def _laplacian(image):
    around = _edge_repeated(image, 1)
    rows = around[:, :-2] + around[:, 1:-1] + around[:, 2:]
    return 9.0 * image - (rows[:, :, :-2] + rows[:, :, 1:-1] + rows[:, :, 2:])


def _variation(image, size: int):
    """The pixel minus each neighbour, row by row."""
    if size < 3 or size % 2 != 1:
        raise InputError(f"size of a local variation is an odd number of pixels from 3 on; got {size}")
    reach = size // 2
    around = _edge_repeated(image, reach)
    places = [(y, x) for y in range(size) for x in range(size) if (y, x) != (reach, reach)]
    last = size - 1
    return ops.concatenate([image - around[:, y : y - last or None, x : x - last or None] for y, x in places], axis=-1)


def _edge_repeated(image, reach: int):
    image = ops.concatenate([image[:, :1]] * reach + [image] + [image[:, -1:]] * reach, axis=1)
    return ops.concatenate([image[:, :, :1]] * reach + [image] + [image[:, :, -1:]] * reach, axis=2)


def _norm(vectors):
    """Euclidean norm over the channels, whose slope at zero is zero."""
    squares = ops.sum(ops.square(vectors), axis=-1, keepdims=True)
    positive = squares > 0.0
    return ops.where(positive, ops.sqrt(ops.where(positive, squares, 1.0)), 0.0)
