"""The two images that every metric and every loss compares."""

from keras import ops


def float32_pair(y_true, y_pred):
    """Both images as float32 tensors; ValueError unless both have the same shape (batch, y, x, channels)."""
    y_true, y_pred = (ops.cast(ops.convert_to_tensor(image), "float32") for image in (y_true, y_pred))
    shapes = tuple(y_true.shape), tuple(y_pred.shape)
    known = [pair for pair in zip(*shapes, strict=False) if all(isinstance(size, int) for size in pair)]
    if {len(shape) for shape in shapes} != {4} or any(one != other for one, other in known):
        raise ValueError(f"truth and prediction must both be (batch, y, x, channels); got {shapes[0]} and {shapes[1]}")
    return y_true, y_pred
