"""Pixel size and the rest, in every unit and spelling that files have."""

import logging

import numpy as np
import pytest
import tifffile

from srredsim import io
from srredsim.acquisition import Optics
from srredsim.errors import InputError

ARRAY = np.zeros((15, 4, 6), np.uint16)


def optics_of(path, **how):
    return io.read(path, **how).optics


@pytest.mark.parametrize(
    ("unit", "per_unit"),
    [
        ("um", 12.5),
        ("micron", 12.5),
        ("microns", 12.5),
        ("\\u00B5m", 12.5),  # as ImageJ escapes it
        ("nm", 0.0125),
        ("mm", 12500),
        ("cm", 125000),
        ("inch", 317500),
    ],
)
def test_imagej_units(tmp_path, imagej, unit, per_unit):
    imagej(tmp_path / "s.tif", ARRAY, "ZYX", resolution=(per_unit, per_unit), metadata={"unit": unit})
    assert optics_of(tmp_path / "s.tif").pixel_size_um == pytest.approx(0.08, rel=1e-6)


def test_imagej_z_step_and_frame_interval(tmp_path, imagej):
    array = np.zeros((2, 15, 4, 6), np.uint16)
    metadata = {"unit": "nm", "spacing": 125.0, "finterval": 2.5}
    imagej(tmp_path / "s.tif", array, "TZYX", resolution=(0.0125, 0.0125), metadata=metadata)
    assert optics_of(tmp_path / "s.tif") == Optics(None, None, pytest.approx(0.08), pytest.approx(0.125), 2.5)


@pytest.mark.parametrize("micro", ["\xb5".encode("latin-1"), "\xb5".encode(), "\u03bc".encode()])
def test_imagej_micrometres_with_a_greek_letter(tmp_path, imagej, micro):
    """Both letters mu, in either encoding; tifffile writes ASCII only."""
    stand_in = "q" * len(micro)
    imagej(tmp_path / "s.tif", ARRAY, "ZYX", resolution=(12.5, 12.5), metadata={"unit": f"{stand_in}m"})
    content = (tmp_path / "s.tif").read_bytes()
    assert content.count(stand_in.encode() + b"m") == 1
    (tmp_path / "s.tif").write_bytes(content.replace(stand_in.encode() + b"m", micro + b"m"))
    assert optics_of(tmp_path / "s.tif").pixel_size_um == pytest.approx(0.08, rel=1e-6)


@pytest.mark.parametrize("unit", ["pixel", "px", "furlong"])
def test_imagej_without_a_unit_of_length(tmp_path, imagej, unit):
    imagej(tmp_path / "s.tif", ARRAY, "ZYX", resolution=(12.5, 12.5), metadata={"unit": unit, "spacing": 2.0})
    assert optics_of(tmp_path / "s.tif") == Optics()


def test_imagej_channel_names(tmp_path, imagej):
    array = np.zeros((15, 2, 4, 6), np.uint16)
    imagej(tmp_path / "s.tif", array, "ZCYX", metadata={"Labels": ["actin", "tubulin"] * 15})
    assert io.read(tmp_path / "s.tif").channel_names == ("actin", "tubulin")
    imagej(tmp_path / "p.tif", array, "ZCYX", metadata={"Labels": [f"plane {i}" for i in range(30)]})
    assert io.read(tmp_path / "p.tif").channel_names is None  # names of planes, not of channels


def test_ome_everything(tmp_path, ome):
    metadata = {
        "PhysicalSizeX": 80.0,
        "PhysicalSizeXUnit": "nm",
        "PhysicalSizeY": 0.08,
        "PhysicalSizeYUnit": "µm",
        "PhysicalSizeZ": 125e-6,
        "PhysicalSizeZUnit": "mm",
        "TimeIncrement": 2500.0,
        "TimeIncrementUnit": "ms",
        "Channel": {"Name": ["a", "b"], "EmissionWavelength": [0.525, 0.525], "EmissionWavelengthUnit": ["µm", "µm"]},
    }
    ome(tmp_path / "s.tif", np.zeros((2, 3, 5, 2, 4, 6), np.uint16), "TAZCYX", **metadata)
    stack = io.read(tmp_path / "s.tif")
    assert stack.optics == Optics(None, *map(pytest.approx, (0.525, 0.08, 0.125, 2.5)))
    assert stack.channel_names == ("a", "b")


def test_ome_units_left_out_are_um_nm_and_s(tmp_path, ome):
    metadata = {"PhysicalSizeX": 0.08, "PhysicalSizeY": 0.08, "TimeIncrement": 3.0}
    ome(tmp_path / "s.tif", ARRAY, "ZYX", **metadata, Channel={"EmissionWavelength": [610.0]})
    assert optics_of(tmp_path / "s.tif") == Optics(None, 0.61, 0.08, None, 3.0)


def test_ome_pixel_unit_is_no_length(tmp_path, ome):
    ome(tmp_path / "s.tif", ARRAY, "ZYX", PhysicalSizeX=1.0, PhysicalSizeXUnit="pixel")
    assert optics_of(tmp_path / "s.tif").pixel_size_um is None


