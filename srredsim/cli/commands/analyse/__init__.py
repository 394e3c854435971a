"""``srredsim analyse``: every file here is something that it measures."""

GROUP = "images"
HELP = "measure the noise of images, or the blur between two resolutions"
KIND = "measure"
