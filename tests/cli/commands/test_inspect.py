"""`srredsim inspect`: report and picture, optics and orders, files that cannot be read."""

import json

import numpy as np


def test_inspect_reports_and_draws(run, stack):
    status, out, err = run("inspect", stack)
    assert (status, err) == (0, "")
    assert out.splitlines()[0] == str(stack)
    assert out.splitlines()[-1] == str(stack.with_name("stack_inspect.png"))
    assert stack.with_name("stack_inspect.png").read_bytes().startswith(b"\x89PNG")


def test_inspect_json(run, stack, tmp_path):
    status, out, _ = run("inspect", stack, "--json", "--out", tmp_path / "out")
    (report,) = json.loads(out)["results"]
    assert (status, report["input"]) == (0, str(stack))
    assert report["picture"] == str(tmp_path / "out" / "stack_inspect.png")


def test_inspect_takes_what_the_file_does_not_say_of_the_optics(run, tmp_path):
    path = tmp_path / "s.npy"
    np.save(path, np.random.default_rng(1).poisson(20, (15, 40, 48)).astype(np.uint16))
    _, out, _ = run("inspect", path)
    (line,) = [line for line in out.splitlines() if line.startswith("  stripes")]
    assert "--na --wavelength-em-um --pixel-size-um" in line
    optics = ["--na", 1.4, "--wavelength-em-um", 0.525, "--pixel-size-um", 0.08]
    _, out, _ = run("inspect", path, *optics, "--overwrite", "--json")
    (report,) = json.loads(out)["results"]
    assert report["optics"]["na"] == 1.4
    (stripes,) = [check for check in report["channels"][0]["checks"] if check["name"] == "stripes"]
    assert stripes["verdict"] == "bad"  # there are none


def test_inspect_refuses_optics_of_no_microscope(refused, tmp_path, files_in):
    np.save(tmp_path / "s.npy", np.ones((15, 8, 8), np.uint16))
    flags = ["--na", 1.4, "--pixel-size-um", 0.08, "--wavelength-em-um"]
    assert "0.525?" in refused("inspect", tmp_path / "s.npy", *flags, 525)
    assert files_in(tmp_path) == {"s.npy"}


def test_inspect_names_the_order_that_fits(run, tmp_path):
    from srredsim.simulation.sim import simulate_stack

    raw = simulate_stack(21, photons=(300, 300), size=80).raw
    np.save(tmp_path / "s.npy", raw.swapaxes(0, 1).reshape(15, 80, 80))
    status, out, err = run("inspect", tmp_path / "s.npy")
    assert (status, err) == (0, "")
    assert "read the file with --order ZAP --angles 3 --phases 5" in out
    _, out, _ = run("inspect", tmp_path / "s.npy", "--order", "ZAP", "--overwrite")
    assert "what to change" not in out or "--order" not in out.split("what to change")[1]


def test_inspect_says_what_is_wrong_and_goes_on(run, stack, tmp_path, unreadable, files_in):
    bad, word = unreadable
    status, _, err = run("inspect", bad, stack, "--out", tmp_path / "out")
    said, _ = err.splitlines()
    assert status == 2
    assert word in said.replace(str(bad), "")
    assert files_in(tmp_path / "out") == {"stack_inspect.png"}


def test_inspect_overwrites_only_when_told(run, refused, stack):
    run("inspect", stack)
    assert "exists" in refused("inspect", stack)
    assert run("inspect", stack, "--overwrite").status == 0
