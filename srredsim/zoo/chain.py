"""Models one after the other: each takes the image that the one before made. Mostly there is one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from srredsim import checks, inputs, resources
from srredsim.acquisition import Position, RawStack
from srredsim.arrays import HOST, Device
from srredsim.consistency.widefield import Agreements
from srredsim.errors import InputError
from srredsim.inputs import OtherPattern
from srredsim.io.asked import Reading
from srredsim.io.image import as_dtype
from srredsim.io.source import Source
from srredsim.reconstruction.survey import Survey
from srredsim.zoo import choice, identity, models
from srredsim.zoo import recipe as recipes
from srredsim.zoo.models import LoadedModel
from srredsim.zoo.windows import Network

LINK = "+"  # between the names of the models


class Chain:
    """One model of any kind, or several of single images; its verbs are those of the kind of the first.

    Parameters
    ----------
    links : LoadedModel, name, folder, or several of these
        ``a+b`` is a and then b.
    precision, engine : str
        Of models that are yet to be loaded, see `srredsim.zoo.choice`.

    Raises
    ------
    InputError
        If a model cannot be loaded, or is one of several but not of single images.
    """

    def __init__(
        self,
        links: LoadedModel | str | Path | Sequence[LoadedModel | str | Path],
        precision: str = "auto",
        engine: str = choice.AUTO,
    ):
        several = [links] if isinstance(links, LoadedModel) else _links(links)
        self._asked = precision if engine == choice.AUTO else None  # of models whose engine is to be chosen
        self._chosen = [not isinstance(each, LoadedModel) for each in several]
        self.said: list[str] = []  # of the engines
        with _naming_the_argument():
            self.models = [
                each if isinstance(each, LoadedModel) else choice.load(each, precision, engine) for each in several
            ]
        self.networks = [Network(model) for model in self.models]
        for model in self.models if len(self.models) > 1 else ():
            model.kind.check_link(model.name)

    def __repr__(self) -> str:
        return f"<Model {self.name}: takes {self.kind.WORDS}, makes {self.scale}x the pixels, {self.first.precision}>"

    @property
    def first(self) -> LoadedModel:
        return self.models[0]

    @property
    def kind(self) -> ModuleType:
        """What the first takes: a file of `srredsim.inputs`."""
        return self.first.kind

    @property
    def name(self) -> str:
        return LINK.join(model.name for model in self.models)

    @property
    def scale(self) -> int:
        """Pixels of the result per pixel of the input."""
        return int(np.prod([model.scale for model in self.models]))

    @property
    def notes(self) -> list[str]:
        return [*self.said, *(note for network in self.networks for note in network.notes())]

    def __call__(self, image: np.ndarray, tile: int | None = None) -> np.ndarray:
        """(y, x) -> (scale * y, scale * x) float32, of models of single images: see their ``of_plane``."""
        for network in self.networks:
            image = network.model.kind.of_plane(network, image, tile)
        return image

    def settle(self, pixels: int, device: Device = HOST) -> None:
        """Choose the engines for so many raw pixels, where nobody has chosen one; they stay from then on.

        What is made for the networks is computed on the device; notes are from now on of these images.
        """
        for number, (model, free) in enumerate(zip(self.models, self._chosen, strict=True)):
            if free and self._asked:
                settled, said = choice.settled(model, self._asked, pixels)
                self.said += [said] if said else []
                if settled is not model:
                    self.models[number], self.networks[number] = settled, Network(settled)
            self.networks[number].device = device
            self.networks[number].begin()
        self._asked = None

    def agreements(self) -> Agreements | None:
        """What compares its images with their input, where that is one image of a camera.

        A coarse confocal scan has light in all frequencies: none shows its noise alone, which the comparison needs.
        """
        data = self.first.recipe.data
        coarse_scans = "scale" in data.options  # which only pairs of scans of several scales are asked for
        return None if self.kind.OF_STACKS or coarse_scans else Agreements(self.name, data.dense > 0)

    def check(self, reading: Reading) -> None:
        """InputError if something is told that what the model takes does not have."""
        self.kind.check_reading(f"the model {self.name} takes {self.kind.WORDS}", reading)

    def check_known(self, known: Any) -> None:
        """InputError if stripes are known, of which the input of the model has none."""
        if known is not None and not self.kind.WITH_STRIPES:
            words = "`parameters` is for models whose input is made with stripes, as red_wiener"
            raise InputError(f"{words}; {self.name} takes {self.kind.WORDS}")

    def open(self, source: Source, path: Path | None, reading: Reading) -> RawStack:
        self.check(reading)
        return _naming_another(lambda: self.kind.open(source, path, self.first, reading))

    def stack_of(self, array: Any) -> RawStack:
        return _naming_another(lambda: self.kind.stack_of(array, self.first))

    def planes(self, stack: RawStack, survey: Survey, tile: int | None = None) -> Any:
        """The kind's ``Planes``, followed by the other models."""
        first = self.kind.Planes(self.networks[0], stack, survey, tile)
        return _Linked(first, self, stack, tile) if len(self.networks) > 1 else first


