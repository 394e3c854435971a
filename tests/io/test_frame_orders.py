"""Every frame has a value that says what it is; the layouts are written by explicit loops, fastest loop innermost."""

import itertools

import numpy as np
import pytest

from srredsim import io
from srredsim.errors import InputError
from srredsim.io import orders

WIDEFIELD = 60000


def code(t=0, c=0, z=0, a=0, p=0):
    return 10000 * t + 5000 * c + 300 * z + 50 * a + p


def frame(value, size=(4, 6)):
    return np.full(size, value, np.uint16)


def expected(t=1, c=1, z=1, a=3, p=5):
    values = np.empty((t, c, z, a, p), int)
    for place in itertools.product(*map(range, values.shape)):
        values[place] = code(*place)
    return values


def codes(stack):
    """What the reader took each frame for."""
    values = np.array([stack.raw(*position) for position in stack.positions()])
    assert np.all(values == values[..., :1, :1])  # no frame is made of two
    return values[..., 0, 0].reshape(stack.array.shape[:5])


def loops(order, z, a, p):
    """Written as nested loops are: the slowest letter, the last, turns the outermost."""
    sizes = {"Z": z, "T": z, "A": a, "P": p}
    values = []
    for slow in range(sizes[order[2]]):
        for middle in range(sizes[order[1]]):
            for fast in range(sizes[order[0]]):
                place = dict(zip(order.lower(), (fast, middle, slow), strict=True))
                values.append(code(**place))
    return values


def saved(folder, values):
    path = folder / "stack.npy"
    np.save(path, np.array([frame(v) for v in values]))
    return path


@pytest.mark.parametrize(("z", "a", "p"), [(1, 3, 5), (4, 3, 5), (2, 3, 3), (3, 4, 7)])
@pytest.mark.parametrize("order", ["PAZ", "PZA", "ZAP", "APZ", "AZP", "ZPA"])
def test_order_puts_every_frame_in_its_place(tmp_path, order, z, a, p):
    path = saved(tmp_path, loops(order, z, a, p))
    stack = io.read(path, order=order, angles=a, phases=p)
    assert (stack.pattern.angles, stack.pattern.phases) == (a, p)
    np.testing.assert_array_equal(codes(stack), expected(z=z, a=a, p=p))


@pytest.mark.parametrize("order", ["PAT", "PTA", "TAP", "APT", "ATP", "TPA"])
def test_what_follows_one_another_may_be_times(tmp_path, order):
    path = saved(tmp_path, loops(order, 4, 3, 5))
    stack = io.read(path, order=order, angles=3, phases=5)
    np.testing.assert_array_equal(codes(stack), expected(t=4))
    assert f"order {order}, 4 times" in stack.notes[0]
    with pytest.raises(InputError, match="2 raw stacks along one axis, but time has an axis of its own: t = 4, z = 30"):
        arranged("TZ", (4, 30), order=order, angles=3, phases=5)


def test_default_order_is_paz(tmp_path):
    path = saved(tmp_path, loops("PAZ", 2, 3, 5))
    np.testing.assert_array_equal(codes(io.read(path)), expected(z=2))


@pytest.mark.parametrize("order", ["PAZ", "APZ"])
def test_widefield_frame_after_each_reconstruction(tmp_path, order):
    frames = np.reshape(loops(order, 4, 3, 5), (4, 15))
    values = np.insert(frames, 15, WIDEFIELD, axis=1).ravel()
    stack = io.read(saved(tmp_path, values), order=order, angles=3, phases=5, trailing_widefield=True)
    np.testing.assert_array_equal(codes(stack), expected(z=4))
    assert "widefield frame after each" in " ".join(stack.notes)


