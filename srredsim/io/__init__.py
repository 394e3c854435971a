"""Files in and out: raw stacks, reference images, results."""

from srredsim.io.alternatives import alternatives
from srredsim.io.files import atomic, find
from srredsim.io.image import ImageWriter, read_image, write_image
from srredsim.io.raw import read, write_raw

__all__ = ["ImageWriter", "alternatives", "atomic", "find", "read", "read_image", "write_image", "write_raw"]
