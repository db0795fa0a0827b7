"""Class labels as targets: what y may hold, how it is encoded, how scores become labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.sparse import csr_array, csr_matrix, issparse
from sklearn import get_config
from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels

from skbackprop.estimators.checks import column_as_1d
from skbackprop.estimators.class_weight import WeightTable, dense
from skbackprop.formulas import Graph, Output, Value, formula
from skbackprop.losses import OutputLoss


def as_labels(y: Any) -> tuple[Any, bool]:
    """Return y as one label per sample, or as a label indicator matrix and True."""
    y = column_as_1d(y)
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
    """Return `classes`, as given to `partial_fit`, sorted and without duplicates."""
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
    """Sorted classes of a checked y; exclusive ones skip the second check of `unique_labels`."""
    return unique_labels(y) if multilabel else np.unique(y)


def _kind(classes: np.ndarray) -> str:
    """The kind of exclusive classes; a single class counts as binary."""
    return "multiclass" if len(classes) > 2 else "binary"


def _as_onnx(classes: np.ndarray) -> np.ndarray:
    """Classes in one of the two types that ONNX's classifiers have, strings and int64."""
    if all(isinstance(name, str) for name in classes):
        return classes.astype(str)
    try:
        numbers = classes.astype(np.int64)
        if np.array_equal(numbers, classes):
            return numbers
    except (TypeError, ValueError, OverflowError):
        pass
    raise TypeError(f"ONNX has strings and int64 as labels, which can't hold {classes!r}.")


