"""Class labels: what y may hold, how it's encoded for the engine, how scores become labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.sparse import csr_matrix, issparse
from sklearn.utils import column_or_1d
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels


def check_labels(y: Any) -> tuple[Any, bool]:
    """Return y as one label per sample, or as a label indicator matrix and True."""
    if y.ndim == 2 and y.shape[1] == 1:
        y = column_or_1d(y, warn=True)
    kind = type_of_target(y, input_name="y")
    if kind == "multiclass-multioutput":
        raise ValueError(
            "y must hold one class per sample, or 0 and 1 per label; got multiclass-multioutput"
            f" targets of shape {y.shape}. MultiOutputClassifier fits one estimator per column."
        )
    if kind not in ("binary", "multiclass", "multilabel-indicator"):
        check_classification_targets(y)  # raises, and says why
    return y, kind == "multilabel-indicator"


def check_classes(classes: Any) -> np.ndarray:
    """Return `classes`, as given to `partial_fit`, sorted and without repetitions."""
    try:
        array = np.asarray(classes)
        finite = array.dtype.kind != "f" or np.all(np.isfinite(array))
        if (
            array.ndim == 1
            and len(array)
            and finite
            and type_of_target(array) in ("binary", "multiclass")
        ):
            return unique_labels(array)
    except (ValueError, TypeError):
        pass
    raise ValueError(f"classes must be an array of shape (n_classes,) of labels, got {classes!r}.")


def _classes(y: Any, multilabel: bool) -> np.ndarray:
    """Classes of a checked y, sorted; of exclusive ones without `unique_labels`' second check."""
    return unique_labels(y) if multilabel else np.unique(y)


def _kind(classes: np.ndarray) -> str:
    """What exclusive classes are; a single one counts as two."""
    return "multiclass" if len(classes) > 2 else "binary"


def _dense(y: Any) -> np.ndarray:
    """An indicator matrix as an array."""
    return y.toarray() if issparse(y) else y


