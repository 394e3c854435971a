"""Plugin for napari: stacks with angle and phase as axes, a panel to inspect, reconstruct, predict and judge, a sample.

``napari.yaml`` is the manifest. Only `srredsim.napari.panel` needs napari, and a Qt; what it shows is made without.
"""
