"""Codes replaced by what the target is for each of them."""

from __future__ import annotations

import warnings
from typing import Any, Self

import numpy as np
from scipy.sparse import csr_matrix, hstack, issparse
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin

from skbackprop.estimators.compat import target_encoder
from skbackprop.estimators.state import Saved
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
        self.encoder_ = target_encoder("continuous" if self.target_type == "continuous" else "auto")
        if self.target_type == "continuous":
            y = np.asarray(y, np.float64)
        # a class of few rows; and with routing TargetEncoder itself fails without groups
        with warnings.catch_warnings(), config_context(enable_metadata_routing=False):
            warnings.filterwarnings("ignore", "The least populated class", UserWarning)
            shares = self.encoder_.fit_transform(self._codes(X), y)
        self.clip_ = RobustSmoothClip().fit(shares)
        return self._joined(X, shares)

    def transform(self, X: Any) -> Any:
        """Replace the codes."""
        return self._joined(X, self.encoder_.transform(self._codes(X)))

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
