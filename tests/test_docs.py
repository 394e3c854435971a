"""The pages of docs/ tell what is true: links lead somewhere, commands parse, sessions and examples go as shown."""

import doctest
import importlib.util
import io
import re
import shlex
import shutil
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout, suppress

import numpy as np
import pytest
import tifffile
from told import CARDS, DOCS, OTHERS, ROOT, anchors, arguments_of, blocks, commands, links, sessions, text_of

import srredsim
from srredsim import resources
from srredsim.cli.main import main, parser
from srredsim.io import write_raw
from srredsim.zoo import models

INDEX = "docs/index.md"
SAMPLE = "data/sample/tubulin_3x5_low_light.tif"
COMMANDS = [(page, command) for page in DOCS for command in commands(page) if arguments_of(command)]
SESSIONS = [page for page in DOCS if sessions(page)]
PYTHON = [page for page in DOCS if blocks(page, "python")]
NEED_EXPORT = ("docs/serving.md", "docs/deepimagej.md")  # pages whose Python runs what TensorFlow has exported
AS_SHOWN = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def entries() -> set[str]:
    """Pages that the contents list, from the root of the project; of a pattern those that there are."""
    found = set()
    for block in re.findall(r"^```{toctree}\n(.*?)^```$", text_of(INDEX), re.DOTALL | re.MULTILINE):
        for entry in block.split("\n"):
            entry = entry.rpartition("<")[2].rstrip(">")
            if entry and not entry.startswith(":"):
                lying = f"docs/{entry}.md" if not entry.startswith("../") else f"{entry[3:]}.md"
                pages = {path.relative_to(ROOT).as_posix() for path in ROOT.glob(lying)}
                assert pages, f"{INDEX} lists {entry}, which is not there"
                found |= pages
    return found


def test_the_contents_list_every_page():
    assert entries() == {*DOCS, *OTHERS, *CARDS} - {INDEX}


def test_the_readme_leads_to_the_pages():
    led = {link.partition("#")[0] for link in links("README.md")}
    assert {INDEX, "docs/faq.md", "docs/good-data.md"} <= led


@pytest.mark.parametrize("page", [*DOCS, *OTHERS, *CARDS])
def test_links_lead_somewhere(page):
    for link in links(page):
        name, _, anchor = link.partition("#")
        linked = (ROOT / page).parent / name if name else ROOT / page
        assert linked.exists(), f"{page} leads to {link}"
        if anchor:
            assert anchor in anchors(linked.resolve().relative_to(ROOT).as_posix()), f"{page} leads to {link}"


@pytest.mark.parametrize("page", sorted({page for page, _ in COMMANDS}))
def test_commands_parse(page):
    for command in [command for where, command in COMMANDS if where == page]:
        parsed = parser().parse_args(arguments_of(command))
        name = getattr(parsed, "model", None)
        if name and "/" not in name and arguments_of(command)[0] == "predict":
            assert name in models.names(), command


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Folder of the files that the pages speak of, and of the sample where the checkout has it."""
    folder = tmp_path_factory.mktemp("pages")
    optics = {"na": 1.4, "wavelength_em_um": 0.525, "pixel_size_um": 0.08}
    settings = {"seed": 3, "size": 96, "phases": 3, "phantom": "filaments", **optics}

    def plain(name, frames):
        tifffile.imwrite(folder / name, frames.astype(np.uint16), photometric="minisblack")

    for name, photons in (("cells.tif", 400), ("dim.tif", 6)):
        stack = srredsim.simulate(photons=(photons, photons), **settings).stack
        write_raw(folder / name, stack.array, optics=stack.optics)
    raw = np.asarray(srredsim.read(folder / "cells.tif").raw())
    frames, mean = raw.reshape(9, 96, 96), raw.mean(axis=(0, 1))
    plain("plain.tif", frames)
    plain("angles_first.tif", np.swapaxes(raw, 0, 1).reshape(9, 96, 96))
    plain("eleven.tif", np.concatenate([frames, frames])[:11])
    plain("lost.tif", np.where(np.arange(9)[:, None, None] == 4, 0, frames))
    plain("clipped.tif", np.minimum(frames, np.percentile(frames, 90)))
    plain("even_light.tif", np.random.default_rng(0).poisson(np.broadcast_to(mean, frames.shape)))
    plain("widefield.tif", mean)
    whole = (folder / "cells.tif").read_bytes()
    (folder / "cut.tif").write_bytes(whole[: len(whole) * 2 // 3])
    (folder / SAMPLE).parent.mkdir(parents=True)
    shutil.copy(resources.folder("data") / "sample" / SAMPLE.rpartition("/")[2], folder / SAMPLE)
    return folder


@pytest.fixture
def there(files, tmp_path, monkeypatch):
    """A copy of these files is the current folder."""
    shutil.copytree(files, tmp_path / "there")
    monkeypatch.chdir(tmp_path / "there")


def said_by(command: str) -> str:
    """What a command says, as a terminal shows it."""
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said), suppress(SystemExit):  # that of argparse
        main(shlex.split(command)[1:])
    return said.getvalue()


@pytest.mark.parametrize("page", SESSIONS)
def test_sessions_go_as_they_are_shown(page, there):
    check = doctest.OutputChecker()
    for command, shown in sessions(page):
        said = said_by(command)
        assert check.check_output(shown, said, AS_SHOWN), f"$ {command}\n{shown}\nbut it says\n{said}"


@pytest.mark.parametrize(
    "page", [pytest.param(page, marks=pytest.mark.slow if page in NEED_EXPORT else ()) for page in PYTHON]
)
def test_the_python_of_a_page_runs(page, there):
    for command in commands(page):
        if page in NEED_EXPORT and command.startswith("srredsim export"):
            assert main(arguments_of(command)) == 0
    names: dict = {}
    for text in blocks(page, "python"):
        exec(text, names)


def tool(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_choice_of_a_method_is_by_the_results():
    text = text_of("docs/choose.md")
    for name, table in tool("choices").tables().items():
        assert f"<!-- {name} -->\n{table}\n<!-- end of {name} -->" in text


def test_the_python_page_has_every_verb():
    shown = re.findall(r"^\.\. autofunction:: srredsim\.(\w+)$", text_of("docs/python.md"), re.MULTILINE)
    assert sorted(shown) == sorted(srredsim.__all__)


@pytest.mark.slow
def test_the_site_is_made_without_a_warning(tmp_path):
    """As `make docs` makes it; a link of the pages or of the docstrings that leads nowhere is a warning."""
    asked = ["--fail-on-warning", "--fresh-env", "--quiet", "--conf-dir", str(ROOT / "docs"), str(ROOT), str(tmp_path)]
    made = subprocess.run([sys.executable, "-m", "sphinx", *asked], capture_output=True, text=True)
    assert (made.returncode, made.stderr) == (0, "")
    for page in [*DOCS, *OTHERS, *CARDS]:
        assert (tmp_path / page).with_suffix(".html").is_file()
    assert "docs/index.html" in (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "widefield_frame" in (tmp_path / "docs" / "python.html").read_text(encoding="utf-8")
