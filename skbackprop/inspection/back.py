"""The steps of the backward pass below the scores of the output layer."""

from __future__ import annotations

from typing import Any

from skbackprop.inspection.source import excerpt
from skbackprop.inspection.steps import ROWS, Origin, Scene, Step, constants, short
from skbackprop.layers import Dense, Dropout, ScaledDense


def dense(scene: Scene, k: int, layer: Any, n: int) -> None:
    """dW = A.T @ dZ, db = sum of dZ over rows, dA = dZ @ W.T."""
    A, seen, scaled = scene.below[k], scene.done.arrays, isinstance(layer, ScaledDense)
    scene.add(f"dW{n}", seen[f"dW{n}"], n - 1, n)
    scene.add(f"db{n}", seen[f"db{n}"], n)
    c = [f"c{n}"] if scaled else []
    scene.steps.append(
        Step(
            f"Gradient of the weights into layer {n}",
            "backward",
            n,
            f"dW{n} = {A}.T @ dZ{n}" if not c else f"dW{n} = c{n}[:, None] * ({A}.T @ dZ{n})",
            [A, f"dZ{n}", *c],
            [f"dW{n}"],
            "dW",
            "A weight's gradient: the sum, over the samples, of what came in through it times"
            " the gradient of the score that it went into.",
            excerpt(ScaledDense.backward if c else Dense.backward, "self.dW"),
            use=[A],
        )
    )
    scene.steps.append(
        Step(
            f"Gradient of the intercepts of layer {n}",
            "backward",
            n,
            f"db{n} = dZ{n}.sum(axis=0)",
            [f"dZ{n}"],
            [f"db{n}"],
            "db",
            "An intercept is added to its score, so its gradient is the sum over the samples.",
            excerpt(Dense.backward, "self.db"),
        )
    )
    if scaled:
        scene.add(f"du{n}", seen[f"du{n}"], n - 1)
        scene.numbers["rate"] = float(layer.rate)
        scene.steps.append(
            Step(
                f"Gradient of the scales of layer {n}'s inputs",
                "backward",
                n,
                f"du{n} = rate / c{n} * (dW{n} * W{n}).sum(axis=1), c{n} = rate * u{n}",
                [f"dW{n}", f"W{n}", f"c{n}"],
                [f"du{n}"],
                "du",
                "Each input has one factor c for all of its weights. The optimizer sees it as u.",
                excerpt(ScaledDense.backward),
            )
        )
    if A == "X" or A == "D0":
        return
    to = f"d{A}"
    scene.add(to, scene.done.arrays[to], ROWS, n - 1)
    scene.steps.append(
        Step(
            f"Back through the weights to layer {n - 1}",
            "backward",
            n,
            f"{to} = dZ{n} @ W{n}.T",
            [f"dZ{n}", f"W{n}"],
            [to],
            "dA",
            "A unit went into every score of the layer above. It gets their gradients back,"
            " each times the weight on the way.",
            excerpt(Dense.backward, "self.W_T"),
        )
    )


def dropout(scene: Scene, k: int, layer: Any, n: int) -> None:
    """dA = dD * M, in training."""
    if f"M{n}" not in scene.arrays or k == 0:
        return
    scene.add(f"dA{n}", scene.done.arrays[f"dA{n}"], ROWS, n)
    scene.steps.append(
        Step(
            f"Back through the dropout of layer {n}",
            "backward",
            n,
            f"dA{n} = dD{n} * M{n}",
            [f"dD{n}", f"M{n}"],
            [f"dA{n}"],
            "mask",
            "What was dropped had no part in the loss, so its gradient is 0.",
            excerpt(Dropout.backward, "np.multiply"),
            use=[f"M{n}"],
        )
    )


def activation(scene: Scene, k: int, layer: Any, n: int) -> None:
    """dZ = dA * f'(Z)."""
    f, Z = short(layer.activation), scene.below[k]
    scene.add(f"{f}'({Z})", scene.done.slope(k), ROWS, n)
    known = constants(layer.activation)
    scene.given[f"{f}'({Z})"] = Origin("derivative", [Z, f"A{n}"], f, known)
    scene.add(f"d{Z}", scene.done.arrays[f"d{Z}"], ROWS, n)
    used = [Z, f"A{n}"] if layer.activation.needs_z else [f"A{n}"]
    scene.steps.append(
        Step(
            f"Back through the activation of layer {n}",
            "backward",
            n,
            f"d{Z} = dA{n} * {f}'({Z})",
            [f"dA{n}", f"{f}'({Z})"],
            [f"d{Z}"],
            "slope",
            f"Number by number, times the slope of {f} at {Z}"
            + ("." if layer.activation.needs_z else f", which A{n} tells."),
            excerpt(type(layer.activation).backward),
            use=used,
            option=f,
        )
    )


def normalization(scene: Scene, k: int, layer: Any, n: int) -> None:
    """dgamma, dbeta, and dZ from dN."""
    seen = scene.done.arrays
    for name in "dgamma", "dbeta":
        scene.add(f"{name}{n}", seen[f"{name}{n}"], n)
    scene.add(f"dZ{n}", seen[f"dZ{n}"], ROWS, n)
    kind = type(layer.normalization)
    which = "batch" if layer.normalization.has_statistics else "layer"
    scene.steps.append(
        Step(
            f"Gradients of scale and shift of layer {n}",
            "backward",
            n,
            f"dgamma{n} = (dN{n} * Zhat{n}).sum(axis=0), dbeta{n} = dN{n}.sum(axis=0)",
            [f"dN{n}", f"Zhat{n}"],
            [f"dgamma{n}", f"dbeta{n}"],
            "dgamma",
            "gamma multiplies Zhat and beta is added, in every sample.",
            excerpt(kind.backward, "np.add.reduce"),
            use=[f"Zhat{n}"],
            option=which,
        )
    )
    scene.steps.append(
        Step(
            f"Back through the normalisation of layer {n}",
            "backward",
            n,
            f"dZ{n} = (G - mean(G) - Zhat{n} * mean(G * Zhat{n})) / sigma{n}, G = gamma{n} * dN{n}",
            [f"dN{n}", f"Zhat{n}", f"gamma{n}", f"sigma{n}"],
            [f"dZ{n}"],
            "dnorm",
            "Mean and spread depend on the scores as well. So what would only shift or stretch"
            " all of them is taken out.",
            excerpt(kind.backward),
            use=[f"Zhat{n}", f"sigma{n}"],
            option=which,
        )
    )
