"""Codes replaced by what the target is for each of them."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from scipy.sparse import csr_matrix, hstack, issparse
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin

from skbackprop.estimators.compat import cross_fitted, target_encoder
from skbackprop.estimators.state import Saved
from skbackprop.formulas import Graph, Value
from skbackprop.tabular.numbers import RobustSmoothClip


class TargetShares(TransformerMixin, Saved, BaseEstimator):
    """Replace columns of codes by the target's mean, or the share of each class, for each code.

    A part of the members of TabularClassifier and TabularRegressor: it sees the targets of their
    training rows only.

    Parameters
    ----------
    columns : list of int
        Columns of codes. The others stay as they are.

    target_type : {"continuous", "categorical"}, default="categorical"
        Whether y holds numbers or classes.
    """

    def __init__(self, columns: list[int], target_type: str = "categorical") -> None:
        self.columns = columns
        self.target_type = target_type

    def fit(self, X: Any, y: Any) -> Self:
        """Learn the shares."""
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X: Any, y: Any) -> Any:
        """Learn the shares. A row's own target doesn't count in what is returned for it."""
        self.n_features_in_ = X.shape[1]
        self.encoder_ = target_encoder("continuous" if self.target_type == "continuous" else "auto")
        if self.target_type == "continuous":
            y = np.asarray(y, np.float64)
        shares = cross_fitted(self.encoder_, self._codes(X), y)
        self.clip_ = RobustSmoothClip().fit(shares)
        return self._joined(X, shares)

    def transform(self, X: Any) -> Any:
        """Replace the codes."""
        return self._joined(X, self.encoder_.transform(self._codes(X)))

    def onnx(self, graph: Graph, X: Value) -> Value:
        """Write `transform` down in ONNX operators: a table of what each code becomes."""
        last = max(float(codes.max()) for codes in self.encoder_.categories_) + 1.0  # unknown
        codes = np.arange(last + 1.0)[:, None].repeat(len(self.columns), axis=1)
        with config_context(transform_output="default"):
            table = self.clip_.transform(self.encoder_.transform(codes))
        tables = np.split(table, len(self.columns), axis=1)
        others = np.setdiff1d(np.arange(self.n_features_in_), self.columns)
        blocks = [graph.columns(X, others)]
        for column, own in zip(self.columns, tables, strict=True):
            code = graph.op("Gather", X, np.int64(column), axis=1)
            code = graph.op("Where", code < 0.0, last, graph.op("Min", code, last))
            blocks.append(graph.op("Gather", own, graph.cast(code, np.int64), axis=0))
        return graph.op("Concat", *blocks, axis=1)

    def _codes(self, X: Any) -> np.ndarray:
        """The columns of codes."""
        codes = X[:, self.columns]
        dense: np.ndarray = codes.toarray() if issparse(codes) else codes
        return dense

    def _joined(self, X: Any, shares: np.ndarray) -> Any:
        """The other columns and the shares, as X is: sparse or dense, and in its precision."""
        others = np.setdiff1d(np.arange(X.shape[1]), self.columns)
        Z = self.clip_.transform(shares).astype(X.dtype)
        if issparse(X):
            return hstack([X[:, others], csr_matrix(Z)], format="csr")
        return np.hstack([X[:, others], Z])
