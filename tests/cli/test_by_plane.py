"""Planes as units of work on the command line: shared out, stopped, told of, merged."""

import json

import numpy as np
import pytest
import tifffile

from srredsim import io
from srredsim.acquisition import Optics
from srredsim.cli import terminal
from srredsim.errors import InputError
from srredsim.io.formats import tiff
from srredsim.workflows.job import Job, jobs_in


@pytest.fixture
def series(tmp_path, raw_stack):
    """File of four times of a stack of 3 angles and 5 phases, whose optics are known."""
    raw = np.stack([raw_stack(size=(40, 36), seed=seed) for seed in range(4)])[:, None, None]
    optics = Optics(na=1.4, wavelength_em_um=0.525, pixel_size_um=0.08, frame_interval_s=2.0)
    return io.write_raw(tmp_path / "series.tif", raw, optics=optics)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_shares_of_a_prediction_are_merged_into_the_files_of_one_process(run, tiny_model, series, tmp_path):
    asked = "predict", series, "--model", tiny_model
    one = run(*asked, "--out", tmp_path / "one")
    assert one.status == 0
    how = *asked, "--out", tmp_path / "many", "--by-plane"
    assert "0 of 4 planes done here, 4 are missing" in run(*how, "--shard", "0/3").out
    status, out, _ = run(*how, "--shard", "2/3", "--json")
    (told,) = json.loads(out)["results"]
    assert (status, told["units"], told["done"], told["missing"]) == (0, 4, 1, 3)
    status, out, err = run("merge", tmp_path / "many")
    assert (status, out) == (2, "")
    again = "the same srredsim predict --by-plane again does them"
    assert f".parts: 3 of 4 planes of series.tif are missing; {again}" in err
    status, out, _ = run("status", tmp_path / "many")
    assert status == 0
    assert f"{series}: 1 of 4 planes are done, 3 are missing, the first t=0, c=0, z=0 (predict, series_tiny.tif)" in out
    for share in ("1/3", "3/3"):
        assert run(*how, "--shard", share).status == 0
    assert "all 4 planes are done" in run("status", tmp_path / "many").out
    status, out, err = run("merge", tmp_path / "many", "--json")
    assert status == 0, err
    assert contents(tmp_path / "many") == contents(tmp_path / "one")
    assert [path["paths"][0] for path in json.loads(out)["results"]] == [str(tmp_path / "many" / "series_tiny.tif")]
    assert "nothing is half done" in run("status", tmp_path / "many").out
    assert run(*how, "--shard", "1/3", "--skip-existing").status == 0
    assert "series_tiny.tif exists already" in run(*how).err


def test_status_says_which_part_of_a_file_it_is_of(run, series, tmp_path):
    how = "reconstruct", series, "--only", "t=1-2", "--out", tmp_path, "--by-plane"
    assert run(*how, "--shard", "0/2").status == 0
    status, out, _ = run("status", tmp_path)
    assert f"{series}, t=1-2 alone: 0 of 2 planes are done, 2 are missing, the first t=0, c=0, z=0" in out
    assert status == 0
    assert json.loads(run("status", tmp_path, "--json").out)["results"][0]["only"] == "t=1-2"


def test_a_reconstruction_that_was_killed_goes_on_after_its_last_plane(run, process, series, tmp_path):
    asked = "reconstruct", series, "--report"
    assert run(*asked, "--out", tmp_path / "one").status == 0
    how = *asked, "--out", tmp_path / "two", "--by-plane"
    ended = process("-m", "srredsim", *how, SRREDSIM_STOP_AT="before t00002_c00_z0000.npz")
    assert ended.returncode == 137, ended.stderr
    io.clear_up.cache_clear()
    status, out, err = run(*how)
    assert status == 0
    assert f"{series}: 2 of 4 planes were done before" in err
    assert str(tmp_path / "two" / "series_wiener.tif") in out
    one, two = contents(tmp_path / "one"), contents(tmp_path / "two")
    assert (
        sorted(one) == sorted(two) == ["reports.html", "series_wiener.html", "series_wiener.json", "series_wiener.tif"]
    )
    for name in ("series_wiener.tif", "series_wiener.json"):
        assert one[name] == two[name]


def test_shares_of_denoised_planes_are_merged_into_the_files_of_one_process(run, tmp_path):
    rng = np.random.default_rng(2)
    image = rng.poisson(np.linspace(50, 300, 48), (2, 2, 2, 40, 48)).astype(np.uint16)
    image[1, 0] = image[0, 0]  # copies, of which is told once: of the first of all planes, whoever does it
    image[0, 1, 1, :4] = 0  # cut off
    tifffile.imwrite(tmp_path / "a.ome.tif", image, metadata={"axes": "TCZYX"}, **tiff.kind("ome"))
    asked = "denoise", tmp_path / "a.ome.tif", "--method", "pure_let", "--noise", 1, 0
    one = json.loads(run(*asked, "--out", tmp_path / "one", "--json").out)["results"][0]
    how = *asked, "--out", tmp_path / "many", "--by-plane"
    for share in ("3/3", "1/3", "2/3"):
        assert run(*how, "--shard", share).status == 0
    assert "8 planes are done" in run("status", tmp_path / "many").out
    many = json.loads(run("merge", tmp_path / "many", "--json").out)["results"][0]
    assert contents(tmp_path / "many") == contents(tmp_path / "one")
    differ = "paths", "seconds"
    assert {k: v for k, v in many.items() if k not in differ} == {k: v for k, v in one.items() if k not in differ}
    assert [(row["t"], row["c"], row["z"]) for row in many["planes"]] == list(np.ndindex(2, 2, 2))
    assert [note.partition(",")[0] for note in many["notes"] if " equals " in note] == ["t=1"]
    assert any("of the pixels are 0, cut off" in note for note in many["notes"])


