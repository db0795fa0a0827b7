"""The steps of the forward pass."""

from __future__ import annotations

from typing import Any

from skbackprop.inspection.source import excerpt
from skbackprop.inspection.steps import ROWS, Scene, Step, constants, says, short
from skbackprop.layers import Dense, Dropout, ScaledDense


def dense(scene: Scene, k: int, layer: Any, n: int) -> None:
    """Z = A @ W + b."""
    A, scaled = scene.name, isinstance(layer, ScaledDense)
    mine = scene.done.values[k]
    scene.add(f"W{n}", mine["W"], n - 1, n)
    scene.add(f"b{n}", mine["b"], n)
    scene.add(f"Z{n}", scene.done.arrays[f"Z{n}"], ROWS, n)
    formula, ins = f"Z{n} = {A} @ W{n} + b{n}", [A, f"W{n}", f"b{n}"]
    if scaled:
        scene.add(f"c{n}", mine["u"] * layer.rate, n - 1)
        formula, ins = f"Z{n} = {A} @ (c{n}[:, None] * W{n}) + b{n}", [*ins, f"c{n}"]
    fragment = "A.dot(self.W, out)" if scene.done.c_order[k] else "self.W_T.dot(A.T"
    scene.steps.append(
        Step(
            f"Scores of layer {n}",
            "forward",
            n,
            formula,
            ins,
            [f"Z{n}"],
            "dense",
            "Each unit adds up its inputs times its weights, a column of W, and its intercept.",
            excerpt(Dense.multiply, fragment),
            store=[A],
        )
    )
    scene.name = f"Z{n}"


def normalization(scene: Scene, k: int, layer: Any, n: int) -> None:
    """N = gamma * Zhat + beta."""
    over_batch = layer.normalization.has_statistics
    per, axis = ((n,), 0) if over_batch else ((ROWS,), 1)
    for name in "N", "Zhat":
        scene.add(f"{name}{n}", scene.done.arrays[f"{name}{n}"], ROWS, n)
    scene.add(f"sigma{n}", scene.done.arrays[f"sigma{n}"], *per)
    scene.add(f"mean{n}", scene.done.arrays[f"Z{n}"].mean(axis=axis), *per)
    for name in "gamma", "beta":
        scene.add(f"{name}{n}", scene.done.values[k][name], n)
    over = "the batch" if over_batch else "the units of a sample"
    scene.steps.append(
        Step(
            f"Normalised scores of layer {n}",
            "forward",
            n,
            f"N{n} = gamma{n} * Zhat{n} + beta{n}",
            [f"Z{n}", f"gamma{n}", f"beta{n}"],
            [f"N{n}", f"Zhat{n}", f"mean{n}", f"sigma{n}"],
            "norm",
            f"Zhat{n} = (Z{n} - mean{n}) / sigma{n}, mean and spread taken over {over}.",
            excerpt(type(layer.normalization).forward),
            store=[f"Zhat{n}", f"sigma{n}"],
            option="batch" if over_batch else "layer",
            constants={"epsilon": float(layer.normalization.epsilon)},
        )
    )
    scene.name = f"N{n}"


def activation(scene: Scene, k: int, layer: Any, n: int) -> None:
    """A = f(Z)."""
    f, Z = short(layer.activation), scene.name
    scene.add(f"A{n}", scene.done.arrays[f"A{n}"], ROWS, n)
    kept = [Z, f"A{n}"] if layer.activation.needs_z else [f"A{n}"]
    words = f"Number by number: {says(type(layer.activation)) or f}."
    if not layer.activation.needs_z:
        words += f" A{n} overwrites {Z}: the way back needs {Z} no more."
    scene.steps.append(
        Step(
            f"Activations of layer {n}",
            "forward",
            n,
            f"A{n} = {f}({Z})",
            [Z],
            [f"A{n}"],
            "map",
            words,
            excerpt(type(layer.activation).forward),
            store=kept,
            option=f,
            constants=constants(layer.activation),
        )
    )
    scene.name = f"A{n}"


def dropout(scene: Scene, k: int, layer: Any, n: int) -> None:
    """D = A * M, in training."""
    n = n if k else 0
    if f"D{n}" not in scene.done.arrays:
        return  # nothing is dropped, as in prediction
    A, M = scene.name, f"M{n}"
    scene.add(f"D{n}", scene.done.arrays[f"D{n}"], ROWS, n)
    kept = []
    if M in scene.done.arrays:
        scene.add(M, scene.done.arrays[M], ROWS, n)
        kept = [M]
    scene.steps.append(
        Step(
            f"Dropout of {layer.rate:.0%}",
            "forward",
            n,
            f"D{n} = {A} * {M}",
            [A, *kept],
            [f"D{n}"],
            "mask",
            f"The mask {M}, drawn anew for each batch, is 0 where a value is dropped and"
            f" {1 / (1 - layer.rate):.3g} elsewhere.",
            excerpt(Dropout.forward, "np.multiply"),
            store=kept,
            constants={"scale": 1 / (1 - layer.rate)},
        )
    )
    scene.name = f"D{n}"
