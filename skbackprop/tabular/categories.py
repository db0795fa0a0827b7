"""Columns of categories: one-hot or, if there are very many, what the target is for each."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.preprocessing import OneHotEncoder, TargetEncoder
from sklearn.utils.multiclass import type_of_target

from skbackprop.estimators.compat import N_FOLDS
from skbackprop.tabular.columns import Column, in_order
from skbackprop.tabular.numbers import RobustSmoothClip


class Categories:
    """The part of an encoder that takes columns of categories.

    Parameters
    ----------
    one_hot : OneHotEncoder
        For columns of few categories; two of a column share one column of -1 and 1.
    target : TargetEncoder
        For columns of many categories.
    max_one_hot : int or None
        The largest number that counts as few; None if all do.
    """

    def __init__(
        self, one_hot: OneHotEncoder, target: TargetEncoder, max_one_hot: int | None
    ) -> None:
        self.one_hot, self.target, self.max_one_hot = one_hot, target, max_one_hot

    def fit(self, columns: list[Column], y: Any) -> list[Any]:
        """Learn the categories, and encode the columns that they were learned from."""
        self.categories = [in_order(column.categories()) for column in columns]
        counts = np.array([len(categories) for categories in self.categories], int)
        self.many = counts > (np.inf if self.max_one_hot is None else self.max_one_hot)
        if self.many.any() and not self._is_target(y):
            self.many[:] = False
        # a column of missing values alone has no categories, and is left out
        self.few = (counts > 0) & ~self.many
        blocks: list[Any] = []
        if self.few.any():
            self.one_hot.categories = [np.arange(count) for count in counts[self.few]]
            self.one_hot.fit(self._codes(columns, self.few))
            # from the one-hot columns to ours: pairs become one, and single ones nothing
            names = np.flatnonzero(self.few).astype(str)
            columns_of = [
                name.split("_", 1) for name in self.one_hot.get_feature_names_out(names).tolist()
            ]
            self.join, self.labels = _joined(columns_of, self.categories, self.one_hot.dtype)
            blocks += self._one_hot(columns)
        if self.many.any():
            with warnings.catch_warnings():  # a class of few rows
                warnings.filterwarnings("ignore", "The least populated class", UserWarning)
                shares = self.target.fit_transform(self._targets_of(columns), y)
            self.clip = RobustSmoothClip().fit(shares)
            blocks.append(self.clip.transform(shares))
        return blocks

    def _is_target(self, y: Any) -> bool:
        """Whether y can be averaged: one number or class for each row, some class for each fold."""
        if y is None or np.asarray(y).ndim != 1:
            return False
        y = np.asarray(y)
        is_continuous = "continuous" in (self.target.target_type, type_of_target(y))
        return is_continuous or np.unique(y, return_counts=True)[1].max() >= N_FOLDS

    def transform(self, columns: list[Column]) -> list[Any]:
        """Encode columns: one-hot as a sparse matrix, the others as an array."""
        blocks = self._one_hot(columns) if self.few.any() else []
        if self.many.any():
            blocks.append(self.clip.transform(self.target.transform(self._targets_of(columns))))
        return blocks

    def names(self, names: np.ndarray) -> list[str]:
        """Names of the columns encoded, given those of the table."""
        out: list[str] = []
        if self.few.any():
            out += [f"{names[j]}_{label}" if label else names[j] for j, label in self.labels]
        if self.many.any():
            out += self.target.get_feature_names_out(names[self.many]).tolist()
        return out

    def _one_hot(self, columns: list[Column]) -> list[Any]:
        """Columns of few categories."""
        return [self.one_hot.transform(self._codes(columns, self.few)) @ self.join]

    def _targets_of(self, columns: list[Column]) -> np.ndarray:
        """Codes of the columns of many categories; NaN is missing, -1 isn't known."""
        codes = self._codes(columns, self.many).astype(float)
        chosen = [column for column, is_one in zip(columns, self.many, strict=True) if is_one]
        codes[np.stack([column.missing for column in chosen], axis=1)] = np.nan
        return codes

    def _codes(self, columns: list[Column], mask: np.ndarray) -> np.ndarray:
        """Positions of the columns' values among their categories; -1 for missing and unknown."""
        codes = []
        for column, categories, is_one in zip(columns, self.categories, mask, strict=True):
            if is_one:
                position = {key: i for i, key in enumerate(categories.tolist())}
                codes.append([position.get(key, -1) for key in column.categories()])
        return np.array(codes).T


def _joined(
    columns_of: list[list[str]], categories: list[np.ndarray], dtype: Any
) -> tuple[csr_matrix, list[tuple[int, str]]]:
    """The matrix from one-hot columns to the encoder's, and each of these as (column, label)."""
    ends = [int(column) for column, _ in columns_of]
    rows, cols, values = [], [], []
    labels: list[tuple[int, str]] = []
    for j in range(len(categories)):
        own = [k for k, end in enumerate(ends) if end == j]
        if len(own) == 2:
            rows += own
            cols += [len(labels)] * 2
            values += [-1.0, 1.0]
            labels.append((j, ""))
        elif len(own) > 2:
            for k in own:
                rows.append(k)
                cols.append(len(labels))
                values.append(1.0)
                code = columns_of[k][1]
                is_code = code.isdigit()
                labels.append((j, f"{categories[j][int(code)]}" if is_code else "(other)"))
    shape = (len(columns_of), len(labels))
    return csr_matrix((np.array(values, dtype), (rows, cols)), shape=shape), labels
