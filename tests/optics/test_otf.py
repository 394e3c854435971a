import numpy as np
import pytest
from scipy import integrate

from srredsim.optics.otf import apodisation, cutoff_per_um, ideal_otf, otf


def test_cutoff_of_a_familiar_objective():
    assert cutoff_per_um(1.4, 0.525) == pytest.approx(5.3333, abs=1e-4)


def test_ideal_otf_in_closed_form():
    half = 2 / np.pi * (np.arccos(0.5) - 0.5 * np.sqrt(0.75))
    np.testing.assert_allclose(ideal_otf(np.array([0.0, 0.5, 1.0, 1.7])), [1.0, half, 0.0, 0.0], atol=1e-15)


def test_ideal_otf_is_the_overlap_of_two_pupils():
    def overlap(v):  # two unit discs, their centres 2 v apart, over the area of one
        return 4 * integrate.quad(lambda x: np.sqrt(1 - x * x), v, 1)[0] / np.pi

    v = [0.13, 0.5, 0.82]
    np.testing.assert_allclose(ideal_otf(np.array(v)), [overlap(each) for each in v], atol=1e-8)


def test_damping_weakens_high_frequencies_and_leaves_the_ends():
    f_per_um = np.array([0.0, 1.5, 3.0, 5.0])
    ratio = otf(f_per_um, 5.0, damping=0.4)[:3] / otf(f_per_um, 5.0)[:3]
    np.testing.assert_allclose(ratio, [1.0, 0.4**0.3, 0.4**0.6])
    assert otf(f_per_um, 5.0, damping=0.4)[3] == 0.0


def test_apodisation_reaches_the_extended_cutoff():
    f_per_um = np.array([0.0, 5.0, 9.0, 9.6])
    flattened = apodisation(f_per_um, 9.5, 0.85)
    np.testing.assert_allclose(flattened[:2], [1.0, ideal_otf(5.0 / 9.5) ** 0.85])
    assert flattened[2] > 0
    assert flattened[3] == 0