@pytest.mark.parametrize("order", ["PAZ", "PZA", "ZAP"])
@pytest.mark.parametrize("z", [1, 4])
def test_one_widefield_frame_at_the_end_of_the_stack(tmp_path, order, z):
    path = saved(tmp_path, [*loops(order, z, 3, 5), WIDEFIELD])
    stack = io.read(path, order=order, trailing_widefield=True)
    np.testing.assert_array_equal(codes(stack), expected(z=z))


@pytest.mark.parametrize("order", ["PZA", "ZAP"])
def test_widefield_planes_after_a_stack_whose_z_planes_are_interleaved(tmp_path, order):
    path = saved(tmp_path, [*loops(order, 4, 3, 5), *[WIDEFIELD] * 4])
    stack = io.read(path, order=order, angles=3, phases=5, trailing_widefield=True)
    np.testing.assert_array_equal(codes(stack), expected(z=4))


def montage(z, angles=3, phases=5, size=(4, 6)):
    """A row of tiles an angle, a column a phase."""
    image = np.zeros((angles * size[0], phases * size[1]), np.uint16)
    for a in range(angles):
        for p in range(phases):
            image[a * size[0] : (a + 1) * size[0], p * size[1] : (p + 1) * size[1]] = code(z=z, a=a, p=p)
    return image


def test_one_montage(tmp_path):
    np.save(tmp_path / "sim_input.npy", montage(0, size=(6, 6)))
    stack = io.read(tmp_path / "sim_input.npy", order="tiled")  # 3 x 5 are told by its sides, 3 : 5
    assert stack.sizes == {"T": 1, "C": 1, "Z": 1, "A": 3, "P": 5, "Y": 6, "X": 6}
    np.testing.assert_array_equal(codes(stack), expected())


def test_tiles_are_cut_where_they_meet(tmp_path):
    image = np.arange(12 * 30, dtype=np.uint16).reshape(12, 30)
    np.save(tmp_path / "m.npy", image)
    raw = io.read(tmp_path / "m.npy", order="tiled", angles=3, phases=5).raw()
    np.testing.assert_array_equal(raw[2, 1], image[8:12, 6:12])


@pytest.mark.parametrize("last", [False, True])
def test_montages_of_a_z_stack(tmp_path, last):
    pages = [montage(z) for z in range(4)] + [np.full((12, 30), WIDEFIELD, np.uint16)] * last
    np.save(tmp_path / "m.npy", np.array(pages))
    stack = io.read(tmp_path / "m.npy", order="tiled", phases=5, trailing_widefield=last)
    np.testing.assert_array_equal(codes(stack), expected(z=4))


def test_montage_of_square_tiles_tells_its_grid(tmp_path):
    np.save(tmp_path / "m.npy", montage(0, 3, 3, size=(10, 10)))  # 30 x 30: 5 columns of 6 pixels would fit, too
    assert io.read(tmp_path / "m.npy", order="tiled").pattern.phases == 3
    np.save(tmp_path / "m.npy", np.zeros((30, 45), np.uint16))
    with pytest.raises(InputError, match="`angles=3, phases=5`"):
        io.read(tmp_path / "m.npy", order="tiled")
    assert io.read(tmp_path / "m.npy", order="tiled", angles=3, phases=5).raw().shape == (3, 5, 10, 9)


def test_montage_that_does_not_divide(tmp_path):
    np.save(tmp_path / "m.npy", np.zeros((31, 50), np.uint16))
    with pytest.raises(InputError, match="31 x 50 pixels does not divide into 3 x 5"):
        io.read(tmp_path / "m.npy", order="tiled", angles=3, phases=5)


# --- counts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frames", "angles", "phases", "z"), [(15, 3, 5, 1), (30, 3, 5, 2), (60, 3, 5, 4), (9, 3, 3, 1), (27, 3, 3, 3)]
)
def test_a_count_that_only_one_pattern_fits_is_understood_and_noted(tmp_path, frames, angles, phases, z):
    stack = io.read(saved(tmp_path, range(frames)))
    assert (stack.pattern.angles, stack.pattern.phases, stack.sizes["Z"]) == (angles, phases, z)
    assert "guessed" in stack.notes[0]


