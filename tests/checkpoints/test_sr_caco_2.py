"""The networks of the SR-CACO-2 benchmark give the numbers of their original definitions in PyTorch.

The reference numbers were computed in float64 (GRL in float32) with the original layers. Every parameter is a hash of
its name in the original state dictionary and its place there, brought to Keras by the importer's table; and by way of
files, in the layout of the published archive.
"""

import inspect
import zlib

import keras
import numpy as np
import pytest
import yaml

from srredsim import networks
from srredsim.checkpoints import originals
from srredsim.checkpoints.counterparts import Shapes
from srredsim.errors import InputError
from srredsim.workflows.import_weights import import_weights
from srredsim.zoo import recipe as recipes
from srredsim.zoo.chain import Chain

POINTS = [(0, 0), (11, 7), (-1, -1)]
FACTORS = {"running_mean": (0.0, 0.1), "running_var": (1.0, 0.2), "weight": (0.6, 0.1)}  # centre and spread


def hashed(name, shape):
    """Numbers between -1 and 1, from a name and a place: the same wherever they are made."""
    z = np.arange(1, np.prod(shape) + 1, dtype=np.uint64) * 2654435761 + zlib.crc32(name.encode("ascii"))
    z &= 0xFFFFFFFF
    z ^= z >> 16
    z = z * 0x85EBCA6B & 0xFFFFFFFF
    z ^= z >> 13
    z = z * 0xC2B2AE35 & 0xFFFFFFFF
    z ^= z >> 16
    return (2 * z.astype(float) / 2**32 - 1).reshape(shape)


def parameter(name, shape, gain):
    numbers = hashed(name, shape)
    if len(shape) > 1:
        return numbers * np.sqrt(gain / np.prod(shape[1:]))
    centre, spread = FACTORS.get(name.rpartition(".")[2], (0.0, 0.05))
    return centre + spread * numbers


ROTATIONS = np.sqrt(3) * hashed("rotations", (1, 64, 4, 2))[0]  # those of nlsn: 4 buckets, as 26 x 22 pixels have


def published(name, **settings):
    """The network with the published settings, and its counterparts."""
    settings = SETTINGS.get(name, {}) | settings
    model = networks.build(name, **settings)
    known = {key: value.default for key, value in inspect.signature(networks.module(name).build).parameters.items()}
    known |= settings
    return model, list(originals.original(name).counterparts(model, known)), known


def built(name, gain, **settings):
    """The network with the published settings and the numbers above; the shapes of the tensors tell its settings."""
    if name == "nlsn":
        settings["rotations"] = [ROTATIONS] * 5
    model, counterparts, known = published(name, **settings)
    for tensor, shape, weight, convert in counterparts:
        weight.assign(convert(parameter(tensor, shape, gain)))
    told = originals.original(name).settings(Shapes((tensor, shape) for tensor, shape, *_ in counterparts))
    for setting, value in told.items():  # at smaller scales prosr has fewer units
        expected = known[setting]
        assert value in (None, list(expected)[: len(value)] if isinstance(value, list) else expected)
    return model


def image():
    i, j = np.mgrid[:26, :22]
    return (0.5 + 0.4 * np.sin(0.35 * i) * np.cos(0.21 * j))[None, ..., None]


SETTINGS = {  # settings of those that are another benchmark's by default
    "memnet": {"filters": 64, "units": 6, "residuals": 6, "recursive": True, "skip": True, "last": 1},
}


def parameters(model):
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


