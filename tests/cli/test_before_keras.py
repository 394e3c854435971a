"""Wrong names are found before Keras is imported, which takes ten seconds, and a minute on a busy machine."""

import json

import pytest

import srredsim
from srredsim.errors import InputError

WRONG = [  # a command, and the words that it is refused with
    (["predict", "none.tif"], "none.tif does not exist"),
    (["predict", "there.npy", "--model", "red_wienr"], "red_wienr"),
    (["predict", "there.npy", "--model", "w2s_dncnn+w2s_rcann"], "w2s_rcann"),
    (["predict", "ther.npy", "--model", "w2s_dncnn"], "ther.npy does not exist; there is there.npy"),
    (["compare", "none.tif"], "none.tif does not exist"),
    (["denoise", "none.tif", "--method", "dncnn"], "none.tif does not exist"),
    (["denoise", "there.npy", "--method", "dncnn", "--model", "w2s_dncn"], "w2s_dncn"),
    (["evaluate", "--model", "srredsin"], "srredsin"),
    (["evaluate", "--model", "srredsim", "--data", "nowhere"], "nowhere"),
    (["evaluate", "--model", "srredsim", "--out", "there.npy"], "there.npy exists already"),
    (["export", "srredsin", "--out", "served"], "srredsin"),
    (["train", "--model", "srredsin"], "srredsin"),
    (["train", "--model", "srredsim", "--data", "nowhere"], "nowhere"),
    (["import-weights", "none.pth", "--network", "dncnn", "--out", "out"], "none.pth does not exist"),
]
SCRIPT = """
import json, sys
from srredsim.cli.main import main
for command in json.loads(sys.argv[1]):
    status = main(command)
    print(status, "keras" in sys.modules or "tensorflow" in sys.modules)
"""


def test_commands_find_wrong_names_before_keras_is_imported(process, here):
    (here / "there.npy").write_bytes(b"")
    done = process("-c", SCRIPT, json.dumps([command for command, _ in WRONG]))
    assert done.stdout.splitlines() == ["2 False"] * len(WRONG), done.stderr
    for (command, words), line in zip(WRONG, done.stderr.splitlines(), strict=True):
        assert words in line, command
    assert [path.name for path in here.iterdir()] == ["there.npy"]


def test_verbs_find_a_missing_file_before_they_load_a_model(monkeypatch):
    monkeypatch.setattr("srredsim.zoo.models.load", lambda *_: pytest.fail("a model is loaded"))
    for verb in (srredsim.read, srredsim.predict, srredsim.inspect, srredsim.denoise):
        with pytest.raises(InputError, match=r"^none\.tif does not exist"):
            verb("none.tif")
    with pytest.raises(InputError, match=r"^none\.tif does not exist"):
        srredsim.predict("none.tif", model="red_wiener")


def test_predict_needs_no_keras_where_onnx_runtime_computes(tmp_path, process):
    from srredsim.workflows.simulate import simulate

    simulate(tmp_path, count=1, size=48, seed=1)
    (path,) = (tmp_path / "raw").glob("*.tif")
    script = "import sys; from srredsim.cli.main import main; main(sys.argv[1:]); print(*sys.modules)"
    asked = "predict", path, "--out", tmp_path / "out", "--engine", "onnxruntime"
    loaded = process("-c", script, *asked, KERAS_BACKEND=None).stdout.split()
    assert "onnxruntime" in loaded
    assert not {"keras", "tensorflow"} & set(loaded)
    assert (tmp_path / "out" / f"{path.stem}_red_wiener.tif").is_file()


def test_a_reader_of_results_hears_nothing_of_retracing(process):
    """As TensorFlow says it of models that are loaded one after the other; other warnings of its own are heard."""
    script = (
        "from srredsim import keras_start\nkeras_start.start()\nimport tensorflow as tf\n"
        "tf.get_logger().warning('6 out of the last 6 calls triggered tf.function retracing')\n"
        "tf.get_logger().warning('another')\n"
    )
    said = process("-c", script, KERAS_BACKEND=None).stderr
    assert "retracing" not in said
    assert "another" in said