@pytest.mark.parametrize(
    ("frames", "asked", "words"),
    [
        (45, {}, "3 angles x 5 phases or 3 x 3; give `angles=3, phases=5` or `angles=3, phases=3`"),
        (
            90,
            {},
            'or 3 x 3, or 3 angles x 3 phases with `widefield_frame="last"` or `widefield_frame="first"`; give',
        ),
        (25, {}, "give `angles=5, phases=5`"),
        (75, {}, "`angles=5, phases=5`"),
        (14, {}, "14 frames do not make 3 angles x 5 phases"),
        (14, {"angles": 3, "phases": 5}, "14 frames do not make 3 angles x 5 phases; .*15, 30, 45"),
        (16, {}, 'try `widefield_frame="last"` or `widefield_frame="first"` .*`angles=3, phases=5`'),
        (10, {"angles": 3, "phases": 3}, 'try `widefield_frame="last"`'),
        (9, {"angles": 3, "phases": 5}, "9 frames do not make 3 angles x 5 phases; .* `angles=3, phases=3`"),
        (15, {"trailing_widefield": True}, "without `widefield_frame`"),
        (1, {}, '1 frame, but .* `order="tiled"`'),
        (2, {}, "2 frames, but"),
        (2, {"angles": 3, "phases": 5}, "2 frames"),
        (15, {"order": "PZ"}, "no `order` 'PZ'.*; there are: PAZ, PZA, ZAP, .*, TPA, tiled"),
        (15, {"angles": 0}, "`angles` should be a whole number above 0"),
    ],
)
def test_a_count_that_does_not_fit_says_what_would(tmp_path, frames, asked, words):
    path = saved(tmp_path, range(frames))
    with pytest.raises(InputError, match=words) as error:
        io.read(path, **asked)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("advised", "frames"),
    [({"trailing_widefield": True}, 16), ({"angles": 3, "phases": 5}, 45), ({"angles": 5, "phases": 5}, 25)],
)
def test_the_advice_works(tmp_path, advised, frames):
    assert io.read(saved(tmp_path, range(frames)), **advised).pattern.frames in (15, 25)


def test_one_of_angles_and_phases_is_enough(tmp_path):
    assert io.read(saved(tmp_path, range(20)), angles=4).pattern.phases == 5
    assert io.read(saved(tmp_path, range(21)), phases=7).pattern.angles == 3


def test_widefield_images_are_one_angle_and_one_phase(tmp_path):
    stack = io.read(saved(tmp_path, range(4)), angles=1, phases=1)
    assert stack.array.shape == (1, 1, 4, 1, 1, 4, 6)
    assert [stack.raw(z=z)[0, 0, 0, 0] for z in range(4)] == [0, 1, 2, 3]


# --- axes without names -----------------------------------------------------------------------------------------------


def array_of(values):
    return np.asarray(values)[..., None, None] * np.ones((4, 6), np.uint16)


@pytest.mark.parametrize(
    ("shape", "sizes"),
    [
        ((3, 5), {"A": 3, "P": 5}),
        ((2, 3, 5), {"T": 2}),
        ((2, 4, 3, 5), {"T": 2, "Z": 4}),
        ((2, 3, 4, 3, 5), {"T": 2, "C": 3, "Z": 4}),
        ((1, 1, 4, 3, 5), {"Z": 4}),  # all are there: one of length 1 is no axis less
        ((1, 3, 1, 3, 5), {"C": 3}),
        ((2, 3, 1, 3, 5), {"T": 2, "C": 3}),
    ],
)
def test_unnamed_axes_that_end_with_angle_and_phase(tmp_path, shape, sizes):
    sizes = {"t": 1, "c": 1, "z": 1} | {axis.lower(): n for axis, n in sizes.items() if axis in "TCZ"}
    values = expected(**sizes)
    np.save(tmp_path / "a.npy", array_of(values.reshape(shape).astype(np.uint16)))
    np.testing.assert_array_equal(codes(io.read(tmp_path / "a.npy")), values)


