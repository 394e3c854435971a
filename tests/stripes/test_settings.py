"""Settings of fairSIM and cudasirecon, of an OMX: both say the same of its stripes."""

import numpy as np
import pytest
from microscopes import known

from srredsim.acquisition import Optics, Pattern, RawStack
from srredsim.errors import InputError
from srredsim.simulation.calibration_file import as_text
from srredsim.simulation.sim import simulate_stack
from srredsim.stripes.settings import load_settings

FAIRSIM = """<fairsim>
<sim-param>
<nr-angles type="int"> {angles} </nr-angles>
<microns-per-pxl type="decimal"> {um:.5e} </microns-per-pxl>
<nr-bands type="int"> {bands} </nr-bands>
<img-size-pxl type="int"> {side} </img-size-pxl>
<nr-phases type="int"> {phases} </nr-phases>
{directions}
</sim-param>
<otf2d>
<NA type="decimal"> {na:.5e} </NA>
<emission type="int"> {nm} </emission>
</otf2d>
</fairsim>
"""
CUDASIRECON = """# angles of illumination in radians
nimm=1.515
wiener=0.001
k0angles=0.804300,1.8555,-0.238800
ls=0.2035
ndirs=3
nphases=5
na=1.42
"""


def fairsim(path, shifts, **told):
    """Shifts (x, y) of the highest order, the last direction first, as the program lists them."""
    told = {"um": 0.08, "bands": 3, "side": 512, "phases": 5, "na": 1.4, "nm": 525, "angles": len(shifts)} | told
    one = '<dir-{}>\n<shift type="decimal"> {:.5e} {:.5e} </shift>\n</dir-{}>'
    directions = "\n".join(one.format(n, *shift, n) for n, shift in reversed(list(enumerate(shifts))))
    path.write_text(FAIRSIM.format(directions=directions, **told), encoding="utf-8")
    return path


def test_both_say_the_same(tmp_path):
    """What each of them has published of an OMX: its directions are the same in all of these microscopes."""
    shifts = [(137.411, -140.922), (-52.8778, -189.522), (190.144, 49.9889)]
    one = load_settings(fairsim(tmp_path / "a.xml", shifts))
    # 196.8 periods in 512 pixels of 0.08 um are the second order
    np.testing.assert_allclose(np.hypot(*np.array(one.k0_per_um).T), 196.8 / 40.96 / 2, rtol=2e-3)
    assert one.optics == Optics(1.4, 0.525, 0.08)
    (tmp_path / "config").write_text(CUDASIRECON)
    other = load_settings(tmp_path / "config")
    turns = [np.arctan2(*np.array(each.k0_per_um).T) for each in (one, other)]
    np.testing.assert_allclose(np.sin(turns[0] - turns[1]), 0, atol=0.02)
    np.testing.assert_allclose(np.hypot(*np.array(other.k0_per_um).T), 1 / 0.2035 / 2)
    assert (other.phases, other.optics) == (5, Optics(1.42))
    (tmp_path / "section.cfg").write_text("[a]\nls = 0.2035\nk0angles = [0.8043, 1.8555, -0.2388]\nnphases: 5\n")
    np.testing.assert_allclose(load_settings(tmp_path / "section.cfg").k0_per_um, other.k0_per_um)


def test_a_calibration_of_our_own(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(as_text(known()))
    one = load_settings(path)
    np.testing.assert_allclose(one.k0_per_um, [angle.k0_per_um for angle in known().angles], rtol=1e-5)
    assert (one.phases, one.optics, one.foreign) == (3, Optics(1.42, 0.525, 0.08), False)
    path.write_text(as_text(known()).replace("phases_rad: [", "phases: ["))
    with pytest.raises(InputError, match="damaged"):
        load_settings(path)


def test_stripes_of_one_order(tmp_path):
    one = load_settings(fairsim(tmp_path / "a.xml", [(1.16667, -89.7444)], um=0.063, side=256, bands=2, phases=3))
    np.testing.assert_allclose(one.k0_per_um, [(89.7444 / 16.128, 1.16667 / 16.128)])


@pytest.mark.parametrize("up", [-1, 1])
def test_a_stack_is_reconstructed_with_them(tmp_path, up):
    """The stripes of the simulation, with the wrong sign in one angle; and with the rows from the other end."""
    from srredsim.workflows.reconstruct import KnownStripes, Lens, Method, Reconstruction

    sample = simulate_stack(3, index=1, phases=3, size=96, photons=(500.0, 500.0))
    said = sample.settings
    k0 = np.array(said.k0_per_um)
    shifts = [
        (sign * x * 512 * said.pixel_size_um, up * sign * y * 512 * said.pixel_size_um)
        for (y, x), sign in zip(k0, (1, -1, 1), strict=True)
    ]
    optics = {"um": said.pixel_size_um, "na": said.na, "nm": round(1000 * said.wavelength_em_um)}
    path = fairsim(tmp_path / "a.xml", shifts, bands=2, phases=3, **optics)
    stack = RawStack(sample.raw[None, None, None], Pattern(3, 3))
    made = Reconstruction(stack, Method(), KnownStripes(parameters=path), Lens())
    list(made.planes())
    found = [angle.k0_per_um for angle in made.found[0].parameters.angles]
    np.testing.assert_allclose(found, k0, atol=0.02 * np.hypot(*k0[0]))
    assert made.optics.na == pytest.approx(said.na, abs=1e-4)
    assert any("as fairSIM has them" in note for note in made.notes)
    assert any("mirrored in y" in note for note in made.found[0].notes) == (up > 0)


def test_what_does_not_fit(tmp_path):
    path = fairsim(tmp_path / "a.xml", [(100.0, 50.0)] * 3)
    one = load_settings(path)
    with pytest.raises(InputError, match="3 angles x 5 phases, this stack has 3 x 3"):
        one.fill(Optics(), Pattern(3, 3))
    with pytest.raises(InputError, match=r"pixels of 0\.08 um, this stack has 0\.1 um"):
        one.fill(Optics(pixel_size_um=0.1), Pattern(3, 5))
    optics, notes = one.fill(Optics(na=1.3), Pattern(3, 5))
    assert optics == Optics(1.3, 0.525, 0.08)
    assert f"na 1.3 of the stack, not 1.4 of {path}" in notes
    whole = path.read_text()
    for old, new, said in (
        ("dir-0", "dir-7", "does not say how the stripes"),
        ("5.00000e+01 </shift>", "</shift>", "damaged"),
        ("</sim-param>", "", "damaged"),
        ("sim-param", "sim-paran", "no settings of fairSIM"),
        ("<fairsim>", '<!DOCTYPE a [<!ENTITY b "c">]><fairsim>', "entities"),
        ('"int"> 5 <', '"int"> five <', "nr-phases is"),
    ):
        path.write_text(whole.replace(old, new))
        with pytest.raises(InputError, match=said):
            load_settings(path)
    path.write_text("ls=0\nk0angles=1,2,3")
    with pytest.raises(InputError, match="ls is '0', not a number above 0"):
        load_settings(path)
    path.write_text('{"channels": []}')
    assert load_settings(path) is None
