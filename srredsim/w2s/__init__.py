"""W2S: widefield images at several noise levels, with the SIM image of the same field (Zhou et al., ECCVW 2020)."""
