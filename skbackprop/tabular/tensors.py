"""What the columns of a table are in ONNX."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from skbackprop.formulas import Graph, Input, Value
from skbackprop.tabular.columns import EXACT

#: The tensors for what `Column.tensor` says that a column holds.
TENSORS = {"number": np.float64, "flag": np.float64, "integer": np.int64, "text": str}
#: Why there is none.
WITHOUT = {
    "date": "has no type for dates and durations. Turn it into numbers, such as days,",
    "huge": "has no type for its categories, numbers beyond int64. Turn it into strings",
    "other": "has no type for its categories. Turn it into strings",
}
#: From the name of a category to what a tensor holds of it.
KEYS: dict[str, Callable[[str], Any]] = {
    "text": str,
    "integer": int,
    "number": float,
    "flag": lambda name: float(name == "True"),
}
#: How a tensor of strings says that a value is missing, where this is no category: "", and what
#: onnxruntime makes of None, NaN, NA and NaT.
MISSING_TEXTS = ("", "None", "nan", "<NA>", "NaT")
#: The same for int64.
MISSING_INTEGER = -(2**63)


def inputs_by_column(names: list[str], tensors: list[str]) -> list[Input]:
    """One input for each column.

    Raises
    ------
    NotImplementedError
        If a column can't be one; the message names it.
    """
    for name, held in zip(names, tensors, strict=True):
        if held not in TENSORS:
            raise NotImplementedError(
                f"Column {name!r} can't be exported to ONNX, which {WITHOUT[held]} before `fit`."
            )
        if not name:
            raise NotImplementedError("Column '' can't be exported to ONNX: an input has a name.")
    return [
        Input(name, np.dtype(TENSORS[held]), 1) for name, held in zip(names, tensors, strict=True)
    ]


def beside(X: Any, indices: Any) -> Value:
    """Columns of a table side by side, whether it is one value or a list of columns."""
    if isinstance(X, Value):
        return X.graph.columns(X, indices)
    columns = [X[j] for j in indices]
    return columns[0].graph.op("Concat", *columns, axis=1) if len(columns) > 1 else columns[0]


def place_of_number(graph: Graph, x: Value, keys: list[float]) -> Value:
    """The place of each x among the keys; after these, other numbers and NaN."""
    n = len(keys)
    x = graph.cast(x, np.float64)
    missing = graph.op("IsNaN", x)
    whole = {int(min(max(key, -EXACT), EXACT)): i for i, key in enumerate(keys)}
    if len(whole) == n:  # a table of their whole parts, and a look at the rest
        part = graph.clip(graph.op("Where", missing, 0.0, x), float(-EXACT), float(EXACT))
        place = graph.look_up(graph.cast(part, np.int64), whole, n)
        key = graph.op("Gather", np.array([*keys, np.nan]), place)
        place = graph.op("Where", graph.op("Or", x < key, x > key), n, place)
    else:
        is_other = graph.cast(graph.op("Or", x < keys, x > keys), np.float64)
        place = graph.cast(
            float(n) + (1.0 - is_other) @ (np.arange(n) - float(n))[:, None], np.int64
        )
    return graph.op("Where", missing, n + 1, place)
