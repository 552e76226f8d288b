"""``jconv info``: what this machine has, and what a convolution would get."""

from __future__ import annotations

import pytest

from jconv import cli


def test_info_tells_devices_and_versions(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["info"]) == 0
    told = capsys.readouterr().out
    assert "jaxlib" in told
    assert "cpu" in told


def test_info_tells_what_each_role_gets_and_why(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = "info --input 9x8 --kernel 3x2 --channels 4:6 --groups 2 --batch 2"
    options = "--stride 2x1 --padding same --dtype bfloat16"
    dilations = "--kernel-dilation -1 --input-dilation 2"
    assert cli.main(f"{words} {options} {dilations}".split()) == 0
    told = capsys.readouterr().out
    for role in ("y, the convolution", "dx, its input", "dw, its kernel"):
        assert role in told
    assert told.count("✓") == 3
    assert "`" not in told
    for name in ("taps", "loop", "patches"):
        assert told.count(name) >= 3


SPELT = {
    "padding": ("--padding 2.5", ["--padding='2.5'", "same", "1x2", "0:1x1:2"]),
    "pair": ("--padding 1:b", ["--padding='1:b'", "same", "1x2", "0:1x1:2"]),
    "stride": ("--stride 2.5", ["--stride='2.5'", "such as 2,", "2x1"]),
    "dilation": ("--kernel-dilation 1:2", ["--kernel-dilation='1:2'", "2x1"]),
}


@pytest.mark.parametrize("command", ["explain", "info", "tune"])
@pytest.mark.parametrize(("words", "told"), SPELT.values(), ids=SPELT)
def test_a_wrong_option_tells_how_it_is_spelt(
    words: str, told: list[str], command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([command, *f"--input 9 --kernel 3 {words}".split()]) == 2
    complaint = capsys.readouterr().err
    assert [each for each in told if each not in complaint] == [], complaint


INFO_WRONG = {
    "padding of nothing": "--padding some",
    "channels of nothing": "--channels 4:6",
    "batch of nothing": "--batch 2",
    "stride of nothing": "--stride 2",
    "dilation of nothing": "--kernel-dilation 2",
    "holes of nothing": "--input-dilation 2",
    "groups of nothing": "--groups 2",
    "dtype of nothing": "--dtype float64",
    "no kernel": "--input 9x9",
    "no sizes": "--input 9by9 --kernel 3x3",
    "ranks": "--input 9x9 --kernel 3",
    "window too large": "--input 3 --kernel 5",
    "stride 0": "--input 9 --kernel 3 --stride 0",
    "padding": "--input 9 --kernel 3 --padding some",
    "channels": "--input 9 --kernel 3 --channels 64",
    "groups": "--input 9 --kernel 3 --channels 4:6 --groups 4",
    "dtype": "--input 9 --kernel 3 --dtype bool",
}


@pytest.mark.parametrize("words", INFO_WRONG.values(), ids=INFO_WRONG)
def test_info_with_bad_usage_is_one_message(
    words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["info", *words.split()]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "expected" in told.err
    assert told.err.count("\n") == 1
