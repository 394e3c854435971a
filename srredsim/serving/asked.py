"""What a client asks for, as the query of its request: ``model=red_wiener&na=1.4&wavelength_em_um=0.525``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from srredsim import checks, resources
from srredsim.errors import InputError, shown
from srredsim.io.asked import DTYPES, Reading
from srredsim.serving import Refused

BAD_QUERY = 400  # status of HTTP
FORMATS = {"npy": "application/octet-stream", "tiff": "image/tiff"}  # of the answer, by what HTTP calls them
WORDS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


@dataclass(frozen=True)
class Asked:
    """``format`` None: that of the stack; ``model`` None: the first that is served; ``consistency``: compare the image
    with the frames, too."""

    reading: Reading = Reading()  # noqa: RUF009  frozen
    model: str | None = None
    format: str | None = None
    dtype: str = DTYPES[0]
    consistency: bool = False


def _yes_or_no(text: str) -> bool:
    return WORDS[text.lower()]


def _one_or_several(text: str) -> float | tuple[float, ...]:
    several = tuple(map(float, text.split(",")))
    return several if len(several) > 1 else several[0]


OF_READING: dict[str, tuple[Callable[[str], Any], str]] = {  # how each is read, and in words
    **dict.fromkeys(("angles", "phases", "channels", "scene"), (int, "a whole number")),
    **dict.fromkeys(("pixel_size_um", "na"), (float, "a number")),
    "wavelength_em_um": (_one_or_several, "a number, or several with commas between them"),
    **dict.fromkeys(("keep_hot_pixels", "accept_incomplete", "rolling"), (_yes_or_no, "yes or no")),
    **dict.fromkeys(("order", "widefield_frame", "pattern", "only"), (str, "a name")),
}
CONSISTENCY = "consistency"
KNOWN = (*OF_READING, "model", "format", "dtype", CONSISTENCY)


def asked(query: Iterable[tuple[str, str]]) -> Asked:
    """What a query says.

    Raises
    ------
    Refused
        If it has a name that there is not, one twice, or a value that makes no sense.
    """
    given: dict[str, str] = {}
    for name, text in query:
        if name not in KNOWN:
            raise Refused(resources.unknown("parameter", name, list(KNOWN)), BAD_QUERY)
        if name in given:
            raise Refused(f"`{name}` is given twice", BAD_QUERY)
        given[name] = text
    try:
        reading = Reading(**{name: _read(name, text) for name, text in given.items() if name in OF_READING})
        _ = reading.frames  # refuses orders that there are not
        if "format" in given:
            checks.one_of("format", given["format"], tuple(FORMATS))
        dtype = checks.one_of("dtype", given.get("dtype", DTYPES[0]), DTYPES)
        consistency = _read(CONSISTENCY, given.get(CONSISTENCY, "no"))
    except InputError as problem:
        raise Refused(str(problem), BAD_QUERY) from None
    return Asked(reading, given.get("model"), given.get("format"), dtype or DTYPES[0], consistency)


def _read(name: str, text: str) -> Any:
    kind, words = OF_READING.get(name, (_yes_or_no, "yes or no"))
    try:
        return kind(text)
    except (ValueError, KeyError):
        raise InputError(f"`{name}` is {words}; got {shown(text)}") from None