def test_unnamed_axes_that_end_with_frames(tmp_path):
    values = expected(t=4)
    np.save(tmp_path / "a.npy", array_of(values.reshape(4, 15).astype(np.uint16)))
    stack = io.read(tmp_path / "a.npy")
    np.testing.assert_array_equal(codes(stack), values)
    assert "t = 4" in stack.notes[0]


def test_too_many_axes(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((2, 2, 2, 2, 3, 5, 4, 4), np.uint16))
    with pytest.raises(InputError, match="more than time, channel, z, angle and phase"):
        io.read(tmp_path / "a.npy")


# --- named axes: numbers only, the files are in test_read_raw ---------------------------------------------------------


def arranged(letters, shape, **wanted):
    """(t, c, z, a, p) of file axes, each place the place in the file's own axes."""
    numbers, _ = orders.arrange(letters, shape, orders.Wanted(**wanted))
    return np.stack(np.unravel_index(numbers, shape), -1)


def test_frames_along_z_of_a_time_series():
    places = arranged("TZC", (4, 15, 2))
    assert places.shape == (4, 2, 1, 3, 5, 3)
    assert places[3, 1, 0, 2, 4].tolist() == [3, 14, 1]
    assert places[1, 0, 0, 1, 2].tolist() == [1, 7, 0]


def test_several_z_planes_along_z_of_a_time_series():
    places = arranged("TZC", (2, 30, 1), order="PZA")
    assert places.shape[:5] == (2, 1, 2, 3, 5)
    assert places[1, 0, 1, 2, 3].tolist() == [1, 2 * 10 + 1 * 5 + 3, 0]


def test_frames_along_t_with_z_planes():
    places = arranged("TZ", (15, 7))
    assert places.shape[:5] == (1, 1, 7, 3, 5)
    assert places[0, 0, 6, 1, 3].tolist() == [8, 6]


def test_z_comes_before_t_if_both_fit():
    places = arranged("TZ", (9, 15))
    assert places.shape[:5] == (9, 1, 1, 3, 5)
    assert places[8, 0, 0, 1, 2].tolist() == [8, 7]


def test_times_follow_one_another_along_t():
    places = arranged("TZ", (30, 7))
    assert places.shape[:5] == (2, 1, 7, 3, 5)
    assert places[1, 0, 2, 0, 4].tolist() == [19, 2]


def test_frames_along_c():
    places = arranged("C", (15,))
    assert places.shape[:5] == (1, 1, 1, 3, 5)


def test_angle_along_t_and_phase_along_z_without_names():
    """What is left of angle and phase when a program that does not know them saves our files."""
    places = arranged("TZC", (6, 5, 2))
    assert places.shape[:5] == (2, 2, 1, 3, 5)
    assert places[1, 1, 0, 2, 4].tolist() == [5, 4, 1]
    assert places[1, 0, 0, 0, 3].tolist() == [3, 3, 0]


@pytest.mark.parametrize("letters", ["TAZPC", "TCZAP", "PACZT"])
def test_named_angle_and_phase_whatever_their_place(letters):
    sizes = {"T": 2, "C": 3, "Z": 4, "A": 3, "P": 5}
    places = arranged(letters, tuple(sizes[letter] for letter in letters))
    assert places.shape[:5] == (2, 3, 4, 3, 5)
    at = dict(zip("TCZAP", (1, 2, 3, 1, 4), strict=True))
    assert places[1, 2, 3, 1, 4].tolist() == [at[letter] for letter in letters]


