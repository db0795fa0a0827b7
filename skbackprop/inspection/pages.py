"""A walk through a pass as one HTML file: the arrays cut to fit and packed, the template filled."""

from __future__ import annotations

import base64
import html
import json
from dataclasses import asdict, dataclass, field, replace
from importlib.resources import files
from math import ceil
from typing import Any

import numpy as np
from scipy.sparse import issparse

from skbackprop.inspection.holders import Held
from skbackprop.inspection.recording import Pass
from skbackprop.inspection.steps import ROWS, Named, Scene, Step, short
from skbackprop.inspection.walk import scene_of
from skbackprop.layers import Dropout

#: Bytes of numbers in a page, about; the page's own code takes 50 kB more.
BUDGET = 700_000
#: The same of a page inside a notebook.
SMALL = 400_000
#: In this order.
SCRIPTS = ("numbers.js", "explain.js", "graph.js", "training.js", "page.js")
#: Units per layer that are kept, the largest number first that fits.
UNITS = (512, 256, 128, 64, 32, 16, 8)
#: Steps of a training that are kept.
MOST_PASSES = 60
#: Samples that are kept: at most, and at least before units are cut.
MOST_ROWS, FEWEST_ROWS = 400, 12


@dataclass(frozen=True)
class Map:
    """The prediction over a plane, at each step of a training.

    Parameters
    ----------
    X, group : ndarray
        The samples, and the index of each one's class; -1 for numbers.
    limits : list of float
        Left, right, bottom, top.
    frames : list of ndarray of shape (n, n, 2)
        The class predicted and how sure of it, or 0 and the number scaled to 0 to 1.
    names : list of str
        Of the classes.
    """

    X: np.ndarray
    group: np.ndarray
    limits: list[float]
    frames: list[np.ndarray]
    names: list[str]


@dataclass(frozen=True)
class Walk:
    """All that a page shows.

    Parameters
    ----------
    estimator, units, links : str, list of int, list of str
        The estimator's class; units of each layer and their functions.
    inputs, outputs : list of str
        Names of features and of output units.
    passes : list of Pass
        One, or one for each step of a training.
    targets : list of list of str
        For each pass the target of each sample.
    plane : Map or None
        For a training on two features.
    """

    estimator: str
    units: list[int]
    links: list[str]
    inputs: list[str]
    outputs: list[str]
    passes: list[Pass]
    targets: list[list[str]]
    plane: Map | None = field(default=None)

    @classmethod
    def of(cls, held: Held, passes: list[Pass], plane: Map | None = None) -> Walk:
        """The walk of an estimator's passes."""
        network, architecture = held.network, passes[0].architecture
        units = list(architecture.units)
        inputs = held.names or [f"x{j}" for j in range(units[0])]
        classes = getattr(network, "classes_", None)
        binary = classes is not None and units[-1] == 1
        if classes is None:
            outputs = [f"y{k}" for k in range(units[-1])]
        else:
            outputs = [str(c) for c in (classes[-1:] if binary else classes)]
        return cls(
            type(network).__name__,
            units,
            [*map(short, architecture.activations), architecture.loss.link_name],
            inputs,
            outputs,
            passes,
            [_targets(one.Y, classes) for one in passes],
            plane,
        )

    def thinned(self, every: int) -> Walk:
        """Every so many passes of a training."""
        if every == 1:
            return self
        plane = self.plane
        if plane is not None:
            plane = replace(plane, frames=plane.frames[::every])
        passes, targets = self.passes[::every], self.targets[::every]
        return replace(self, passes=passes, targets=targets, plane=plane)


def _targets(Y: np.ndarray, classes: Any) -> list[str]:
    """The target of each sample in words."""
    if classes is not None and Y.ndim == 1:
        return [str(classes[int(k)]) for k in Y]
    if classes is not None and Y.shape[1] == 1 and len(classes) == 2:
        return [str(classes[int(k)]) for k in Y[:, 0]]
    rows = Y.reshape(len(Y), -1)[:MOST_ROWS]
    if classes is not None:
        return [", ".join(str(c) for c, y in zip(classes, row, strict=False) if y) for row in rows]
    return [", ".join(f"{y:.4g}" for y in row[:3]) for row in rows]


