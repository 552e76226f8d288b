"""What the command line exits with, for scripts; 0 is that all went well."""

FAILED = 1
"""A claim does not hold, or something could not be done."""

BAD_USAGE = 2
"""The command was called wrongly."""

INTERRUPTED = 130
"""Ctrl-C: what a shell gives a program that SIGINT ended."""
