"""A walk through a pass as one HTML file: the arrays cut to fit and packed, the template filled."""

from __future__ import annotations

import base64
import html
import json
from dataclasses import asdict, dataclass, field, replace
from importlib.resources import files
from typing import Any

import numpy as np
from scipy.sparse import issparse

from skbackprop.inspection.fitting import MOST_ROWS, Kept, fitted, rests
from skbackprop.inspection.holders import Held
from skbackprop.inspection.recording import Pass
from skbackprop.inspection.steps import ROWS, Named, Scene, Step, short
from skbackprop.layers import Dropout

#: Bytes of numbers in a page, about; the page's own code takes 90 kB more.
BUDGET = 700_000
#: The same of a page inside a notebook.
SMALL = 400_000
#: In this order.
SCRIPTS = tuple(
    f"{name}.js"
    for name in ("numbers", "functions", "explain", "losses", "graph", "training", "page")
)
#: The page takes numbers of this size for ones that are even larger.
LARGEST = 3e38
#: Characters of a name.
LONGEST = 60


@dataclass(frozen=True)
class Map:
    """The prediction over a plane, at each training step.

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
        One, or one for each training step.
    targets : list of list of str
        For each pass the target of each sample.
    plane : Map or None
        For training on two features.
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
        """Every so many passes of training."""
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
    codes = 0 if walk.plane is None else walk.plane.frames[0].size * 2 // 3  # in base64
    every, shown, scenes = fitted(walk.passes, walk.units, codes, budget)
    made, walk = len(walk.passes), walk.thinned(every)
    plane = _plane(walk.plane) if walk.plane else None
    pool = Pool()
    runs = [
        {
            "arrays": {name: pool.pack(a, shown) for name, a in _named(w, shown).items()},
            "samples": len(w.done.Z),
            "numbers": {name: _bounded(x) for name, x in w.numbers.items()},
            "targets": _brief(targets[: shown[ROWS]]),
        }
        for w, targets in zip(scenes, walk.targets, strict=True)
    ]
    sources: list[Any] = []
    data = {
        "estimator": walk.estimator,
        "units": walk.units,
        "links": walk.links,
        "inputs": _brief(walk.inputs[: shown[0]]),
        "outputs": _brief(walk.outputs[: shown[len(walk.units) - 1]]),
        "steps": [_step(step, sources) for step in scenes[0].steps],
        "given": {name: asdict(origin) for name, origin in scenes[0].given.items()},
        "sources": sources,
        "runs": runs,
        "shapes": {name: _shape(a, shown) for name, a in _named(scenes[0], shown).items()},
        "blobs": pool.blobs,
        "plane": plane,
        "every": every,
        "made": made,
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

    def pack(self, array: Named, shown: Kept) -> int:
        """Where the numbers of the part shown are."""
        part = tuple(slice(0, shown[axis]) for axis in array.axes)
        values = array.values[part]
        values = np.asarray(values.toarray() if issparse(values) else values)
        if values.dtype.itemsize > 4:  # what float32 can't hold is cut, what's infinite stays
            values = np.where(np.isinf(values), values, values.clip(-LARGEST, LARGEST))
        values = np.asarray(values, "<f4", order="C")
        text = base64.b64encode(values.tobytes()).decode()
        if text not in self.where:
            self.where[text] = len(self.blobs)
            self.blobs.append(text)
        return self.where[text]


def _bounded(number: float) -> float | str:
    """A number, or its name where JSON has none: "NaN", "Infinity" or "-Infinity"."""
    if np.isfinite(number):
        return float(number)
    return "NaN" if np.isnan(number) else "Infinity" if number > 0 else "-Infinity"


def _brief(names: list[str]) -> list[str]:
    """Names, the very long ones cut."""
    return [name if len(name) <= LONGEST else name[: LONGEST - 1] + "…" for name in names]


def _named(w: Scene, shown: Kept) -> dict[str, Named]:
    """The arrays of a pass, and for every sum whose terms aren't all kept the sum of the others."""
    return w.arrays | rests(w, shown)


def _shape(array: Named, shown: Kept) -> dict[str, Any]:
    """What the axes are, how long, and how much of them is kept."""
    kept = [shown[axis] for axis in array.axes]
    return {"x": array.axes, "s": array.values.shape, "r": kept}


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
        "names": _brief(plane.names),
    }


def _notes(walk: Walk, scenes: list[Scene], shown: Kept) -> list[str]:
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
