"""Optics that the frames contradict: a pixel size that is the camera's and not the object's, a number mistyped."""

from __future__ import annotations

from srredsim.noise.knee import knee_of, zeros_of
from srredsim.optics.transfer import Transfer
from srredsim.stripes.cutoff import Likelihood
from srredsim.stripes.damping import IDEAL
from srredsim.stripes.parameters import Damping, Parameters
from srredsim.stripes.preprocess import Prepared

SUSPECT, WRONG = 1.2, 1.25  # factors between the cut-off that is known and that of the knee; that of the stripes
DAMPED, CERTAIN = 0.15, 2.5  # difference between a damping given and that of the frames; over its uncertainty
FINEST = 1.07  # times the cut-off: finer stripes no lens makes, as light to excite is not much bluer


def contradiction(prepared: Prepared, found: Parameters, transfer: Transfer) -> str:
    """What to say where frames show another cut-off than the optics have it; empty if they do not.

    The knee of band 0 is seen at once; what the stripes say takes longer, and is asked only where the knee is suspect.
    Without stripes, a smooth sample looks as a lens does that passes less.
    """
    if len(prepared.frames) < 2:
        return ""
    given, zeros = transfer.cutoff_per_pixel, zeros_of(prepared.frames)
    shown = knee_of(zeros)
    if shown.contradicts(given, SUSPECT) and not found.failed:
        shown = Likelihood(prepared, found, zeros, shown, transfer.pixel_size_um).best()
    if not shown.contradicts(given, WRONG):
        return ""
    if found.failed and shown.per_pixel < given:
        return (
            f"warning: the frames show nothing finer than {shown.per_pixel:.3f} cycles/pixel, of {given:.3f} that NA,"
            " wavelength and pixel size let pass: a sample without structure, or out of focus; if it is neither, check"
            " `pixel_size_um`, `na` and `wavelength_em_um`"
        )
    stripes = found.k_max_per_um * transfer.pixel_size_um
    if stripes > FINEST * shown.per_pixel:
        return (
            f"warning: the frames are blurred as by a lens that cuts off at {shown.per_pixel:.3f} cycles/pixel, but"
            f" have stripes of {stripes:.3f}, too fine for it: a lens with aberrations, or out of focus; check"
            " immersion, cover glass and correction collar"
        )
    return (
        f"warning: the frames show a lens that cuts off at {shown.per_pixel:.3f} cycles/pixel, and not at"
        f" {given:.3f} as NA, wavelength and pixel size have it; check `pixel_size_um`, `na` and"
        " `wavelength_em_um`, or leave them out: it is estimated from the frames then"
    )


def contradicted(damping: Damping | None) -> str:
    """What to say of a lens that is not as it was given, that is aberrated, or that there is none like; else empty."""
    if damping is None or damping.measured is None or damping.uncertainty is None:
        return ""
    certain = max(DAMPED, CERTAIN * damping.uncertainty)
    shown = f"{damping.measured:.2f} ± {damping.uncertainty:.2f}"
    if damping.chosen == "given" and abs(damping.measured - damping.value) > certain:
        return (
            f"warning: the frames show a lens with a damping of {shown}; used {damping.value:.2f} as given: contrasts"
            " and fine detail may be wrong"
        )
    if damping.chosen == "measured" and damping.measured - IDEAL > certain:
        return (
            "warning: the frames do not fall off towards fine detail as those of a lens with these optics (damping"
            f" {shown}, of at most 1): an aberrated lens (oil, cover glass, depth), frames that were sharpened or"
            " deconvolved, or a wrong `na`, `wavelength_em_um` or `pixel_size_um`"
        )
    if damping.chosen == "measured" and damping.spherical_waves:
        return (
            f"the lens has a spherical aberration of {damping.spherical_waves:.2f} waves (root mean square), as of oil,"
            " cover glass or depth that it is not made for; it was measured in the frames, and is undone"
        )
    return ""