def test_paths_are_as_the_user_gave_them(run, series, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    how = "reconstruct", "series.tif", "--out", "out", "--by-plane"
    assert run(*how, "--shard", "1/2").out.startswith("out/series_reconstruct-")
    (report,) = json.loads(run(*how, "--json").out)["results"]
    assert (report["input"], report["paths"]) == ("series.tif", ["out/series_wiener.tif", "out/series_wiener.json"])
    for share in ("1/2", "2/2"):
        run("reconstruct", "series.tif", "--out", "merged", "--by-plane", "--shard", share)
    assert run("merge", "merged").out.split() == ["merged/series_wiener.tif", "merged/series_wiener.json"]


def test_a_merge_names_the_command_that_began(run, tmp_path):
    """A network that denoises is done as a prediction; the command was another."""
    noise = np.random.default_rng(2).poisson(90, (3, 40, 48)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", noise, photometric="minisblack")
    how = "denoise", tmp_path / "a.tif", "--method", "dncnn", "--out", tmp_path / "out", "--by-plane"
    assert run(*how, "--shard", "1/3").status == 0
    assert "the same srredsim denoise --by-plane again does them" in run("merge", tmp_path / "out").err


def test_other_settings_are_another_job(run, series, tmp_path):
    how = "reconstruct", series, "--out", tmp_path / "out", "--by-plane", "--shard", "1/4"
    for more in ((), ("--wiener", 0.1), ("--na", 1.35), ("--dtype", "uint16")[:0]):
        assert run(*how, *more).status == 0
    assert len(list((tmp_path / "out").glob("*.parts"))) == 3


def test_a_model_that_changed_is_another_job(run, tiny_model, copy_of, series, tmp_path):
    model = copy_of(tiny_model, tmp_path / "tiny")
    how = "predict", series, "--model", model, "--out", tmp_path / "out", "--by-plane", "--shard", "1/4"
    assert run(*how).status == 0
    with (model / "recipe.yaml").open("a") as file:
        file.write("seed: 7\n")
    assert run(*how).status == 0
    assert len(list((tmp_path / "out").glob("*.parts"))) == 2


def test_a_microscope_that_was_corrected_is_another_job(run, raw_stack, tmp_path):
    """The order of the frames is corrected between the halves: no image has planes of both."""
    np.save(
        tmp_path / "a.npy", np.stack([raw_stack(size=(40, 36), seed=seed) for seed in range(2)]).reshape(30, 40, 36)
    )
    microscope = tmp_path / "mine.yaml"
    how = "reconstruct", tmp_path / "a.npy", "--microscope", microscope, "--out", tmp_path / "out", "--by-plane"

    def says(order, about):
        optics = "na: 1.4\nwavelength_em_um: 0.525\npixel_size_um: 0.08\n"
        microscope.write_text(f"about: {about}\nangles: 3\nphases: 5\norder: {order}\n{optics}")

    says("PAZ", "ours")
    assert "1 of 2 planes done here, 1 are missing" in run(*how, "--shard", "1/2").out
    assert "1 of 2 planes done here, none is missing" in run(*how, "--shard", "2/2").out
    says("APZ", "ours")
    assert "1 of 2 planes done here, 1 are missing" in run(*how, "--shard", "2/2").out
    first, second = map(Job, jobs_in([tmp_path / "out"]))
    corrected = first if first.missing() else second
    assert len(corrected.missing()) == 1
    corrected.worker()
    says("PAZ", "ours")
    with pytest.raises(InputError, match=rf"a\.npy, or that of the microscope {microscope}, has changed since"):
        Job(corrected.folder).worker()


def test_images_of_one_plane_are_shared_out_as_they_are_without_planes(run, raw_stack, tmp_path):
    for number in range(3):
        np.save(tmp_path / f"{number}.npy", raw_stack(size=(40, 36), seed=number))
    optics = "--na", 1.4, "--wavelength-em-um", 0.525, "--pixel-size-um", 0.08
    how = "reconstruct", tmp_path, "--out", tmp_path / "out", *optics, "--by-plane", "--json"
    done = [[one["done"] for one in json.loads(run(*how, "--shard", f"{share}/2").out)["results"]] for share in (1, 2)]
    assert done == [[1, 0, 1], [1, 0, 0]]  # the second begins with the second file


def test_what_is_refused(refused, series, tmp_path):
    assert "--dask shares out the planes by itself; leave out --shard" in refused(
        "reconstruct", series, "--dask", "local", "--shard", "1/2"
    )
    assert "as 1/8; 0/N only plans, with --by-plane" in refused("reconstruct", series, "--shard", "0/2")
    assert f"{tmp_path / 'none'} does not exist" in refused("status", tmp_path / "none")


def test_long_work_that_nobody_watches_tells_the_time_left(monkeypatch, capsys):
    now = [100.0]
    monkeypatch.setattr(terminal.time, "monotonic", lambda: now[0])
    with terminal.progress("movie.tif") as progress:
        for done in range(20, 61):  # 20 planes were there already, each of the others takes 25 s
            progress(done, 60)
            now[0] += 25
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "srredsim: movie.tif: 23 of 60 done, 15 min left"
    assert len(lines) == 13
    assert lines[-1] == "srredsim: movie.tif: 59 of 60 done, 25 s left"
