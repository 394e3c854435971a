"""The examples in the docstrings of the verbs run, and give what they say."""

import doctest

import numpy as np
import pytest

import srredsim
from srredsim import api, io


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def failures(documented, name, **known):
    """Number of examples of a docstring, and what was said of those that failed."""
    known |= {"srredsim": srredsim, "np": np}
    (example,) = doctest.DocTestFinder(recurse=False).find(documented, name, globs=known)
    said: list[str] = []
    doctest.DocTestRunner(verbose=False).run(example, out=said.append)
    return len(example.examples), "".join(said)


@pytest.fixture(scope="module")
def known():
    """What the first example, that of all verbs, makes."""
    (example,) = doctest.DocTestFinder(recurse=False).find(api, "api", globs={"srredsim": srredsim})
    assert doctest.DocTestRunner().run(example, clear_globs=False) == (0, 1)
    return example.globs


@pytest.mark.parametrize("verb", api.__all__)
def test_those_of_each_verb(verb, known):
    count, said = failures(getattr(api, verb), verb, **known)
    assert (count > 0, said) == (True, "")


def test_those_of_the_package():
    stack = srredsim.simulate(seed=3, size=48, photons=(2000, 2000)).stack
    io.write_raw("cells.tif", stack.array, optics=stack.optics)
    count, said = failures(srredsim, "srredsim")
    assert (count > 0, said) == (True, "")
