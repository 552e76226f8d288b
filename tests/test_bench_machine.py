"""What ``jconv bench`` knows of the machine: malloc's page faults, and its limits."""

from __future__ import annotations

import mmap
import os

import pytest

from jconv.bench import limits, malloc
from jconv.bench.limits import Limits

LIMITS = Limits(1e12, {1000: 1e11, 9000: 1e10})


@pytest.mark.parametrize(
    ("words", "environment", "expected"),
    [
        (["jconv", "bench", "--quick"], {}, True),
        (["jconv", "bench"], malloc.SETTINGS, False),
        (["jconv", "bench"], {"MALLOC_ARENA_MAX": "1"}, True),
        (["pytest", "tests"], {}, False),
        (["jconv"], {}, False),
    ],
    ids=["plain", "already tuned", "half tuned", "another program", "no command"],
)
def test_only_the_command_itself_starts_anew(words, environment, expected, monkeypatch):
    monkeypatch.setattr("platform.libc_ver", lambda: ("glibc", "2.36"))
    assert malloc.can_restart(words, environment) == expected
    monkeypatch.setattr("platform.libc_ver", lambda: ("", ""))
    assert not malloc.can_restart(words, environment)


def test_starting_anew_keeps_the_command_and_hands_on_what_was_found(monkeypatch):
    replaced: list[tuple[list[str], dict[str, str]]] = []
    monkeypatch.setattr(os, "execve", lambda _, *how: replaced.append(how))
    monkeypatch.setattr("sys.argv", ["/somewhere/jconv", "bench", "--only", "a b"])
    malloc.restart({"storm": True})
    ((command, environment),) = replaced
    assert command[1:] == ["-m", "jconv", "bench", "--only", "a b"]
    assert malloc.SETTINGS.items() <= environment.items()
    monkeypatch.setattr(os, "environ", environment)
    assert malloc.before() == {"storm": True}
    assert malloc.present() == malloc.SETTINGS


def test_the_probe_counts_pages():
    found = malloc.probe(repeats=1)
    assert [each["bytes"] for each in found["sizes"]] == list(malloc.SIZES)
    for each in found["sizes"]:
        assert each["faults"] * mmap.PAGESIZE < 4 * each["bytes"]
    assert isinstance(found["storm"], bool)


def test_limits_are_of_the_size_that_is_moved():
    assert LIMITS.seconds(0, 1000) == 1000 / 1e11
    assert LIMITS.seconds(0, 1001) == 1001 / 1e10
    assert LIMITS.seconds(10**12, 1001) == 1.0


@pytest.mark.parametrize(
    ("measure", "size"),
    [(limits.gemm, 64), (limits.host_copy, 1 << 16), (limits.device_copy, 1 << 16)],
    ids=["product", "host copy", "device copy"],
)
def test_limits_are_finite_rates(measure, size):
    assert 0 < measure(size, 0.0) < 1e18