def test_frames_beside_time_and_z():
    places = arranged("TZC", (2, 4, 15))
    assert places.shape[:5] == (2, 1, 4, 3, 5)
    assert places[1, 0, 3, 2, 1].tolist() == [1, 3, 11]
    places = arranged("TZI", (2, 4, 15))
    assert places[1, 0, 3, 2, 1].tolist() == [1, 3, 11]


def test_only_phase_is_named():
    places = arranged("ZP", (3, 5))
    assert places.shape[:5] == (1, 1, 1, 3, 5)
    assert places[0, 0, 0, 2, 1].tolist() == [2, 1]


def test_only_angle_is_named():
    places = arranged("AZ", (3, 10), phases=5)
    assert places.shape[:5] == (1, 1, 2, 3, 5)
    assert places[0, 0, 1, 2, 3].tolist() == [2, 8]


@pytest.mark.parametrize(
    ("letters", "shape", "wanted", "words"),
    [
        ("AP", (3, 5), {"phases": 3}, "3 phases were asked for, but the file names 3 angles x 5 phases"),
        ("AP", (3, 5), {"angles": 5, "phases": 3}, "5 angles were asked for"),
        ("AP", (3, 5), {"widefield_frame": "last"}, "none is a widefield frame"),
        ("ZP", (3, 5), {"phases": 3}, "3 phases were asked for, but the file names 5"),
        ("TZ", (4, 14), {"angles": 3, "phases": 5}, "do not make 3 angles x 5 phases; there are t = 4, z = 14"),
        ("TZ", (4, 45), {}, "could be"),
        ("TZI", (2, 4, 30), {}, "2 raw stacks along one axis, but time and z have axes of their own: t = 2, z = 4"),
        ("A", (15,), {}, "the axes are a = 15: frames of several angles and phases are needed"),
        ("P", (15,), {}, "the axes are p = 15"),
    ],
)
def test_named_axes_that_contradict(letters, shape, wanted, words):
    with pytest.raises(InputError, match=words):
        arranged(letters, shape, **wanted)


def test_planes_without_names_are_times_where_the_order_says_so(tmp_path):
    path = tmp_path / "series.npy"
    series = np.arange(5 * 16 * 16, dtype=np.uint16).reshape(5, 16, 16)
    np.save(path, series)
    for order, axis in ((None, "Z"), ("Z", "Z"), ("T", "T")):
        stack = io.plain_images(io.open_source(path), path, io.Reading(order=order))
        assert {name: stack.sizes[name] for name in "TCZ"} == {"T": 1, "C": 1, "Z": 1} | {axis: 5}
        np.testing.assert_array_equal(stack.raw(*((3, 0, 0) if axis == "T" else (0, 0, 3)))[0, 0], series[3])
    with pytest.raises(
        InputError, match="`order` is for raw stacks; these are widefield images; of planes, `order` is"
    ):
        io.plain_images(io.open_source(path), path, io.Reading(order="PAT"))
    with pytest.raises(InputError, match="raw stacks have P, A, and Z or T"):
        io.read(path, order="T", angles=1, phases=5)


def test_an_axis_that_has_a_name_keeps_it():
    with pytest.raises(InputError, match="z = 4; `order` T names the only axis that has no name"):
        orders.arrange_planes("Z", (4,), unnamed="T")
    assert orders.arrange_planes("T", (4,), unnamed="T").shape == (4, 1, 1)
    assert orders.arrange_planes("IZ", (3, 4), unnamed="T").shape == (3, 1, 4)


@pytest.mark.parametrize("where", ["none", "first", "last"])
def test_the_place_of_a_widefield_frame_that_is_named_wins(where):
    """Advice to read a file in another way is followed by one more flag."""
    assert io.Reading(trailing_widefield=True, widefield_frame=where).frames.widefield_frame == where


@pytest.mark.parametrize("channels", ["2", 2.5, 0])
def test_colours_are_counted_in_whole_numbers(channels):
    with pytest.raises(InputError, match="channels"):
        io.Reading(channels=channels)
