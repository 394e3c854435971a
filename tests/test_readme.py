"""The README tells what is true: its commands parse, its files exist, its scores are those of the results."""

import json
import re
import shlex
from pathlib import Path

import pytest

from srredsim import models, resources
from srredsim.arguments import parser
from srredsim.evaluation import tables

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```\n(.*?)```", README, re.DOTALL)
COMMANDS = [line.split("#")[0].strip() for block in BLOCKS for line in block.replace("\\\n", " ").splitlines()]


def arguments_of(command: str) -> list[str] | None:
    words = shlex.split(command)
    if words and words[0] == "srredsim":
        return words[1:]
    if len(words) > 1 and words[0].endswith("python") and words[1] in ("train.py", "predict.py"):
        return [words[1].removesuffix(".py"), *words[2:]]
    return None


@pytest.mark.parametrize("command", [command for command in COMMANDS if arguments_of(command)])
def test_commands_parse(command):
    parsed = parser().parse_args(arguments_of(command))
    if getattr(parsed, "model", None) and "/" not in parsed.model:
        assert parsed.model in models.names()


def test_there_are_commands_of_every_kind():
    used = {arguments_of(command)[0] for command in COMMANDS if arguments_of(command)}
    assert {"train", "predict", "inspect", "export"} <= used


def test_make_targets_and_linked_files_exist():
    makefile = (ROOT / "Makefile").read_text()
    targets = {words[1] for command in COMMANDS if (words := command.split()) and words[0] == "make"}
    assert targets
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)
    for link in re.findall(r"\]\(([^)#]+)\)", README):
        assert link.startswith("http") or (ROOT / link).is_file(), link


@pytest.mark.parametrize("name", models.names())
def test_scores_are_those_of_the_results(name):
    folder = resources.entry("models", name)
    result = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    assert tables.summary(result) in README
    assert tables.text(result) in (folder / "card.md").read_text(encoding="utf-8")
    for group in result["groups"]:
        assert group["images"] >= 32
        scores = group["methods"]
        for baseline in ("widefield (Fourier)", "widefield (bicubic)"):  # a model that does not beat it is not shipped
            assert scores[name]["psnr"]["mean"] >= scores[baseline]["psnr"]["mean"] + 3
            assert scores[name]["ncc"]["mean"] > scores[baseline]["ncc"]["mean"]
