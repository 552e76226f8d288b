"""Training: settings, optimisers, a step, a loop, and what is kept of a run.

Read in this order: ``settings``, ``optimisers``, ``step``, ``fit``, ``checkpoints``,
``pictures``. optax, orbax and matplotlib are imported when they are used.
"""

from jconv.nn.train.fit import EpochDone, Run, StepDone, fit, trained
from jconv.nn.train.settings import Settings
from jconv.nn.train.step import Problem, TrainState, judge

__all__ = [
    "EpochDone",
    "Problem",
    "Run",
    "Settings",
    "StepDone",
    "TrainState",
    "fit",
    "judge",
    "trained",
]
