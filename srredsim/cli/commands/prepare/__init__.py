"""``srredsim prepare``: every file here is an archive that it knows."""

GROUP = "data"
HELP = "make a folder to train and test on from a published archive"
KIND = "archive"
