"""Raw stacks: the frames of a file sorted into time, channel, z, angle and phase."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tifffile

from srredsim.acquisition import AXES, Optics
from srredsim.io import tiff
from srredsim.io.files import atomic


def write_raw(path: str | Path, array: np.ndarray, *, optics: Optics = Optics(), overwrite: bool = False) -> Path:
    """Write raw frames, axes `TCZAPYX` or `APYX`, as an OME-TIFF whose Modulo annotations name angle and phase.

    The frames lie in the file with the channel running fastest, then phase, z, angle and time: the angle is a
    modulo of the time axis, the phase one of the z axis, as OME allows one for each.
    """
    array = np.asarray(array)
    if array.ndim == 4:
        array = array[None, None, None]
    if array.ndim != len(AXES):
        raise ValueError(f"raw frames have the axes {AXES} or APYX; got the shape {array.shape}")
    order = "TAZPCYX"
    stored = array.transpose([AXES.index(axis) for axis in order])
    metadata = {"axes": order}
    if optics.pixel_size_um is not None:
        for axis in "XY":
            metadata |= {f"PhysicalSize{axis}": optics.pixel_size_um, f"PhysicalSize{axis}Unit": "µm"}
    if optics.z_step_um is not None:
        metadata |= {"PhysicalSizeZ": optics.z_step_um, "PhysicalSizeZUnit": "µm"}
    if optics.frame_interval_s is not None:
        metadata |= {"TimeIncrement": optics.frame_interval_s, "TimeIncrementUnit": "s"}
    if optics.wavelength_em_um is not None:
        channels = array.shape[1]
        metadata["Channel"] = {
            "EmissionWavelength": [round(optics.wavelength_em_um * 1000, 6)] * channels,
            "EmissionWavelengthUnit": ["nm"] * channels,
        }
    with atomic(path, overwrite) as temporary:
        tifffile.imwrite(temporary, stored, metadata=metadata, photometric="minisblack", **tiff.kind("ome"))
    return Path(path)
