"""A package of which every file builds one network."""

from __future__ import annotations

import inspect

from srredsim.errors import InputError
from srredsim.members import Members
from srredsim.resources import unknown


class Builders(Members):
    """The files of a package, each with ``build(...) -> keras.Model`` and ``SMALL`` (tiny settings for tests)."""

    def build(self, name: str, **settings):
        """The ``keras.Model`` of this name, untrained; InputError if it has no such setting."""
        build = self.module(name).build
        known = list(inspect.signature(build).parameters)
        for setting in settings:
            if setting not in known:
                raise InputError(unknown(f"setting of {self.kind} {name}", setting, known))
        return build(**settings)
