"""Imports point one way, heavy packages stay where they belong: read from the syntax trees.

The picture is in CONTRIBUTING.md.
"""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import srredsim

PACKAGE = Path(srredsim.__file__).parent
LAYERS = [  # each may import from its own line and from those above it
    {"errors"},
    {
        "acquisition",
        "resources",
        "members",
        "schema",
        "checks",
        "documents",
        "records",
        "processes",
        "threads",
        "cached",
        "interrupts",
        "normalise",
        "tiling",
        "picture",
        "sheet",
        "lost_frames",
        "cosmic_rays",
        "hot_columns",
        "hot_pixels",
        "arrays",
        "wire",
        "client",
    },
    {"optics"},
    {"io"},
    {"noise", "simulation"},
    {"stripes"},
    {"reconstruction"},
    {"consistency", "quality"},
    {"inspection", "denoising"},
    {"analysis"},
    {"layers"},
    {"networks", "discriminators"},
    {"checkpoints"},
    {"metrics"},
    {"losses"},
    {"data"},
    {"inputs"},
    {"keras_start", "devices"},
    {"zoo", "engines"},
    {"training"},
    {"evaluation"},
    {"pages"},
    {"workflows"},
    {"results", "stacks", "api"},
    {"serving"},
    {"napari"},
    {"cli", "__main__"},
]
SCIENCE = set().union(*LAYERS[:10])
LEARNING = {"layers", "networks", "discriminators", "losses", "metrics"}
TENSORFLOW = {"data.pipeline", "engines.tensorflow", "training", "workflows.export"}
HEAVY = {"keras", "tensorflow", "jax", "torch"}
SLOW = HEAVY | {"scipy", "skimage", "matplotlib", "rich", "tifffile", "numpy", "yaml"}  # at the top of the command line


@cache
def modules() -> dict[str, ast.Module]:
    """``io.tiff`` -> syntax tree; a package's ``__init__`` goes by the name of the package."""
    trees = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        trees[name] = ast.parse(path.read_text(encoding="utf-8"))
    return trees


def imported(name: str, *, top_level: bool = False) -> frozenset[str]:
    """Full names of what a module imports when it runs, anywhere or only when it is imported itself."""
    return _imported(modules()[name], name, top_level)


@cache
def _imported(tree: ast.Module, name: str, top_level: bool) -> frozenset[str]:
    found = set()
    for node in _nodes(tree, into_functions=not top_level):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"srredsim.{name} imports relatively; write the full name"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found)


def _nodes(node: ast.AST, into_functions: bool):
    """Every node, but what only a type checker reads and, where it is not wanted, the bodies of functions."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
            continue
        if into_functions or not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield child
            yield from _nodes(child, into_functions)


def packages(names: frozenset[str]) -> set[str]:
    return {name.partition(".")[0] for name in names}


def own(names: frozenset[str]) -> set[str]:
    """The srredsim modules among full names, by the first part: ``srredsim.io.tiff.kind`` -> ``io``."""
    parts = {name.split(".")[1] for name in names if name.startswith("srredsim.")}
    return {part for part in parts if any(part == module.partition(".")[0] for module in modules())}


def level(part: str) -> int:
    return next(number for number, layer in enumerate(LAYERS) if part in layer)


def test_imports_point_one_way():
    known = set().union(*LAYERS)
    for name in sorted(set(modules()) - {""}):
        part = name.partition(".")[0]
        assert part in known, f"srredsim.{part} has no place yet: add it to LAYERS in {Path(__file__).name}"
        upwards = {other for other in own(imported(name)) if level(other) > level(part)}
        assert not upwards, f"srredsim.{name} imports {upwards}, which stand above it"


def test_the_science_runs_without_a_neural_network():
    for name in sorted(name for name in modules() if name.partition(".")[0] in SCIENCE):
        assert not packages(imported(name)) & HEAVY, name
        assert not own(imported(name)) - SCIENCE, name


def test_networks_and_losses_import_keras_only():
    for name in sorted(name for name in modules() if name.partition(".")[0] in LEARNING):
        foreign = packages(imported(name)) - set(sys.stdlib_module_names) - {"keras", "srredsim"}
        assert not foreign, f"srredsim.{name} imports {foreign}; keras.ops has what it needs on every backend"


def test_only_pipeline_engine_training_and_export_import_tensorflow():
    allowed = [name for name in modules() if any(name == one or name.startswith(f"{one}.") for one in TENSORFLOW)]
    assert [name for name in modules() if name not in allowed and "tensorflow" in packages(imported(name))] == []


def test_the_command_line_starts_without_heavy_packages():
    skin = {name for name in modules() if name == "cli" or name.startswith("cli.")}
    for name in ["", "errors", "members", "resources", "__main__", *sorted(skin)]:
        assert not packages(imported(name, top_level=True)) & SLOW, name
        assert own(imported(name, top_level=True)) <= {"errors", "members", "resources", "keras_start", "cli"}, name


def test_pictures_and_progress_bars_are_imported_when_needed():
    for name in sorted(modules()):
        assert not packages(imported(name, top_level=True)) & {"matplotlib", "rich"}, name


def test_what_is_private_stays_in_its_folder():
    """A module or a name with an underscore in front is for what stands beside it."""
    found = []
    for name in sorted(modules()):
        for full in imported(name):
            home, private, _ = full.partition("._")
            if private and full.startswith("srredsim.") and not f"srredsim.{name}.".startswith(f"{home}."):
                found.append(f"srredsim.{name} imports {full}")
    assert found == []


@pytest.mark.parametrize("module", ["srredsim", "srredsim.cli.main", "srredsim.__main__"])
def test_importing_the_package_loads_nothing_heavy(module):
    script = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert "srredsim" in loaded
    assert not SLOW & set(loaded)


def test_the_help_loads_nothing_heavy():
    """Not even to tell the arguments of a command, with their defaults and choices."""
    for words in ("[]", "['predict', '--help']", "['benchmark', 'w2s', '--help']"):
        script = f"""
import sys
from srredsim.cli.main import main
try:
    main({words})
except SystemExit:
    pass
print(*{{name.partition('.')[0] for name in sys.modules}})
"""
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        assert not SLOW & set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("module", ["optics.otf", "simulation.sim", "io", "inspection"])
def test_the_science_loads_no_neural_network(module):
    script = f"import sys, srredsim.{module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert "numpy" in loaded
    assert not HEAVY & set(loaded)


def test_the_rules_notice_a_breach(monkeypatch):
    """The reader of imports sees those inside functions, in both spellings."""
    source = "import numpy as np\ndef late():\n    import tensorflow.data\n    from srredsim.training import fit\n"
    monkeypatch.setitem(modules(), "optics.otf", ast.parse(source))
    assert packages(imported("optics.otf")) == {"numpy", "tensorflow", "srredsim"}
    assert own(imported("optics.otf")) == {"training"}
    assert packages(imported("optics.otf", top_level=True)) == {"numpy"}
    types = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from srredsim.zoo import models\n"
    monkeypatch.setitem(modules(), "optics.bands", ast.parse(types))
    assert own(imported("optics.bands")) == set()
    with pytest.raises(AssertionError, match="stand above it"):
        test_imports_point_one_way()
