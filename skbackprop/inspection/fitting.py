"""How much of a walk's passes a page can hold, and what is left out of its sums."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import Any

import numpy as np
from scipy.special import logsumexp

from skbackprop.inspection.recording import Pass
from skbackprop.inspection.steps import ROWS, Named, Scene, Step
from skbackprop.inspection.walk import scene_of

#: How many samples, and units of each layer, are kept.
Kept = dict[str | int, int]
#: Units per layer that are kept, the largest number first that fits.
UNITS = (512, 256, 128, 64, 32, 16, 8)
#: Training steps that are kept, at most.
MOST_PASSES = 60
#: Samples that are kept: at most, and at least before units are cut.
MOST_ROWS, FEWEST_ROWS = 400, 12


def fitted(
    passes: list[Pass], units: list[int], codes: int, budget: int
) -> tuple[int, Kept, list[Scene]]:
    """As many passes as fit: one of how many they are, what of each is kept, and they.

    `codes` is how many bytes the picture of each pass takes.
    """
    every = ceil(len(passes) / MOST_PASSES)
    with np.errstate(all="ignore"):  # of a network that diverged
        scenes = [scene_of(one) for one in passes[::every]]
    while True:
        taken = sum(codes + 12 * len(w.arrays) for w in scenes)  # 12 for where each array is
        shown, fits = _fit(scenes, units, max(budget - taken, budget // 3))
        if fits or len(scenes) <= 2:
            return every, shown, scenes
        scenes, every = scenes[::2], 2 * every


def _fit(scenes: list[Scene], units: list[int], budget: int) -> tuple[Kept, bool]:
    """How many samples and units are kept so that the numbers take no more than a budget.

    And whether they do: some samples and units are always kept.
    """
    m = min(len(w.done.Z) for w in scenes)
    shown: Kept = {}
    for most in UNITS:
        shown = {n: min(u, most) for n, u in enumerate(units)}
        fixed = per_row = 0
        for w in scenes:
            for array in w.arrays.values():
                others = int(np.prod([shown[a] for a in array.axes if a != ROWS]))
                if ROWS in array.axes:
                    per_row += others
                else:
                    fixed += others
        fixed = int(1.6 * fixed)  # what is left out of sums
        rows = (budget * 3 // 16 - fixed) // max(per_row, 1)
        shown[ROWS] = int(min(m, MOST_ROWS, max(rows, 1)))
        if rows >= min(m, FEWEST_ROWS):
            return shown, True
    return shown, False


def rests(w: Scene, shown: Kept) -> dict[str, Named]:
    """The sums of the terms that aren't kept."""
    found: dict[str, Named] = {}

    def keep(name: str, values: Any, axes: tuple[str | int, ...]) -> None:
        found[f"rest:{name}"] = Named(np.asarray(values), axes)

    for step in w.steps:
        if step.rule == "norm":
            _norm_rests(w, shown, step, keep)
        if step.rule == "link" and step.option == "softmax":
            Z = w.arrays[step.ins[0]].values[:, shown[step.layer] :]
            if Z.size:  # so that the others' part of the sum can't overflow
                keep(step.outs[0], logsumexp(Z, axis=1), (ROWS,))
        if step.rule == "dnorm" and step.option == "layer":
            dN, Zhat, gamma = (w.arrays[name].values for name in step.ins[:3])
            G, k = (dN * gamma)[:, shown[step.layer] :], shown[step.layer]
            if G.size:
                units = dN.shape[1]
                keep(f"G{step.layer}", G.sum(axis=1) / units, (ROWS,))
                keep(f"GZhat{step.layer}", (G * Zhat[:, k:]).sum(axis=1) / units, (ROWS,))
        if step.rule not in ("dense", "dW", "dA", "db", "loss", "dgamma"):
            continue
        arrays = {name: w.arrays[name] for name in (*step.ins, *step.outs)}
        for out in step.outs:
            axes = arrays[out].axes
            ins = [arrays[name].values for name in step.ins]
            if step.rule == "dense" and shown[step.layer - 1] < ins[0].shape[1]:
                k = shown[step.layer - 1]
                W = ins[1] * ins[3][:, None] if len(ins) > 3 else ins[1]
                keep(out, ins[0][:, k:] @ W[k:], axes)
            elif step.rule == "dA" and shown[step.layer] < ins[0].shape[1]:
                k = shown[step.layer]
                keep(out, ins[0][:, k:] @ ins[1][:, k:].T, axes)
            elif shown[ROWS] < len(w.done.Z):
                r = shown[ROWS]
                if step.rule == "dW":
                    rest = ins[0][r:].T @ ins[1][r:]
                    keep(out, rest * ins[2][:, None] if len(ins) > 2 else rest, axes)
                elif step.rule == "db":
                    keep(out, ins[0][r:].sum(axis=0), axes)
                elif step.rule == "loss":
                    keep(out, [ins[2][r:] @ ins[3][r:]], axes)
                elif step.rule == "dgamma":
                    scale = ins[1][r:] if out.startswith("dgamma") else 1.0
                    keep(out, (ins[0][r:] * scale).sum(axis=0), axes)
    return found


def _norm_rests(w: Scene, shown: Kept, step: Step, keep: Callable[..., None]) -> None:
    """What the samples or units that aren't kept add to the mean and to the variance."""
    Z, n = w.arrays[f"Z{step.layer}"].values, step.layer
    mean, axes = w.arrays[f"mean{n}"].values, w.arrays[f"mean{n}"].axes
    if step.option == "batch":
        left, mean, axis = Z[shown[ROWS] :], mean[None], 0
    else:
        left, mean, axis = Z[:, shown[n] :], mean[:, None], 1
    if left.size:
        keep(f"mean{n}", left.sum(axis=axis) / Z.shape[axis], axes)
        keep(f"sigma{n}", ((left - mean) ** 2).sum(axis=axis), axes)