def page(walk: Walk, budget: int = BUDGET, embedded: bool = False) -> str:
    """The HTML file."""
    every = ceil(len(walk.passes) / MOST_PASSES)
    walk = walk.thinned(every)
    with np.errstate(all="ignore"):  # of a network that diverged
        scenes = [scene_of(one) for one in walk.passes]
    plane = _plane(walk.plane) if walk.plane else None
    taken = sum(map(len, plane["frames"])) if plane else 0
    shown = _fit(scenes, walk.units, max(budget - taken, budget // 3))
    pool = Pool()
    runs = [
        {
            "arrays": {name: pool.pack(a, shown) for name, a in _named(w, shown).items()},
            "samples": len(w.done.Z),
            "numbers": {name: float(np.nan_to_num(x)) for name, x in w.numbers.items()},
            "targets": targets[: shown[ROWS]],
        }
        for w, targets in zip(scenes, walk.targets, strict=True)
    ]
    sources: list[Any] = []
    data = {
        "estimator": walk.estimator,
        "units": walk.units,
        "links": walk.links,
        "inputs": walk.inputs[: shown[0]],
        "outputs": walk.outputs[: shown[len(walk.units) - 1]],
        "steps": [_step(step, sources) for step in scenes[0].steps],
        "sources": sources,
        "runs": runs,
        "shapes": {name: _shape(a, shown) for name, a in _named(scenes[0], shown).items()},
        "blobs": pool.blobs,
        "plane": plane,
        "every": every,
        "notes": _notes(walk, scenes, shown),
    }
    text = json.dumps(data, separators=(",", ":"), allow_nan=False, default=float)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    units = "-".join(map(str, walk.units))
    title = html.escape(f"Backpropagation step by step: a {units} network")
    folder = files("skbackprop.inspection") / "page"
    result = (folder / "page.html").read_text(encoding="utf-8")
    scripts = "\n".join((folder / name).read_text(encoding="utf-8") for name in SCRIPTS)
    filled = {
        "style": (folder / "page.css").read_text(encoding="utf-8"),
        "script": scripts,
        "data": text,
        "title": title,
        "class": "embedded" if embedded else "",
    }
    before = result.split("@@")
    return "".join(filled[p] if i % 2 else p for i, p in enumerate(before))


def frame(walk: Walk, height: int = 640) -> str:
    """The page inside a frame, for a notebook."""
    inside = html.escape(page(walk, SMALL, embedded=True), quote=True)
    style = f"width:100%;height:{height}px;border:1px solid #8888;border-radius:8px"
    return (
        f'<iframe title="Backpropagation, step by step" style="{style}" srcdoc="{inside}"></iframe>'
    )


class Pool:
    """Numbers as base64 of float32; the same numbers are stored once."""

    def __init__(self) -> None:
        self.blobs: list[str] = []
        self.where: dict[str, int] = {}

    def pack(self, array: Named, shown: dict[str | int, int]) -> int:
        """Where the numbers of the part shown are."""
        part = tuple(slice(0, shown[axis]) for axis in array.axes)
        values = array.values[part]
        values = np.asarray(values.toarray() if issparse(values) else values, "<f4", order="C")
        with np.errstate(invalid="ignore"):
            finite = np.nan_to_num(values, nan=0.0, posinf=3e38, neginf=-3e38)
        text = base64.b64encode(finite.tobytes()).decode()
        if text not in self.where:
            self.where[text] = len(self.blobs)
            self.blobs.append(text)
        return self.where[text]


def _fit(scenes: list[Scene], units: list[int], budget: int) -> dict[str | int, int]:
    """How many samples and units are kept so that the numbers take no more than a budget."""
    m = min(len(w.done.Z) for w in scenes)
    shown: dict[str | int, int] = {}
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
            break
    return shown


def _named(w: Scene, shown: dict[str | int, int]) -> dict[str, Named]:
    """The arrays of a pass, and for every sum whose terms aren't all kept the sum of the others."""
    return w.arrays | _rests(w, shown)


def _shape(array: Named, shown: dict[str | int, int]) -> dict[str, Any]:
    """What the axes are, how long, and how much of them is kept."""
    kept = [shown[axis] for axis in array.axes]
    return {"x": array.axes, "s": array.values.shape, "r": kept}


def _rests(w: Scene, shown: dict[str | int, int]) -> dict[str, Named]:
    """The sums of the terms that aren't kept."""
    rests: dict[str, Named] = {}

    def keep(name: str, values: Any, axes: tuple[str | int, ...]) -> None:
        rests[f"rest:{name}"] = Named(np.asarray(values), axes)

    for step in w.steps:
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
    return rests


def _step(step: Step, sources: list[Any]) -> dict[str, Any]:
    """A step for the page; equal pieces of source are stored once."""
    told = asdict(step)
    source = told.pop("source")
    if source is not None:
        if source not in sources:
            sources.append(source)
        told["source"] = sources.index(source)
    return told


def _plane(plane: Map) -> dict[str, Any]:
    """Each point of a frame as a byte: the class times 16 plus how sure, of 15."""
    frames = []
    for picture in plane.frames:
        sure = np.clip(np.rint(picture[..., 1] * 15), 0, 15)
        code = (picture[..., 0] * 16 + sure).astype(np.uint8)
        frames.append(base64.b64encode(code.tobytes()).decode())
    return {
        "points": [[round(float(a), 4) for a in row] for row in plane.X],
        "group": [int(k) for k in plane.group],
        "limits": plane.limits,
        "size": len(plane.frames[0]),
        "frames": frames,
        "names": plane.names,
    }


def _notes(walk: Walk, scenes: list[Scene], shown: dict[str | int, int]) -> list[str]:
    """What is cut, in words."""
    m, notes = min(len(w.done.Z) for w in scenes), []
    if shown[ROWS] < m:
        notes.append(
            f"The page holds the first {shown[ROWS]} of {m} samples. Sums run over all of them:"
            " what the others add to a sum is one number in it."
        )
    cut = [f"{shown[n]} of {u}" for n, u in enumerate(walk.units) if shown[n] < u]
    if cut:
        notes.append(f"Of large layers it holds the first units: {', '.join(cut)}.")
    first = walk.passes[0]
    drops = any(isinstance(layer, Dropout) for layer in first.row)
    if drops and not any(name.startswith("D") for name in first.arrays):
        notes.append(
            "Dropout drops nothing in this pass, as in prediction. In a page of trace_training it"
            " does, and the masks are shown."
        )
    if first.update is None:
        notes.append(
            "L-BFGS makes a step from many passes, so there is no step of the optimizer to show."
        )
    notes.append("Numbers are stored with 7 digits and shown with 3.")
    return notes
