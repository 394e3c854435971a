"""The control without stripes: what a model's results say of it, who is told, and which models are taken unasked."""

import json

import pytest

from srredsim import resources
from srredsim.acquisition import Optics, Pattern
from srredsim.zoo import gate, models

KNOWN = Optics(na=1.4, wavelength_em_um=0.52, pixel_size_um=0.08)


def results(folder, *gains):
    rows = [
        {"pattern": "3x5", "photons": 500.0, "gain_with_stripes_db": gained, "gain_without_stripes_db": without}
        for gained, without in gains
    ]
    (folder / gate.RESULTS).write_text(json.dumps({"control": rows}), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("gains", "passes"),
    [
        ((), True),
        (((9.0, 2.0),), True),
        (((9.0, 6.1),), False),
        (((5.0, 2.0),), True),
        (((9.0, 2.0), (9.0, 8.0)), False),
    ],
)
def test_stripes_must_bring_3_db_in_every_pattern(tmp_path, gains, passes):
    folder = results(tmp_path, *gains)
    assert gate.passes(folder) == passes
    said = gate.doubts("mine", folder)
    assert len(said) == (not passes)
    if said:
        gained, without = min(gains, key=lambda row: row[0] - row[1])
        assert f"at 500 photons it gains {gained:.1f} dB" in said[0]
        assert f"{without:.1f} dB without" in said[0]


@pytest.mark.parametrize(
    "content", [None, "", "[]", '{"control": 3}', '{"control": [{"photons": 500.0}]}', '{"control": [1]}']
)
def test_results_without_a_control_say_nothing(tmp_path, content):
    if content is not None:
        (tmp_path / gate.RESULTS).write_text(content, encoding="utf-8")
    assert gate.passes(tmp_path)
    assert gate.doubts("mine", tmp_path) == []


def test_a_model_that_does_not_pass_is_taken_only_where_no_other_can_be(monkeypatch):
    weak = {"red_frames", "red_wiener"}
    monkeypatch.setattr(gate, "passes", lambda folder: folder.name not in weak)
    assert models.fitting(Pattern(3, 5), KNOWN) == "srredsim"
    weak |= {"srredsim"}
    assert models.fitting(Pattern(3, 5), KNOWN) == "unrolled"
    weak |= {"unrolled"}
    assert models.fitting(Pattern(3, 5), KNOWN) == "red_wiener"
    assert models.fitting(Pattern(3, 5)) == "red_frames"


def test_the_default_passes():
    assert gate.rows(resources.entry("models", models.fitting(Pattern(3, 5), KNOWN)))
    assert gate.passes(resources.entry("models", models.fitting(Pattern(3, 5), KNOWN)))


SIM = [name for name in models.names() if name.startswith("srredsim") or name in ("red_wiener", "unrolled")]


@pytest.mark.parametrize("name", SIM)
def test_what_is_called_sim_stands_on_the_stripes(name):
    rows = gate.rows(resources.entry("models", name))
    assert rows
    assert min(map(gate.brought_db, rows)) >= 3.0
