"""Other people's tests, run on jconv: what each suite is, stands in ``registry``.

A suite's cases come from the package that ships them, at collection; nothing of a suite
is copied, but for two lists of settings that were retyped (``conv_arithmetic``,
``torch_samples``). A case either runs, or is *not applicable* for a reason that stands
in ``reasons``. ``python -m tests.conformance`` runs everything and writes
``counts.json`` and ``docs/conformance.md``.
"""
