"""The arguments of every command, with their help. What the commands do is in `srredsim.cli`."""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections.abc import Callable
from pathlib import Path

from srredsim import __version__

ORDERS = ("PAZ", "PZA", "ZAP", "tiled")
SIGNED = ("--k", "--phase-steps")  # flags whose values may begin with a minus
DENOISERS = ("pure_let", "vst_bm3d", "vst_epll", "dncnn", "memnet", "ridnet")  # the last three are networks
PRECISIONS = ("auto", "float32", "bfloat16", "float16")


class Parser(argparse.ArgumentParser):
    """Complains in one line."""

    def parse_known_args(self, args=None, namespace=None):
        """``--k -3.1,0.4`` means ``--k=-3.1,0.4``: by itself, argparse takes a value with a sign for a flag."""
        joined: list[str] = []
        for text in sys.argv[1:] if args is None else args:
            if joined and joined[-1] in SIGNED and re.match(r"-[\d.]", text):
                joined[-1] += f"={text}"
            else:
                joined.append(text)
        return super().parse_known_args(joined, namespace)

    def error(self, message: str):
        print(f"srredsim: {message} (see {self.prog} --help)", file=sys.stderr)
        sys.exit(2)


def parser() -> Parser:
    """``parse_args`` gives a namespace whose ``command`` is the name of the command."""
    top = Parser(prog="srredsim", description="From raw structured-illumination stacks to super-resolved images.")
    top.add_argument("--version", action="version", version=f"srredsim {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND", title="commands")
    first = _train, _predict, _denoise, _reconstruct, _inspect, _reference, _simulate, _prepare, _analyse
    for add in (*first, _evaluate, _benchmark, _export, _import_weights, _models, _doctor):
        add(commands)
    return top


def _train(commands) -> None:
    sub = _command(commands, "train", "train a model")
    sub.add_argument(
        "--model", metavar="NAME|RECIPE", help="a model of the zoo, NAME/VARIANT, a folder, or a recipe.yaml"
    )
    sub.add_argument("--data", metavar="NAME|DIR", help="data set, or a folder of raw/truth pairs")
    sub.add_argument("--gpus", type=_count, metavar="N", help="how many; 0: the processor; left out: all there are")
    sub.add_argument("--epochs", type=_positive, metavar="N")
    sub.add_argument("--steps", type=_positive, metavar="N", help="in an epoch")
    sub.add_argument("--batch", type=_positive, metavar="N", help="over all GPUs together")
    sub.add_argument("--precision", choices=PRECISIONS)
    sub.add_argument("--seed", type=_count, metavar="S")
    sub.add_argument(
        "--vgg-weights", type=Path, metavar="FILE", help="VGG19 for perceptual and texture losses: .h5 of Keras or .pth"
    )
    sub.add_argument("--out", type=Path, metavar="DIR", help="run folder; left out: runs/<name>/<time>")
    sub.add_argument("--resume", action="store_true", help="go on with --out, or with the newest run of the model")
    sub.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="any key of the recipe, a.b=value")


def _predict(commands) -> None:
    sub = _command(commands, "predict", "reconstruct raw stacks, or restore widefield images, with a trained model")
    _inputs(sub)
    sub.add_argument(
        "--model",
        metavar="NAME|DIR",
        help="left out: the shipped one that fits the stack and its optics; of widefield images also a+b, one after the"
        " other",
    )
    sub.add_argument("--precision", choices=PRECISIONS, default="auto")
    _optics(sub)
    sub.add_argument("--tile", type=_positive, metavar="N", help="side of a tile in raw pixels; the result is the same")
    sub.add_argument("--dtype", choices=("float32", "uint16"), default="float32", help="of the written image")
    sub.add_argument(
        "--no-consistency", dest="consistency", action="store_false", help="do not compare the image with the frames"
    )
    _overwrite(sub)
    _json(sub)


