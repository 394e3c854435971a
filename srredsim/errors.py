"""The one exception for what the user can mend: one clear line, exit status 2, no traceback."""


class InputError(ValueError):
    """What was wanted, what came, and what would work, in one line.

    An argument is named as Python has it, between backticks, with a value where one would work: ``give `na` ``,
    ``try `order="ZAP", angles=3` ``. The command line makes flags of them (`srredsim.cli.terminal.spelled`).
    """
