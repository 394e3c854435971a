"""What the tests of training share."""

import shutil

import pytest

from srredsim.training import checkpoint


@pytest.fixture
def broken_off(tmp_path, monkeypatch):
    """Function of an epoch: the folder in which there will be a copy of the run as it stood at its end."""

    def after(epochs):
        save = checkpoint.save

        def save_and_copy(folder, state, model):
            save(folder, state, model)
            if state.epochs_done == epochs:
                shutil.copytree(folder, tmp_path / "broken")

        monkeypatch.setattr(checkpoint, "save", save_and_copy)
        return tmp_path / "broken"

    return after
