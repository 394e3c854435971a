"""The control without stripes at every epoch of a training."""

from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest

from srredsim.errors import InputError
from srredsim.reconstruction.upscale import fourier_upscale
from srredsim.training import control
from srredsim.zoo import recipe

DATA = {"name": "simulated", "angles": 3, "phases": 3, "control_count": 1}


def asked(**data):
    return recipe.from_dict({"name": "m", "network": {"name": "red_net", "input_channels": 9}, "data": DATA | data})


@pytest.fixture(scope="module")
def fields():
    return control.opened(asked())


def test_both_splits_show_the_same_fields_with_stripes_and_without(fields):
    lit, even = fields.values()
    np.testing.assert_array_equal(lit.raw[0].truth, even.raw[0].truth)

    between = [
        np.moveaxis(one.raw[0].frames.astype(float), -1, 0).reshape(3, 3, 128, 128).var(axis=1).mean()
        for one in (lit, even)
    ]  # variance between the phases of an angle: stripes and noise, and noise alone
    assert between[0] > 1.5 * between[1]


def test_both_gains_are_columns_of_the_history(fields):
    """A network that gives the widefield image gains nothing, one that knows a truth much where it is."""
    callback, logs = control.Control(SimpleNamespace(in_place=nullcontext), fields), {}
    callback.set_model(
        SimpleNamespace(predict_on_batch=lambda frames: fourier_upscale(frames[0].mean(-1))[None, ..., None])
    )
    callback.on_epoch_end(0, logs)
    assert logs == {
        "val_gain_with_stripes_db": pytest.approx(0, abs=0.02),
        "val_gain_without_stripes_db": pytest.approx(0, abs=0.02),
    }
    lit = fields["gain_with_stripes_db"]
    truth, first = lit.raw[0].truth, lit.seen[0].normalised()[0]

    def predict(frames):
        image = truth if np.array_equal(frames[0], first) else fourier_upscale(frames[0].mean(-1))
        return image[None, ..., None]

    callback.set_model(SimpleNamespace(predict_on_batch=predict))
    callback.on_epoch_end(1, logs)
    assert logs["val_gain_with_stripes_db"] > 50
    assert abs(logs["val_gain_without_stripes_db"]) < 0.02


def test_it_is_for_models_of_raw_stacks():
    assert control.opened(asked(control_count=0)) == {}
    with pytest.raises(InputError, match=r"data\.control_count is for models of raw stacks"):
        control.opened(asked(input="widefield"))
