"""ImageJ itself opens what is written: pixels, channels, planes, pixel size, z step and frame interval are the same.

Debian's package `imagej`, on a screen that nobody sees (`xvfb-run`). It knows TIFF in strips only: the tiles of an
OME-TIFF are for Fiji, whose Bio-Formats reads them.
"""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from srredsim.acquisition import Optics
from srredsim.results import Image

JAR = Path("/usr/share/java/ij.jar")
MACRO = """
path = getArgument();
open(path);
getDimensions(x, y, c, z, t);
getVoxelSize(px, py, pz, unit);
print(x + " " + y + " " + c + " " + z + " " + t);
print(px + " " + py + " " + pz + " " + Stack.getFrameInterval());
print(unit);
for (k = 1; k <= t; k++) for (j = 1; j <= z; j++) for (i = 1; i <= c; i++) {
    if (c * z * t > 1) Stack.setPosition(i, j, k);
    print(i - 1, j - 1, k - 1, d2s(getPixel(11, 7), 6));
}
"""
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not JAR.is_file() or None in map(shutil.which, ("java", "xvfb-run")),
        reason="there is no ImageJ to open images with (Debian: imagej, xvfb, xauth)",
    ),
]


@pytest.fixture
def told(tmp_path):
    """Function: lines that ImageJ says of an image."""

    def told(path: Path) -> list[str]:
        macro = tmp_path / "told.ijm"
        macro.write_text(MACRO, encoding="utf-8")
        java = ["xvfb-run", "-a", "java", f"-Duser.home={tmp_path}", "-jar", JAR]
        done = subprocess.run([*java, "-batch", macro, path], capture_output=True, text=True, timeout=300, check=True)
        return done.stdout.splitlines()

    return told


@pytest.mark.parametrize(("axes", "shape"), [("TCZYX", (2, 2, 3, 40, 50)), ("YX", (40, 50))])
@pytest.mark.parametrize("dtype", ["float32", "uint16"])
def test_imagej_opens_an_image(told, tmp_path, axes, shape, dtype):
    pixels = np.random.default_rng(0).uniform(0, 60000, shape).astype(np.float32).round()
    optics = Optics(1.4, 0.525, 0.04, z_step_um=0.15, frame_interval_s=2.5)
    image = Image(pixels, axes, optics)
    size, scale, unit, *values = told(image.save(tmp_path / "cells.tif", dtype=dtype))
    t, c, z, y, x = image.planes.shape
    assert size.split() == [str(n) for n in (x, y, c, z, t)]
    px, py, pz, interval = map(float, scale.split())
    assert (px, py) == pytest.approx((0.04, 0.04))
    if z > 1:
        assert (pz, interval) == pytest.approx((0.15, 2.5))
    assert unit in ("µm", "um", "micron", "microns")
    found = {tuple(map(int, line.split()[:3])): float(line.split()[3]) for line in values}
    assert len(found) == t * c * z
    for (channel, plane, time), value in found.items():
        assert value == pytest.approx(image.planes[time, channel, plane, 7, 11])
