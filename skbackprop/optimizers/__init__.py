"""Optimizers: in-place steps along one flat gradient.

An optimizer holds only hyperparameters. What it remembers between steps is the state that `init`
returns.
`step` may use `grad` as scratch: the next batch overwrites it anyway.
"""

from skbackprop.optimizers.adagrad import Adagrad, AdagradState, RMSprop, RMSpropState
from skbackprop.optimizers.adam import (
    Adam,
    AdamState,
    AdamW,
    AMSGrad,
    AMSGradState,
    NAdam,
    NAdamState,
)
from skbackprop.optimizers.base import Optimizer, RunningMean, Solver, State
from skbackprop.optimizers.check import check_optimizer
from skbackprop.optimizers.lbfgs import LBFGS
from skbackprop.optimizers.sgd import SGD, SGDState

__all__ = [
    "LBFGS",
    "OPTIMIZERS",
    "SGD",
    "AMSGrad",
    "AMSGradState",
    "Adagrad",
    "AdagradState",
    "Adam",
    "AdamState",
    "AdamW",
    "NAdam",
    "NAdamState",
    "Optimizer",
    "RMSprop",
    "RMSpropState",
    "RunningMean",
    "SGDState",
    "Solver",
    "State",
    "check_optimizer",
]

OPTIMIZERS: dict[str, type[Solver]] = {
    "adam": Adam,
    "adamw": AdamW,
    "nadam": NAdam,
    "amsgrad": AMSGrad,
    "rmsprop": RMSprop,
    "adagrad": Adagrad,
    "sgd": SGD,
    "lbfgs": LBFGS,
}
