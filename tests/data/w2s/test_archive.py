"""The simulated archive: files as in the measured one, and the physics that is in them."""

import numpy as np
import pytest

from srredsim.data.w2s.archive import montage, numbers, simulate_archive
from srredsim.data.w2s.layout import layout
from srredsim.data.w2s.raw import open_archive
from srredsim.data.w2s.simulated import CAMERA, expected_field, raw_sim
from srredsim.errors import InputError


def test_fields_are_those_of_the_simulator(tmp_path):
    simulate_archive(tmp_path, 2, seed=5, size=32)
    archive = open_archive(tmp_path)
    assert [one.number for one in archive.fields] == [1, 81]
    assert archive.problems == {}
    one, index = archive.fields[1], 3 * 80 + 2
    expected = expected_field(5, index, 32)
    captures = one.captures(2).astype(np.float64)
    light = expected.widefield_photons
    gain, offset = CAMERA["gain_adu"], CAMERA["offset_adu"]
    variance = gain**2 * (light + CAMERA["read_noise_e"] ** 2) + 1 / 12
    off = (captures.mean(axis=0) - (gain * light + offset)) / np.sqrt(variance / 400)
    assert off.std() == pytest.approx(1, abs=0.1)
    assert captures.var(axis=0).mean() == pytest.approx(variance.mean(), rel=0.03)
    np.testing.assert_array_equal(one.sim(2), expected.sim)
    np.testing.assert_array_equal(one.sim_frames(2), raw_sim(5, index, 32))


def test_a_field_does_not_depend_on_how_many_there_are(tmp_path):
    simulate_archive(tmp_path / "one", 1, size=32)
    simulate_archive(tmp_path / "two", 2, size=32)
    for path in (tmp_path / "one" / "Image001").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / "Image001" / path.name).read_bytes()


def test_every_split_has_its_share():
    assert numbers(1) == [1]
    assert numbers(3) == [1, 80, 81]
    assert numbers(120) == list(range(1, 121))
    shares = [sum(number in there for number in numbers(60)) for there in layout().fields_of.values()]
    assert shares == [38, 2, 20]
    assert all(set(numbers(count)) < set(numbers(count + 1)) for count in range(1, 120))


def test_montage():
    raw = np.arange(3 * 5 * 2 * 4).reshape(3, 5, 2, 4)
    tiled = montage(raw)
    assert tiled.shape == (6, 20)
    np.testing.assert_array_equal(tiled[4:6, 8:12], raw[2, 2])
    np.testing.assert_array_equal(tiled[2:4, 16:20], raw[1, 4])


def test_refusals(tmp_path):
    with pytest.raises(InputError, match="`count` is 1 to 120, got 121"):
        simulate_archive(tmp_path, 121)
    with pytest.raises(InputError, match="at least 32 pixels"):
        simulate_archive(tmp_path, 1, size=16)
    (tmp_path / "Image001").mkdir()
    with pytest.raises(InputError, match="Image001 exists already"):
        simulate_archive(tmp_path, 1, size=32)
