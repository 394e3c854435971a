"""`KERAS_BACKEND=jax` trains, resumes and predicts where tensorflow cannot even be imported."""

import json
import os
import subprocess
import sys

SCRIPT = """
import sys
sys.modules["tensorflow"] = None  # any import of it now fails
import json
from pathlib import Path
import numpy as np
from srredsim.inputs.frames import of_frames
from srredsim.zoo import models, recipe
from srredsim.zoo.windows import Network
from srredsim.training import checkpoint
from srredsim.training.fit import train

wanted, out = json.loads(sys.argv[1]), Path(sys.argv[2])
train(recipe.from_dict(wanted | {"epochs": 1}), out=out)
train(recipe.from_dict(wanted), out=out, resume=True)
whole = train(recipe.from_dict(wanted), out=out.with_name("whole"))
frames = np.random.default_rng(0).uniform(100, 200, (20, 24, 9)).astype(np.float32)
image = of_frames(Network(models.load(out, "float32")), frames)
histories = [checkpoint.load(folder).history for folder in (out, whole)]
print(json.dumps({"history": histories[0], "whole": histories[1], "image": image.tolist()}))
"""


def test_jax_trains_without_tensorflow_and_its_weights_mean_the_same_elsewhere(tmp_path):
    wanted = {
        "name": "tiny",
        "network": {"name": "red_net", "input_channels": 9, "depth": 3, "filters": 4, "widefield_skip": True},
        "data": {
            "angles": 3, "phases": 3, "count": 4, "crop": 16, "batch": 2, "validation_count": 2, "validation_crop": 32,
        },
        "optimizer": {"learning_rate": 1e-3, "ema": 0.5},
        "precision": "float32",
        "epochs": 2,
        "steps": 20,
    }  # fmt: skip
    environment = os.environ | {
        "KERAS_BACKEND": "jax",
        "XLA_FLAGS": "--xla_backend_optimization_level=0",  # compiled fast, and once for both trainings
        "JAX_COMPILATION_CACHE_DIR": str(tmp_path / "compiled"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }
    command = [sys.executable, "-c", SCRIPT, json.dumps(wanted), str(tmp_path / "run")]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    answer = json.loads(done.stdout.splitlines()[-1])
    assert [row["epoch"] for row in answer["history"]] == [1, 2]
    assert answer["history"][1]["val_psnr"] > answer["history"][0]["val_psnr"]
    for resumed, whole in zip(answer["history"], answer["whole"], strict=True):  # each batch in its step
        assert resumed | {"seconds": 0} == whole | {"seconds": 0}

    import numpy as np

    from srredsim.inputs.frames import of_frames
    from srredsim.zoo import models
    from srredsim.zoo.windows import Network

    frames = np.random.default_rng(0).uniform(100, 200, (20, 24, 9)).astype(np.float32)
    image = of_frames(Network(models.load(tmp_path / "run", "float32")), frames)
    np.testing.assert_allclose(image, answer["image"], atol=1e-3 * np.ptp(image))