def test_channels_of_different_wavelengths(tmp_path, ome):
    array = np.zeros((15, 2, 4, 6), np.uint16)
    ome(tmp_path / "s.tif", array, "ZCYX", Channel={"EmissionWavelength": [525.0, 610.0]})
    stack = io.read(tmp_path / "s.tif")
    assert stack.optics.wavelength_em_um == pytest.approx((0.525, 0.61))


def objectives(xml, *lens_nas, used=None):
    lenses = "".join(f'<Objective ID="Objective:{i}" LensNA="{na}"/>' for i, na in enumerate(lens_nas))
    settings = "" if used is None else f'<ObjectiveSettings ID="Objective:{used}"/>'
    xml = xml.replace("<Image ", f'<Instrument ID="Instrument:0">{lenses}</Instrument><Image ', 1)
    return xml.replace("<Pixels ", settings + "<Pixels ", 1)


@pytest.mark.parametrize(
    ("lens_nas", "used", "na"), [((1.42,), None, 1.42), ((1.2, 1.49), 1, 1.49), ((1.2, 1.49), None, None)]
)
def test_numerical_aperture_of_the_objective_that_was_used(tmp_path, ome, lens_nas, used, na):
    ome(tmp_path / "s.tif", ARRAY, "ZYX")
    xml = objectives(tifffile.tiffcomment(tmp_path / "s.tif"), *lens_nas, used=used)
    tifffile.tiffcomment(tmp_path / "s.tif", xml.encode())
    assert optics_of(tmp_path / "s.tif").na == na


@pytest.mark.parametrize(("unit", "per_unit"), [("CENTIMETER", 125000), ("INCH", 317500)])
def test_resolution_tags_of_a_plain_tiff(tmp_path, unit, per_unit):
    tifffile.imwrite(tmp_path / "s.tif", ARRAY, resolution=(per_unit, per_unit), resolutionunit=unit, metadata=None)
    assert optics_of(tmp_path / "s.tif").pixel_size_um == pytest.approx(0.08)


@pytest.mark.parametrize("dpi", [1, 72, 96, 300, 600])
@pytest.mark.parametrize("how", [{"metadata": None}, {"imagej": True, "metadata": {"unit": "inch"}}])
def test_resolution_tags_that_mean_a_printer(tmp_path, dpi, how):
    tifffile.imwrite(tmp_path / "s.tif", ARRAY, resolution=(dpi, dpi), resolutionunit="INCH", **how)
    stack = io.read(tmp_path / "s.tif")
    assert stack.optics.pixel_size_um is None
    assert ("printer" in " ".join(stack.notes)) == (dpi > 1)


def test_resolution_tags_without_unit(tmp_path):
    tifffile.imwrite(tmp_path / "s.tif", ARRAY, resolution=(12.5, 12.5), resolutionunit="NONE", metadata=None)
    assert optics_of(tmp_path / "s.tif").pixel_size_um is None


def test_pixel_size_as_given_wins_and_is_noted(tmp_path, imagej):
    imagej(tmp_path / "s.tif", ARRAY, "ZYX", resolution=(12.5, 12.5), metadata={"unit": "um"})
    stack = io.read(tmp_path / "s.tif", pixel_size_um=0.1)
    assert stack.optics.pixel_size_um == 0.1
    assert "0.1 um as given; the file says 0.08 um" in " ".join(stack.notes)
    np.save(tmp_path / "s.npy", ARRAY)
    assert optics_of(tmp_path / "s.npy", pixel_size_um=0.1).pixel_size_um == 0.1
    with pytest.raises(InputError, match=r"above 0; got -0\.1"):
        io.read(tmp_path / "s.npy", pixel_size_um=-0.1)


def test_pixels_that_are_not_square(tmp_path, imagej):
    imagej(tmp_path / "s.tif", ARRAY, "ZYX", resolution=(12.5, 10), metadata={"unit": "um"})
    with pytest.raises(InputError, match=r"0.1 um high and 0.08 um wide"):
        io.read(tmp_path / "s.tif")
    assert optics_of(tmp_path / "s.tif", pixel_size_um=0.08).pixel_size_um == 0.08


def test_ome_pixels_that_are_not_square(tmp_path, ome):
    ome(tmp_path / "s.tif", ARRAY, "ZYX", PhysicalSizeX=0.08, PhysicalSizeY=0.1)
    with pytest.raises(InputError, match=r"0.1 um high and 0.08 um wide"):
        io.read(tmp_path / "s.tif")


def test_broken_xml_is_no_reason_to_print(tmp_path, ome, capfd):
    ome(tmp_path / "s.tif", ARRAY, "ZYX", PhysicalSizeX=0.08)
    xml = tifffile.tiffcomment(tmp_path / "s.tif")
    tifffile.tiffcomment(tmp_path / "s.tif", xml.replace("<Pixels", "<Pix<els").encode())
    assert io.read(tmp_path / "s.tif").raw().shape == (3, 5, 4, 6)
    assert capfd.readouterr().err == ""
    assert not logging.getLogger("tifffile").filters
