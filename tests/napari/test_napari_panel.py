"""The panel, in a viewer without a window. Needs the extra `napari`: what it shows is tested without, beside this."""

import os
from pathlib import Path

import numpy as np
import pytest

for module in ("napari.components", "magicgui.widgets", "qtpy", "npe2"):
    pytest.importorskip(module, reason="the extra `napari` is not installed", exc_type=ImportError)
pytestmark = pytest.mark.slow

import srredsim  # noqa: E402
from srredsim.acquisition import OPTICS  # noqa: E402
from srredsim.napari import layers, reader  # noqa: E402
from srredsim.stacks import raw_stack  # noqa: E402

MANIFEST = Path(layers.__file__).with_name("napari.yaml")


@pytest.fixture(scope="module")
def application():
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from qtpy.QtWidgets import QApplication

    return QApplication.instance() or QApplication([])


@pytest.fixture
def panel(application):
    """Over the middle of the sample stack, as its reader opens it."""
    from napari.components import ViewerModel

    from srredsim.napari.panel import Panel

    viewer = ViewerModel()
    panel = Panel(viewer)
    sample = reader.sample()[0][1]["metadata"][layers.STACK]
    known = {name: getattr(sample.optics, name) for name in OPTICS}
    stack = raw_stack(sample.raw()[..., 32:128, 32:128], known)
    for layer in layers.of_stack(stack):
        panel._add(layer)
    return panel


def finish(panel, application):
    from qtpy.QtTest import QTest

    for _ in range(1200):
        QTest.qWait(50)
        if not panel.cancel.enabled:
            return
    raise AssertionError("the work has not ended")


def test_the_manifest_holds():
    from npe2 import PluginManifest

    manifest = PluginManifest.from_file(MANIFEST)
    manifest.validate_imports()
    assert [one.display_name for one in manifest.contributions.widgets] == ["SIM reconstruction"]


def test_from_frames_to_a_judged_image(panel, application):
    viewer = panel.viewer
    panel.start("reconstruct")
    assert panel.cancel.enabled
    assert not panel.buttons["predict"].enabled
    finish(panel, application)
    assert "angle 1: measured" in panel.lines.value
    assert [layer.name for layer in viewer.layers] == ["stack", "stack wiener", "stack spectra", "stack stripes"]
    frames, image, _, stripes = viewer.layers
    assert stripes.features["order"].max() == 2
    for angle in range(3):  # the image is seen at each, the stripes of this angle only
        viewer.dims.set_point(viewer.dims.order[:2], (angle, 4))
        assert image.get_value(world_at(viewer, 3.0), world=True) > 0
        assert frames.get_value(world_at(viewer, 3.0), world=True) is not None
        seen = [stripes.get_value([angle, 4, *stripes.data_to_world(one)[2:]], world=True) for one in stripes.data]
        assert set(stripes.features["angle"][[n for n in seen if n is not None]]) == {angle + 1}

    panel.image.value = image
    panel.stack.value = frames
    panel.start("judge")
    finish(panel, application)
    assert "residual" in panel.lines.value
    assert viewer.layers[-1].contrast_limits == [-15, 15]


def world_at(viewer, um):
    return [*viewer.dims.point[:2], um, um]


def test_planes_become_the_frames_of_a_pattern(panel, application, tmp_path):
    """A file of seven planes is silent on what they are: said in the panel, they are read again, and shown so."""
    stack = srredsim.simulate(seed=3, pattern="hexagonal", size=64, photons=(2000, 2000), phantom="filaments").stack
    np.save(tmp_path / "seven.npy", stack.raw()[0])
    panel.viewer.layers.clear()
    for layer in reader.read(str(tmp_path / "seven.npy")):
        panel._add(layer)
    assert panel.stack.value.axis_labels[0] == "z"
    panel.start("reconstruct")
    finish(panel, application)
    assert "hexagonal" in panel.lines.value
    panel.pattern.value = "hexagonal"
    for name in OPTICS:
        getattr(panel, name).value = getattr(stack.optics, name)
    panel.start("reconstruct")
    finish(panel, application)
    assert "direction 3: measured" in panel.lines.value
    frames = panel.stack.value
    assert (frames.name, frames.axis_labels[0], frames.data.shape) == ("seven", "phase", (7, 64, 64))
    assert [layer.name for layer in panel.viewer.layers].count("seven") == 1
    panel.start("inspect")
    finish(panel, application)
    assert panel.stack.value is frames


def test_what_cannot_be_done_is_one_line_and_cancel_stops(panel, application):
    panel.pixel_size_um.value = 0.5
    panel.start("reconstruct")
    finish(panel, application)
    assert "pixel" in panel.lines.value
    assert len(panel.lines.value.splitlines()) == 1
    panel.pixel_size_um.value = 0
    panel.start("predict")
    panel.stop()
    finish(panel, application)
    assert panel.lines.value == "stopped"
    assert len(panel.viewer.layers) == 1
    panel.stack.value = None
    panel.start("inspect")
    assert "choose" in panel.lines.value
