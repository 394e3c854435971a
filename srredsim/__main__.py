"""``python -m srredsim`` is the ``srredsim`` command."""

from srredsim.cli.main import command

if __name__ == "__main__":
    command()
