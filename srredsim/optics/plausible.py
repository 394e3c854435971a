"""What values the optics of a fluorescence microscope can have; of any other, what was likely meant."""

from __future__ import annotations

from dataclasses import dataclass

from srredsim.errors import InputError


@dataclass(frozen=True)
class Range:
    """Values from ``lowest`` to ``highest``, what is said of others, and what was likely meant by them."""

    lowest: float
    highest: float
    refusal: str
    wanted: str
    example: str
    meant: float  # the lowest value that somebody is likely to have meant
    factors: tuple[float, ...]  # by which a value is too large in another unit, or without its decimal point


OTHER_UNITS = (1e3, 1e4, 1e-3, 1e-6)  # nm, Angstrom, mm and m, where um are wanted
RANGES = {
    "na": Range(0.0, 1.7, "no objective has a numerical aperture of {:g}", "up to 1.7", "1.4", 0.4, (10, 100, 1000)),
    "wavelength_em_um": Range(
        0.3, 1.2, "an emission wavelength of {:g} um is no visible light", "in um", "0.525", 0.3, OTHER_UNITS
    ),
    "pixel_size_um": Range(
        1e-4, 25.0, "no microscope has pixels of {:g} um in the object", "in um", "0.08", 0.01, OTHER_UNITS
    ),
}


def check(name: str, value: float) -> float:
    """The value, of an argument of this name.

    Raises
    ------
    InputError
        If no microscope has it; the message asks for the likely value, "0.525?" where 525 came.
    """
    known = RANGES[name]
    if value > 0 and known.lowest <= value <= known.highest:
        return value
    tried = (value / factor for factor in known.factors)
    likely = next((f"{one:.6g}?" for one in tried if known.meant <= one <= known.highest), f"as {known.example}")
    raise InputError(f"{known.refusal.format(value)}; give `{name}` {known.wanted}, {likely}")
