"""Denoising without a network: noise measured, stabilised, and taken out by similar blocks, patches or thresholds."""
