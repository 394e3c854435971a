"""What a model computes, in a few digits: whether something that was made before would come out the same now."""

from __future__ import annotations

from functools import cache
from hashlib import file_digest, sha256
from pathlib import Path

WEIGHTS, RECIPE = "model.weights.h5", "recipe.yaml"


def made_of(folder: Path) -> str:
    """Digest of the recipe and the weights of a model, as far as they are there: others make another image."""
    files = [path for name in (RECIPE, WEIGHTS) if (path := folder.resolve() / name).is_file()]
    return _digest(tuple((path, (found := path.stat()).st_size, found.st_mtime_ns) for path in files))


def identity(made_of: str, precision: str) -> str:
    """What the images of a model depend on: what it is made of, and the precision it computes in.

    The engine is none of it: those of one precision differ by rounding alone.
    """
    return f"{made_of}-{precision}"


@cache
def _digest(states: tuple[tuple[Path, int, int], ...]) -> str:
    """Read once as long as size and time stay."""
    digest = sha256()
    for path, *_ in states:
        with path.open("rb") as file:
            digest.update(path.name.encode() + file_digest(file, sha256).digest())
    return digest.hexdigest()[:16]
