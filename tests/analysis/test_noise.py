"""Noise of simulated cameras, whose line is known."""

import numpy as np
import pytest

from srredsim.analysis import noise, picture
from srredsim.errors import InputError

A, B = 2.5, 90.0  # counts per photon, counts squared


def expected_counts(size=96) -> np.ndarray:
    """From 40 to 440, smooth."""
    y, x = np.mgrid[:size, :size] / size
    return 240 + 200 * np.sin(2.3 * np.pi * x) * np.cos(1.7 * np.pi * y)


def recorded(rng, counts=None, a=A, b=B) -> np.ndarray:
    counts = expected_counts() if counts is None else counts
    return a * rng.poisson(counts / a) + np.sqrt(b) * rng.standard_normal(counts.shape)


def test_line_of_repeats():
    rng = np.random.default_rng(1)
    found = noise.of_repeats(recorded(rng) for _ in range(100))
    assert found.gain_adu == pytest.approx(A, rel=0.02)
    assert found.variance_at_zero_adu2 == pytest.approx(B, abs=15)


def test_few_repeats_of_a_noisy_camera_do_not_flatten_the_line():
    """With four repeats the means are as noisy as the image is structured: plain regression falls short of a."""
    counts = 20 + 0.1 * expected_counts(192)
    found = [
        noise.of_repeats([recorded(rng, counts, b=400.0) for _ in range(4)])
        for rng in map(np.random.default_rng, range(6))
    ]
    plain = []
    for rng in map(np.random.default_rng, range(6)):
        stack = np.array([recorded(rng, counts, b=400.0) for _ in range(4)])
        plain.append(np.polyfit(stack.mean(axis=0).ravel(), stack.var(axis=0, ddof=1).ravel(), 1)[0])
    assert np.mean([line.gain_adu for line in found]) == pytest.approx(A, rel=0.05)
    assert np.mean([line.variance_at_zero_adu2 for line in found]) == pytest.approx(400, rel=0.03)
    assert np.mean(plain) < 0.6 * A


def test_scaled_noise_is_that_of_the_scaled_image():
    rng = np.random.default_rng(3)
    stack = np.array([recorded(rng) for _ in range(12)])
    line = noise.of_repeats(stack)
    scaled = noise.of_repeats((stack + 70.0) / 900.0)
    assert line.rescaled(-70.0, 830.0).coefficients == pytest.approx(scaled.coefficients, rel=1e-9)


def test_files_folders_and_their_means(tmp_path):
    rng = np.random.default_rng(4)
    for folder, captures in (("avg1", 1), ("avg4", 4)):
        (tmp_path / folder).mkdir()
        for number in range(2):
            image = np.mean([recorded(rng, expected_counts(192)) for _ in range(captures)], axis=0)
            np.save(tmp_path / folder / f"{number}.npy", image)
    paths = sorted(tmp_path.glob("*/*.npy"))
    report = noise.analyse(paths, limits=(-100.0, 900.0))
    one, four = (report["groups"][str(tmp_path / name)] for name in ("avg1", "avg4"))
    assert one["a"] == pytest.approx(A, rel=0.25)
    assert one["a"] / four["a"] == pytest.approx(4, rel=0.3)
    assert one["a_scaled"] == pytest.approx(one["a"] / 1000)
    assert one["b_scaled"] == pytest.approx((one["b"] - 100 * one["a"]) / 1e6)
    assert report["mean"]["a"] == pytest.approx(np.mean([image["a"] for image in report["images"]]))
    assert report["failures"] == []
    picture.noise(report, tmp_path / "bars.png")
    assert (tmp_path / "bars.png").read_bytes().startswith(b"\x89PNG")


def test_repeats_in_a_file(tmp_path):
    rng = np.random.default_rng(5)
    stack = np.array([recorded(rng) for _ in range(20)]).round().clip(0).astype(np.uint16)
    np.save(tmp_path / "stack.npy", stack)
    image = noise.analyse([tmp_path / "stack.npy"], repeats=True)["images"][0]
    assert image["a"] == pytest.approx(A, rel=0.05)
    assert image["range"] == [stack.min(), stack.max()]


@pytest.mark.parametrize(
    ("stack", "words"),
    [
        (np.ones((3, 8, 8)), "at least 4 repeats; got 3"),
        (np.ones((6, 8, 8)), "one brightness"),
        (np.full((6, 8, 8), np.nan), "repeat 1 has values that are NaN"),
    ],
)
def test_stacks_without_an_answer(tmp_path, stack, words):
    np.save(tmp_path / "bad.npy", stack)
    with pytest.raises(InputError, match=f"bad.npy: .*{words}"):
        noise.analyse([tmp_path / "bad.npy"], repeats=True)


def test_a_file_that_cannot_be_measured_is_named_and_the_others_are_measured(tmp_path):
    np.save(tmp_path / "good.npy", recorded(np.random.default_rng(6), expected_counts(192)))
    np.save(tmp_path / "flat.npy", np.ones((64, 64)))
    report = noise.analyse([tmp_path / "flat.npy", tmp_path / "good.npy"])
    assert [image["input"] for image in report["images"]] == [str(tmp_path / "good.npy")]
    (failure,) = report["failures"]
    assert failure["input"] == str(tmp_path / "flat.npy")
    assert "every pixel is 1" in failure["error"]


def test_limits_the_wrong_way_round(tmp_path):
    with pytest.raises(InputError, match="`limits` are LOW and HIGH with LOW the smaller; got 5 and 1"):
        noise.analyse([tmp_path / "none.npy"], limits=(5, 1))


@pytest.mark.parametrize(("wrong", "words"), [("empty", "plane 5 is empty"), ("copy", "plane 5 equals plane 4")])
def test_a_lost_frame_is_named(tmp_path, wrong, words):
    """Its variance is no noise; among images that are measured one by one, a copy is told."""
    rng = np.random.default_rng(4)
    planes = np.stack([recorded(rng) for _ in range(6)])
    planes[4] = 0 if wrong == "empty" else planes[3]
    np.save(tmp_path / "a.npy", planes)
    with pytest.raises(InputError, match=words):
        noise.analyse([tmp_path / "a.npy"], repeats=True)
    if wrong == "copy":
        (line,) = noise.analyse([tmp_path / "a.npy"])["notes"]
        assert words in line
    else:
        with pytest.raises(InputError, match="plane 5: noise cannot be measured: every pixel is 0"):
            noise.analyse([tmp_path / "a.npy"])


def test_what_is_there_of_an_incomplete_file(tmp_path):
    rng = np.random.default_rng(5)
    planes = np.stack([recorded(rng) for _ in range(6)])
    np.save(tmp_path / "whole.npy", planes[:4])
    np.save(tmp_path / "cut.npy", planes)
    whole = (tmp_path / "cut.npy").read_bytes()
    (tmp_path / "cut.npy").write_bytes(whole[: -2 * planes[0].nbytes])
    with pytest.raises(InputError, match="6 frames are promised, 4 are there"):
        noise.analyse([tmp_path / "cut.npy"])
    cut = noise.analyse([tmp_path / "cut.npy"], repeats=True, accept_incomplete=True)
    assert cut["mean"] == noise.analyse([tmp_path / "whole.npy"], repeats=True)["mean"]
    cut = noise.analyse([tmp_path / "cut.npy"], accept_incomplete=True)
    assert [row["plane"] for row in cut["images"]] == [1, 2, 3, 4]
