"""Figures of the W2S paper (arXiv 2003.05961, Tables 1 to 3): RMSE and SSIM, means over its 120 test images.

Keys are chains as `srredsim.evaluation.w2s.cells` names them; values are (RMSE, SSIM) by noise level.
"""

from __future__ import annotations

DENOISING = {  # Table 1: averages of 1, 2, 4, 8, 16 captures
    "pure_let": [(0.089, 0.864), (0.076, 0.899), (0.062, 0.928), (0.052, 0.944), (0.044, 0.958)],
    "vst_epll": [(0.083, 0.887), (0.074, 0.916), (0.061, 0.937), (0.051, 0.951), (0.044, 0.962)],
    "vst_bm3d": [(0.080, 0.897), (0.072, 0.921), (0.059, 0.939), (0.050, 0.953), (0.043, 0.962)],
    "memnet": [(0.090, 0.901), (0.072, 0.909), (0.063, 0.925), (0.059, 0.944), (0.059, 0.944)],
    "dncnn": [(0.078, 0.907), (0.061, 0.926), (0.049, 0.944), (0.041, 0.954), (0.033, 0.964)],
    "ridnet": [(0.076, 0.910), (0.060, 0.928), (0.049, 0.943), (0.041, 0.955), (0.034, 0.964)],
}

NETWORKS = ("rcan", "rdn", "san", "srfbn", "epsr", "esrgan")
AFTER_DENOISING = {  # Table 2: one capture, denoised, then one of `NETWORKS`
    "pure_let": [(0.432, 0.697), (0.458, 0.695), (0.452, 0.693), (0.444, 0.694), (0.658, 0.594), (0.508, 0.646)],
    "vst_epll": [(0.425, 0.716), (0.434, 0.711), (0.438, 0.707), (0.442, 0.710), (0.503, 0.682), (0.485, 0.703)],
    "vst_bm3d": [(0.399, 0.753), (0.398, 0.748), (0.418, 0.745), (0.387, 0.746), (0.476, 0.698), (0.405, 0.716)],
    "memnet": [(0.374, 0.755), (0.392, 0.749), (0.387, 0.746), (0.377, 0.752), (0.411, 0.713), (0.392, 0.719)],
    "dncnn": [(0.357, 0.756), (0.365, 0.749), (0.363, 0.753), (0.358, 0.754), (0.402, 0.719), (0.373, 0.726)],
    "ridnet": [(0.358, 0.756), (0.371, 0.747), (0.364, 0.752), (0.362, 0.753), (0.411, 0.710), (0.379, 0.725)],
}
NOISE_FREE = [(0.255, 0.836), (0.251, 0.837), (0.258, 0.834), (0.257, 0.833), (0.302, 0.812), (0.289, 0.813)]
NOISY = [(0.608, 0.382), (0.589, 0.387), (0.582, 0.388), (0.587, 0.380), (0.627, 0.318), (0.815, 0.279)]

JOINT = {  # Table 3: averages of 1, 2, 4, 8 captures
    "dncnn+rcan": [(0.357, 0.756), (0.348, 0.779), (0.332, 0.797), (0.320, 0.813)],
    "dncnn+esrgan": [(0.373, 0.726), (0.364, 0.770), (0.349, 0.787), (0.340, 0.797)],
    "jdsr_rcan": [(0.343, 0.767), (0.330, 0.780), (0.314, 0.799), (0.308, 0.814)],
    "jdsr_esrgan": [(0.351, 0.758), (0.339, 0.771), (0.336, 0.788), (0.322, 0.798)],
    "jdsr_rrdb": [(0.340, 0.760), (0.326, 0.779), (0.318, 0.797), (0.310, 0.801)],
}


def published(chain: str, level: int) -> tuple[float, float] | None:
    """(RMSE, SSIM) that the paper gives for a chain of methods at a noise level; None if it gives none."""
    return _TABLE.get((chain, level))


def _table() -> dict[tuple[str, int], tuple[float, float]]:
    table: dict[tuple[str, int], tuple[float, float]] = {}
    for rows, levels in ((DENOISING, (1, 2, 4, 8, 16)), (JOINT, (1, 2, 4, 8))):
        table |= {(name, level): cell for name, row in rows.items() for level, cell in zip(levels, row, strict=True)}
    for denoiser, row in AFTER_DENOISING.items():
        table |= {(f"{denoiser}+{name}", 1): cell for name, cell in zip(NETWORKS, row, strict=True)}
    for level, row in ((400, NOISE_FREE), (1, NOISY)):
        table |= {(name, level): cell for name, cell in zip(NETWORKS, row, strict=True)}
    return table


_TABLE = _table()
