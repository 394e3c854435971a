"""Images that need no network: what a network has to be better than. All are on the grid of the truth."""

from __future__ import annotations

import numpy as np

from srredsim.acquisition import Optics, raw_from_frames
from srredsim.data.pairs import Pair
from srredsim.data.reconstructed import made_white
from srredsim.optics.sampling import SCALE
from srredsim.optics.transfer import transfer_of
from srredsim.reconstruction.for_networks import OfOptics, of_optics
from srredsim.reconstruction.richardson_lucy import richardson_lucy
from srredsim.reconstruction.upscale import bicubic_upscale, widefield_of
from srredsim.stripes.preprocess import Prepared, prepare

WIENER, FOURIER, BICUBIC = "Wiener", "widefield (Fourier)", "widefield (bicubic)"
RICHARDSON_LUCY = "Richardson-Lucy"
WIDEFIELD = "widefield"
WIENER_NEEDS = "optics"  # among the facts of a pair


def of_frames(pair: Pair, angles: int, phases: int) -> dict[str, np.ndarray]:
    """The widefield image, and the Wiener image where the optics are known."""
    wiener = wiener_image(pair, angles, phases)
    return of_plane(widefield_of(pair.frames), pair.scale) | ({} if wiener is None else {WIENER: wiener})


def of_plane(image: np.ndarray, scale: int) -> dict[str, np.ndarray]:
    """The image itself, with as many pixels as the truth."""
    return {WIDEFIELD: image} if scale == 1 else {BICUBIC: bicubic_upscale(image, scale)}


def wiener_image(pair: Pair, angles: int, phases: int) -> np.ndarray | None:
    """Wiener image of the frames of a pair, whose stripes are found in the frames; None if its optics are not known."""
    found = _found(pair, angles, phases)
    return None if found is None else found[1].image


def richardson_lucy_image(pair: Pair, angles: int, phases: int) -> np.ndarray | None:
    """What Richardson-Lucy makes of that image; None as for it."""
    if (found := _found(pair, angles, phases)) is None:
        return None
    prepared, made = found
    return richardson_lucy(prepared, made.parameters, made.transfer, made.image, attenuation=made.attenuation)


def _found(pair: Pair, angles: int, phases: int) -> tuple[Prepared, OfOptics] | None:
    """The frames as they are prepared, their noise white, and what is made of them; None without optics."""
    if WIENER_NEEDS not in pair.facts or pair.scale != SCALE:
        return None
    white, noise = made_white(pair, angles, phases)
    prepared = prepare(raw_from_frames(white.frames, angles, phases), noise=noise)
    return prepared, of_optics(prepared, transfer_of(Optics(**pair.facts["optics"])))
