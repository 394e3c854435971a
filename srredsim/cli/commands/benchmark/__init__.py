"""``srredsim benchmark``: every file here is a benchmark that it computes."""

GROUP = "models"
HELP = "all tables of a published benchmark, cell by cell; run again, it goes on"
KIND = "benchmark"
