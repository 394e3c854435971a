"""Kinds of input: every file here is one, and a recipe names it under ``data.input``.

A kind says all that depends on what a network is given; nothing else asks which kind it is. Each file has

``WORDS``
    What a network of this kind takes, for messages and lists: ``raw frames``.
``OF_STACKS``
    Whether it is made of raw stacks, with angles and phases; else of single images.
``check_data(data)``
    The recipe's section ``data`` makes sense for this kind; InputError.
``check(recipe, channels_in, scale)``
    A network with so many input channels and output pixels per input pixel fits the recipe; InputError.
``check_constants(recipe)``
    What a training finds in its data set, and a prediction must know, is there; InputError.
``sampling(recipe)``
    Pixels of the input per raw pixel.
``describe(recipe)``
    ``input`` and ``patterns``, as ``srredsim models`` lists them.
``suits(data, pattern, optics)``
    How well a model of such ``data`` suits a raw stack that nobody chose a model for; 0 is not at all.
``offer(name, data)``
    That model in a list of what there is, with what it takes; None if it is never for raw stacks.
``examples(recipe, split)``, ``with_constants(recipe)``
    Pairs to train on or to validate with, a `srredsim.data.catalogue.DataSet`; the recipe with what they tell.
"""

from srredsim.members import Members

_members = Members("kind of input", __name__, __path__)
names, module = _members.names, _members.module
