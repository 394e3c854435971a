"""Sentences about the stripes: with several channels, each says of which it is."""

from srredsim.quality.report import of_channels, overall, warnings


def channel(number, verdict, status="failed", order=None):
    angle = {"status": status, "orders": [{"status": order or status}]}
    return {"channel": number, "verdict": verdict, "angles": [angle] * 3, "alike": "", "exchanged": "", "notes": []}


def test_channels_are_named_where_they_differ():
    assert of_channels([]) == ""
    assert of_channels(["found"]) == of_channels(["found", "found"]) == "found"
    assert of_channels(["found", "lost"]) == "channel 1: found; channel 2: lost"
    assert overall([channel(0, "found"), channel(1, "lost")]) == "channel 1: found; channel 2: lost"


def test_warnings_name_the_channel():
    one, other = channel(0, "found", "measured"), channel(1, "lost")
    assert warnings({"channels": [one, other]}) == ["warning: channel 2: lost"]
    assert warnings({"channels": [channel(0, "lost")]}) == ["warning: lost"]
    no_order = channel(0, "lost", "measured", "failed")  # found over all times, in the first of which there is nothing
    assert warnings({"channels": [no_order]}) == ["warning: lost"]
    noted = channel(1, "found", "measured") | {"notes": ["warning: blurred", "as given"]}
    assert warnings({"channels": [one, noted]}) == ["warning: channel 2: blurred"]
    assert warnings({"channels": [channel(0, "found", "measured") | {"exchanged": "frames"}]}) == ["warning: found"]
