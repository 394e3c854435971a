"""Whether to believe a reconstruction: numbers, and what they mean in words."""

from __future__ import annotations

from typing import Any

import numpy as np

from srredsim.optics.sampling import SCALE
from srredsim.optics.transfer import Transfer
from srredsim.quality.beyond_cutoff import power_beyond_cutoff
from srredsim.quality.decorrelation import decorrelation
from srredsim.quality.residual_stripes import FAINT, LIMIT_Z, in_words, residual_stripes, visible
from srredsim.quality.squirrel import squirrel
from srredsim.reconstruction.for_networks import dark_beside, much
from srredsim.reconstruction.planes import Plane
from srredsim.reconstruction.wiener import Regularisation
from srredsim.stripes.parameters import Parameters

WIDEFIELD = "the widefield image"
EXTREME = 1e-5  # share of the pixels: 0.001 %
MMR_WORDS = ((3.0, "inadequate"), (6.0, "low"), (12.0, "good"), (np.inf, "excellent"))
BEYOND_LEAST = 1.2  # times the power of noise: below, the finest detail is noise


def max_min_ratio(image: np.ndarray) -> float | None:
    r"""How far the brightest pixels stand above the background, over how far the darkest fall below it.

    .. math:: \frac{\overline{\mathrm{top}\ 0.001\,\%} - \mathrm{mode}}
                   {\mathrm{mode} - \overline{\mathrm{bottom}\ 0.001\,\%}}

    A good reconstruction has few negative pixels; noise and artefacts have as many as positive ones. None for an image
    without pixels below its mode. The image must not have been clipped.

    References
    ----------
    .. [1] G. Ball et al., Sci. Rep. 5, 15915 (2015).
    """
    values = np.sort(np.asarray(image, np.float64), axis=None)
    count = max(1, round(EXTREME * values.size))
    most_frequent = mode(values)
    below = most_frequent - np.mean(values[:count])
    return float((np.mean(values[-count:]) - most_frequent) / below) if below > 0 else None


def mode(ordered: np.ndarray) -> float:
    """Most frequent value of sorted numbers: the shortest interval that holds half of them, halved again and again.

    References
    ----------
    .. [1] D. R. Bickel, R. Frühwirth, Comput. Stat. Data Anal. 50, 3500 (2006).
    """
    while len(ordered) > 2:
        half = (len(ordered) + 1) // 2
        widths = ordered[half - 1 :] - ordered[: len(ordered) - half + 1]
        shortest = np.flatnonzero(widths == widths.min())
        first = int(shortest[len(shortest) // 2])
        ordered = ordered[first : first + half]
    return float(np.mean(ordered))


def assess(
    image: np.ndarray,
    widefield: np.ndarray,
    parameters: Parameters,
    transfer: Transfer,
    regularisation: Regularisation | None = None,
    compared_with: str = WIDEFIELD,
) -> dict[str, Any]:
    """Judge one reconstruction, without the truth; ready for JSON.

    Parameters
    ----------
    image : (2y, 2x) ndarray
        With its negative pixels.
    widefield : (y, x) ndarray
        Mean of the prepared frames: background off, in the units of the image.
    regularisation : Regularisation, optional
        What the image was made with; left out, ``beyond_cutoff`` is None.
    compared_with : str
        What the words call ``widefield``.

    Returns
    -------
    dict
        ``mmr``, ``rsp``, ``rse`` (units of the image), ``rsf_sigma_um``, ``decorrelation_um``, ``beyond_cutoff``
        (power there, over that of noise alone), ``stripes`` (the strongest residual ones) and ``artefacts``, and in
        ``words`` a sentence on each.
    """
    pixel_size_um = transfer.pixel_size_um / SCALE
    ratio = max_min_ratio(image) if np.min(image) < 0 else None  # else its method makes none that are dark
    compared = squirrel(image, widefield, transfer.pixel_size_um)
    resolution_um = decorrelation(image, pixel_size_um).resolution_um
    beyond = None
    if regularisation is not None:
        beyond = power_beyond_cutoff(image, widefield, parameters, transfer, regularisation)
    stripes = residual_stripes(image, parameters, transfer, pixel_size_um)
    strong = visible(stripes)
    return {
        "mmr": ratio,
        "rsp": compared.rsp,
        "rse": compared.rse,
        "rsf_sigma_um": compared.sigma_um,
        "decorrelation_um": resolution_um,
        "beyond_cutoff": beyond,
        "stripes": max(stripes, key=lambda found: found["z"], default=None),
        "stripes_limits": {"z": LIMIT_Z, "contrast": FAINT},
        "artefacts": strong,
        "words": [
            _mmr_words(ratio, parameters.failed),
            f"blurred, the image agrees with {compared_with} to a correlation of {compared.rsp:.3f} (RSP, 1 at best);"
            " this says nothing about detail finer than that",
            _decorrelation_words(None if resolution_um is None else transfer.in_words(resolution_um)),
            *_beyond_words(beyond),
            *(in_words(found) for found in strong),
            *([] if strong or not stripes else ["no stripes remain visible in the image"]),
        ],
    }


def of_plane(plane: Plane, plain: bool = True) -> dict[str, Any]:
    """Scores of an image with all that it was made from; `plain` unless more than a Wiener filter was at work.

    An image without light that is clearly out of focus is compared with a widefield image without it.
    """
    dark = dark_beside(plane.prepared, plane.parameters, plane.transfer, plane.image, plane.attenuation)
    widefield = plane.prepared.frames.mean(axis=(0, 1)) - dark
    regularisation = plane.regularisation if plain else None
    compared = f"what is in focus of {WIDEFIELD}" if much(plane.attenuation) else WIDEFIELD
    return assess(plane.image, widefield, plane.parameters, plane.transfer, regularisation, compared)


def _mmr_words(ratio: float | None, without_stripes: bool) -> str:
    if ratio is None:
        return "no pixel is darker than the background: the range of intensities (max/min ratio) has no value"
    if without_stripes:
        return f"range of intensities (max/min ratio) {ratio:.1f}, which says nothing of an image without stripes"
    word = next(word for bound, word in MMR_WORDS if ratio < bound)
    return f"range of intensities (max/min ratio) {ratio:.1f}: {word} (low from 3, good from 6, excellent from 12)"


def _decorrelation_words(resolution: str | None) -> str:
    found = resolution or "no resolution"
    return f"decorrelation analysis: {found}; noise makes this figure finer, it is no sign of quality by itself"


def _beyond_words(ratio: float | None) -> list[str]:
    if ratio is None:
        return []
    if ratio < BEYOND_LEAST:
        return ["beyond the resolution of the widefield image there is little but noise: do not trust fine detail"]
    return [f"beyond the resolution of the widefield image the signal has {ratio:.1f} times the power of the noise"]