# network -> gain of its weights; scale -> parameters; mean, standard deviation and three points of the output
REFERENCE = {
    "srcnn": (3, {1: (157_953, [0.16183622, 0.11267979, 0.046311219, 0.2150751, 0.14064239])}),
    "vdsr": (
        6,
        {
            2: (664_704, [0.49494315, 0.25311592, 0.49161657, 0.84537116, 0.44183919]),
            4: (664_704, [0.50738708, 0.24509853, 0.49075944, 0.84870337, 0.45451893]),
        },
    ),
    "drrn": (
        3,
        {
            2: (297_216, [-0.15998382, 0.1810976, 0.46151945, -0.36745571, 0.26705173]),
            4: (297_216, [-0.18734937, 0.14683834, 0.47551613, -0.34225353, 0.24747214]),
        },
    ),
    "prosr": (
        2,
        {
            2: (9_464_641, [0.41325223, 0.3677409, 0.66504419, 0.5908781, 0.37631185]),
            4: (13_415_682 - 1_600, [0.43234163, 0.27624884, 0.36495503, 0.70238635, 0.40388253]),
            8: (15_520_323 - 3_200, [0.40481273, 0.20635955, 0.3040613, 0.56908045, 0.42471157]),
        },
    ),
    "dbpn": (
        3,
        {
            2: (5_938_548, [-0.020427861, 0.03817154, -0.0055354153, -0.0078747509, -0.029241809]),
            4: (10_411_380, [-0.025752383, 0.016257581, -0.0042253479, -0.03432112, -0.045431675]),
            8: (23_190_900, [-0.017559857, 0.0074992471, -0.013223102, -0.011812444, -0.037207131]),
        },
    ),
    "dfcan": (
        1.5,
        {
            2: (1_930_753, [0.73388247, 0.18601385, 0.35971361, 0.58125173, 0.44023271]),
            4: (2_373_889, [0.66599882, 0.17323875, 0.63068085, 0.95464328, 0.4794601]),
            8: (4_146_433, [0.65624163, 0.20117044, 0.49736955, 0.76050464, 0.53480401]),
        },
    ),
    "swinir": (
        3,
        {
            2: (7_768_624, [-0.2065731, 0.86897002, 0.32691021, -0.82638955, -0.41376519]),
            4: (7_788_076, [-0.15729515, 0.8045869, 0.32691021, -0.066699227, 0.58222586]),
            8: (7_865_884, [0.027544504, 0.72939215, 0.32691021, 0.037951743, 0.15069243]),
        },
    ),
    "nlsn": (
        3,
        {
            2: (41_786_969 - 24, [0.17700969, 0.88643598, 0.029114792, 1.377003, -0.10744393]),
            4: (44_147_289 - 24, [0.27263841, 0.50763071, 0.056508498, 1.8441212, 0.11930207]),
            8: (46_507_609 - 24, [-0.023538755, 0.71280558, -0.33922475, -0.08150913, -0.15768071]),
        },
    ),
    "enlcn": (
        3,
        {
            2: (41_213_849 - 24, [0.18102341, 0.88918479, 0.02876931, 1.4082727, -0.10266897]),
            4: (43_574_169 - 24, [0.26835033, 0.50727964, 0.056158535, 1.8426165, 0.12150866]),
            8: (45_934_489 - 24, [-0.024127631, 0.71185646, -0.33780325, -0.082030254, -0.15892996]),
        },
    ),
    "omnisr": (
        3,
        {
            2: (2_827_716, [-0.21000598, 2.7810524, -1.0823818, 0.060600269, -0.67165963]),
            4: (2_834_640, [-0.89890708, 2.5036431, -1.0823818, -0.47914502, -4.0992357]),
            8: (2_862_336, [0.016572242, 2.5242957, -1.0823818, -3.9584051, 3.3040067]),
        },
    ),
    "act": (
        1,
        {
            2: (46_027_417 - 24 - 36_928, [0.12153154, 0.29236733, 0.12461236, 0.17783219, 0.11340563]),
            4: (46_175_129 - 24 - 36_928, [0.037026631, 0.12292464, 0.038347115, -0.08869097, 0.0061042899]),
            8: (46_322_841 - 24 - 36_928, [-0.012535656, 0.087826992, 0.014211785, 0.090556671, -0.009122368]),
        },
    ),
    "grl": (
        3,
        {
            2: (20_049_193, [0.28761, 0.224726, -0.347231, 0.667673, 0.26666]),
            4: (20_196_905, [0.100395, 0.439191, 0.0958731, 0.311625, 0.830674]),
            8: (20_344_617, [0.0554404, 0.386592, 0.0559544, 0.314473, 0.0632139]),
        },
    ),
    "memnet": (
        3,
        {
            2: (2_904_962, [0.63924013, 0.21575589, 0.53709728, 0.97995663, 0.48861067]),
            4: (2_904_962, [0.65393455, 0.20469204, 0.52642824, 0.92250426, 0.4876742]),
        },
    ),
    "srfbn": (
        3,
        {
            2: (2_134_772 - 24, [0.53895038, 0.20958695, 0.52819525, 0.85351681, 0.45412478]),
            4: (3_625_716 - 24, [0.52155738, 0.20601585, 0.53058683, 0.82649889, 0.45392917]),
            8: (7_885_556 - 24, [0.52013977, 0.20617416, 0.52795893, 0.66835201, 0.4545411]),
        },
    ),
    "mslapsrn": (
        3,
        {
            2: (436_114, [0.19089505, 0.24930701, 0.050698073, -0.015739195, -0.047298017]),
            4: (871_588, [-0.014099105, 0.17842742, 0.0073559223, 0.0077150761, -0.010495052]),
            8: (1_307_062, [-0.051825324, 0.083745434, -0.046509079, -0.29485962, -0.04454031]),
        },
    ),
}

