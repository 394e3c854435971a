"""Checkpoints published by others, in PyTorch's format, as Keras models; PyTorch is not needed."""

from srredsim.checkpoints.importing import read
from srredsim.checkpoints.run_folder import read_run
from srredsim.checkpoints.torch_file import read_tensors

__all__ = ["read", "read_run", "read_tensors"]
