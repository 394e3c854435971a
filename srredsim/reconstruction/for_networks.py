r"""Images as networks are given them: without light that is clearly out of focus, of which they have seen little.

Networks have learned on stacks in which most light is in focus. A field that is mostly haze, as a cell above the
filaments that are looked at, is given to them as if it had not been there: the Wiener image leaves it out, and what the
mean of the frames has more than that image (`srredsim.reconstruction.richardson_lucy.out_of_focus`) is taken off the
widefield image and off the frames. Its noise stays. Filaments under a cell that has eight times their light, 200
photons, three beams, in correlation with the truth: `red_wiener` 0.86, so 0.97; `unrolled` 0.69, so 0.95.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from srredsim.arrays import HOST, Device
from srredsim.noise.camera import noise_of_frames
from srredsim.noise.spectrum import NoiseSpectrum
from srredsim.normalise import Scaling
from srredsim.optics.transfer import Transfer
from srredsim.reconstruction.forward import Forward, stripes_of
from srredsim.reconstruction.lit import NUMBERS, Lit, lit
from srredsim.reconstruction.planes import Channel, reconstruct_on
from srredsim.reconstruction.richardson_lucy import out_of_focus
from srredsim.reconstruction.upscale import widefield_of
from srredsim.reconstruction.wiener import reconstruct
from srredsim.stripes.estimate import estimate
from srredsim.stripes.haze import Haze, haze_of
from srredsim.stripes.parameters import Parameters
from srredsim.stripes.preprocess import Prepared, prepare

MUCH = 0.45  # share of the power of the coarsest structures
MUCH_UNDER_FINE = 0.87  # the same under stripes that show next to nothing of them


def unlearned(haze: Haze) -> Haze | float:
    """Attenuation of a Wiener image before a network cleans it: of fine stripes of two beams, none where none is sure.

    Networks take what haze is left away by themselves. Of 26 hazy stacks, 24 of `simulated_real`, with shares from
    .06 to .33, all came out better without it; of ten thin ones in which it was found by mistake seven worse, by .0035
    of correlation at most. Of three beams, images made with all the haze that may be are better: by 0.4 dB in the mean
    of 107 stacks of all conditions.
    """
    return haze if haze.share or haze.likely else 0.0


def only_sure(haze: Haze) -> Haze | float:
    """The same of the parts of an image, which a network puts together: none where no haze is sure.

    `srredsim` has learned on such parts. With all the haze that may be it was 1 dB better at 1000 photons, and 0.4 dB
    worse at 10.
    """
    return haze if haze.share else 0.0


def much(attenuation: Haze | float) -> bool:
    """Whether so much light is clearly out of focus that an image without it is no longer one of all the light."""
    return isinstance(attenuation, Haze) and attenuation.share >= MUCH


def hidden(attenuation: Haze | float) -> bool:
    """Whether it is hidden from a network that cleans Wiener images: where they show coarse structures as well.

    Under the finest stripes of two beams they do not, and it takes them from the widefield image.
    """
    least = MUCH if isinstance(attenuation, Haze) and attenuation.likely else MUCH_UNDER_FINE
    return isinstance(attenuation, Haze) and attenuation.share >= least


def dark_beside(
    prepared: Prepared, parameters: Parameters, transfer: Transfer, image: np.ndarray, attenuation: Haze | float
) -> np.ndarray | np.float32:
    """Light (y, x) of the mean of the frames that is out of focus beside a Wiener image; 0 unless it is `much`.

    Parameters
    ----------
    image : (2y, 2x) ndarray
        As made of the frames with this attenuation.
    """
    if not much(attenuation):
        return np.float32(0.0)
    forward = Forward(prepared.frames.shape[2:], transfer, stripes_of(parameters))
    return out_of_focus(prepared, forward, parameters, transfer, image, attenuation)


@dataclass(frozen=True)
class OfOptics:
    """What is made of one raw stack of which nothing is known but the optics."""

    image: np.ndarray  # (2y, 2x)
    parameters: Parameters
    transfer: Transfer  # with the lens
    attenuation: Haze | float
    dark: np.ndarray | np.float32  # as of `dark_beside`, of what is `hidden`

    def widefield(self, frames: np.ndarray) -> np.ndarray:
        """Mean (y, x) of the frames (y, x, count), without what is clearly out of focus."""
        return widefield_of(frames) - self.dark


def of_optics(prepared: Prepared, transfer: Transfer) -> OfOptics:
    """The Wiener image for networks, see `unlearned`, and all that it rests on."""
    found = estimate(prepared, transfer)
    lens = found.lens(transfer)
    haze = unlearned(haze_of(prepared.frames, found, transfer, prepared.noise))
    image, _ = reconstruct(prepared, found, lens, attenuation=haze)
    dark = dark_beside(prepared, found, lens, image, haze) if hidden(haze) else np.float32(0.0)
    return OfOptics(image, found, lens, haze, dark)


def lit_of(raw: np.ndarray, transfer: Transfer, scaling: Scaling, noise: NoiseSpectrum | None = None) -> Lit:
    """All that is estimated of one raw stack (angles, phases, y, x) of which nothing is known but the optics.

    ``scaling`` is that of its frames, ``noise`` that which they had before it was made white.
    """
    prepared = prepare(raw, noise=noise)
    found = estimate(prepared, transfer)
    haze = haze_of(prepared.frames, found, transfer, noise)
    return lit_with(raw, prepared, Channel(found, found.lens(transfer), haze=haze), scaling)


def lit_with(raw: np.ndarray, prepared: Prepared, channel: Channel, scaling: Scaling, device: Device = HOST) -> Lit:
    """The same of stripes, lens and haze that are known; the Wiener image is computed on the device."""
    found, lens, haze = channel.parameters, channel.transfer, unlearned(channel.haze)
    image, regularisation = reconstruct_on(device, prepared, found, lens, attenuation=haze)
    forward = Forward(prepared.frames.shape[2:], lens, stripes_of(found))
    dark = np.broadcast_to(out_of_focus(prepared, forward, found, lens, image, haze), prepared.frames.shape[2:])
    noise = noise_of_frames(raw, lens.cutoff_per_pixel)
    if not much(haze):
        return lit(prepared, found, lens, (image, regularisation, dark), noise, scaling)
    in_focus = replace(prepared, frames=prepared.frames - dark)
    one = lit(in_focus, found, lens, (image, regularisation, np.zeros_like(dark)), noise, scaling)
    numbers = dict(zip(NUMBERS, one.numbers, strict=True))
    numbers["noise_dark"] += numbers["noise_gain"] * dark.mean() / scaling.gain  # the noise that it leaves
    return replace(one, numbers=np.array([*numbers.values()], np.float32))