ALL = {"mslapsrn": "all_levels", "prosr": "all_levels", "srfbn": "all_steps"}  # setting that gives the images before
STEPS = {  # network -> scale -> means of the images before the last
    "prosr": {4: [0.5260418], 8: [0.51424136, 0.45514295]},
    "srfbn": {
        2: [0.54328908, 0.53909111, 0.53899219],
        4: [0.52167938, 0.52155577, 0.52155617],
        8: [0.51997712, 0.52013739, 0.52013963],
    },
    "mslapsrn": {4: [0.19089505], 8: [0.19089505, -0.014099105]},
}
TOLERANCE = {"grl": 1e-4}  # in standard deviations, where it is not a hundred-thousandth


SLOW = ("act", "dfcan", "enlcn", "grl", "memnet", "nlsn", "omnisr", "prosr")  # even once
ALL_CASES = [(name, scale) for name, (_, rows) in REFERENCE.items() for scale in rows]
CASES = [(name, scale, name in SLOW or scale > 2) for name, scale in ALL_CASES]
CASES = [pytest.param(name, scale, marks=pytest.mark.slow if slow else ()) for name, scale, slow in CASES]


@pytest.mark.parametrize(("name", "scale"), CASES)
def test_the_image_is_that_of_the_original(name, scale):
    gain, rows = REFERENCE[name]
    count, expected = rows[scale]
    steps = STEPS.get(name, {}).get(scale)
    model = built(name, gain, scale=scale, **({ALL[name]: True} if steps else {}))
    assert parameters(model) == count
    found = model(image(), training=False)
    found = [
        keras.ops.convert_to_numpy(one)[0].astype(float) for one in (found if isinstance(found, list) else [found])
    ]
    found = [one[..., channel] for one in found for channel in range(one.shape[-1])]
    assert found[-1].shape == (26 * scale, 22 * scale)
    numbers = [found[-1].mean(), found[-1].std(), *(found[-1][point] for point in POINTS)]
    np.testing.assert_allclose(numbers, expected, rtol=0, atol=TOLERANCE.get(name, 1e-5) * expected[1])
    np.testing.assert_allclose([one.mean() for one in found[:-1]], steps or [], rtol=0, atol=1e-5 * expected[1])


# By way of files


MEAN_SHIFTS = {
    f"{part}_mean.{one}": (3, 3, 1, 1)[: 4 if one == "weight" else 1]
    for part in ("sub", "add")
    for one in ("weight", "bias")
}
DEAD = {  # network -> tensors of its checkpoints that never had an effect on the image
    "nlsn": MEAN_SHIFTS,
    "enlcn": MEAN_SHIFTS,
    "srfbn": MEAN_SHIFTS,
    "act": MEAN_SHIFTS | {"cnn_branch.4.weight": (64, 64, 3, 3), "cnn_branch.4.bias": (64,)},
    "swinir": {"layers.0.residual_group.blocks.1.attn_mask": (64, 64, 64)},
    "grl": {"table_w": (1, 15, 15, 2), "mask_w": (64, 64, 64)},
    "memnet": {"feature_extractor.0.num_batches_tracked": (1,)},
}
KINDS = {
    "dbpn": "DBPN",
    "omnisr": "OmniSR",
    "memnet": "MemNet",
    "prosr": "ProSR",
    "mslapsrn": "MSLapSRN",
    "swinir": "swinir",
}


