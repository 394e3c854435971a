"""Hostile files: made by hand, one for each way in which a file can lie, and healthy ones damaged by dice."""

import io
import json
import os
import pickle
import zipfile

import h5py
import numpy as np
import pytest
import tifffile

from srredsim.io.formats.tiff import kind

SEED = 20240607
DAMAGED_OF_EACH = 40  # files made of each healthy one
SIDE = 32
RAW = np.random.default_rng(SEED).poisson(50, (15, SIDE, SIDE)).astype(np.uint16)
RAW[:, 4:9, 3:12] += 300
DEEP = "[" * 50_000 + "]" * 50_000
DIGITS = "9" * 5000
ALIASES = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)


# Healthy files


def tiff(array=RAW, **settings) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, array, **({"photometric": "minisblack"} | settings))
    return stream.getvalue()


def npy(shape: str, descr="'<u2'", data=b"\0" * 64) -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY\2\0" + len(header).to_bytes(4, "little") + header + data


def ome(old: str = "", new: str = "") -> bytes:
    """An OME-TIFF in whose XML a text stands in place of another of the same or smaller length."""
    content = tiff(metadata={"axes": "TYX", "PhysicalSizeX": 0.080000, "PhysicalSizeXUnit": "µm"}, **kind("ome"))
    old_bytes, new_bytes = old.encode(), new.encode()
    assert not old or old_bytes in content
    return content.replace(old_bytes, new_bytes.ljust(len(old_bytes)), 1)


def imagej(**metadata) -> bytes:
    return tiff(metadata=metadata, resolution=(12.5, 12.5), **kind("imagej"))


def healthy() -> dict[str, bytes]:
    stream = io.BytesIO()
    np.save(stream, RAW)
    return {
        "plain.tif": tiff(),
        "deflate.tif": tiff(compression="zlib", tile=(16, 16)),
        "big.tif": tiff(bigtiff=True, byteorder=">"),
        "ome.tif": ome(),
        "imagej.tif": imagej(unit="um", slices=15),
        "array.npy": stream.getvalue(),
    }


# Images that lie


def described(image: str) -> bytes:
    """A TIFF with such OME metadata of its image."""
    name = "http://www.openmicroscopy.org/Schemas/OME/2016-06"
    xml = f'<?xml version="1.0"?><OME xmlns="{name}"><Image ID="Image:0">{image}</Image></OME>'
    return tiff(metadata=None, description=xml)


def killed() -> bytes:
    """What is there of a file whose program was killed while it wrote frame after frame."""
    stream = io.BytesIO()
    writer = tifffile.TiffWriter(stream)
    for frame in RAW:
        writer.write(frame, contiguous=True, photometric="minisblack")
    return stream.getvalue()


def with_tag(code: int, value: int) -> bytes:
    """A TIFF of one page whose tag has another value."""
    content = bytearray(tiff(RAW[0]))
    with tifffile.TiffFile(io.BytesIO(bytes(content))) as tif:
        at = tif.pages.first.tags[code].offset + 8
    content[at : at + 4] = value.to_bytes(4, "little")
    return bytes(content)


def loop_of_pages() -> bytes:
    """The second page says that the first follows."""
    content = bytearray(tiff(RAW[:2], metadata=None))
    with tifffile.TiffFile(io.BytesIO(bytes(content))) as tif:
        first, second = (page.offset for page in tif.pages)
    entries = int.from_bytes(content[second : second + 2], "little")
    content[second + 2 + 12 * entries :][:4] = first.to_bytes(4, "little")
    return bytes(content)


def page_after_itself() -> bytes:
    """The second page has no tags, and says that it follows itself."""
    content = bytearray(tiff(RAW[:2], metadata=None))
    with tifffile.TiffFile(io.BytesIO(bytes(content))) as tif:
        second = tif.pages[1].offset
    content[second : second + 6] = b"\0\0" + second.to_bytes(4, "little")
    return bytes(content)


def shifted(content: bytes, by: int = 5000) -> bytes:
    """An archive whose end says that its directory begins so many bytes later."""
    at = content.rindex(b"PK\5\6") + 16
    offset = int.from_bytes(content[at : at + 4], "little") + by
    return content[:at] + offset.to_bytes(4, "little") + content[at + 4 :]


