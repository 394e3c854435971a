"""Scores in words and tables."""

from srredsim.evaluation.tables import by_stripes, in_one_line, text


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


def test_what_the_stripes_bring_is_the_gain_that_even_light_has_not():
    """dB over the better of the widefield images, with stripes less without, at each level."""

    def at(condition, photons, mine, wiener, *widefield):
        psnr = {"mine": mine, "Wiener": wiener} | {f"widefield {n}": value for n, value in enumerate(widefield)}
        facts = {"condition": condition, "photons": photons, "images": 2, "pattern": "3x5"}
        scores = {name: {"psnr": {"mean": value, "std": 0.5}} for name, value in psnr.items()}
        return {"methods": scores, **facts}

    groups = [
        at("white", 40.0, 30.0, 28.0, 20.0, 21.0),
        at("white", 200.0, 34.0, 33.0, 22.0, 21.5),
        at("hazy", 40.0, 10.0, 10.0, 9.0),
        at("even_light", 40.0, 25.5, 22.25, 20.5, 20.0),
        at("even_light", 200.0, 24.0, 23.5, 22.0, 21.0),
    ]
    table = text({"model": "mine", "groups": groups}, metrics=("psnr",))
    scores, control = table.split("\n\n")
    assert scores.splitlines()[2].split("|")[1:5] == [" 3x5     ", " white      ", " 40      ", " 2      "]
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in control.splitlines()[2:]]
    assert cells == [
        ["3x5", "40", "mine", "9.00", "5.00", "4.00"],
        ["3x5", "40", "Wiener", "7.00", "1.75", "5.25"],
        ["3x5", "200", "mine", "12.00", "2.00", "10.00"],
        ["3x5", "200", "Wiener", "11.00", "1.50", "9.50"],
    ]
    assert by_stripes({"groups": groups[:3]}) == ""
    assert "3x5 hazy at 40 photons" in in_one_line({"model": "mine", "groups": groups})