def find(links: str | Path | LoadedModel | Chain) -> None:
    """InputError if there is no such model, or one of a chain has no weights; nothing is loaded."""
    if not isinstance(links, LoadedModel | Chain):
        with _naming_the_argument():
            for link in _links(links):
                models.find(link)


def takes_stacks(links: str | Path) -> bool:
    """Whether models that are yet to be loaded take raw stacks, and not single images; InputError as from `find`."""
    find(links)
    recipe = recipes.load(models.find(_links(links)[0]))
    return bool(inputs.module(recipe.data.input).OF_STACKS)


def loaded(model: str | Path | LoadedModel | Chain, precision: str = choice.AUTO, engine: str = choice.AUTO) -> Chain:
    """A model, ready to predict; InputError if it is loaded already, but not for this precision and engine."""
    chain = model if isinstance(model, Chain) else Chain(model, precision, engine)
    for name, asked, has in (("precision", precision, chain.first.precision), ("engine", engine, chain.first.engine)):
        if asked not in (choice.AUTO, has):
            raise InputError(f"the model {chain.name} is loaded with {has} already; leave out `{name}`")
    return chain


def fingerprint(links: str | Path) -> list[str]:
    """Digest of each model, see `srredsim.zoo.identity`; InputError as from `find`."""
    find(links)
    return [identity.made_of(models.find(link)) for link in _links(links)]


class _Linked:
    """Planes of the first model, through all the others."""

    def __init__(self, first: Any, chain: Chain, stack: RawStack, tile: int | None):
        self._first, self._others, self._tile = first, chain.networks[1:], tile
        self._shape = tuple(chain.first.scale * side for side in stack.array.shape[-2:])
        self.ticks = first.ticks

    def __call__(self, position: Position, into: np.ndarray, tick: Callable[[], None] = lambda: None) -> np.ndarray:
        image = np.empty(self._shape, np.float32)
        raw = self._first(position, image, tick)
        for network in self._others:
            image = network.model.kind.of_plane(network, image, self._tile)
        into[:] = as_dtype(image, into.dtype)
        return raw


def _links(names: str | Path | Sequence) -> list:
    """``a+b`` as [a, b]; a folder may have a plus in its name."""
    if isinstance(names, Sequence) and not isinstance(names, str) and names:
        return [link for name in names for link in ([name] if isinstance(name, LoadedModel) else _links(name))]
    if not isinstance(names, str | PathLike):
        raise checks.wanted("model", "a name, a folder or a loaded model", names)
    links = [str(names)] if Path(names).is_dir() else str(names).split(LINK)
    if not all(links):
        raise InputError(f"a chain has a model on each side of {LINK}, as w2s_dncnn+w2s_rcan; got {names}")
    return links


@contextmanager
def _naming_the_argument() -> Iterator[None]:
    """Whoever gives the name of no model as one of several arguments is told which it was."""
    try:
        yield
    except resources.Unknown as problem:
        raise InputError(f"`model`: {problem}") from None


def _naming_another(stack: Callable[[], RawStack]) -> RawStack:
    """A stack; a refusal of its pattern says which model would take it."""
    try:
        return stack()
    except OtherPattern as problem:
        try:
            advice = f"try `model={models.fitting(problem.pattern)!r}`"
        except InputError as none:
            advice = str(none)
        raise InputError(f"{problem}; {advice}") from None
