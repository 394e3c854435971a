"""Readers of files under Hypothesis, for minutes, by hand: ``make fuzz``, or ``python tests/hostile/fuzz.py SECONDS``.

Whatever bytes come, a reader gives what it promises or raises InputError (ValueError, where JSON or YAML is read).
"""

import sys
import tempfile
import time
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import contextlib

import conftest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from srredsim import documents
from srredsim.checkpoints.torch_file import read_tensors
from srredsim.denoising import mixture
from srredsim.errors import InputError
from srredsim.io.formats import open_source
from srredsim.optics.measured_otf import read_curve
from srredsim.stripes.saved import load_parameters

EXAMPLES = 200  # files for each reader in a round


def image(path):
    source = open_source(path)
    for number in range(min(source.planes, 3)):
        source.pixels(number)


def text(read):
    def of_path(path):
        with contextlib.suppress(ValueError):
            read(path)

    return of_path


def seeds():
    """Name -> (reader, healthy or hostile contents to begin with)."""
    healthy = conftest.healthy()
    texts = [content.encode()[:2000] for content in conftest.TEXTS.values()]
    tiffs = [content for name, content in healthy.items() if name.endswith("tif")]
    return {
        "a.tif": (image, [*tiffs, conftest.loop_of_pages()]),
        "a.npy": (image, [healthy["array.npy"], conftest.npy("(15, 2, 2)", data=b"\1" * 120)]),
        "a.json": (text(documents.read_json), texts),
        "a.yaml": (text(documents.read_yaml), texts),
        "parameters.json": (load_parameters, texts),
        "otf.json": (lambda path: read_curve(path, 5.0), texts),
        "a.npz": (mixture.load_prior.__wrapped__, [conftest.PRIORS["lies"]]),
        "a.pth": (read_tensors, [conftest.checkpoint(conftest.PICKLES[name]) for name in ("system", "cut", "digits")]),
    }


@st.composite
def damaged(draw, contents):
    """A content with bytes replaced, put in or taken away."""
    content = bytearray(draw(st.sampled_from(contents)))
    for _ in range(draw(st.integers(1, 8))):
        place = draw(st.integers(0, len(content)))
        content[place : place + draw(st.integers(0, 8))] = draw(st.binary(max_size=8))
    return bytes(content)


def fuzz(name, read, contents, folder):
    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(damaged(contents))
    def one(content):
        path = folder / name
        path.write_bytes(content)
        try:
            read(path)
        except InputError as problem:
            assert len(str(problem)) <= 2000  # noqa: PT017

    one()


def main(seconds: float) -> None:
    warnings.simplefilter("ignore", RuntimeWarning)
    end, rounds = time.monotonic() + seconds, 0
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() < end:
            for name, (read, contents) in seeds().items():
                fuzz(name, read, contents, Path(folder))
            rounds += 1
    print(f"{rounds} rounds of {EXAMPLES} files for each of {len(seeds())} readers: nothing but what was promised")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 120)
