"""A release says the same of itself everywhere: version, changelog, citation, the Pythons that it was tried with."""

import re
import tomllib
from pathlib import Path

import yaml

import srredsim

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))


def test_the_version_is_one():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## (.+)$", changelog, re.MULTILINE)[1]
    assert re.fullmatch(r"\d+\.\d+\.\d+", srredsim.__version__)
    assert re.search(rf"(\[Unreleased\]: |\[){re.escape(srredsim.__version__)}(\]|$)", newest)
    assert CITATION["version"] == srredsim.__version__
    assert "version" in PROJECT["dynamic"]


def test_pythons_that_were_not_tried_are_named():
    low, high = (int(n) for n in re.fullmatch(r">=3\.(\d+),<3\.(\d+)", PROJECT["requires-python"]).groups())
    tried = {n for n in range(low, high) if f"Programming Language :: Python :: 3.{n}" in PROJECT["classifiers"]}
    assert tried
    untried = [f"3.{n}" for n in range(low, high) if n not in tried]
    for page in ("README.md", "docs/quick-start.md"):
        (said,) = re.findall(r"\(([\d. and]+) should do, but are untested\)", (ROOT / page).read_text(encoding="utf-8"))
        assert said.split(" and ") == untried, page


def test_the_citation_has_what_its_format_asks_for():
    assert CITATION["cff-version"] == "1.2.0"
    assert CITATION["license"] == PROJECT["license"]
    assert CITATION["authors"] == PROJECT["authors"]
    assert {"message", "title", "type"} <= set(CITATION)
    for work in CITATION["references"]:
        assert {"type", "title", "authors", "year"} <= set(work)
        assert all(set(author) == {"family-names", "given-names"} for author in work["authors"])
        assert ("doi" in work) != ("url" in work)


def test_the_papers_of_published_data_are_cited():
    """A description of data that others published names its authors; the project's own has no citation of others."""
    cited = {(work["authors"][0]["family-names"], work["year"]) for work in CITATION["references"]}
    for path in ROOT.glob("data/*/dataset.yaml"):
        citation = yaml.safe_load(path.read_text(encoding="utf-8")).get("citation")
        if citation and "srredsim" not in citation:
            author, year = citation.split(",")[0].split()[-1], int(re.search(r"\b20\d\d\b", citation)[0])
            assert (author, year) in cited, path
    assert ("Shah", 2021) in cited
