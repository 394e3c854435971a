"""Make docs/notebook.ipynb: its cells stand here, and are run with the shipped sample.

pip install nbformat nbclient ipykernel
python tools/notebook.py
"""

import tempfile
from pathlib import Path

NOTEBOOK = Path(__file__).parents[1] / "docs" / "notebook.ipynb"
CELLS = """
# srredsim in a notebook

From a raw SIM stack to an image, and how far to trust it. The sample comes with the project and is
simulated: 3 angles x 5 phases, about 80 photons in the brightest pixels. `tools/notebook.py` makes this page.
---
import srredsim

sample = srredsim.resources.folder("data") / "sample" / "tubulin_3x5_low_light.tif"
stack = srredsim.read(sample)  # na=, wavelength_em_um=, pixel_size_um= where the file does not say them
stack
---
## Is it good raw data?
---
srredsim.inspect(stack)
---
## The image

The classical one beside that of the network that fits the stack.
---
wiener = srredsim.reconstruct(stack)
image = srredsim.predict(stack)
print(wiener.found["verdict"], *image.notes, sep="\\n")
srredsim.show(wiener, image)
---
## Do the frames support it?
---
maps = srredsim.compare_with_frames(image, stack)
print(maps.found["line"])
maps
---
## Arrays in, arrays out, calibrated files

Whatever has the frames before y and x is taken as a stack; `axes="ZAPYX"` names more.
---
import numpy as np

frames = np.array(stack.raw())
again = srredsim.predict(frames, na=1.42, wavelength_em_um=0.525, pixel_size_um=0.08)
print(frames.shape, "->", np.shape(again), np.array_equal(again, image))
image.save("tubulin_sim.tif")
---
## Widefield images

Any array (y, x): here the mean frame of a simulated stack, whose truth is known. `widefield_sr` was trained
on such shapes; README says what it makes of others.
---
simulated, truth = srredsim.simulate(seed=3, size=128, phantom="filaments", photons=(60, 60))
widefield = simulated.raw().mean(axis=(0, 1))
model = srredsim.load_model("widefield_sr")  # loaded once, used many times
larger = srredsim.predict(widefield, model=model)
srredsim.show(widefield, larger, truth)
"""


def cells() -> list[tuple[str, str]]:
    """Kind and text of every cell; what begins with a heading is markdown."""
    texts = [text.strip("\n") for text in CELLS.split("\n---\n")]
    return [("markdown" if text.startswith("#") else "code", text) for text in texts]


def main() -> None:
    import nbformat
    from nbclient import NotebookClient

    make = {"markdown": nbformat.v4.new_markdown_cell, "code": nbformat.v4.new_code_cell}
    notebook = nbformat.v4.new_notebook(cells=[make[kind](text) for kind, text in cells()])
    with tempfile.TemporaryDirectory() as folder:
        NotebookClient(notebook, timeout=600, resources={"metadata": {"path": folder}}).execute()
    for number, cell in enumerate(notebook.cells):
        cell.id, cell.metadata = f"cell-{number}", {}
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    notebook.metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    NOTEBOOK.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")
    print(NOTEBOOK, f"{NOTEBOOK.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
