"""Columns of categories: one column of 0 and 1 for each category or, if there are many, codes."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.preprocessing import OneHotEncoder

from skbackprop.formulas import Graph, Value
from skbackprop.tabular.columns import Column, in_order
from skbackprop.tabular.tensors import KEYS, MISSING_INTEGER, MISSING_TEXTS, place_of_number

#: Names of the same category, in a column of booleans and in one of numbers.
FLAGS = {"False": "0", "True": "1"}


class Categories:
    """The part of an encoder that takes columns of categories.

    What a OneHotEncoder learns is kept as arrays, which every version of scikit-learn can load.

    Parameters
    ----------
    dtype : dtype
        Of the one-hot columns.
    max_one_hot : int or None
        The largest number of categories that counts as few; None if all do.
    """

    def __init__(self, dtype: Any, max_one_hot: int | None) -> None:
        self.dtype, self.max_one_hot = dtype, max_one_hot

    def fit(self, columns: list[Column], one_hot: OneHotEncoder) -> None:
        """Learn the categories.

        `one_hot` is for columns of few of them; two of a column share one column of -1 and 1.
        """
        self.categories = [in_order(column.categories()) for column in columns]
        counts = np.array([len(categories) for categories in self.categories], int)
        self.tensors = [column.tensor(is_categorical=True) for column in columns]
        self.has_gaps = np.array([column.missing.any() for column in columns], bool)
        self.many = counts > (np.inf if self.max_one_hot is None else self.max_one_hot)
        # a column of missing values alone has no categories, and is left out
        self.few = (counts > 0) & ~self.many
        if self.few.any():
            one_hot.categories = [np.arange(count) for count in counts[self.few]]
            one_hot.fit(self._codes(columns, self.few))
            self.places = _places(one_hot, counts[self.few])
            names = np.flatnonzero(self.few).astype(str)
            columns_of = [
                name.split("_", 1) for name in one_hot.get_feature_names_out(names).tolist()
            ]
            self._join(columns_of)

    def _join(self, columns_of: list[list[str]]) -> None:
        """The matrix from one-hot columns to ours, and each of these as (column, label).

        Two of a column become one of -1 and 1. A single one tells something only beside gaps.
        """
        ends = np.array([int(column) for column, _ in columns_of])
        entries: list[tuple[int, int, float]] = []
        self.labels: list[tuple[int, str]] = []
        for j in np.flatnonzero(self.few).tolist():
            own = np.flatnonzero(ends == j).tolist()
            if len(own) == 2:
                entries += [(own[0], len(self.labels), -1.0), (own[1], len(self.labels), 1.0)]
                self.labels.append((j, ""))
            elif len(own) > 2 or self.has_gaps[j]:
                for k in own:
                    entries.append((k, len(self.labels), 1.0))
                    code = columns_of[k][1]
                    label = str(self.categories[j][int(code)]) if code.isdigit() else "(other)"
                    self.labels.append((j, label))
        rows, cols, values = zip(*entries, strict=True) if entries else ((), (), ())
        shape = (len(ends), len(self.labels))
        self.join = csr_matrix((np.array(values, self.dtype), (rows, cols)), shape=shape)

    def transform(self, columns: list[Column]) -> list[Any]:
        """Encode columns: one-hot as a sparse matrix, codes as an array after it."""
        blocks: list[Any] = []
        if self.few.any():
            blocks.append(self._one_hot(self._codes(columns, self.few)) @ self.join)
        if self.many.any():
            codes = self._codes(columns, self.many)
            for code, j in zip(codes.T, np.flatnonzero(self.many).tolist(), strict=True):
                if self.has_gaps[j]:
                    code[columns[j].missing] = len(self.categories[j])
            blocks.append(codes)
        return blocks

    def onnx(self, graph: Graph, columns: list[Value]) -> list[Value]:
        """What `transform` returns, in ONNX operators: tables of what each category becomes."""
        few, many = np.flatnonzero(self.few).tolist(), np.flatnonzero(self.many).tolist()
        blocks = []
        for order, j in enumerate(few):
            rows = self._one_hot_rows(order, j)
            if rows.shape[1] == 1:
                position = self._position(graph, columns[j], j)
                blocks.append(graph.op("Gather", rows.toarray().ravel(), position))
            elif rows.shape[1] > 1:
                place = np.full(rows.shape[0], -1)
                place[rows.nonzero()[0]] = rows.nonzero()[1]
                own = graph.op("Gather", place, self._position(graph, columns[j], j))
                is_own = graph.op("Equal", own, np.arange(rows.shape[1]))
                blocks.append(graph.cast(is_own, graph.dtype))
        for j in many:
            n = len(self.categories[j])
            table = np.array([*range(n), -1, n if self.has_gaps[j] else -1], float)
            blocks.append(graph.op("Gather", table, self._position(graph, columns[j], j)))
        return blocks

    def _one_hot_rows(self, order: int, j: int) -> csr_matrix:
        """What each category of column j becomes, and an unknown and a missing value: zeros."""
        n = len(self.categories[j])
        codes = np.full((n + 2, self.few.sum()), -1)
        codes[:n, order] = np.arange(n)
        own = [k for k, (column, _) in enumerate(self.labels) if column == j]
        return (self._one_hot(codes) @ self.join)[:, own]

    def _one_hot(self, codes: np.ndarray) -> csr_matrix:
        """A 1 for each code that has a column."""
        places = np.stack([p[c] for p, c in zip(self.places, codes.T, strict=True)], axis=1)
        rows = np.flatnonzero(places.ravel() >= 0) // places.shape[1]
        ends = np.searchsorted(rows, np.arange(len(codes) + 1))
        own = places[places >= 0]
        shape = (len(codes), self.join.shape[0])
        return csr_matrix((np.ones(len(own), self.dtype), own, ends), shape=shape)

    def _position(self, graph: Graph, x: Value, j: int) -> Value:
        """The place of each x among the categories; after these, unknown and missing values."""
        keys = [KEYS[self.tensors[j]](name) for name in self.categories[j]]
        n = len(keys)
        places = {key: i for i, key in enumerate(keys)}
        if self.tensors[j] == "text":
            return graph.look_up(x, dict.fromkeys(MISSING_TEXTS, n + 1) | places, n)
        if self.tensors[j] == "integer":
            return graph.look_up(x, {MISSING_INTEGER: n + 1, **places}, n)
        return place_of_number(graph.of(np.float64), x, keys)

    def names(self, names: np.ndarray) -> list[str]:
        """Names of the columns encoded, given those of the table."""
        one_hot = self.labels if self.few.any() else []
        out = [f"{names[j]}_{label}" if label else names[j] for j, label in one_hot]
        return [*out, *names[self.many]]

    def _codes(self, columns: list[Column], mask: np.ndarray) -> np.ndarray:
        """Positions of the columns' values among their categories; -1 for missing and unknown."""
        codes = []
        for j in np.flatnonzero(mask).tolist():
            position = {key: i for i, key in enumerate(self.categories[j].tolist())}
            if self.tensors[j] != "text":
                for pair in FLAGS.items():
                    for name, other in (pair, pair[::-1]):
                        if name in position:
                            position.setdefault(other, position[name])
            codes.append([position.get(key, -1) for key in columns[j].categories()])
        return np.array(codes).T


def _places(one_hot: OneHotEncoder, counts: np.ndarray) -> list[np.ndarray]:
    """The one-hot column of each category of each column; the last is -1: none, as of code -1."""
    places = []
    for order, count in enumerate(counts.tolist()):
        codes = np.full((count + 1, len(counts)), -1)
        codes[:count, order] = np.arange(count)
        rows, columns = one_hot.transform(codes).nonzero()
        own = np.full(count + 1, -1)
        own[rows] = columns
        places.append(own)
    return places
