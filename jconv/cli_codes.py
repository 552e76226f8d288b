"""What the command line exits with, for scripts; 0 is that all went well."""

from jconv import starting

FAILED = 1
"""A claim does not hold, or something could not be done."""

BAD_USAGE = 2
"""The command was called wrongly."""

INTERRUPTED = starting.INTERRUPTED
"""Ctrl-C: what a shell gives a program that SIGINT ended."""
