"""Numbers as targets: what y may hold, how it is encoded, how scores become predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from scipy.sparse import issparse

from skbackprop.estimators.checks import column_as_1d
from skbackprop.formulas import Graph, Output, Value, formula
from skbackprop.losses import OutputLoss

#: A mean or a standard deviation of y beyond this, or a standard deviation below its inverse, calls
#: for scaling.
FAR = 10.0


@dataclass(frozen=True)
class Numbers:
    """The targets of a fitted regressor.

    Parameters
    ----------
    n_outputs : int
        Numbers per sample; with one, y is flat.
    """

    n_outputs: int
    kind: ClassVar[str] = "regression"

    @property
    def attributes(self) -> dict[str, Any]:
        """A regressor needs no further attributes."""
        return {}

    @classmethod
    def of(cls, y: Any, classes: Any, incremental: bool) -> tuple[Self, Any]:
        """Take the number of outputs from y."""
        y = as_numbers(y)
        return cls(_width(y)), y

    def again(self, y: Any, classes: Any, incremental: bool) -> Any:
        """Return y as `check` does."""
        return self.check(y)

    def check(self, y: Any) -> np.ndarray:
        """Return y, if it has this number of outputs."""
        y = as_numbers(y)
        if _width(y) != self.n_outputs:
            raise ValueError(
                f"y must have {self.n_outputs} output(s) per sample, as the network has; got"
                f" {_width(y)}."
            )
        return y

    def class_weights(
        self, class_weight: Any, y: Any, sample_weight: np.ndarray | None, incremental: bool
    ) -> None:
        """There are no classes."""

    def encode(self, y: np.ndarray, dtype: np.dtype, as_index: bool) -> np.ndarray:
        """Y of shape (n, n_outputs)."""
        with np.errstate(over="ignore"):
            Y = y.reshape(len(y), -1).astype(dtype)
        if not np.all(np.isfinite(Y)):
            raise ValueError(
                f"y must hold finite numbers of {np.dtype(dtype)}, the type of X; got NaN, inf or"
                " numbers beyond its range."
            )
        return Y

    def stratify(self, Y: np.ndarray) -> None:
        """Numbers have no proportions to keep."""

    def missing(self, y: Any) -> str:
        """Nothing."""
        return ""

    def advice(self, y: np.ndarray, positive_only: bool) -> str:
        """How to scale y, if an output is far from mean 0 and variance 1."""
        Y = y.reshape(len(y), -1).astype(np.float64)
        with np.errstate(over="ignore", invalid="ignore"):
            mean, std = Y.mean(axis=0), Y.std(axis=0)
        far = np.flatnonzero((abs(mean) > FAR) | (std > FAR) | ((std > 0) & (std < 1 / FAR)))
        if not len(far):
            return ""
        k = far[0]
        of = "y" if self.n_outputs == 1 else f"Output {k} of y"
        scaler = "StandardScaler(with_mean=False)" if positive_only else "StandardScaler()"
        return (
            f" {of} has mean {mean[k]:.3g} and standard deviation {std[k]:.3g}. Scale y, not only"
            f" X: TransformedTargetRegressor(regressor, transformer={scaler})."
        )

    def predict(self, Z: np.ndarray, loss: OutputLoss) -> np.ndarray:
        """The values of the output units, shaped as y was."""
        A = loss.link(Z)
        return A[:, 0] if self.n_outputs == 1 else A

    def onnx(self, graph: Graph, Z: Value, loss: OutputLoss) -> dict[str, Output]:
        """The values of the output units in ONNX operators, of shape (n, n_outputs)."""
        A = formula(loss, "link")(graph, Z)
        return {"variable": Output(A, graph.dtype, (self.n_outputs,))}

    def score(self, Z: np.ndarray, loss: OutputLoss, y: Any, sample_weight: Any) -> float:
        """R squared, averaged over the outputs; NaN if a prediction isn't finite."""
        from sklearn.metrics import r2_score  # slow to import, seldom needed

        predicted = self.predict(Z, loss)
        if not np.all(np.isfinite(predicted)):
            return float("nan")
        return float(r2_score(y, predicted, sample_weight=sample_weight))


def as_numbers(y: Any) -> np.ndarray:
    """Return y as real numbers of shape (n,) or (n, n_outputs); one column becomes flat."""
    if issparse(y):
        raise ValueError(f"y must be a dense array, got {type(y).__name__}. Call y.toarray().")
    if y.dtype.kind == "O":
        try:
            y = y.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(f"y must hold numbers only, but {error}.") from error
    if y.dtype.kind not in "biuf":
        raise ValueError(
            f"y must hold numbers, got {y.dtype}. BackpropClassifier takes class labels."
        )
    return column_as_1d(y)


def _width(y: np.ndarray) -> int:
    """Numbers per sample."""
    return 1 if y.ndim == 1 else y.shape[1]
