"""The steps at the ends of a pass: output and loss, penalty, and the optimizer's step."""

from __future__ import annotations

import inspect
import re
from typing import Any

import numpy as np

from skbackprop.architecture import cut
from skbackprop.inspection.source import excerpt
from skbackprop.inspection.steps import ROWS, Origin, Scene, Step, constants, says
from skbackprop.inspection.updates import limits, state_arrays, update_rule
from skbackprop.losses.exponential import ExponentialPoisson
from skbackprop.losses.identity import IdentityLoss, IdentitySquaredError
from skbackprop.losses.sigmoid import SigmoidCrossEntropy, SigmoidSquaredError
from skbackprop.losses.softmax import SoftmaxCrossEntropy
from skbackprop.network import Network

#: Losses whose dZ is each sample's weight times (A - Y).
CANCELLING = {
    SoftmaxCrossEntropy,
    SigmoidCrossEntropy,
    IdentitySquaredError,
    ExponentialPoisson,
}
#: Links whose formula the page knows.
LINKS = {"softmax", "logistic", "identity", "exp"}
#: The page's rules for dZ of others.
RULES: dict[type, str] = {SigmoidSquaredError: "quadratic cost"}


def loss(scene: Scene) -> None:
    """The output, the loss, and dZ of the output layer."""
    done, L, loss = scene.done, scene.last, scene.done.architecture.loss
    Y = done.Y
    if loss.integer_targets:
        Y = np.eye(done.Z.shape[1])[Y]
    A, kind = f"A{L}", type(loss)
    scene.add(A, loss.link(done.Z.copy()), ROWS, L)
    scene.add("Y", Y.reshape(len(Y), -1), ROWS, L)
    scene.add("w", done.weight, ROWS)
    scene.add("L_i", done.losses(), ROWS)
    scene.add("L", np.array([done.data_loss]))
    scene.add(f"dZ{L}", done.arrays[f"dZ{L}"], ROWS, L)
    known = constants(loss)
    option = "equal" if np.allclose(done.weight, 1 / len(Y), rtol=1e-6, atol=0) else ""
    scene.given["w"] = Origin("share", [], option)
    scene.given["L_i"] = Origin("loss of one", [f"Z{L}", A, "Y"], kind.__name__, known)
    links = {
        "softmax": "Softmax turns each row of scores into probabilities that add up to 1.",
        "logistic": "The logistic function turns each score into a number between 0 and 1.",
        "identity": "A regressor's outputs are the scores themselves.",
    }
    scene.steps.append(
        Step(
            "The network's output",
            "forward",
            L,
            f"{A} = {loss.link_name}({scene.name})",
            [scene.name],
            [A],
            "link",
            links.get(loss.link_name, f"The link: {loss.link_name}."),
            excerpt(kind.link),
            option=loss.link_name,
            constants={} if loss.link_name in LINKS else None,
        )
    )
    scene.steps.append(
        Step(
            "The loss",
            "forward",
            L,
            "L = sum(w * L_i)",
            [A, "Y", "L_i", "w"],
            ["L"],
            "loss",
            f"Each sample has a loss: {_of_one(kind, Y)}. w is its share of the batch.",
            excerpt(kind.value_and_gradient),
            store=["Y", A],
        )
    )
    cancels = kind in CANCELLING
    scene.steps.append(
        Step(
            "Gradient of the scores",
            "backward",
            L,
            f"dZ{L} = w[:, None] * ({A} - Y)" if cancels else f"dZ{L} = {_slope(kind, L)}",
            [A, "Y", "w"],
            [f"dZ{L}"],
            "error" if cancels else RULES.get(kind, "slope of the loss"),
            "How fast the loss grows with each score while the others stay."
            + (
                " The derivatives of link and loss cancel to output minus target."
                if cancels
                else ""
            )
            + (
                f" The value is a mean over the {Y.shape[1]} outputs, but the gradient is that of"
                " their sum, as in MLPRegressor."
                if getattr(loss, "mean_over_outputs", False) and Y.ndim > 1 and Y.shape[1] > 1
                else ""
            ),
            excerpt(kind.value_and_gradient),
            use=["Y", A],
            option=kind.__name__,
            constants=known,
        )
    )