@dataclass(frozen=True)
class Labels:
    """The classes of a fitted classifier.

    Parameters
    ----------
    kind : {"binary", "multiclass", "multilabel"}
        One class counts as binary, too.
    classes : ndarray of shape (n_classes,)
        Sorted; for multilabel targets the indices of the labels.
    sparse : bool
        True where y was a sparse indicator matrix; predictions then are one, too.
    """

    kind: str
    classes: np.ndarray
    sparse: bool

    @classmethod
    def of(cls, y: Any, multilabel: bool, classes: Any = None) -> Self:
        """Take the classes from a checked y, or from `classes`, which must hold those of y."""
        names = _classes(y, multilabel) if classes is None else check_classes(classes)
        if multilabel and len(names) != y.shape[1]:
            raise ValueError(f"classes must name the {y.shape[1]} columns of y, got {classes!r}.")
        kind = "multilabel" if multilabel else _kind(names)
        labels = cls(kind, names, issparse(y))
        if classes is not None:
            labels.check(y, multilabel)
        return labels

    @classmethod
    def named(cls, names: np.ndarray, multilabel: bool) -> Self:
        """Take checked classes without a y."""
        return cls("multilabel" if multilabel else _kind(names), names, False)

    def weights(self, class_weight: Any, y: Any, counted: tuple[Any, Any]) -> np.ndarray:
        """One weight for each sample, from those of its class or labels.

        "balanced" counts the classes of the targets `counted`, by their sample weights or None.
        """
        multilabel = self.kind == "multilabel"
        try:
            if isinstance(class_weight, str):
                table = self._balanced(*counted)
            elif multilabel:
                table = self._label_weights(class_weight)
            else:
                table = compute_class_weight(class_weight, classes=self.classes, y=counted[0])
            if not np.all(np.isfinite(table)) or np.any(table < 0):
                raise ValueError("weights must be finite and not negative.")
        except (ValueError, TypeError) as error:
            raise ValueError(f"class_weight={class_weight!r}: {error}") from error
        if multilabel:
            # the weights of a sample's labels multiply
            return np.prod(np.where(_dense(y) > 0, table[:, 1], table[:, 0]), axis=1)
        return table[np.searchsorted(self.classes, y)]

    def _balanced(self, y: Any, sample_weight: np.ndarray | None) -> np.ndarray:
        """n / (n_classes c), c the class's count and n their sum: of each class, or 0 and 1.

        As scikit-learn's `compute_class_weight` has it from 1.9 on, where it takes sample weights.
        A class without weight isn't there; its own weight is 1.
        """
        weight = np.ones(y.shape[0]) if sample_weight is None else sample_weight.astype(float)
        if self.kind == "multilabel":
            there = _dense(y) > 0
            counts = np.stack([weight @ ~there, weight @ there], axis=1)
        else:
            index = np.searchsorted(self.classes, y)
            counts = np.bincount(index, weight, minlength=len(self.classes))
        if np.any(counts < 0):
            raise ValueError("the sample weights of a class add up to less than zero.")
        n_classes = np.count_nonzero(counts, axis=-1, keepdims=True)
        n = counts.sum(axis=-1, keepdims=True)
        return np.divide(n, n_classes * counts, out=np.ones_like(counts), where=counts > 0)

    def _label_weights(self, class_weight: Any) -> np.ndarray:
        """The weights of 0 and 1, of shape (n_labels, 2); 1 where nothing is said of them."""
        n = len(self.classes)
        if not isinstance(class_weight, list) or len(class_weight) != n:
            raise ValueError(f"for {n} labels it must be a list of {n} dicts.")
        for one in class_weight:
            if not isinstance(one, dict) or not set(one) <= {0, 1}:
                raise ValueError(f"the weights of a label are a dict with keys 0 and 1, got {one}.")
        return np.array([[one.get(0, 1.0), one.get(1, 1.0)] for one in class_weight], float)

    def check(self, y: Any, multilabel: bool, all_of_them: bool = False) -> None:
        """Raise if y holds other classes than these, or not `all_of_them`."""
        if multilabel != (self.kind == "multilabel"):
            raise ValueError(
                f"y must be a {self.kind} target, as in the last call to fit or partial_fit; got"
                f" {type_of_target(y)!r}."
            )
        seen = _classes(y, multilabel)
        if all_of_them and set(seen) != set(self.classes):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous"
                f" call to fit. Previously got {self.classes}, `y` has {seen}"
            )
        columns = y.shape[1] if multilabel else len(self.classes)
        if columns != len(self.classes) or len(np.setdiff1d(seen, self.classes)):
            raise ValueError(
                "`y` has classes not in `self.classes_`. `self.classes_` has"
                f" {self.classes}. 'y' has {seen}."
            )

    @property
    def n_outputs(self) -> int:
        """Output units: one for a binary target, else one per class or label."""
        return 1 if self.kind == "binary" else len(self.classes)

    def encode(self, y: Any, dtype: np.dtype, as_index: bool) -> np.ndarray:
        """0 and 1 of shape (n, n_outputs), or class indices of shape (n,) if `as_index`."""
        if self.kind == "multilabel":
            return _dense(y).astype(dtype)
        index = np.searchsorted(self.classes, y)
        if self.kind == "binary":
            return index[:, None].astype(dtype)
        return index if as_index else np.eye(len(self.classes), dtype=dtype)[index]

    def scores_per_class(self, Z: np.ndarray) -> np.ndarray:
        """One column of scores per class or label."""
        if self.kind != "binary":
            return Z
        if len(self.classes) == 1:
            return np.full_like(Z, np.inf)
        # 1 - sigmoid(z) = sigmoid(-z), without the cancellation
        return np.hstack([-Z, Z])

    def decide(self, Z: np.ndarray) -> np.ndarray:
        """Index of each row's class, or 0 and 1 per label."""
        if self.kind == "multiclass":
            return Z.argmax(axis=1)
        if self.kind == "multilabel":
            return (Z > 0).astype(int)
        return ((Z[:, 0] > 0) & (len(self.classes) > 1)).astype(int)

    def decode(self, decided: np.ndarray) -> Any:
        """The labels that `decide` has chosen, as y had them."""
        if self.kind == "multilabel":
            return csr_matrix(decided) if self.sparse else decided
        return self.classes[decided]