def _denoise(commands) -> None:
    sub = _command(commands, "denoise", "take the noise out of widefield images, plane by plane")
    sub.add_argument("inputs", nargs="+", type=Path, metavar="IMAGE", help="TIFF or .npy files, or folders of them")
    sub.add_argument(
        "--method",
        choices=DENOISERS,
        required=True,
        help="pure_let is fast; vst_bm3d and vst_epll are better, and need no training; dncnn is a network that comes"
        " trained; the others are to be trained first",
    )
    sub.add_argument(
        "--noise",
        type=_finite,
        nargs=2,
        metavar=("A", "B"),
        help="variance of the noise is A x brightness + B, in the units of the file; left out: measured in each plane",
    )
    sub.add_argument("--prior", type=Path, metavar="FILE.npz", help="patches for vst_epll; left out: the shipped ones")
    sub.add_argument("--model", metavar="NAME|DIR", help="of a network; left out: w2s_<method>")
    sub.add_argument("--pixel-size-um", type=_above_zero, metavar="F", help="left out: the file says")
    sub.add_argument("--dtype", choices=("float32", "uint16"), default="float32", help="of the written image")
    sub.add_argument("--out", type=Path, metavar="DIR", help="folder of the results; left out: beside the input")
    _overwrite(sub)
    _json(sub)


def _reconstruct(commands) -> None:
    sub = _command(commands, "reconstruct", "reconstruct raw stacks the classical way, without a network")
    _inputs(sub)
    _optics(sub)
    sub.add_argument("--wiener", type=_above_zero, metavar="W", help="higher is smoother; left out: from the noise")
    sub.add_argument(
        "--attenuation",
        type=_share,
        default=0.0,
        metavar="F",
        help="0 to 1: how much of the lowest frequencies, where out-of-focus light is, is left to the stripes (0);"
        " above 0, intensities mean less",
    )
    sub.add_argument(
        "--method",
        choices=("wiener", "richardson-lucy"),
        default="wiener",
        help="Richardson-Lucy goes on from there: no negative light, better in dim frames (wiener)",
    )
    sub.add_argument(
        "--iterations", type=_positive, metavar="N", help="of Richardson-Lucy; more are sharper and noisier (3)"
    )
    sub.add_argument(
        "--split-photons",
        action="store_true",
        help="also tell the resolution, by Fourier ring correlation of two halves of the photons",
    )
    known = sub.add_argument_group("what is known of the stripes", "Left out: found in the frames.")
    known.add_argument(
        "--parameters",
        type=Path,
        metavar="FILE.json",
        help="the <stem>_wiener.json of another stack: its stripes, with the phases and contrasts of this one",
    )
    known.add_argument(
        "--k",
        action="append",
        type=_wave_vector,
        metavar="KY,KX",
        help="first-order stripes of each angle in cycles/um, y down, once an angle;"
        " or as DEGREES@UM, direction from x towards +y and line spacing",
    )
    known.add_argument(
        "--phase-steps",
        action="append",
        type=_degrees,
        metavar="DEGREES",
        help="first-order phase of each frame, as 0,72,144,216,288; once, or once an angle",
    )
    lens = sub.add_argument_group(
        "the transfer function", "Left out: that of an ideal lens, damped."
    ).add_mutually_exclusive_group()
    lens.add_argument(
        "--otf",
        type=Path,
        metavar="FILE",
        help="measured radial OTF, the pixel of this camera contained in it: text, JSON or .npy of two columns,"
        " frequency in cycles/um and value",
    )
    lens.add_argument(
        "--otf-damping",
        type=_damping,
        metavar="A",
        help="above 0 and up to 1, which is the ideal lens: the OTF is the ideal one times A^(f / cut-off)",
    )
    _overwrite(sub)
    _json(sub)


def _inspect(commands) -> None:
    sub = _command(commands, "inspect", "say what a file is, whether its frames are good, and what to change")
    _inputs(sub)
    optics = "left out: the file says; needed to find the stripes"
    sub.add_argument("--na", type=_above_zero, metavar="F", help=f"numerical aperture; {optics}")
    sub.add_argument("--wavelength-em-um", type=_above_zero, metavar="F", help=f"of the emission; {optics}")
    _overwrite(sub)
    _json(sub)


def _reference(commands) -> None:
    sub = _command(commands, "reference", "make a folder of pairs to train on, from stacks recorded in plenty of light")
    _stacks(sub)
    sub.add_argument("--out", type=Path, metavar="DIR", required=True, help="folder for train --data")
    _optics(sub)
    sub.add_argument("--wiener", type=_above_zero, metavar="W", help="of the truth; left out: from the noise")
    dim = sub.add_mutually_exclusive_group()
    dim.add_argument("--low", type=Path, metavar="DIR", help="folder of the same stacks in little light, same names")
    shares = "shares of the light that are left for the input, each makes a pair (0.1 0.03)"
    dim.add_argument("--light", type=_above_zero, nargs="+", default=(), metavar="F", help=shares)
    counts = "the same as photons in the brightest pixels of the widefield image, per frame"
    dim.add_argument("--photons", type=_above_zero, nargs="+", default=(), metavar="N", help=counts)
    sub.add_argument("--gain-adu", type=_above_zero, metavar="F", help="of the camera, per electron; else estimated")
    sub.add_argument("--offset-adu", type=_not_negative, metavar="F", help="of the camera; left out: estimated")
    sub.add_argument(
        "--read-noise-e", type=_not_negative, metavar="F", help="of the camera, in electrons; else assumed"
    )
    sub.add_argument(
        "--validation", type=_count, default=10, metavar="N", help="hold one of N stacks back; 0: none (10)"
    )
    sub.add_argument("--accept-incomplete", action="store_true", help="also where not all stripes were found")
    sub.add_argument("--seed", type=_count, default=0, metavar="S", help="the same seed takes the same photons (0)")
    _overwrite(sub)
    _json(sub)


