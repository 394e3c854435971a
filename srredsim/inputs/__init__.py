"""Kinds of input: every file here is one, and a recipe names it under ``data.input``.

A kind says all that depends on what a network is given; nothing else asks which kind it is. In what follows, ``data``
is that section of a recipe, ``model`` a `srredsim.zoo.models.LoadedModel` and ``network`` a
`srredsim.zoo.windows.Network`, whose ``model`` it is. All refusals are InputError. Each file has

What it is
----------
``WORDS``
    What a network of this kind takes, for messages and lists: ``raw frames``.
``OF_STACKS``
    Whether it is made of raw stacks, with whose frames an image can be compared; else of single images.
``WITH_STRIPES``
    Whether it is made with the stripes of these, which may be known before.
``check_data(data)``
    Refuses a section that makes no sense for this kind.
``check(recipe, channels_in, scale)``
    Refuses a network with so many input channels and output pixels per input pixel, if it does not fit the recipe.
``check_constants(recipe)``
    Refuses a recipe that lacks what a training finds in its data set, and a prediction must know.
``sampling(recipe)``
    Pixels of the input per raw pixel.
``describe(recipe)``
    ``input`` and ``patterns``, as ``srredsim models`` lists them.

Which model is taken
--------------------
``suits(data, pattern, optics)``
    How well a model of such ``data`` suits a raw stack that nobody chose a model for; 0 is not at all.
``offer(name, data)``
    That model in a list of what there is, with what it takes; None if it is never for raw stacks.

Training and scoring
--------------------
``examples(recipe, split)``, ``with_constants(recipe)``
    Pairs to train on or to validate with, a `srredsim.data.catalogue.DataSet`; the recipe with what they tell.
``of_pair(network, pair, pattern)``
    Image of the input of a `srredsim.data.pairs.Pair`, in the units of its truth; ``pattern`` (angles, phases) is that
    of raw stacks, None of single images.
``tested_on(recipe)``
    Data set on which a model is scored if nobody names one.
``scored(model, data, split, pattern, options)``
    The `srredsim.data.pairs.Pairs` of a split, by the pattern of their stacks (``3x5``) or whatever keeps them apart;
    of one ``pattern`` (angles, phases) if that is not None. ``options``, or None, by the keys of its reader's
    ``CHOICES``.
``compared_with(scale)``
    Names of `srredsim.evaluation.methods.BASELINES`, with which the images of a model are compared.
``baselines(pair, recipe)``
    Images of such a pair that need no network, by their names in tables, on the grid of its truth.

Prediction
----------
``check_reading(taker, reading)``
    Refuses what is told of how to read, but the input does not have; ``taker`` says which model takes what.
``check_link(name)``
    Refuses a model of that name as one of several, each of which takes the image of the one before.
``open(source, path, model, reading)``
    `RawStack` of an open file (`srredsim.io.source.Source`) that the model takes; single images have one angle and
    phase.
``stack_of(array, model)``
    The same of a RawStack or an array in memory.
``survey(stack, find, known)``
    A `srredsim.reconstruction.survey.Survey` of all that is to be known before the first plane. It reads each frame
    once, if at all. ``find``, or None, is what else is wanted of the sharpest slice of each channel, where the kind has
    no need of its own for it; ``known``, or None, a `srredsim.stripes.given.Known` of a kind that is made with stripes.
``Planes(network, stack, survey, tile)``
    Predicts plane by plane: ``planes(position, into, tick)`` writes the image of (t, c, z) into an array of its shape,
    rounded where that is of whole numbers, calls ``tick()`` each of ``planes.ticks`` times, and returns the raw frames.
    Asked in order, z fastest, it reads each frame once.
``notes(recipe)``
    What is to be said with every image.
``shown_as(scale)``
    What the mean of the frames is called beside the image.
``of_plane(network, image, tile)``
    Image of a plane (y, x) in memory, for a link of a chain; refuses what ``check_link`` refuses.

Export
------
``INPUT_NAME``
    Name of the exported model's input, (batch, y, x, channels).
``graph(model, images)``
    Tensor of the image, (batch, scale * y, scale * x, 1), normalised inside as far as a graph can.
``trial(network, rng)``
    Input of odd size and unlike brightness, and the images that this package makes of it: what an export must give.
"""

from srredsim.acquisition import Pattern
from srredsim.errors import InputError
from srredsim.members import Members

_members = Members("kind of input", __name__, __path__)
names, module = _members.names, _members.module


class OtherPattern(InputError):
    """A model does not take stacks of this pattern; another may."""

    def __init__(self, message: str, pattern: Pattern):
        super().__init__(message)
        self.pattern = pattern


def no_link(name: str, words: str) -> InputError:
    return InputError(f"the model {name} takes {words}, not widefield images; it is no part of a chain")