def most_likely(graph: Graph, Z: Value, classes: np.ndarray, nocl: bool = False) -> Output:
    """classes[Z.argmax(axis=1)] in ONNX operators; with `nocl` only the index."""
    index = graph.op("ArgMax", Z, axis=1, keepdims=0)
    if nocl:
        return Output(index, np.dtype(np.int64), ())
    names = _as_onnx(classes)
    return Output(graph.op("Gather", names, index), names.dtype, ())


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
        True if y was a sparse indicator matrix; predictions then are sparse, too.
    """

    kind: str
    classes: np.ndarray
    sparse: bool

    @classmethod
    def of(cls, y: Any, classes: Any, incremental: bool) -> tuple[Self, Any]:
        """Take the classes from y, or from `classes`, which must include those of y."""
        y, multilabel = as_labels(y)
        if classes is None:
            if incremental:
                raise ValueError("classes must be passed on the first call to partial_fit.")
            names = _classes(y, multilabel)
        else:
            names = check_classes(classes)
            if multilabel and len(names) != y.shape[1]:
                raise ValueError(
                    f"classes must name the {y.shape[1]} columns of y, got {classes!r}."
                )
        labels = cls("multilabel" if multilabel else _kind(names), names, issparse(y))
        if classes is not None:
            labels._check(y, multilabel)
        return labels, y

    @classmethod
    def named(cls, names: np.ndarray, multilabel: bool) -> Self:
        """Make the targets from checked classes, without a y."""
        return cls("multilabel" if multilabel else _kind(names), names, False)

    @property
    def attributes(self) -> dict[str, Any]:
        """`classes_`."""
        return {"classes_": self.classes}

    def again(self, y: Any, classes: Any, incremental: bool) -> Any:
        """Return y, checked: `partial_fit` may lack some classes, a warm start needs them all."""
        if classes is not None and not np.array_equal(self.classes, check_classes(classes)):
            raise ValueError(
                f"`classes={classes!r}` is not the same as on last call to partial_fit,"
                f" was: {self.classes!r}"
            )
        y, multilabel = as_labels(y)
        self._check(y, multilabel, all_of_them=not incremental)
        return y

    def check(self, y: Any) -> Any:
        """Return y, if it holds no other classes than these."""
        y, multilabel = as_labels(y)
        self._check(y, multilabel)
        return y

    def _check(self, y: Any, multilabel: bool, all_of_them: bool = False) -> None:
        """Raise if y holds other classes than these or, with `all_of_them`, lacks one."""
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

    def class_weights(
        self, class_weight: Any, y: Any, sample_weight: np.ndarray | None, incremental: bool
    ) -> WeightTable | None:
        """The weights that the parameter `class_weight` gives the classes."""
        if class_weight is None:
            return None
        if incremental and class_weight == "balanced":
            raise ValueError(
                "class_weight='balanced' counts the classes of all samples, which partial_fit"
                " doesn't see. Give it the weights: class_weight="
                "dict(zip(classes, compute_class_weight('balanced', classes=classes, y=y)))."
            )
        return WeightTable.of_parameter(class_weight, self.classes, y, sample_weight)

    @property
    def n_outputs(self) -> int:
        """Output units: one for a binary target, else one per class or label."""
        return 1 if self.kind == "binary" else len(self.classes)

    def encode(self, y: Any, dtype: np.dtype, as_index: bool) -> np.ndarray:
        """0 and 1 of shape (n, n_outputs), or class indices of shape (n,) if `as_index`."""
        if self.kind == "multilabel":
            return dense(y).astype(dtype)
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
        """The labels chosen by `decide`, in the form of y."""
        if self.kind == "multilabel":
            if not self.sparse:
                return decided
            # from scikit-learn 1.9 on users may ask for sparse arrays
            arrays = get_config().get("sparse_interface") == "sparray"
            return csr_array(decided) if arrays else csr_matrix(decided)
        return self.classes[decided]

    def stratify(self, Y: np.ndarray) -> np.ndarray | None:
        """The two classes; like MLPClassifier, more are not stratified."""
        return Y.astype(bool) if self.kind == "binary" else None

    def missing(self, y: Any) -> str:
        """The classes that y has no sample of."""
        missing = [] if self.kind == "multilabel" else np.setdiff1d(self.classes, y).tolist()
        named = ", ".join(map(repr, missing[:5])) + (", ..." if len(missing) > 5 else "")
        return f"no sample of class {named}" if missing else ""

    def advice(self, y: Any, positive_only: bool) -> str:
        """Classes have no scale."""
        return ""

    def predict(self, Z: np.ndarray, loss: OutputLoss) -> Any:
        """The most probable class of each sample, or the labels more likely than not."""
        return self.decode(self.decide(Z))

    def score(self, Z: np.ndarray, loss: OutputLoss, y: Any, sample_weight: Any) -> float:
        """Accuracy; for multilabel targets a sample counts if all of its labels are right."""
        from sklearn.metrics import accuracy_score  # slow to import, seldom needed

        return float(accuracy_score(y, self.predict(Z, loss), sample_weight=sample_weight))

    def proba(self, Z: np.ndarray, loss: OutputLoss) -> np.ndarray:
        """Probabilities strictly inside (0, 1), ranked like their logarithms."""
        return self._inside(self.scores_per_class(Z), loss)

    def log_proba(self, Z: np.ndarray, loss: OutputLoss) -> np.ndarray:
        """Logarithms of the probabilities, from the scores."""
        Z = self.scores_per_class(Z)
        log_p = loss.log_proba(Z)
        if self.kind == "multilabel":
            # Labels rank as in predict_proba, including ties of rounded probabilities, as
            # scikit-learn's test_predict_proba_multilabel requires. Above 1/2 the logarithm of a
            # rounded probability is off by no more than the rounding.
            likely = Z > 0
            log_p[likely] = np.log(self._inside(Z, loss)[likely])
        return log_p

    def onnx(
        self,
        graph: Graph,
        Z: Value,
        loss: OutputLoss,
        raw_scores: bool = False,
        nocl: bool = False,
    ) -> dict[str, Output]:
        """What `predict` and `proba` give, in ONNX operators.

        `raw_scores` puts the scores in the place of the probabilities, and `nocl` ("no class
        labels") a class's index in the place of its label.
        """
        n = len(self.classes)
        if self.kind == "binary":
            # as in `scores_per_class`; at a tie ArgMax takes the first class, as `decide` does
            Z = graph.op("Concat", -Z, Z, axis=1) if n == 2 else graph.op("Max", Z, np.inf)
        p = Z if raw_scores else formula(loss, "proba", "link")(graph, Z)
        outputs = {"probabilities": Output(p, graph.dtype, (n,))}
        if self.kind == "multilabel":
            label = Output(graph.cast(Z > 0.0, np.int64), np.dtype(np.int64), (n,))
        else:
            label = most_likely(graph, Z, self.classes, nocl)
        return {"label": label, **outputs}

    def _inside(self, Z: np.ndarray, loss: OutputLoss) -> np.ndarray:
        """Probabilities from a column of scores for each class, with 0 and 1 moved inwards."""
        p = loss.proba(Z)
        if len(self.classes) == 1:
            return p
        limits = np.finfo(p.dtype)
        small = p < limits.tiny
        if small.any():
            # Too small for a normal number: between 0 and the smallest one, in the right order.
            log_p = loss.log_proba(Z)[small]
            p[small] = limits.tiny / (1.0 + np.log(limits.tiny) - log_p)
            np.maximum(p, limits.smallest_subnormal, out=p)
        return np.minimum(p, 1.0 - limits.epsneg, out=p)