def _simulate(commands) -> None:
    sub = _command(commands, "simulate", "make raw stacks with their truth")
    sub.add_argument("--out", type=Path, metavar="DIR", required=True)
    sub.add_argument("--count", type=_positive, default=1, metavar="N", help="how many stacks (1)")
    sub.add_argument("--seed", type=_count, default=0, metavar="S", help="the same seed makes the same stacks (0)")
    sub.add_argument("--angles", type=_positive, default=3, metavar="A", help="of the pattern (3)")
    sub.add_argument("--phases", type=_positive, default=5, metavar="P", help="in each angle (5)")
    light = "range of the expected photons in the brightest widefield pixel (20 5000)"
    sub.add_argument(
        "--photons", type=_above_zero, nargs=2, default=(20.0, 5000.0), metavar=("LOW", "HIGH"), help=light
    )
    sub.add_argument("--size", type=_positive, metavar="N", help="side in raw pixels (128; 512 with --w2s)")
    sub.add_argument(
        "--w2s",
        action="store_true",
        help="fields as in the raw archive of W2S, for prepare w2s: 400 captures, raw SIM frames and SIM image in three"
        " channels; --count, --seed and --size only. 650 MB a field of 512 pixels",
    )


def _prepare(commands) -> None:
    sub = _command(commands, "prepare", "make a folder to train and test on from a published archive")
    archives = sub.add_subparsers(dest="archive", required=True, metavar="ARCHIVE", title="archives")
    w2s = archives.add_parser(
        "w2s",
        help="widefield to SIM, raw",
        description="The averages of 1, 2, 4, 8, 16 and all 400 captures and the SIM images as z-scores, and pairs of"
        " raw SIM stacks and SIM images. Interrupted, it goes on where it stopped.",
    )
    w2s.set_defaults(json=False)
    w2s.add_argument("--raw", type=Path, metavar="DIR", required=True, help="that holds Image001, Image002 ...")
    w2s.add_argument("--out", type=Path, metavar="DIR", required=True, help="folder for train --data")
    w2s.add_argument("--skip-incomplete", action="store_true", help="leave out fields with missing or broken files")
    w2s.add_argument(
        "--zscore",
        nargs="+",
        default=["published"],
        metavar=("published|own|MEAN", "STD"),
        help="of the averages; own: measured over all captures here, which reads them twice (published)",
    )
    w2s.add_argument(
        "--sim-zscore",
        choices=("global", "lr", "per-image", "none"),
        default="global",
        help="of the SIM images: one mean and deviation of those of the fields 001-080; that of the averages; of each"
        " its own; none (global)",
    )
    w2s.add_argument(
        "--sim-order",
        choices=("angles-in-rows", "angles-in-columns"),
        default="angles-in-rows",
        help="of the 3 x 5 tiles of raw SIM frames: 3 angles of 5 phases, or 5 of 3 (angles-in-rows)",
    )
    w2s.add_argument("--no-raw-sim", dest="raw_sim", action="store_false", help="no pairs of raw SIM stacks")
    w2s.add_argument("--limit", type=_positive, metavar="N", help="the first N fields only")
    w2s.add_argument("--overwrite", action="store_true", help="make everything anew, also with other settings")
    _json(w2s)