def run_folder(folder, torch_writer, name, scale, tensors):
    """As in the published archive."""
    kind = KINDS.get(name, name.upper())
    asked = {"net_type": kind, f"{kind}_in_chans": 1} | ({} if name == "srcnn" else {f"{kind}_upscale": scale})
    (folder / "best-models").mkdir(parents=True)
    (folder / "config_model.yml").write_text(
        yaml.safe_dump({"task": "super-resolution", "scale": scale, "netG": asked})
    )
    torch_writer.write(folder / "best-models" / "G-model.pth", torch_writer.tensors(tensors))
    return folder


QUICK = [("vdsr", 2), ("mslapsrn", 4)]
FILES = [pytest.param(*case, marks=() if case in QUICK else pytest.mark.slow) for case in ALL_CASES]


@pytest.mark.parametrize(("name", "scale"), FILES)
def test_a_published_run_folder_gives_the_image_of_the_original(name, scale, torch_writer, tmp_path):
    gain, rows = REFERENCE[name]
    _, counterparts, _ = published(name, scale=scale)
    tensors = {tensor: parameter(tensor, shape, gain) for tensor, shape, *_ in counterparts}
    if name == "prosr":  # the beginning and the image of smaller scales
        smaller = range(1, int(np.log2(scale)))
        dead = {f"{part}_{level}.conv.1.weight": (2,) for level in smaller for part in ("init_conv", "reconst")}
    else:
        dead = DEAD.get(name, {})
    given = run_folder(tmp_path / "run", torch_writer, name, scale, tensors | {key: np.ones(dead[key]) for key in dead})
    report = import_weights(given, None, tmp_path / "out")
    assert sorted(report["dead"]) == sorted(key for key in dead if "tracked" not in key)
    assert (report["network"], report["settings"]["scale"]) == (name, scale)
    model = keras.saving.load_model(report["path"])
    if name == "nlsn":  # which the importer draws
        for layer in (layer for layer in model.layers if layer.name.endswith("_rotation")):
            drawn = layer.kernel.numpy().reshape(64, 4, -1)
            drawn[..., :2] = ROTATIONS
            layer.kernel.assign(drawn.reshape(64, -1))
    found = keras.ops.convert_to_numpy(model(image(), training=False))[0, ..., 0].astype(float)
    numbers = [found.mean(), found.std(), *(found[point] for point in POINTS)]
    expected = rows[scale][1]
    np.testing.assert_allclose(numbers, expected, rtol=0, atol=TOLERANCE.get(name, 1e-5) * expected[1])


def vdsr(scale=2):
    _, counterparts, _ = published("vdsr", scale=scale, depth=3, filters=4)
    return {tensor: parameter(tensor, shape, 6) for tensor, shape, *_ in counterparts}


def test_a_scale_that_the_tensors_do_not_tell_is_asked_for(torch_writer, tmp_path, refused, run):
    path = torch_writer.write(tmp_path / "G-model.pth", torch_writer.tensors(vdsr()))
    command = ["import-weights", path, "--network", "vdsr", "--out", tmp_path / "out"]
    said = refused(*command)
    assert said.endswith("G-model.pth: could be of any scale: the tensors of vdsr do not tell it; give --scale")
    assert "--scale of vdsr is 1, 2, 3, 4 or 8; got 5" in refused(*command, "--scale", "5")
    assert not (tmp_path / "out").exists()
    assert run(*command, "--scale", "4").status == 0
    model = keras.saving.load_model(tmp_path / "out" / "model.keras")
    assert model(image()).shape == (1, 4 * 26, 4 * 22, 1)


