"""Scores in words and tables."""

from srredsim.evaluation.tables import in_one_line


def group(psnr, **facts):
    return {"methods": {name: {"psnr": {"mean": value}} for name, value in psnr.items()}, **facts}


def test_the_model_stands_before_the_best_of_the_others():
    psnr = {"Wiener": 29.96, "mine": 31.04, "widefield": 20.0}
    groups = [
        group(psnr, pattern="3x5", photons=20.0),
        group(psnr, pattern="3x5", photons=[20, 5000]),
        group(psnr, pattern="3x3", photons=None),
        group(psnr, pattern="widefield", noise_level=4),
    ]
    line = in_one_line({"model": "mine", "groups": groups})
    scores = "31.0 (30.0) 3x5 at 20 photons, 31.0 (30.0) 3x5, 31.0 (30.0) 3x3, 31.0 (30.0) widefield avg4"
    assert line == f"PSNR in dB (of the best baseline): {scores}"


def test_cells_of_a_benchmark_are_taken_together_by_level():
    cells = [("noisy", 1, 20), ("mine", 1, 34.86), ("vst_bm3d", 1, 34.7), ("mine", 16, 42.9), ("noisy", 16, 33.3)]
    result = {
        "model": "mine",
        "cells": {
            f"{chain}@{level}": {"chain": chain, "noise_level": level, "psnr_fitted": {"mean": psnr}}
            for chain, level, psnr in cells
        },
    }
    assert in_one_line(result) == "PSNR in dB (of the best baseline): 34.9 (34.7) avg1, 42.9 (33.3) avg16"
