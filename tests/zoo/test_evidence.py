"""The default is what was measured to be best; of what is as good, what starts without Keras."""

import json

import pytest

from srredsim import resources
from srredsim.acquisition import Optics, Pattern
from srredsim.zoo import evidence, models, portable


def measured(folder, *gains, light=False, control=9.0):
    """Folder of a model that gained so many dB over the Wiener image, and on the control."""
    folder.mkdir()
    rows = [{"condition": "white", "photons": 10 * n, "images": 4, "gain_db": gain} for n, gain in enumerate(gains)]
    rows.append({"condition": evidence.CONTROL, "photons": 40, "images": 4, "gain_db": control})
    (folder / evidence.MEASURED).write_text(json.dumps({"rows": rows}), encoding="utf-8")
    if light:
        (folder / portable.NETWORK).touch()
    return folder


def test_the_gain_is_the_mean_of_what_has_stripes(tmp_path):
    assert evidence.gain_db(measured(tmp_path / "a", 1.0, 2.0, 4.5, control=100.0)) == pytest.approx(2.5)


def test_the_best_is_taken_and_of_equals_the_light_one(tmp_path):
    heavy = measured(tmp_path / "heavy", 3.0, 3.0)
    equal = measured(tmp_path / "equal", 2.5, 3.1, light=True)
    worse = measured(tmp_path / "worse", 2.0, 2.0, light=True)
    assert evidence.best([worse, heavy, equal]) == equal
    assert evidence.best([worse, heavy]) == heavy  # light, but far behind
    other = measured(tmp_path / "other", 3.0, 2.9, light=True)
    assert evidence.best([heavy, equal, other]) == equal  # the first of those that are as good
    assert evidence.best([heavy, other, equal]) == other
    (bare := tmp_path / "not measured").mkdir()
    assert evidence.best([bare, worse]) == worse
    assert evidence.best([bare]) is evidence.best([]) is None


def test_the_shipped_models_were_measured_on_the_same_fields():
    known = Optics(na=1.4, wavelength_em_um=0.52, pixel_size_um=0.08)
    folders = [resources.entry("models", name) for name in ("red_wiener", "srredsim", "unrolled")]
    keys = [[(row["condition"], row["photons"], row["images"]) for row in evidence.rows(folder)] for folder in folders]
    assert keys[0] == keys[1] == keys[2] != []
    gains = {folder.name: evidence.gain_db(folder) for folder in folders}
    chosen = models.fitting(Pattern(3, 5), known)
    assert gains[chosen] >= max(gains.values()) - evidence.AS_GOOD_DB