def _of_one(kind: Any, Y: np.ndarray) -> str:
    """The loss of one sample, as the class's docstring has it, such as "L_i = -log A_y"."""
    text = re.sub(r", dZ = .*", "", says(kind))
    found = re.search(r"\b[Ll] = (.*)", text)
    if found is None:
        return text
    formula = found[1]
    if issubclass(kind, IdentityLoss):
        formula += ", e = A - Y"
        if Y.ndim > 1 and Y.shape[1] > 1:
            formula += f", {'averaged' if kind.mean_over_outputs else 'summed'} over the outputs"
    return f"L_i = {formula}"


def _slope(kind: Any, n: int) -> str:
    """dZ of the output layer, as the loss's own docstring has it."""
    text = " ".join((inspect.getdoc(kind.value_and_gradient) or "").split())
    _, _, formula = text.partition("Overwrites Z with ")
    formula = formula.partition(". ")[0].rstrip(".") or "w dL_i/dZ"
    return re.sub(r"\b[AZ]\b", lambda name: f"{name[0]}{n}", formula)


def penalty(scene: Scene) -> None:
    """gW = dW + l2 / total * W + l1 / total * sign(W)."""
    a = scene.done.architecture
    if not a.l1 and not a.l2:
        return
    total = float(scene.done.total)
    scene.numbers |= {"l1": a.l1 / total, "l2": a.l2 / total}
    for _, values, depth in _with_weights(scene):
        n = depth + 1
        scene.add(f"gW{n}", values["dW"], n - 1, n)
        sign = f" + l1 / total * sign(W{n})" if a.l1 else ""
        scene.steps.append(
            Step(
                f"The penalty on the weights into layer {n}",
                "backward",
                n,
                f"gW{n} = dW{n}" + (f" + l2 / total * W{n}" if a.l2 else "") + sign,
                [f"dW{n}", f"W{n}"],
                [f"gW{n}"],
                "penalty",
                "alpha pulls every weight towards 0. Intercepts have no penalty.",
                excerpt(Network.add_penalty),
            )
        )


def _with_weights(scene: Scene) -> list[tuple[Any, dict[str, np.ndarray], int]]:
    """The dense layers from the top down, with their parameters and depths."""
    triples = zip(scene.done.row, scene.done.values, scene.done.depths, strict=True)
    return [t for t in triples if "W" in t[0].shapes][::-1]


def update(scene: Scene) -> None:
    """The new values of all parameters."""
    update = scene.done.update
    if update is None:
        return
    shapes = [layer.shapes for layer in scene.done.row]
    rule, formula, numbers = update_rule(update)
    norm = update.norm
    clipped = float(np.linalg.norm(update.grad))
    numbers["norm"], numbers["clip"] = norm, clipped / norm if norm else 1.0
    if abs(numbers["clip"] - 1) < 1e-6:
        numbers["clip"] = 1.0
    scene.numbers |= numbers
    kept = state_arrays(update, shapes)
    after, limited = cut(update.theta, shapes), update.stepped is not None
    stepped = cut(update.stepped, shapes) if limited else after
    for k in range(len(shapes)):
        n = scene.done.depths[k] + 1
        if not shapes[k]:
            continue
        ins, outs = [], []
        for name, shape in shapes[k].items():
            axes = {2: (n - 1, n), 1: (n - 1,) if name == "u" else (n,)}[len(shape)]
            here = f"{name}{n}"
            gradient = f"g{here}" if f"g{here}" in scene.arrays else f"d{here}"
            if here not in scene.arrays:
                scene.add(here, scene.done.values[k][name], *axes)
            scene.add(f"{here}'", after[k][name], *axes)
            for symbol, pieces in kept.items():
                scene.add(f"{symbol}({here})", pieces[k][name], *axes)
            if limited and name == "W" and n < scene.last:
                scene.add(f"limit({here})", limits(update, stepped[k][name]), n)
            ins += [here, gradient]
            outs.append(f"{here}'")
        scene.steps.append(
            Step(
                f"{type(update.solver).__name__}'s step: " + ", ".join(outs),
                "step",
                n,
                formula.replace("theta", ins[0])
                + (", then no column longer than max_norm" if limited and n < scene.last else ""),
                ins,
                outs,
                rule,
                "A prime marks the new values. All parameters move at once, in one vector; here"
                " they stand layer by layer.",
                excerpt(type(update.solver).step),
                option=" ".join(kept),
            )
        )
