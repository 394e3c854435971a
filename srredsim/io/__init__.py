"""Files in and out: raw stacks, reference images, results."""

from srredsim.io.alternatives import alternatives
from srredsim.io.asked import Reading, Writing
from srredsim.io.files import atomic, find, refuse_existing
from srredsim.io.formats import open_source
from srredsim.io.image import ImageWriter, read_image, write_image
from srredsim.io.memory import remembering
from srredsim.io.plain import plain_images
from srredsim.io.raw import raw_stack, read, write_raw

__all__ = [
    "ImageWriter",
    "Reading",
    "Writing",
    "alternatives",
    "atomic",
    "find",
    "open_source",
    "plain_images",
    "raw_stack",
    "read",
    "read_image",
    "refuse_existing",
    "remembering",
    "write_image",
    "write_raw",
]
