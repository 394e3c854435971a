"""What srredsim does, as functions: from a raw stack or an image in memory, or a path, to images and reports.

They are the verbs of ``srredsim`` itself: ``srredsim.predict(stack)``. Nothing is written but by the ``save`` of a
result. Names of arguments and defaults are those of the command line. Wherever a stack is taken, it may be

* a `RawStack`, as `read` gives it;
* a path: a file in any format that `read` knows;
* an array (..., y, x), which is understood as the same array in a .npy file would be: the axis before y and x are the
  frames, or the last two are angle and phase. ``axes="ZAPYX"`` says what else they are.

How to read a path or an array is told by further arguments of the same call:

order, angles, phases, pattern, widefield_frame, channels, microscope
    The frames, as `read` explains.
accept_incomplete, stack, rolling, scene, only
    ``True``: whole stacks of a file that lacks frames; a folder is one stack; an image for every angle. Which image of
    the file, and which times, channels and z-planes of it, numbered from 0: ``"t=0-2,c=1"``.
keep_hot_pixels
    ``True``: hot pixels and cosmic rays stay; else the median of what is beside them, as ``notes`` tell.
pixel_size_um, na, wavelength_em_um
    The raw pixel, the objective and the emission; they win over what a file or a `RawStack` says. The wavelength may be
    one for each channel: ``(0.461, 0.525)``.

What cannot be used raises `srredsim.errors.InputError`, whose message names the argument that would help. What makes an
image doubtful is among its ``notes``, and is warned of, as `srredsim.errors.Doubt`.

>>> stack, truth = srredsim.simulate(seed=3, size=48, photons=(2000, 2000))  # the stack of the examples
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from srredsim import checks, devices, io, stacks
from srredsim.acquisition import OPTICS, Optics, Pattern, RawStack
from srredsim.errors import InputError
from srredsim.results import Image, Inspection, Origin, Picture, Simulated, drawn_panels
from srredsim.stacks import OfReading, OfReconstruction, Progress, Stack

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from srredsim.zoo.chain import Chain
    from srredsim.zoo.models import LoadedModel

__all__ = [
    "compare_with_frames",
    "denoise",
    "inspect",
    "load_model",
    "predict",
    "read",
    "reconstruct",
    "show",
    "simulate",
]


def read(data: Stack, **reading: Unpack[OfReading]) -> RawStack:
    """Raw stack of a file, whose frames are read when they are asked for, or of an array.

    Parameters
    ----------
    order : {"PAZ", "PZA", "ZAP", ..., "PAT", "tiled"}, optional
        How the frames follow one another where a file does not say, what changes fastest first; PAZ if not given: the
        phases of the first angle, those of the second, the next z-plane. With T for Z they are times.
    angles, phases : int, optional
        Left out: from the file's axes, or guessed from the count of frames (3 x 5, 3 x 3).
    widefield_frame : {"none", "first", "last"}, optional
        Where a widefield frame, which is left out, stands in the frames of each reconstruction, or of the whole stack;
        ``trailing_widefield=True`` is the last.
    channels : int, optional
        Colours that alternate frame by frame, where the file does not say so.
    microscope : str or path, optional
        A name (omx, elyra, nsim, deepsim) or a YAML file: what neither file nor other arguments say is as there.
    pixel_size_um, na, wavelength_em_um : float, optional
        Left out: the file says, or they stay unknown.
    axes : str, optional
        Of an array: letters of TCZAPYX, the slowest first as in ``array.shape``. ``ZAPYX`` is the order PAZ.

    Raises
    ------
    InputError
        If it cannot be read, or its frames do not make the angles and phases.

    >>> frames = np.ones((15, 48, 64), np.uint16)
    >>> stack = srredsim.read(frames, na=1.4, wavelength_em_um=0.525, pixel_size_um=0.08)
    >>> stack.pattern.angles, stack.pattern.phases, stack.array.shape
    (3, 5, (1, 1, 1, 3, 5, 48, 64))
    """
    return stacks.raw_stack(data, reading)


def inspect(data: Stack, **reading: Unpack[OfReading]) -> Inspection:
    """How raw data were understood, and whether they are good: order, saturation, noise, stripes, movement ...

    >>> print(srredsim.inspect(stack))  # doctest: +ELLIPSIS
    3 angles x 5 phases of 48 x 48 pixels, uint16
    ...
    """
    from srredsim.workflows import inspect as workflow

    stack = stacks.raw_stack(data, reading)
    return Inspection(workflow.inspect(stack), stack)


def reconstruct(
    data: Stack,
    *,
    method: str = "auto",
    wiener: float | None = None,
    attenuation: float | str | None = "auto",
    iterations: int | None = None,
    live: bool = False,
    split_photons: bool = False,
    progress: Progress | None = None,
    **given: Unpack[OfReconstruction],
) -> Image:
    """SIM image of every t, c and z the classical way: stripes found in the data, then Wiener, Richardson-Lucy or MAP.

    Parameters
    ----------
    method : {"auto", "wiener", "richardson-lucy", "map"}
        Automatic: Wiener, or three updates of Richardson-Lucy where a bright pixel has less than 30 photons. Asked for,
        this one makes so many ``iterations``; left out: as many as the noise bears.
    wiener : float, optional
        Higher is smoother; left out: from the noise.
    attenuation : float or "auto", optional
        0 to 1: how much out-of-focus light is taken away; automatic: as the stripes tell. None: nothing.
    live, split_photons : bool
        The first time says all but the phases, an approximation, many times a second. Also tell the resolution, by
        Fourier ring correlation of two halves of the photons.
    device : {"auto", "cpu", "gpu"}
        Where Wiener images are computed; automatic: on the GPU, if JAX sees one.
    parameters, k, phase_steps, otf, otf_damping :
        What is known of stripes and lens, as `srredsim.reconstruction.known.KnownStripes` and ``Lens`` have it.
    **given
        How to read the data, see `srredsim.api`.

    Returns
    -------
    Image
        ``found`` is what the command writes as ``<stem>_wiener.json``.

    >>> srredsim.reconstruct(stack)
    <Image wiener: YX 96 x 96, 0.04616 um a pixel>
    """
    from srredsim.inspection.readings import watched
    from srredsim.reconstruction.chosen import called
    from srredsim.workflows import reconstruct as workflow

    stacks.refuse_unknown(given, reconstruct, OfReconstruction)
    asked = dict(given)
    device: Any = asked.pop("device", devices.AUTO)
    known, lens = stacks.taken(asked, workflow.KnownStripes), stacks.taken(asked, workflow.Lens)
    stack = io.remembering(watched(stacks.raw_stack(data, asked))[0])
    work = workflow.Method(method, wiener, attenuation, iterations, live, device)
    result = workflow.reconstruct(
        stack, method=work, known=known, lens=lens, split_photons=split_photons, progress=progress
    )
    name = called(one["method"] for one in result.report["channels"])
    about: Any = {"channel_names": stack.channel_names, "name": name, "found": result.report, "notes": result.notes}
    return Image.of_planes(
        result.images,
        optics=result.optics.finer(result.images.shape[-1] / stack.array.shape[-1]),
        **about,
        made_of=Origin.of(stack, result.optics, result.channels),
    ).warned()


def predict(
    data: Stack,
    *,
    model: str | Path | LoadedModel | Chain | None = None,
    precision: str = "auto",
    engine: str = "auto",
    device: str = "auto",
    tile: int | None = None,
    parameters: str | Path | dict | None = None,
    progress: Progress | None = None,
    **reading: Unpack[OfReading],
) -> Image:
    """Image of every t, c and z by a trained network: super-resolved from raw stacks, or made of widefield images.

    Parameters
    ----------
    data : RawStack, path or array
        For models of widefield images: a path or an array of these, (y, x) or any of T, C and Z before that.
    model : name, folder or loaded model, optional
        Left out: the shipped one that fits the stack and its optics, which the notes name; of widefield images also
        ``a+b``, one after the other. Many images take less time with a model that `load_model` gave.
    precision, engine : str
        Of a model that is yet to be loaded, see `load_model`.
    device : {"auto", "cpu", "gpu"}
        Where the Wiener image is computed, if the model takes one; not the network, whose engine says it.
    tile : int, optional
        Side of a tile in raw pixels; the result is the same.
    parameters : path or dict, optional
        Stripes of another stack of the microscope, as `reconstruct` has them, for models that use stripes.
    **reading
        How to read the data, see `srredsim.api`.

    >>> srredsim.predict(stack, model="srredsim")
    <Image srredsim: YX 96 x 96, 0.04616 um a pixel>
    """
    from srredsim.inspection.readings import watched
    from srredsim.zoo import models
    from srredsim.zoo.predict import predict as predicted

    stacks.refuse_unknown(reading, predict, OfReading)
    notes: list[str] = []
    data, asked, known = stacks.like_another(data, reading, parameters)
    if model is None:
        stack = stacks.told_stack(data, asked)
        name, *notes = models.chosen(stack)
        chain = load_model(name, precision, engine)
    else:
        chain = load_model(model, precision, engine)
        stack = stacks.stack_for(chain, data, asked)
    stack = io.remembering(watched(stack)[0])
    where = devices.device(device)
    result = predicted(chain, stack, tile=tile, device=where, progress=progress, known=known)
    return Image.of_planes(
        result.image,
        optics=result.optics,
        channel_names=stack.channel_names,
        name=chain.name,
        found=result.found(chain, where),
        notes=(*notes, *result.notes),
        made_of=Origin.of(stack, stack.optics, result.channels) if result.channels else None,
    ).warned()


def denoise(
    data: Stack,
    *,
    method: str = "vst_bm3d",
    noise: tuple[float, float] | None = None,
    prior: str | Path | None = None,
    model: str | Path | LoadedModel | Chain | None = None,
    progress: Progress | None = None,
    **reading: Unpack[OfReading],
) -> Image:
    """Widefield images without their noise, plane by plane.

    Parameters
    ----------
    data : array or path
        Images (y, x), or any of T, C and Z before that.
    method : str
        pure_let is fast; vst_bm3d and vst_epll are better, and need no training; dncnn is a network that comes trained.
    noise : (a, b), optional
        Variance of the noise is a x brightness + b; left out: measured in each plane.
    prior : path, optional
        Patches for vst_epll; left out: the shipped ones.
    model : name, folder or loaded model, optional
        Of a network; left out: ``w2s_<method>``.
    **reading
        How to read the data, see `srredsim.api`; of widefield images ``pixel_size_um`` and ``axes``.

    >>> image = np.random.default_rng(0).poisson(50.0, (48, 64))
    >>> denoised = srredsim.denoise(image, method="pure_let", noise=(1.0, 0.0))
    >>> bool(np.std(denoised) < 0.5 * np.std(image))
    True
    """
    from srredsim.workflows import denoise as workflow

    stacks.refuse_unknown(reading, denoise, OfReading)
    network = workflow.model_of(method, noise=noise, prior=prior, model=model)
    if network is not None:
        return predict(data, model=workflow.denoiser(network), progress=progress, **reading)
    stack = stacks.plain_images(data, reading, workflow.SMALLEST_SIDE)
    result = workflow.denoise(stack, method, noise=noise, prior=prior, progress=progress)
    known = {"optics": stack.optics, "channel_names": stack.channel_names, "found": result.report}
    return Image.of_planes(result.images, name=method, notes=result.notes, **known)


def compare_with_frames(
    image: Image | ArrayLike, data: Stack, *, device: str = "auto", **reading: Unpack[OfReading]
) -> Image:
    """Do the raw frames support an image? It is sent through lens and stripes, and compared with what was recorded.

    Parameters
    ----------
    image : Image, array or path
        SIM image of the stack, above background: twice its pixels along y and x, and its T, C and Z.
    data : RawStack, path or array
        Raw frames whose optics are known. The stripes and the lens with which `reconstruct`, or `predict`, made an
        image of these very frames are used as they are; for any other image they are found in the frames.

    Returns
    -------
    Image
        Maps with the channels ``residual`` (1: explained to within the camera's noise) and ``score`` (light that the
        image lacks or has too much, in standard deviations), one after the other for each channel of the stack.
        ``found["line"]`` says it in words, ``found["planes"]`` in numbers; its picture outlines what is not supported.

    >>> maps = srredsim.compare_with_frames(srredsim.reconstruct(stack), stack)
    >>> maps.channel_names
    ('residual', 'score')
    """
    from srredsim.consistency import picture
    from srredsim.workflows import judge as workflow

    stack = stacks.raw_stack(data, reading)
    if isinstance(image, str | PathLike):
        image = io.read_image(Path(image))[0]
    stack, name, channels = io.remembering(stack), "image", None
    if isinstance(image, Image):
        name, origin = image.name, image.made_of
        if origin and origin.is_of(stack):
            stack, channels = replace(stack, optics=origin.optics), origin.channels
    images = checks.real_array("image", image).astype(np.float32, copy=False)
    shape = workflow.shape_of_images(stack)
    if images.ndim < len(shape) and images.size == np.prod(shape) and images.shape[-2:] == shape[-2:]:
        images = images.reshape(shape)
    result = workflow.compare(stack, images, channels, devices.device(device))
    optics = stack.optics.finer(shape[-1] / stack.array.shape[-1])
    shown, supported = result.pictured
    drawn = partial(picture.picture, image=shown, found=supported, name=name, pixel_size_um=optics.pixel_size_um)
    return Image.of_planes(
        result.maps,
        optics=optics,
        channel_names=tuple(result.names),
        name=f"consistency of {name}",
        found=result.report,
        notes=tuple(result.report["notes"]),
        drawn=drawn,
    ).warned()


def load_model(model: str | Path | LoadedModel | Chain, precision: str = "auto", engine: str = "auto") -> Chain:
    """Model with its weights, to be used many times: a name of ``srredsim models``, a folder, or ``a+b``.

    ``engine`` is what computes it, see `srredsim.zoo.choice`; the image is the same.

    >>> srredsim.load_model("red_frames", precision="float32")
    <Model red_frames: takes raw frames, makes 2x the pixels, float32>
    """
    from srredsim.zoo.chain import loaded

    return loaded(model, precision, engine)


def simulate(
    *,
    seed: int = 0,
    index: int = 0,
    angles: int = 3,
    phases: int = 5,
    photons: tuple[float, float] = (20.0, 5000.0),
    size: int | tuple[int, int] = 128,
    **fixed: Any,
) -> Simulated:
    """Raw stack and its truth, that of number ``index`` of a seed; what is not said is drawn.

    Parameters
    ----------
    photons : (float, float)
        Range of the expected photons in the brightest pixel of the widefield image.
    size : int or (int, int)
        Raw pixels (y, x).
    **fixed
        Whatever else is not to be drawn, a field of `srredsim.simulation.sim.Settings`: ``phantom="filaments"``.

    >>> stack, truth = srredsim.simulate(seed=3, size=(48, 64), phases=3, pixel_size_um=0.08)
    >>> stack.raw().shape, truth
    ((3, 3, 48, 64), <Image truth: YX 96 x 128, 0.04 um a pixel>)
    """
    from srredsim.simulation.sim import simulate_stack
    from srredsim.workflows.simulate import sidecar

    sample = simulate_stack(seed, index=index, angles=angles, phases=phases, photons=photons, size=size, **fixed)
    optics = Optics(*(getattr(sample.settings, name) for name in OPTICS))
    stack = RawStack(sample.raw[None, None, None], Pattern(*sample.raw.shape[:2]), optics)
    finer = optics.finer(sample.truth.shape[0] / sample.raw.shape[2])
    return Simulated(stack, Image(sample.truth, "YX", finer, name="truth", found=sidecar(sample, seed, index)))


def show(*data: Stack, t: int = 0, c: int = 0, z: int | None = None, title: str = "") -> Picture:
    """Images and stacks of one field side by side, the most detailed part magnified below; of stacks the mean frame.

    A notebook shows it where it is the last line of a cell; ``save`` writes it. ``z`` is the middle if it is left out.
    The scale bars are those of the first.

    >>> path = srredsim.show(stack, truth, title="Simulated").save("simulated.png")
    """
    if not data:
        raise InputError("nothing to show; give an image or a stack")
    panels = [stacks.panel(each, (t, c, z)) for each in data]
    try:
        return drawn_panels([(name, plane) for name, plane, _ in panels], panels[0][2], title)
    except ValueError as problem:
        raise InputError(str(problem)) from None
