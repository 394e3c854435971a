"""Denoising without training: noise measured, stabilised, and taken out by looking for similar blocks."""