def _analyse(commands) -> None:
    sub = _command(commands, "analyse", "measure the noise of images, or the blur between two resolutions")
    kinds = sub.add_subparsers(dest="measure", required=True, metavar="MEASURE", title="measures")
    noise = kinds.add_parser(
        "noise",
        help="variance of the noise as a line over brightness, a mean + b",
        description="The noise of every plane of the images as variance = a mean + b, in the units of the image and"
        " after scaling to [0, 1]; the pictures show the mean of a over the images of each folder.",
    )
    noise.add_argument("images", nargs="+", type=Path, metavar="IMAGE", help="TIFF or .npy files, or folders of them")
    noise.add_argument(
        "--limits",
        nargs=2,
        type=_finite,
        metavar=("LOW", "HIGH"),
        help="where the camera cuts off, and what becomes 0 and 1; left out: nowhere, and the range of the image",
    )
    noise.add_argument(
        "--repeats",
        action="store_true",
        help="the planes of a file are repeats of one image: variance against mean, pixel by pixel",
    )
    kernel = kinds.add_parser(
        "kernel",
        help="blur of low- against high-resolution images of the same fields",
        description="The kernel by which the high-resolution image is blurred to the low-resolution one, by division"
        " of their spectra; of each pair, in the order given, and the mean.",
    )
    kernel.add_argument("--lr", nargs="+", type=Path, required=True, metavar="IMAGE", help="low resolution")
    kernel.add_argument(
        "--hr", nargs="+", type=Path, required=True, metavar="IMAGE", help="the same in high resolution"
    )
    kernel.add_argument(
        "--regularisation",
        type=_not_negative,
        default=2500.0,
        metavar="F",
        help="added to the power of the high-resolution image, after both were divided by --unit (2500)",
    )
    kernel.add_argument("--unit", type=_above_zero, default=255.0, metavar="F", help="value that becomes 1 (255)")
    kernel.add_argument("--width", type=_positive, default=36, metavar="N", help="of the kernel, even (36)")
    kernel.add_argument(
        "--upscale", choices=("bilinear", "bicubic"), default="bilinear", help="of the low resolution (bilinear)"
    )
    for measure in (noise, kernel):
        measure.set_defaults(json=False)
        measure.add_argument("--out", type=Path, metavar="DIR", help="for JSON and PNG; left out: printed only")
        _overwrite(measure)
        _json(measure)


def _evaluate(commands) -> None:
    sub = _command(commands, "evaluate", "score a model, and the widefield image, on the same data")
    sub.add_argument("--model", metavar="NAME|DIR", required=True)
    sub.add_argument(
        "--data", metavar="NAME|DIR", default="simulated", help="data set, or a folder of pairs (simulated)"
    )
    sub.add_argument(
        "--pattern", metavar="AxP", help="angles x phases of the stacks, as 3x5; left out: all of the model"
    )
    sub.add_argument("--split", metavar="S", default="test", help="train, validation or test (test)")
    sub.add_argument("--out", type=Path, metavar="FILE", default=Path("results.json"), help="default: results.json")
    _overwrite(sub)
    _json(sub)


def _benchmark(commands) -> None:
    sub = _command(commands, "benchmark", "all tables of a published benchmark, cell by cell; run again, it goes on")
    sub.add_argument("benchmark", choices=("w2s",))
    sub.add_argument("--data", default="w2s_simulated", metavar="NAME|DIR", help="what prepare w2s made, or simulated")
    sub.add_argument("--split", default="test", metavar="S")
    sub.add_argument(
        "--methods",
        nargs="+",
        default=(),
        metavar="M",
        help="chains such as vst_bm3d, dncnn+rcan, jdsr_rrdb, bicubic; left out: all that the paper has",
    )
    sub.add_argument("--noise-levels", nargs="+", type=int, choices=(1, 2, 4, 8, 16, 400), default=(), metavar="N")
    sub.add_argument("--limit", type=_positive, metavar="N", help="images at most")
    sub.add_argument(
        "--model",
        action="append",
        default=[],
        metavar="METHOD=DIR",
        help="where the weights of a method are, {level} standing for the noise level; left out: the model w2s_METHOD",
    )
    sub.add_argument("--out", type=Path, default=Path("benchmark_w2s"), metavar="DIR")
    _json(sub)


def _export(commands) -> None:
    sub = _command(commands, "export", "write a model for serving")
    sub.add_argument("model", metavar="MODEL", help="name or folder")
    sub.add_argument("--out", type=Path, metavar="DIR", required=True)
    sub.add_argument("--format", choices=("savedmodel", "onnx", "keras"), default="savedmodel")


