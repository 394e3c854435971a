"""The one exception for what the user can mend: one clear line, exit status 2, no traceback."""


class InputError(ValueError):
    """What was wanted, what came, and what would work, in one line."""