def constant(value, dtype=np.float32) -> bytes:
    return tiff(np.full(RAW.shape, value, dtype))


def hot() -> bytes:
    image = np.zeros((64, 64), np.uint16)
    image[5, 7] = 60000
    return tiff(image)


def images() -> dict[str, bytes]:
    wide, high, counts, strips, bits = 256, 257, 279, 273, 258
    made = {
        f"tag_{code}_{value}.tif": with_tag(code, value)
        for code in (wide, high, counts, strips)
        for value in (0, 2**31)
    }
    made |= {f"bits_{value}.tif": with_tag(bits, value) for value in (0, 3, 65535)}
    made |= {
        f"scaled_{scale:g}.tif": tiff((np.tile(RAW, (2, 2)) * scale).astype(np.float32))
        for scale in (1e12, 1e30, 1e-20, 1e-42)
    }
    made |= {f"constant_{value}.tif": constant(value) for value in (0, 1, np.nan, np.inf, -np.inf, 3e38)}
    made |= {f"shape_{y}x{x}.tif": tiff(RAW[:, :y, :x]) for y, x in ((1, 16), (16, 1), (1, 1), (2, 2), (3, 16))}
    made |= {
        f"shape_{name}.npy": npy(shape)
        for name, shape in {
            "negative": "(-15, 8, 8)",
            "two_negative": "(15, -8, -8)",
            "boolean": "(True, 2, 2)",
            "huge": "(15, 99999999999, 99999999999)",
            "four_gib": "(15, 70000, 70000)",
            "deep": "(" * 400 + ")" * 400,
            "very_deep": "(" * 4000 + ")" * 4000,
            "digits": f"({DIGITS},)",
            "empty": "(15, 0, 8)",
            "no_tuple": "'15'",
        }.items()
    }
    made |= {
        f"dtype_{n}.npy": npy("(2, 2, 2)", descr)
        for n, descr in enumerate(("'O'", "'<c8'", "'<U4'", "'<M8[s]'", "'?'", "[]"))
    }
    made |= {
        "pickle.npy": npy("(1,)", "'O'", pickle.dumps([print])),
        "ome_size_t.tif": ome('SizeT="15"', 'SizeT="9"'),
        "ome_nan.tif": ome('PhysicalSizeX="0.08"', 'PhysicalSizeX="nan"'),
        "ome_negative.tif": ome('PhysicalSizeX="0.08"', 'PhysicalSizeX="-1"'),
        "ome_no_xml.tif": ome("</Pixels>", "<Pixels><"),
        "imagej_counts.tif": imagej(slices=15, unit="\\u00B5m", finterval=float("nan")),
        "ome_less.tif": ome('SizeT="15"', 'SizeT="3"'),
        "ome_digits.tif": described(f'<Pixels SizeT="{DIGITS}"/>'),
        "ome_words.tif": described('<Pixels SizeT="fifteen"/>'),
        "imagej_promises.tif": imagej(slices=15)
        .replace(b"images=15", b"images=45")
        .replace(b"slices=15", b"slices=45"),
        "imagej_endless.tif": tiff(metadata=None, description=f"ImageJ=1.53\nimages={DIGITS}\n"),
        "imagej_billions.tif": tiff(metadata=None, description="ImageJ=1.53\nimages=4000000000\n"),
        "shaped_billions.tif": tiff(
            metadata=None, description='{"shape": [4000000000, 32, 32]}', software="tifffile.py"
        ),
        "shaped_cut.tif": tiff()[:9000],
        "shaped_pages_cut.tif": tiff(compression="zlib")[:9000],
        "killed.tif": killed(),
        "cut.npy": healthy()["array.npy"][:-3000],
        "imagej_digits.tif": imagej(slices=15, Info=DIGITS),
        "description_long.tif": tiff(description="x" * 100_000, metadata=None),
        "loop.tif": loop_of_pages(),
        "itself.tif": page_after_itself(),
        "hot.tif": hot(),
        "rgb.tif": tiff(np.zeros((16, 16, 3), np.uint8), photometric="rgb"),
        "complex.tif": tiff(RAW.astype(np.complex64)),
        "empty.tif": b"",
        "text.tif": b"not an image\n" * 100,
        "magic_npy.npy": b"\x93NUMPY",
        "magic.tif": b"II*\0",
    }
    return made


