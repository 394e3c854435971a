"""The Wiener image of the frames, the widefield image and how noisy they are: ``data.input: wiener``.

What stands in which channel, `srredsim.reconstruction.channels` says. The stripes are gone, so a network takes images
of any pattern; and its output has the pixels of its input, twice the raw ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from srredsim.acquisition import Optics, Position, RawStack
from srredsim.errors import InputError
from srredsim.inputs import _stacks, no_link
from srredsim.inputs._stacks import patterns, refuse_array, refuse_leaves
from srredsim.io.image import as_dtype
from srredsim.io.raw import raw_stack
from srredsim.optics.illumination import check_phases
from srredsim.reconstruction.survey import Sharpest, Survey, surveyed

if TYPE_CHECKING:
    from srredsim.acquisition import Pattern
    from srredsim.data.catalogue import DataSet
    from srredsim.data.pairs import Pair
    from srredsim.io import Reading
    from srredsim.io.source import Source
    from srredsim.normalise import Scaling
    from srredsim.optics.transfer import Transfer
    from srredsim.reconstruction.planes import Channel
    from srredsim.stripes.given import Known
    from srredsim.stripes.parameters import Parameters
    from srredsim.stripes.preprocess import Prepared
    from srredsim.zoo.models import LoadedModel
    from srredsim.zoo.recipe import Data, Recipe
    from srredsim.zoo.windows import Network

WORDS = "Wiener images"
OF_STACKS = True
WITH_STRIPES = True
INPUT_NAME = "channels"
check_reading, shown_as = _stacks.check_reading, _stacks.shown_as
check_constants, with_constants, notes = _stacks.check_constants, _stacks.with_constants, _stacks.notes
tested_on, scored, compared_with = _stacks.tested_on, _stacks.scored, _stacks.compared_with


def check_data(data: Data) -> None:
    refuse_leaves(data)


def check(recipe: Recipe, channels_in: int, scale: int) -> None:
    from srredsim.reconstruction.channels import CHANNELS

    if channels_in != len(CHANNELS) or scale != 1:
        raise InputError(
            f"a network of Wiener images takes {len(CHANNELS)} channels ({', '.join(CHANNELS)}) at scale 1; set"
            f" network.input_channels={len(CHANNELS)} and network.scale=1"
        )


def sampling(recipe: Recipe) -> int:
    from srredsim.optics.sampling import SCALE

    return SCALE


def describe(recipe: Recipe) -> dict:
    return {"input": WORDS, "patterns": patterns(recipe.data)}


def suits(data: Data, pattern: Pattern, optics: Optics) -> int:
    """Any stack that can be reconstructed, and better than a model of its raw frames."""
    from srredsim.optics.transfer import transfer_of

    try:
        check_phases(pattern.phases)
        for one in optics.each:
            transfer_of(one)
    except InputError:
        return 0
    return 2


def offer(name: str, data: Data) -> str:
    return f"{name} (any, with `na`, `wavelength_em_um` and `pixel_size_um`)"


def examples(recipe: Recipe, split: str) -> DataSet:
    from srredsim.data import catalogue

    data = recipe.data
    wanted = data.wanted(split)
    return catalogue.open_reconstructed(data.name, split, data.each_pattern, wanted.count, wanted.options)


# Prediction


def check_link(name: str) -> None:
    raise no_link(name, WORDS)


def of_plane(network: Network, image: np.ndarray, tile: int | None = None) -> np.ndarray:
    raise no_link(network.model.name, WORDS)


def open(source: Source, path: Path | None, model: LoadedModel, reading: Reading) -> RawStack:
    return stack_of(raw_stack(source, path, reading), model)


def stack_of(array: Any, model: LoadedModel) -> RawStack:
    from srredsim.optics.transfer import transfers_of
    from srredsim.reconstruction.unknown_optics import with_cutoffs

    if not isinstance(array, RawStack):
        refuse_array(model.name, WORDS)
    check_phases(array.pattern.phases)
    stack = with_cutoffs(array)
    transfers_of(stack)
    return stack


def survey(stack: RawStack, find: Callable[[Sharpest], Any] | None = None, known: Known | None = None) -> Survey:
    """The stripes are found for the Wiener image: nothing else has to find any."""
    from srredsim.optics.transfer import transfers_of
    from srredsim.reconstruction.planes import found_of
    from srredsim.stripes.given import Known
    from srredsim.stripes.measure import remeasured

    transfers, channels = transfers_of(stack), []
    known = known or Known(hexagonal=stack.pattern.hexagonal)
    for transfer in transfers:
        known.check(stack.pattern, transfer)

    def at_the_first_time(slice_: Sharpest) -> Parameters:
        channel = found_of(slice_, transfers[slice_.channel], known)
        channels.append(channel)
        if stack.sizes["T"] == 1:
            return channel.parameters
        return remeasured(channel.parameters, slice_.prepared_first().frames, channel.transfer)

    return replace(surveyed(stack, at_the_first_time), channels=tuple(channels))


class Planes:
    """Every plane from its Wiener image; phases and contrasts are measured at each time, on the sharpest slice.

    Those of another slice are the same, unless its phases have clearly moved.
    """

    ticks = 1

    def __init__(self, network: Network, stack: RawStack, survey: Survey, tile: int | None = None):
        from srredsim.optics.transfer import transfers_of

        self._network, self._stack, self._survey, self._tile = network, stack, survey, tile
        self._transfers = transfers_of(stack)
        self._moment: _Moment | None = None

    def __call__(self, position: Position, into: np.ndarray, tick: Callable[[], None] = lambda: None) -> np.ndarray:
        from srredsim.reconstruction.for_networks import dark_beside, hidden, unlearned
        from srredsim.reconstruction.planes import reconstruct_on

        raw, prepared, stripes, channel = self.known(position)
        known, haze = (prepared, stripes, channel.transfer), unlearned(channel.haze)
        image, _ = reconstruct_on(self._network.device, *known, attenuation=haze)
        dark = dark_beside(*known, image, haze) if hidden(haze) else np.float32(0.0)
        del known, prepared  # large, and all that it is for is done
        widefield = np.mean(raw, axis=(0, 1), dtype=np.float32) - dark
        scaling, transfer = self._survey.scalings[position], self._transfers[position[1]]
        cleaned_image = cleaned(self._network, image, widefield, scaling, transfer, self._tile)
        into[:] = as_dtype(cleaned_image, into.dtype)
        tick()
        return raw

    def known(self, position: Position) -> tuple[np.ndarray, Prepared, Parameters, Channel]:
        """Raw frames, the same prepared, their stripes, and what is known of the channel."""
        from srredsim.reconstruction.planes import prepared_plane
        from srredsim.stripes.slices import in_slice

        t, c, z = position
        moment, channel = self._at(t, c), self._survey.channels[c]
        if z == moment.z:
            return moment.raw, moment.prepared, moment.stripes, channel
        raw = self._stack.raw(*position)
        prepared = prepared_plane(self._stack, position, raw)
        return raw, prepared, in_slice(moment.stripes, prepared, channel.transfer), channel

    def _at(self, t: int, c: int) -> _Moment:
        """The sharpest slice of a channel at a time; the latest is remembered."""
        from srredsim.reconstruction.planes import prepared_plane, sharpest_at
        from srredsim.stripes.measure import remeasured

        if self._moment is None or self._moment.time_and_channel != (t, c):
            channel, z = self._survey.channels[c], self._survey.sharpest[c]
            if t in self._survey.blurred[c]:
                z = sharpest_at(self._stack, t, c)
            raw = self._stack.raw(t, c, z)
            prepared, stripes = prepared_plane(self._stack, (t, c, z), raw), channel.parameters
            if self._stack.sizes["T"] > 1:
                stripes = remeasured(stripes, prepared.frames, channel.transfer)
            moment = _Moment((t, c), z, raw, prepared, stripes)
            if self._stack.sizes["Z"] == 1:  # nobody will ask again
                return moment
            self._moment = moment
        return self._moment


@dataclass(frozen=True)
class _Moment:
    time_and_channel: tuple[int, int]
    z: int  # the sharpest slice
    raw: np.ndarray
    prepared: Prepared
    stripes: Parameters


def cleaned(
    network: Network,
    image: np.ndarray,
    widefield: np.ndarray,
    scaling: Scaling,
    transfer: Transfer,
    tile: int | None = None,
) -> np.ndarray:
    """What a network makes of a Wiener image: twice, where a few places are far brighter than all else.

    Parameters
    ----------
    image : (2y, 2x) ndarray
        From `srredsim.reconstruction.wiener.reconstruct`.
    widefield : (y, x) ndarray
        Mean of the raw frames that it was made of, without what is clearly out of focus.
    scaling : Scaling
        Of these frames.

    Returns
    -------
    (2y, 2x) float32 ndarray
        In the units of the frames, above background.
    """
    from srredsim.reconstruction.bright import rest_of
    from srredsim.reconstruction.channels import noise_of, parted

    def made(image: np.ndarray, widefield: np.ndarray, scaling: Scaling) -> np.ndarray:
        return scaling.undo_gain(network.in_tiles(parted(image, widefield, scaling, transfer), tile))

    whole, rest = made(image, widefield, scaling), rest_of(widefield, scaling, transfer, noise_of)
    if rest is None:
        return whole
    return rest.together(whole, made(rest.image(image), rest.widefield(widefield), rest.scaling))


def tell_of_bright(network: Network, raw: np.ndarray, scaling: Scaling, transfer: Transfer) -> None:
    """Have a network say of raw frames (angles, phases, y, x) that it blurs what lies beside far brighter places."""
    from srredsim.reconstruction.bright import rest_of
    from srredsim.reconstruction.channels import noise_of

    widefield = np.mean(raw, axis=(0, 1), dtype=np.float32)
    if rest := rest_of(widefield, scaling, transfer, noise_of):
        times = scaling.gain / rest.scaling.gain
        network.told.append(
            f"warning: a few places are {times:.0f} times as bright as all else, which {network.model.name} blurs then;"
            " take a model of Wiener images, as red_wiener, which makes the rest by itself"
        )


def of_pair(network: Network, pair: Pair, pattern: tuple[int, int]) -> np.ndarray:
    from srredsim.data.reconstructed import wiener_of

    white, transfer, made = wiener_of(pair, *pattern)
    return cleaned(network, made.image, made.widefield(white.frames), white.scaling, transfer)


def baselines(pair: Pair, recipe: Recipe) -> dict[str, np.ndarray]:
    """Two of the channels are what needs no network."""
    from srredsim.data.baselines import FOURIER, WIENER
    from srredsim.reconstruction.channels import CHANNELS

    return {name: pair.frames[..., CHANNELS.index(of)] for name, of in ((FOURIER, "widefield"), (WIENER, "wiener"))}


# Export: the network alone, for finding the stripes is no work for a graph


def graph(model: LoadedModel, images):
    return model.network(images)


def trial(network: Network, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    images = rng.random((2, 38, 52, network.model.network.input_shape[-1])).astype(np.float32)
    return images, network.model.network.predict_on_batch(images)
