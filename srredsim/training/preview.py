"""One picture of a training: what went in, what came out, what should have."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from srredsim import io


def save_preview(path: Path, widefield: np.ndarray, image: np.ndarray, truth: np.ndarray, title: str) -> None:
    """Widefield, network and truth side by side, on the grey scale of the truth."""
    from matplotlib.figure import Figure

    high = max(float(np.percentile(truth, 99.8)), 1e-6)
    figure = Figure(figsize=(12, 4.4))
    panels = {"widefield": widefield, "network": image, "truth": truth}
    for number, (name, panel) in enumerate(panels.items()):
        axes = figure.add_axes((0.005 + number / 3, 0.01, 0.32, 0.84))  # to find these places takes as long as the rest
        top = high if panel is not widefield else float(np.percentile(widefield, 99.8))
        axes.imshow(np.asarray(panel, np.float32), cmap="inferno", vmin=0, vmax=top)
        axes.set_title(name)
        axes.set_axis_off()
    figure.suptitle(title)
    with io.atomic(path, overwrite=True) as temporary:
        figure.savefig(temporary, dpi=100)
