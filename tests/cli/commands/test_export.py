"""`srredsim export`: where the model is."""

from pathlib import Path


def test_export_prints_where_the_model_is(run, tiny_model, here):
    status, out, err = run("export", tiny_model, "--out", "served", "--format", "keras")
    assert (status, err) == (0, "")
    assert Path(out.strip()).exists()
    assert Path(out.strip()).parts[0] == "served"
    asked = "export", tiny_model, "--out", "served", "--format", "keras"
    assert "exists already; give --overwrite or another --out" in run(*asked).err
    assert run(*asked, "--overwrite").status == 0


def test_what_only_this_package_can_feed_is_said(run, tiny_cleaner, tiny_model, here):
    """The cleaner takes Wiener images."""
    assert run("export", tiny_model, "--out", "frames", "--format", "keras").err == ""
    status, _, err = run("export", tiny_cleaner, "--out", "served", "--format", "keras")
    assert status == 0
    assert "cleaner takes Wiener images, which only srredsim makes of raw frames" in err
    assert "serve" in err


def test_exporting_into_a_file(refused, tiny_model, here, files_in):
    Path("served").write_text("mine")
    refused("export", tiny_model, "--out", "served", "--format", "keras")
    assert files_in(here) == {"served"}
