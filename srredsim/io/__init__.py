"""Files in and out: raw stacks, reference images, results."""

from srredsim.io.files import atomic, find
from srredsim.io.image import ImageWriter, write_image
from srredsim.io.raw import write_raw

__all__ = ["ImageWriter", "atomic", "find", "write_image", "write_raw"]