def damaged() -> dict[str, bytes]:
    """Healthy files with bytes changed, half of them near the front, or cut short."""
    dice = np.random.default_rng(SEED)
    made = {}
    for name, content in healthy().items():
        stem, suffix = name.split(".")
        for number in range(DAMAGED_OF_EACH):
            changed = bytearray(content)
            reach = len(content) if number % 2 else 400
            for place in dice.integers(4, reach, dice.integers(1, 12)):
                changed[place] = dice.integers(256)
            if number % 5 == 0:
                del changed[dice.integers(8, len(changed)) :]
            made[f"{stem}_{number}.{suffix}"] = bytes(changed)
    return made


# Other files


def hdf5() -> bytes:
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        file["layers/conv/vars/0"] = np.zeros((3, 3))
    return stream.getvalue()


def archive(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name.replace("__", "."), content)
    return stream.getvalue()


def checkpoint(program: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        file.writestr("archive/data.pkl", program)
    return stream.getvalue()


TEXTS = {
    "deep": DEEP,
    "digits": DIGITS,
    "empty": "",
    "open": "{",
    "null": "null",
    "aliases": ALIASES,
    "bytes": "\ufffd\0\x01",
    "list": "[" + "1, " * 3000 + "1]",
    "names": "{" + f'"{"x" * 5000}": 1' + "}",
    "numbers": '{"optics": {"na": ' + DIGITS + ', "wavelength_em_um": 1e999, "pixel_size_um": []}, "channels": 3}',
}
PRIORS = {
    "text": b"hello",
    "cut": archive(weights__npy=npy("(2,)"))[:60],
    "shifted": shifted(archive(weights__npy=npy("(2,)"), covariances__npy=npy("(2, 64, 64)"))),
    "lies": archive(weights__npy=npy("(-1,)"), covariances__npy=npy("(99999999999, 64, 64)")),
    "bomb": archive(weights__npy=npy("(3,)"), covariances__npy=b"\0" * (65 * 2**20)),
    "pickle": archive(weights__npy=npy("(1,)", "'O'", pickle.dumps([print])), covariances__npy=b""),
}
WEIGHTS = {"text": b"hello", "empty": b"", "other": hdf5(), "cut": hdf5()[:900]}
PICKLES = {
    "long": b"\x80\x02" + b"N0" * 1_500_000 + b".",
    "copies": b"\x80\x02" + b"(" + b"K\1" * 20_000 + b"lq\0" + b"c__builtin__\nset\nh\0\x85R0" * 20_000 + b".",
    "system": pickle.dumps(os.system),
    "nested": b"\x80\x02N" + b"\x85" * 500_000 + b".",
    "digits": b"I" + DIGITS.encode() + b"\n.",
    "cut": pickle.dumps({"a": [1, 2, 3]})[:-3],
}


@pytest.fixture(scope="session")
def hostile(tmp_path_factory):
    """Folder with ``images``, ``texts``, ``priors``, ``weights`` and ``pickles``, and a pipe that nobody fills."""
    home = tmp_path_factory.mktemp("hostile")
    suffixes = {"texts": ".yaml", "priors": ".npz", "weights": ".weights.h5", "pickles": ".pth"}
    folders = {
        "images": images() | damaged(),
        "texts": {name: text.encode() for name, text in TEXTS.items()},
        "priors": PRIORS,
        "weights": WEIGHTS,
        "pickles": {name: checkpoint(program) for name, program in PICKLES.items()},
    }
    for folder, files in folders.items():
        (home / folder).mkdir()
        for name, content in files.items():
            (home / folder / f"{name}{suffixes.get(folder, '')}").write_bytes(content)
    (home / "healthy.tif").write_bytes(tiff())
    (home / "state.json").write_text(json.dumps({"epochs_done": 1}))
    os.mkfifo(home / "pipe.tif")
    return home