def test_a_scale_that_is_told_must_be_the_one_asked_for(torch_writer, tmp_path):
    _, counterparts, _ = published("mslapsrn", scale=4, convolutions=1, filters=4)
    tensors = {tensor: parameter(tensor, shape, 6) for tensor, shape, *_ in counterparts}
    path = run_folder(tmp_path / "run", torch_writer, "mslapsrn", 4, tensors)
    with pytest.raises(InputError, match=r"run is a run of the scale 4; 2 was asked for$"):
        import_weights(path, None, tmp_path / "out", scale=2)
    with pytest.raises(InputError, match=r"run is a run of the network mslapsrn; vdsr was asked for$"):
        import_weights(path, "vdsr", tmp_path / "out")
    with pytest.raises(InputError, match=r"G-model.pth: is of a mslapsrn whose scale is 4; 8 was asked for$"):
        import_weights(path / "best-models" / "G-model.pth", "mslapsrn", tmp_path / "out", scale=8)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("configuration", "words"),
    [
        (None, r"run is no run folder of SR-CACO-2: config_model.yml is missing; give its file, or all of it$"),
        ("netG: {net_type: EDSR_LIIF}", r"config_model.yml is of the network 'EDSR_LIIF', which is not known here; .*"),
        ("scale: 4", r"config_model.yml names no network .`net_type` in `netG`.*"),
        ("netG: [", r"config_model.yml is damaged: .*"),
        (
            "netG: {net_type: VDSR, VDSR_upscale: four}",
            r"config_model.yml: its scale should be a whole number; .*'four'$",
        ),
    ],
)
def test_run_folders_that_say_too_little(torch_writer, tmp_path, configuration, words):
    path = run_folder(tmp_path / "run", torch_writer, "vdsr", 4, vdsr())
    if configuration is None:
        (path / "config_model.yml").unlink()
    else:
        (path / "config_model.yml").write_text(configuration)
    with pytest.raises(InputError, match=words):
        import_weights(path, None, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_run_folder_without_weights_and_a_file_without_a_network(torch_writer, tmp_path):
    path = run_folder(tmp_path / "run", torch_writer, "vdsr", 4, vdsr())
    with pytest.raises(InputError, match=r"G-model.pth does not say what network it is of; give `network`: act, .*"):
        import_weights(path / "best-models" / "G-model.pth", None, tmp_path / "out")
    (path / "best-models" / "G-model.pth").unlink()
    with pytest.raises(InputError, match=r"best-models/G-model.pth is missing; give its file, or all of it$"):
        import_weights(path, None, tmp_path / "out")


def test_with_its_recipe_a_run_is_a_model_at_its_own_scale(torch_writer, tmp_path, run):
    """Grey levels go in and come out: the network of the checkpoint sees them as 0 ... 1."""
    path = run_folder(tmp_path / "run", torch_writer, "vdsr", 4, vdsr())
    small = "--set", "network.depth=3", "--set", "network.filters=4", "--recipe", "caco2_vdsr/code"
    assert run("import-weights", path, "--out", tmp_path / "mine", *small).status == 0
    wanted = recipes.load(tmp_path / "mine")
    assert (wanted.network["scale"], wanted.data.options["scale"], wanted.data.crop) == (4, 4, 32)
    levels = np.round(255 * image()[0, ..., 0]).astype("f4")
    network = keras.saving.load_model(tmp_path / "mine" / "model.keras")
    expected = 255 * keras.ops.convert_to_numpy(network(levels[None, ..., None] / 255))[0, ..., 0]
    np.testing.assert_allclose(Chain(str(tmp_path / "mine"), precision="float32")(levels), expected, atol=0.02)


def test_the_recipe_does_not_say_the_scale_of_a_checkpoint(torch_writer, tmp_path, refused):
    path = torch_writer.write(tmp_path / "G-model.pth", torch_writer.tensors(vdsr()))
    command = ["import-weights", path, "--network", "vdsr", "--out", tmp_path / "out", "--recipe", "caco2_vdsr"]
    assert "do not tell it; give --scale" in refused(*command)
