"""What an optimizer did in one step, in numbers by which each new weight can be worked out."""

from __future__ import annotations

import inspect
from math import sqrt

import numpy as np

from skbackprop.architecture import cut
from skbackprop.inspection.recording import Update
from skbackprop.inspection.steps import Numbers
from skbackprop.layers import Shapes
from skbackprop.optimizers import SGD, Adagrad, Adam, AdamW, AMSGrad, NAdam, RMSprop, RunningMean


def update_rule(update: Update) -> tuple[str, str, Numbers]:
    """The page's rule for a step, its formula, and the numbers in it."""
    solver, lr = update.solver, float(update.lr)
    numbers: Numbers = {"lr": lr, "decay": lr * float(solver.weight_decay)}
    kind = type(solver)
    if kind not in (SGD, Adagrad, RMSprop, Adam, AdamW, AMSGrad, NAdam):
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
    numbers["epsilon"] = float(solver.epsilon)
    if not isinstance(solver, Adam):
        numbers["lr_t"], root = lr, "s" if kind is Adagrad else "v"
        return "adam", f"theta' = {decayed} - lr * g / (sqrt({root}) + epsilon)", numbers
    t = update.after.t
    numbers["t"] = float(t)
    numbers["lr_t"] = lr * sqrt(1 - solver.beta_2**t)
    numbers["epsilon"] = float(solver.epsilon_t(t))
    if isinstance(solver, NAdam):
        mu, mu_next, product = solver.mu(t), solver.mu(t + 1), update.after.product
        share = (1 - mu) / (1 - product)
        numbers["lr_t"] *= share
        numbers["m_share"] = mu_next / (1 - product * mu_next) / share
        return "adam", f"theta' = {decayed} - lr_t * (g + c * m) / (sqrt(v) + epsilon)", numbers
    numbers["lr_t"] /= 1 - solver.beta_1**t
    numbers["largest"] = float(kind is AMSGrad)
    root = "largest v" if kind is AMSGrad else "v"
    return "adam", f"theta' = {decayed} - lr_t * m / (sqrt({root}) + epsilon)", numbers


def state_arrays(update: Update, shapes: list[Shapes]) -> dict[str, list[dict[str, np.ndarray]]]:
    """Vectors of an optimizer's memory, cut into the arrays of the layers.

    Running means and sums as they are after the step; SGD's velocity as it was before.
    """
    kind, after = type(update.solver), update.after
    vectors: dict[str, np.ndarray] = {}
    if kind is SGD and update.solver.momentum:
        vectors = {"v": update.before.velocity}
    elif kind is Adagrad:
        vectors = {"s": after.total}
    elif kind is RMSprop:
        vectors = {"v": mean(after.v)}
    elif kind is AMSGrad:
        vectors = {"m": mean(after.m), "v": after.largest}
    elif kind in (Adam, AdamW, NAdam):
        vectors = {"m": mean(after.m), "v": mean(after.v)}
    return {name: cut(vector, shapes) for name, vector in vectors.items()}


def limits(update: Update, W: np.ndarray) -> np.ndarray:
    """What `max_norm` multiplies each column of the new W by: 1, or less where it's too long."""
    norms: np.ndarray = np.linalg.norm(W, axis=0)
    return update.limit / np.maximum(norms, update.limit)


def mean(running: RunningMean) -> np.ndarray:
    """The mean itself, in a new array."""
    return running.vector * running.scale
