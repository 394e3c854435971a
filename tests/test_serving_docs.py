"""docs/serving.md and compose.yaml say what the program says."""

import itertools
import re
import shlex
from pathlib import Path

import yaml

from srredsim.serving import tf_serving
from srredsim.serving.asked import KNOWN
from srredsim.serving.limits import Limits

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "serving.md").read_text(encoding="utf-8")


def test_compose_starts_what_the_printed_line_starts():
    (service,) = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"].values()
    printed = shlex.split(tf_serving.command(Path("served")))
    assert service["image"] in printed
    assert service["command"] == printed[printed.index(service["image"]) + 1 :]
    ports = [after for word, after in itertools.pairwise(printed) if word == "-p"]
    assert sorted(service["ports"]) == sorted(ports)
    inside = [after.partition(":")[2] for word, after in itertools.pairwise(printed) if word == "-v"]
    assert [volume.partition(":")[2] for volume in service["volumes"]] == inside


def test_the_parameters_and_the_numbers_are_those_of_the_program():
    section = TEXT.partition("The body is the file.")[2].partition("The answer is")[0]
    assert set(re.findall(r"`(\w+)`", section)) >= set(KNOWN)
    limits = Limits()
    assert f"`--max-mib` ({limits.max_mib:g})" in TEXT
    assert f"`--waiting` ({limits.waiting})" in TEXT
    assert f"{limits.requests} requests are under way" in TEXT
    assert (limits.stall_s, limits.whole_s) == (20, 600)  # in words there
