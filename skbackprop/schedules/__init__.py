"""Schedules: how the factor on `learning_rate_init` changes during training.

A schedule is a set of pure functions; the run keeps the current factor. Some schedules change it
after an epoch or at a plateau, the curves at every step.
"""

from skbackprop.schedules.base import Schedule
from skbackprop.schedules.check import check_schedule
from skbackprop.schedules.curves import (
    Cosine,
    CosineLog4,
    Exponential,
    FunctionSchedule,
    OneCycle,
    Step,
)
from skbackprop.schedules.epochs import Adaptive, Constant, InvScaling, ReduceOnPlateau

__all__ = [
    "SCHEDULES",
    "Adaptive",
    "Constant",
    "Cosine",
    "CosineLog4",
    "Exponential",
    "FunctionSchedule",
    "InvScaling",
    "OneCycle",
    "ReduceOnPlateau",
    "Schedule",
    "Step",
    "check_schedule",
]

SCHEDULES: dict[str, type[Schedule]] = {
    "constant": Constant,
    "invscaling": InvScaling,
    "adaptive": Adaptive,
    "cosine": Cosine,
    "one_cycle": OneCycle,
    "step": Step,
    "exponential": Exponential,
    "coslog4": CosineLog4,
    "reduce_on_plateau": ReduceOnPlateau,
}
