r"""Hexagonal patterns: three beams whose pairs make stripes of three directions at once, moved in seven steps.

Beam n has the lateral vector :math:`b_n` and the phase :math:`\psi_n`; the pair of beams n and n + 1 makes stripes
with the vector :math:`b_n - b_{n+1}` and the phase :math:`\psi_n - \psi_{n+1}`. A grating that moves by the right
fractions of its cell steps the three phases by 1, 2 and -3 sevenths of a period.
"""

from __future__ import annotations

import numpy as np

from srredsim.optics.illumination import DIRECTIONS, HEXAGONAL_FRAMES, HEXAGONAL_STEPS, wave_vectors_per_um

DEPTHS = (0.3, 0.6)  # three equal beams of one polarisation would make 2 / 3


def draw_pattern(rng: np.random.Generator, k_max_per_um: float) -> dict[str, np.ndarray]:
    """Fields of `srredsim.simulation.sim.Settings`, of three directions and seven frames, drawn.

    Steps are as uneven as those of stripes: 3 degrees, in one of ten stacks 10.
    """
    turning, stepping = rng.choice([-1, 1], 2)
    angles_rad = rng.uniform(0, 2 * np.pi) + turning * 2 * np.pi * np.arange(DIRECTIONS) / DIRECTIONS
    angles_rad = angles_rad + np.deg2rad(rng.normal(0.0, 0.3, DIRECTIONS))
    lengths_per_um = k_max_per_um / np.sqrt(3) * (1.0 + 0.004 * np.clip(rng.normal(size=DIRECTIONS), -3, 3))
    beams = wave_vectors_per_um(angles_rad, lengths_per_um)

    error_rad = np.deg2rad(10.0 if rng.random() < 0.1 else 3.0) / np.sqrt(2)  # of a beam: stripes have those of two
    first, second, _ = HEXAGONAL_STEPS
    steps = stepping * np.array([[first], [0], [-second]]) * 2 * np.pi * np.arange(HEXAGONAL_FRAMES) / HEXAGONAL_FRAMES
    phases_rad = rng.uniform(0, 2 * np.pi, (DIRECTIONS, 1)) + steps
    phases_rad = phases_rad + rng.normal(0.0, error_rad, phases_rad.shape)

    depths = rng.uniform(*DEPTHS) * rng.uniform(0.85, 1.0, (DIRECTIONS, 1))
    bleached = (1.0 - rng.uniform(0.0, 0.01)) ** np.arange(HEXAGONAL_FRAMES)[None]
    return {
        "k0_per_um": beams - np.roll(beams, -1, axis=0),
        "phases_rad": phases_rad - np.roll(phases_rad, -1, axis=0),
        "modulation_depths": depths,
        "intensities": bleached / bleached.mean(),
    }
