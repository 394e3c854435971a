"""What is read from YAML becomes a frozen dataclass: every key is known, none is missing, each has its type."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from srredsim.errors import InputError, shown

T = TypeVar("T")


def build(
    cls: type[T], content: Any, what: str = "", prefix: str = "", sections: Mapping[str, type] | None = None
) -> T:
    """An instance of a dataclass from keys and values.

    Parameters
    ----------
    what : str
        Where the keys stand, for messages: ``recipe``, or the path of a file.
    prefix : str
        What stands before a key in a message: ``data.``
    sections : mapping
        Dataclasses of the keys that have keys of their own.

    Raises
    ------
    InputError
        If a key is unknown (the known ones and the nearest one are named), missing, or of another type.
    """
    fields = {f.name: f for f in dataclasses.fields(cast(Any, cls))}
    if not isinstance(content, dict):
        raise InputError(
            f"{prefix.rstrip('.') or what} should be keys and values ({', '.join(fields)}); got {shown(content)}"
        )
    values: dict[str, Any] = {}
    for key, value in content.items():
        if key not in fields:
            raise InputError(unknown_key(what, prefix + str(key), fields))
        nested, absent = (sections or {}).get(key), value is None and "None" in _words(fields[key].type)
        if nested and not absent:
            values[key] = build(nested, value, what, f"{prefix}{key}.")
        else:
            values[key] = typed(_words(fields[key].type), value, prefix + key)
    missing = [f.name for f in fields.values() if f.default is f.default_factory and f.name not in values]
    if missing:
        raise InputError(f"the {what or 'description'} lacks {', '.join(prefix + name for name in missing)}")
    return cls(**values)


def unknown_key(what: str, key: str, known) -> str:
    """``no recipe key data.bach (did you mean 'batch'?); there are: ...``"""
    return f"no {what} key {key}{nearest(key.rpartition('.')[2], known)}; there are: {', '.join(known)}".replace(
        "  ", " "
    )


def typed(annotation: str, value: Any, key: str) -> Any:
    """The value as the annotation wants it; YAML reads 1e-4 as text, and whole numbers where a fraction may stand."""
    kinds = [kind.strip() for kind in annotation.split("|")]
    if (value is None and "None" in kinds) or "Any" in kinds:
        return value
    try:
        if "float" in kinds and not isinstance(value, bool):
            return float(value)
        if "int" in kinds and not isinstance(value, bool) and float(value).is_integer():
            return int(float(value))
    except (TypeError, ValueError, OverflowError):
        pass
    if ("str" in kinds and isinstance(value, str)) or ("bool" in kinds and isinstance(value, bool)):
        return value
    if annotation.startswith("dict") and isinstance(value, dict):
        return value
    if annotation.startswith("tuple") and isinstance(value, (list, tuple)):
        return tuple(value)
    raise InputError(f"{key} should be {annotation.replace(' | None', ' (or null)')}; got {shown(value)}")


def _words(annotation: Any) -> str:
    """The annotation as it is written, whether or not it was evaluated."""
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)


def nearest(word: str, known, alike: float = 0.5) -> str:
    """`` (did you mean 'x'?)``, or nothing where none is so much ``alike``, 0 to 1."""
    close = difflib.get_close_matches(str(word)[:80], [str(k) for k in known], n=1, cutoff=alike)
    return f" (did you mean {close[0]!r}?)" if close else ""


def choice(key: str, value: Any, choices) -> None:
    """InputError if the value of a key is none of the choices."""
    if value not in choices:
        raise InputError(f"no {key} {shown(value)}{nearest(value, choices)}; there are: {', '.join(map(str, choices))}")
