"""Commands: every file here is one, and its name is the file's name (``import_weights.py`` is ``import-weights``).

Each has ``HELP`` (one line), ``GROUP`` (its title in ``srredsim --help``), ``add_arguments(parser)`` and
``run(arguments) -> dict``, which prints for people and returns the same for ``--json``. ``DESCRIPTION`` is for what
does not fit into one line; ``DEFAULTS`` are the functions and dataclasses of the package whose arguments are those of
the command: where one is left out, theirs holds, and the help tells it. What is heavy is imported in ``run``, because
``srredsim --help`` imports every file here.

A folder is a command of commands, as ``prepare``: its ``__init__`` has ``HELP``, ``GROUP`` and ``KIND`` (what its
files are), and each of its files is one of them, as here. A file with ``KIND`` and a function ``members()`` says itself
what its commands are, by name: ``benchmark``. A file whose name begins with an underscore is none. What a file leaves
out is as in `LEFT_OUT`.
"""

members = None  # these are the files here
LEFT_OUT = {"DESCRIPTION": "", "DEFAULTS": (), "KIND": "", "members": members}
