r"""Resolution without a second recording: one recording, split in two.

Raw frames are split photon by photon (`srredsim.noise.photons`): two independent recordings of half the light,
each reconstructed for itself. This is the way for SIM.
"""

from __future__ import annotations

import numpy as np

from srredsim.noise.photons import Counting, part
from srredsim.optics.sampling import SCALE
from srredsim.optics.transfer import Transfer
from srredsim.quality.frc import frc
from srredsim.reconstruction.wiener import reconstruct
from srredsim.stripes.parameters import Parameters
from srredsim.stripes.preprocess import prepare


def split_frc(
    raw: np.ndarray,
    parameters: Parameters,
    transfer: Transfer,
    counting: Counting,
    rng: np.random.Generator,
    wiener: float | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies (cycles/um) and correlation of two reconstructions from half the photons each.

    Both have the parameters of the whole stack: what is wrong with those is wrong in both, and is not seen. It ends
    where lens and stripes do: beyond, both images are what is left of rounding.
    """
    halves = part(raw, counting, 0.5, rng)
    one, other = (reconstruct(prepare(half), parameters, transfer, wiener)[0] for half in halves)
    frequencies, correlation = frc(one, other, transfer.pixel_size_um / SCALE)
    carried = frequencies <= transfer.cutoff_per_um + parameters.k_max_per_um
    return frequencies[carried], correlation[carried]
