"""srredsim: from raw structured-illumination stacks to denoised, super-resolved images."""

__version__ = "0.1.0"
