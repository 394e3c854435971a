"""A model on a stack or an image in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from srredsim import checks
from srredsim.acquisition import Optics, RawStack
from srredsim.arrays import HOST, Device
from srredsim.consistency.widefield import agreement, cutoff_of
from srredsim.inspection.readings import watched
from srredsim.io.memory import remembering
from srredsim.lost_frames import all_lost, bridged, lost_at, told
from srredsim.noise.whitened import remarks, whitened
from srredsim.quality.report import doubtful, misread, out_of_focus, sentence
from srredsim.reconstruction.planes import Channel
from srredsim.reconstruction.survey import Survey
from srredsim.stripes.given import Known
from srredsim.zoo import own_microscope
from srredsim.zoo.chain import Chain
from srredsim.zoo.models import LoadedModel


@dataclass(frozen=True)
class Predicted:
    """An image and what is to be said of it."""

    image: np.ndarray  # float32; (t, c, z, y, x) of a RawStack, else with the axes of what was given
    optics: Optics  # those of the stack, with the pixel size of the image
    channels: tuple[Channel, ...]  # stripes, at the first time, and lens of each, where the input is made with them
    notes: tuple[str, ...]
    agreement: list[dict] | None = None  # that of widefield images with the input, see `srredsim.consistency.widefield`

    def found(self, chain: Chain, device: Device) -> dict[str, Any]:
        """How it was made and what it rests on, ready for JSON."""
        told = {
            "model": chain.name,
            "engine": chain.first.engine,
            "precision": chain.first.precision,
            "device": device.name,
            "stripes": [sentence(each) for each in self.channels],
            "out_of_focus": [each.haze.report() for each in self.channels],
            "parameters": [each.parameters.report() for each in self.channels],
        }
        return told | ({"agreement": self.agreement} if self.agreement else {})


def predict(
    model: LoadedModel | Chain,
    data: RawStack | Any,
    *,
    tile: int | None = None,
    device: Device = HOST,
    progress: Callable[[int, int], None] | None = None,
    known: Known | None = None,
) -> Predicted:
    """Super-resolved, or denoised, image of every plane.

    Parameters
    ----------
    model : LoadedModel or Chain
    data : RawStack or array
        A RawStack for models of raw stacks; for those of widefield images also an image (y, x), or many (..., y, x).
    device : Device, optional
        Where what is made for the network is computed.
    tile : int, optional
        Side of a tile in raw pixels, without its context; smaller tiles take less memory and more time.
    progress : callable, optional
        Called as ``progress(done, total)``.
    known : Known, optional
        What is known of the stripes, for models whose input is made with them.

    Raises
    ------
    InputError
        If the model does not take such data, or a plane cannot be used.
    """
    if tile is not None:
        checks.positive("tile", tile)
    chain = model if isinstance(model, Chain) else Chain(model)
    chain.check_known(known)
    opened, watch = watched(chain.stack_of(data))
    stack = remembering(whitened(bridged(opened)))
    chain.settle(int(np.prod(opened.array.shape[:3])) * int(np.prod(opened.array.shape[-2:])), device)
    with watch.explaining():
        survey = chain.kind.survey(stack, own_microscope.finding(chain.first, stack, None), known)
    planes = chain.planes(stack, survey, tile)
    shape, sides = stack.array.shape[:3], [chain.scale * side for side in stack.array.shape[-2:]]
    image = np.empty((*shape, *sides), np.float32)
    tick = counted(progress, stack.array.shape[1] * shape[0] * shape[2] * planes.ticks)
    compared = chain.agreements()
    for position in in_order(shape):
        raw = planes(position, image[position], tick)
        checks.image_made(image[position], stack.at(position, f"the model {chain.name}"))
        if lost_at(stack.array, position):
            image[position] = 0
        if compared:
            compared.add(position, agreement(raw[0, 0], image[position], cutoff_of(stack.optics, position[1])))
    doubts = list(dict.fromkeys(line for channel in survey.made_with for line in channel.transfer.remarks))
    doubts += about_lens(survey, watch.doubts(remarks(stack)))
    doubts += own_microscope.doubts(chain.first, stack, survey.stripes)
    doubts += compared.notes() if compared else []
    doubts += doubtful([sentence(each) for each in survey.made_with], doubts)
    if not isinstance(data, RawStack):
        image = image.reshape(*np.shape(data)[:-2], *sides)
    optics = stack.optics.finer(chain.scale)
    empty = told(shape, all_lost(stack.array))
    notes, rows = (*stack.notes, *chain.notes, *empty, *doubts), compared.report() if compared else None
    return Predicted(image, optics, survey.made_with, notes, rows)


def about_lens(survey: Survey, doubts: Sequence[str]) -> list[str]:
    """Doubts about frames, and what was found of stripes and lens; not of frames that are misread."""
    return [*doubts] if misread(doubts) else [*survey.remarks, *doubts, *out_of_focus(survey.made_with)]


def in_order(shape: tuple[int, int, int]) -> list[tuple[int, int, int]]:
    """Every (t, c, z): channel by channel, in each of them time by time, z fastest."""
    times, channels, slices = shape
    return [(t, c, z) for c in range(channels) for t, z in np.ndindex(times, slices)]


def counted(progress: Callable[[int, int], None] | None, total: int) -> Callable[[], None]:
    """What counts each call, and tells ``progress``."""
    done = 0

    def tick() -> None:
        nonlocal done
        done += 1
        if progress:
            progress(done, total)

    return tick