def _import_weights(commands) -> None:
    summary = "turn a published PyTorch checkpoint into a Keras model, without PyTorch"
    sub = _command(commands, "import-weights", summary)
    sub.add_argument("checkpoint", type=Path, metavar="FILE", help="what torch.save wrote, usually .pth or .pt")
    sub.add_argument("--network", metavar="NAME", required=True, help="dncnn, rrdb ...: which one it is")
    sub.add_argument("--out", type=Path, metavar="DIR", required=True, help="folder for model.keras")
    sub.add_argument("--recipe", metavar="NAME", help="what it was trained by, as w2s_dncnn/code; DIR can then predict")
    sub.add_argument("--data", metavar="NAME|DIR", help="the data set by whose z-scores it was trained")
    sub.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="any key of the recipe, a.b=value")
    _overwrite(sub)
    _json(sub)


def _models(commands) -> None:
    _json(_command(commands, "models", "list the models there are"))


def _doctor(commands) -> None:
    _json(_command(commands, "doctor", "say what this machine has"))


def _command(commands, name: str, summary: str) -> Parser:
    sub = commands.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
    sub.set_defaults(json=False)
    return sub


def _inputs(sub: Parser) -> None:
    _stacks(sub)
    sub.add_argument("--out", type=Path, metavar="DIR", help="folder of the results; left out: beside the input")


def _stacks(sub: Parser) -> None:
    sub.add_argument("inputs", nargs="+", type=Path, metavar="INPUT", help="TIFF or .npy files, or folders of them")
    sub.add_argument("--order", choices=ORDERS, help="of the frames in the file; left out: from the file, or PAZ")
    sub.add_argument("--angles", type=_positive, metavar="A", help="of the pattern; left out: from the file")
    sub.add_argument("--phases", type=_positive, metavar="P", help="in each angle; left out: from the file")
    sub.add_argument("--trailing-widefield", action="store_true", help="each stack ends with a widefield frame")
    sub.add_argument(
        "--pixel-size-um", type=_above_zero, metavar="F", help="of the raw frames; left out: the file says"
    )


def _optics(sub: Parser) -> None:
    sub.add_argument("--na", type=_above_zero, metavar="F", help="numerical aperture; left out: the file says")
    sub.add_argument(
        "--wavelength-em-um", type=_above_zero, metavar="F", help="of the emission; left out: the file says"
    )


def _overwrite(sub: Parser) -> None:
    sub.add_argument("--overwrite", action="store_true", help="replace results that exist")


def _json(sub: Parser) -> None:
    sub.add_argument("--json", action="store_true", help="one JSON object on standard output, all else on stderr")


def _count(text: str) -> int:
    return _number(int, text, "a whole number, 0 or more", lambda value: value >= 0)


def _positive(text: str) -> int:
    return _number(int, text, "a whole number above 0", lambda value: value > 0)


def _above_zero(text: str) -> float:
    return _number(float, text, "a number above 0", lambda value: 0 < value < float("inf"))


def _finite(text: str) -> float:
    return _number(float, text, "a number", math.isfinite)


def _share(text: str) -> float:
    return _number(float, text, "a number from 0 to 1", lambda value: 0 <= value <= 1)


def _damping(text: str) -> float:
    return _number(float, text, "a number above 0 and up to 1", lambda value: 0 < value <= 1)


def _wave_vector(text: str) -> tuple[float, float]:
    """(ky, kx) in cycles/um, from ``KY,KX`` or from ``DEGREES@UM``."""
    polar = "@" in text
    try:
        first, second = (float(part) for part in text.split("@" if polar else ","))
    except ValueError:
        first = second = math.nan
    if not (math.isfinite(first) and math.isfinite(second)) or (polar and second <= 0):
        raise argparse.ArgumentTypeError(f"should be KY,KX in cycles/um, or DEGREES@UM, as 32@0.21; got {text!r}")
    if polar:
        return math.sin(math.radians(first)) / second, math.cos(math.radians(first)) / second
    return first, second


def _degrees(text: str) -> tuple[float, ...]:
    """In radians."""
    try:
        values = tuple(math.radians(float(part)) for part in text.split(","))
    except ValueError:
        values = (math.nan,)
    if not all(map(math.isfinite, values)):
        raise argparse.ArgumentTypeError(f"should be degrees with commas between them, as 0,120,240; got {text!r}")
    return values


def _not_negative(text: str) -> float:
    return _number(float, text, "a number, 0 or more", lambda value: 0 <= value < float("inf"))


def _number(kind: type, text: str, wanted: str, fits: Callable) -> int | float:
    try:
        value = kind(text)
    except ValueError:
        value = None
    if value is None or not fits(value):
        raise argparse.ArgumentTypeError(f"should be {wanted}; got {text!r}")
    return value
