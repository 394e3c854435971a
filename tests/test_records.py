"""Records come back equal to the last bit; what is none is refused, and makes no object of anything else."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from srredsim import records
from srredsim.acquisition import Cutoff, Optics
from srredsim.errors import InputError
from srredsim.normalise import Scaling
from srredsim.reconstruction.survey import Survey


def test_values_come_back_with_their_types(tmp_path):
    numbers = [0.1, -0.0, float("inf"), 1e-320, 2**70, True, None, "é\n"]
    scalars = [np.float64(0.1), np.float32(0.1), np.int16(-3), np.bool_(True)]
    value = (numbers, scalars, {(0, 1, 2): Scaling(0.1, 3.0), "a": ()}, Path("x/y"))
    records.write(tmp_path / "a", value)
    again = records.read(tmp_path / "a")
    assert again == value
    assert np.signbit(again[0][1])
    assert [type(one) for one in again[1]] == [type(one) for one in scalars]


def test_dataclasses_arrays_and_reasons_come_back(tmp_path):
    optics = Optics(1.4, (0.461, 0.525), cutoffs=(Cutoff(0.2, 0.01),))
    survey = Survey({(0, 0, 0): Scaling(1.5, 2.0)}, (1,), (InputError("no stripes"),), cutoffs=optics.cutoffs)
    arrays = [np.arange(6.0).reshape(2, 3)[:, ::2], np.array([np.nan, -0.0], np.float32), np.zeros((0, 2), int)]
    records.write(tmp_path / "a", {"optics": optics, "survey": survey, "arrays": arrays})
    again = records.read(tmp_path / "a")
    assert again["optics"] == optics
    assert str(again["survey"].stripes[0]) == "no stripes"
    assert dataclasses.replace(again["survey"], stripes=()) == dataclasses.replace(survey, stripes=())
    for one, other in zip(again["arrays"], arrays, strict=True):
        assert (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())


@pytest.mark.parametrize("kept", [0, 40, -30])
def test_a_file_that_is_not_whole_is_damaged(tmp_path, kept):
    records.write(tmp_path / "a", np.arange(100))
    (tmp_path / "a").write_bytes((tmp_path / "a").read_bytes()[:kept])
    with pytest.raises(records.Damaged, match="a is damaged"):
        records.read(tmp_path / "a")


def test_a_bit_that_turned_is_noticed(tmp_path):
    records.write(tmp_path / "a", np.zeros(1000, np.uint8))
    content = bytearray((tmp_path / "a").read_bytes())
    content[content.index(bytes(500)) + 250] ^= 4
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(records.Damaged):
        records.read(tmp_path / "a")


@pytest.mark.parametrize(
    "kind",
    ["os:system", "srredsim.resources:Path", "srredsim.errors:InputError", "srredsim.nothing:X", "subprocess:Popen"],
)
def test_nothing_but_dataclasses_of_the_package_is_made(tmp_path, kind):
    text = json.dumps({records.KIND: kind, records.VALUE: {"command": "true"}})
    np.savez(tmp_path / "a.npz", **{records.TEXT: np.frombuffer(text.encode(), np.uint8)})
    with pytest.raises(records.Damaged):
        records.read(tmp_path / "a.npz")


def test_pickled_objects_are_not_read_and_strangers_not_written(tmp_path):
    np.savez(tmp_path / "a.npz", **{records.TEXT: np.array([{"is": "path"}], dtype=object)})
    with pytest.raises(records.Damaged):
        records.read(tmp_path / "a.npz")
    with pytest.raises(TypeError, match="no place for a complex"):
        records.write(tmp_path / "b", [1j])
