"""Files in and out: raw stacks, reference images, results."""

from srredsim.io.alternatives import alternatives
from srredsim.io.array import array_source
from srredsim.io.asked import DTYPES, Reading, Writing
from srredsim.io.files import MAPS, existing, find, stamp, stamp_of_all, stem
from srredsim.io.formats import open_source, scene_numbers, scenes
from srredsim.io.formats.tiff import RESULT
from srredsim.io.image import ImageWriter, read_image, read_plane, write_image
from srredsim.io.memory import read_anew, remembering
from srredsim.io.plain import plain_images
from srredsim.io.raw import raw_stack, read, reads_planes, write_raw
from srredsim.io.whole import (
    Exists,
    allocate,
    atomic,
    clear_up,
    moment,
    no_space,
    refuse_existing,
    refuse_results,
    refuse_unwritable,
    together,
    written,
)
from srredsim.io.whole import beside as unfinished_beside

__all__ = [
    "DTYPES",
    "MAPS",
    "RESULT",
    "Exists",
    "ImageWriter",
    "Reading",
    "Writing",
    "allocate",
    "alternatives",
    "array_source",
    "atomic",
    "clear_up",
    "existing",
    "find",
    "moment",
    "no_space",
    "open_source",
    "plain_images",
    "raw_stack",
    "read",
    "read_anew",
    "read_image",
    "read_plane",
    "reads_planes",
    "refuse_existing",
    "refuse_results",
    "refuse_unwritable",
    "remembering",
    "scene_numbers",
    "scenes",
    "stamp",
    "stamp_of_all",
    "stem",
    "together",
    "unfinished_beside",
    "write_image",
    "write_raw",
    "written",
]
