"""`srredsim benchmark w2s`: where nothing can be computed, nothing is written."""

import shutil


def test_a_benchmark_of_which_nothing_can_be_computed_writes_nothing(home, run, tmp_path):
    released = tmp_path / "released"
    shutil.copytree(home / "w2s" / "normalized", released, ignore=shutil.ignore_patterns("sim"))
    asked = (
        "benchmark",
        "w2s",
        "--data",
        released,
        "--methods",
        "bicubic",
        "--noise-levels",
        1,
        "--out",
        tmp_path / "out",
    )
    status, _, err = run(*asked)
    assert (status, len(err.splitlines())) == (2, 1)
    assert "bicubic@1: 081_0: " in err
    assert "the released normalized folder has no SIM images" in err
    assert not (tmp_path / "out").exists()
