"""One file per figure; each runs alone: ``python -m experiments.NAME --out DIR``."""
