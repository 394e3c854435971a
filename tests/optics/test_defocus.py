import numpy as np
import pytest
from scipy.special import j1

from srredsim.errors import InputError
from srredsim.optics.aberration import spherical_otf
from srredsim.optics.defocus import defocused_otf
from srredsim.optics.otf import cutoff_per_um, ideal_otf

NA, WAVELENGTH_UM = 1.4, 0.6
CUTOFF = cutoff_per_um(NA, WAVELENGTH_UM)


def test_in_focus_it_is_the_ideal_one():
    f = np.linspace(0, 1.2 * CUTOFF, 50)
    np.testing.assert_allclose(defocused_otf(f, 0.0, NA, WAVELENGTH_UM), ideal_otf(f / CUTOFF), atol=2e-4)


@pytest.mark.parametrize(("depth_um", "waves"), [(0.6, 0.0), (-1.2, 0.0), (0.0, 0.12), (0.6, 0.12), (-0.6, 0.12)])
def test_it_is_the_transform_of_the_image_of_a_point(depth_um, waves):
    """An independent way: light of a point through a sampled pupil, squared, and its spectrum."""
    index, fine = 1.518, 512
    step = CUTOFF / 2 / 96  # of the pupil: 96 samples along its radius
    q = np.fft.fftfreq(fine, 1 / fine) * step * WAVELENGTH_UM / NA
    rho2 = q[:, None] ** 2 + q**2
    phase = 2 * np.pi * depth_um / WAVELENGTH_UM * np.sqrt(np.maximum(index**2 - NA**2 * rho2, 0.0))
    phase += 2 * np.pi * waves * np.sqrt(5) * (6 * rho2**2 - 6 * rho2 + 1)
    point = np.abs(np.fft.ifft2(np.where(rho2 <= 1, np.exp(1j * phase), 0.0))) ** 2
    spectrum = np.fft.fft2(point).real
    expected = spectrum[0, :192] / spectrum[0, 0]
    np.testing.assert_allclose(
        defocused_otf(np.arange(192) * step, depth_um, NA, WAVELENGTH_UM, index, waves), expected, atol=0.006
    )
    assert waves or expected.min() < -0.008  # contrast is reversed somewhere: a sign would be noticed


def test_on_one_side_of_the_focus_an_aberration_is_undone():
    f = np.linspace(0.1, 0.9, 9) * CUTOFF
    above, below = (defocused_otf(f, z, NA, WAVELENGTH_UM, spherical_waves=0.12) for z in (0.3, -0.3))
    assert np.abs(above - below).max() > 0.1
    assert defocused_otf(f, 0.0, NA, WAVELENGTH_UM, spherical_waves=0.12) == pytest.approx(
        spherical_otf(f / CUTOFF, 0.12), abs=0.002
    )


def test_at_a_small_aperture_a_blurred_disc():
    """Geometrical optics, far from focus: the transfer function of an evenly lit disc."""
    na, depth_um = 0.2, 150.0
    f = np.linspace(0.001, 0.016, 20)
    argument = 2 * np.pi * f * depth_um * na  # radius of the disc: z tan(theta), and tan is nearly NA, in air
    np.testing.assert_allclose(defocused_otf(f, depth_um, na, 0.5, 1.0), 2 * j1(argument) / argument, atol=0.02)


def test_no_lens_has_a_larger_aperture_than_its_medium():
    with pytest.raises(InputError, match=r"`na` is above 0 and below the refractive index, 1.33; got 1.4"):
        defocused_otf(np.array([1.0]), 0.5, 1.4, 0.5, 1.33)
