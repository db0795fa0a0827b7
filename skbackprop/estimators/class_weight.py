"""`class_weight`: a weight for each class, or for 0 and 1 of each label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.class_weight import compute_class_weight


def dense(y: Any) -> np.ndarray:
    """An indicator matrix as an array."""
    return y.toarray() if issparse(y) else y


@dataclass(frozen=True)
class WeightTable:
    """The weights of classes.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        Sorted; the indices of the labels if `multilabel`.
    multilabel : bool
        Whether a sample may have several of them.
    table : ndarray of shape (n_classes,) or, if `multilabel`, (n_classes, 2)
        One weight for each class, or for 0 and for 1 of each label.
    """

    classes: np.ndarray
    multilabel: bool
    table: np.ndarray

    @classmethod
    def of_parameter(
        cls, given: Any, classes: np.ndarray, y: Any, sample_weight: np.ndarray | None
    ) -> Self:
        """Take the weights from the parameter; "balanced" counts the classes of y."""
        multilabel = y.ndim == 2
        try:
            if isinstance(given, str):
                table = _balanced(classes, y, sample_weight)
            elif multilabel:
                table = _of_labels(given, len(classes))
            else:
                table = compute_class_weight(given, classes=classes, y=y)
            if not np.all(np.isfinite(table)) or np.any(table < 0):
                raise ValueError("weights must be finite and not negative.")
        except (ValueError, TypeError) as error:
            raise ValueError(f"class_weight={given!r}: {error}") from error
        return cls(classes, multilabel, table)

    def of(self, y: Any) -> np.ndarray:
        """One weight for each sample: that of its class, or the product of those of its labels."""
        if not self.multilabel:
            return self.table[np.searchsorted(self.classes, y)]
        return np.prod(np.where(dense(y) > 0, self.table[:, 1], self.table[:, 0]), axis=1)


def _balanced(classes: np.ndarray, y: Any, sample_weight: np.ndarray | None) -> np.ndarray:
    """n / (n_classes c) for each class, or for 0 and 1; c: its weighted count, n: the sum of c.

    The same as scikit-learn's `compute_class_weight`, which takes sample weights from 1.9 on. A
    class whose count is 0 isn't counted in n_classes, and its class weight is 1.
    """
    weight = np.ones(y.shape[0]) if sample_weight is None else sample_weight.astype(float)
    if y.ndim == 2:
        there = dense(y) > 0
        counts = np.stack([weight @ ~there, weight @ there], axis=1)
    else:
        counts = np.bincount(np.searchsorted(classes, y), weight, minlength=len(classes))
    if np.any(counts < 0):
        raise ValueError("the sample weights of a class add up to less than zero.")
    n_classes = np.count_nonzero(counts, axis=-1, keepdims=True)
    n = counts.sum(axis=-1, keepdims=True)
    return np.divide(n, n_classes * counts, out=np.ones_like(counts), where=counts > 0)


def _of_labels(class_weight: Any, n_labels: int) -> np.ndarray:
    """The weights of 0 and 1, of shape (n_labels, 2); 1 if not given."""
    if not isinstance(class_weight, list) or len(class_weight) != n_labels:
        raise ValueError(f"for {n_labels} labels it must be a list of {n_labels} dicts.")
    for one in class_weight:
        if not isinstance(one, dict) or not set(one) <= {0, 1}:
            raise ValueError(f"the weights of a label are a dict with keys 0 and 1, got {one}.")
    return np.array([[one.get(0, 1.0), one.get(1, 1.0)] for one in class_weight], float)
