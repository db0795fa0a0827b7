"""What an optimizer did in one step, in numbers by which each new weight can be worked out."""

from __future__ import annotations

import inspect
from math import sqrt

import numpy as np

from skbackprop.architecture import cut
from skbackprop.inspection.recording import Update
from skbackprop.inspection.steps import Numbers
from skbackprop.layers import Shapes
from skbackprop.optimizers import SGD, Adam, AdamW, RunningMean


def update_rule(update: Update) -> tuple[str, str, Numbers]:
    """The page's rule for a step, its formula, and the numbers in it."""
    solver, lr = update.solver, float(update.lr)
    numbers: Numbers = {"lr": lr, "decay": lr * float(solver.weight_decay)}
    kind = type(solver)
    if update.limited or kind not in (SGD, Adam, AdamW):
        paragraph = (inspect.getdoc(kind) or f"{kind.__name__}'s step").split("\n\n")[0]
        return "step", " ".join(paragraph.split()).rstrip("."), numbers
    decayed = "(1 - lr * weight_decay) * theta" if numbers["decay"] else "theta"
    if kind is SGD:
        numbers["momentum"] = float(solver.momentum)
        numbers["nesterov"] = float(solver.nesterovs_momentum)
        if not solver.momentum:
            return "sgd", f"theta' = {decayed} - lr * g", numbers
        if solver.nesterovs_momentum:
            return (
                "sgd",
                f"v' = momentum * v - lr * g, theta' = {decayed} + momentum * v' - lr * g",
                numbers,
            )
        return "sgd", f"v' = momentum * v - lr * g, theta' = {decayed} + v'", numbers
    t = update.after.t
    numbers["t"] = float(t)
    numbers["lr_t"] = lr * sqrt(1 - solver.beta_2**t) / (1 - solver.beta_1**t)
    numbers["epsilon"] = float(solver.epsilon_t(t))
    return "adam", f"theta' = {decayed} - lr_t * m / (sqrt(v) + epsilon)", numbers


def state_arrays(
    update: Update, shapes: list[Shapes], given: dict[str, np.ndarray] | None = None
) -> dict[str, list[dict[str, np.ndarray]]]:
    """Vectors of an optimizer's memory, or those given, cut into the arrays of the layers.

    Adam's running means as they are after the step; SGD's velocity as it was before.
    """
    if given is None:
        kind, given = type(update.solver), {}
        if update.limited:
            pass
        elif kind is SGD and update.solver.momentum:
            given = {"v": update.before.velocity}
        elif kind in (Adam, AdamW):
            given = {"m": mean(update.after.m), "v": mean(update.after.v)}
    return {name: cut(vector, shapes) for name, vector in given.items()}


def mean(running: RunningMean) -> np.ndarray:
    """The mean itself, in a new array."""
    return running.vector * running.scale
