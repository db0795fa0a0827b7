"""Columns of numbers, made fit for a network: scaled and clipped smoothly."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from skbackprop.estimators.export import ONNXMethods
from skbackprop.estimators.links import documented_in
from skbackprop.estimators.state import Saved
from skbackprop.formulas import Graph, Value


def check_numbers(transformer: Any, X: Any, reset: bool) -> np.ndarray:
    """X as float32 or float64, with NaN and infinity allowed."""
    return validate_data(
        transformer,
        X,
        reset=reset,
        dtype=(np.float64, np.float32),
        ensure_all_finite=False,
    )


def names_out(transformer: Any, input_features: Any) -> np.ndarray:
    """Names of the columns of X, as scikit-learn's transformers take them.

    Raises
    ------
    ValueError
        If there are not as many as columns, or they aren't those seen by `fit`.
    """
    n, seen = transformer.n_features_in_, getattr(transformer, "feature_names_in_", None)
    if input_features is None:
        return np.array([f"x{i}" for i in range(n)] if seen is None else seen, dtype=object)
    names = np.asarray(input_features, dtype=object)
    if seen is not None and not np.array_equal(seen, names):
        raise ValueError("input_features is not equal to feature_names_in_")
    if len(names) != n:
        raise ValueError(
            f"input_features should have length equal to number of features ({n}), got {len(names)}"
        )
    return names


def _finite(X: np.ndarray) -> np.ndarray:
    """X without values whose differences would overflow."""
    largest = np.finfo(X.dtype).max / 8
    return np.clip(X, -largest, largest)


@documented_in("skbackprop.tabular")
class RobustSmoothClip(ONNXMethods, OneToOneFeatureMixin, TransformerMixin, Saved, BaseEstimator):
    r"""Scale each column by its middle half, and bring outliers smoothly below 3.

    With the quartiles q25 and q75 and the median of a column,

    .. math::

       z = s\, (x - \text{median}), \qquad f(x) = \frac{z}{\sqrt{1 + (z / 3)^2}},

    where s is 1 / (q75 - q25). If the quartiles are equal, at least half of the values are the
    median; then 1 / s is the median distance of the others from it, and s is 0 if there are no
    others. Most values end up between -1 and 1, and all between -3 and 3. Infinite values become -3
    and 3, and NaN stays NaN.

    Attributes
    ----------
    median_ : ndarray of shape (n_features,)
        Of the finite values of each column; 0 if there are none.

    scale_ : ndarray of shape (n_features,)
        s of each column.

    n_features_in_ : int
        Number of features seen by `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features. Defined only when `X` has feature names that are all strings.

    See Also
    --------
    TabularEncoder : Encodes whole tables.

    References
    ----------
    D. Holzmüller, L. Grinsztajn and I. Steinwart (2024). Better by default: strong pre-tuned MLPs
    and boosted trees on tabular data, section 3. There s is 2 / (max - min) if the quartiles are
    equal, so that an outlier sets the scale. :arxiv:`2407.04491`

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.tabular import RobustSmoothClip
    >>> X = np.array([[1.0], [2.0], [3.0], [4.0], [1e6]])
    >>> RobustSmoothClip().fit_transform(X).round(2).ravel()
    array([-0.95, -0.49,  0.  ,  0.49,  3.  ])
    """

    def fit(self, X: Any, y: Any = None) -> Self:
        """Measure the columns.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples as rows.

        y : None
            Not used.

        Returns
        -------
        self : object
            The fitted transformer.
        """
        X = check_numbers(self, X, reset=True)
        self._onnx_dtype = X.dtype
        X = np.where(np.isfinite(X), _finite(X), np.nan)
        known = np.isfinite(X).any(axis=0)
        X = np.where(known, X, 0.0)
        q25, self.median_, q75 = np.nanquantile(X, [0.25, 0.5, 0.75], axis=0)
        width = q75 - q25
        for j in np.flatnonzero(q75 == q25):
            distance = np.abs(X[:, j] - self.median_[j])
            others = distance[distance > 0]  # NaN isn't
            width[j] = np.median(others) if len(others) else 0.0
        with np.errstate(over="ignore", divide="ignore"):
            self.scale_ = np.where(width > 0, 1.0 / width, 0.0)
        self.scale_[~np.isfinite(self.scale_)] = 0.0
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Scale and clip.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples as rows.

        Returns
        -------
        Z : ndarray of shape (n_samples, n_features)
            Between -3 and 3, or NaN.
        """
        check_is_fitted(self)
        X = check_numbers(self, X, reset=False)
        with np.errstate(over="ignore", invalid="ignore"):
            Z = (_finite(X) - self.median_) * self.scale_
        Z = np.clip(Z, -1e9, 1e9, dtype=X.dtype, casting="same_kind")
        Z[np.isposinf(X)], Z[np.isneginf(X)] = 1e9, -1e9
        return Z / np.sqrt(1.0 + np.square(Z / 3.0))

    def onnx(self, graph: Graph, X: Value) -> Value:
        """Write `transform` down in ONNX operators.

        Parameters
        ----------
        graph : Graph
            Gets the operators.

        X : Value
            Samples as rows.

        Returns
        -------
        Z : Value
            What `transform` returns.
        """
        check_is_fitted(self)
        limits = np.finfo(graph.dtype)
        wide = graph.of(np.result_type(graph.dtype, self.median_, self.scale_))
        x = wide.real(X)
        Z = (wide.clip(x, -limits.max / 8, limits.max / 8) - self.median_) * self.scale_
        Z = wide.clip(Z, -1e9, 1e9)
        Z = wide.op("Where", x > limits.max, 1e9, wide.op("Where", x < limits.min, -1e9, Z))
        Z = graph.real(Z)
        A = Z / graph.op("Sqrt", 1.0 + (Z / 3.0) * (Z / 3.0))
        # ONNX doesn't say what Min and Max make of NaN
        return graph.op("Where", graph.op("IsNaN", X), graph.real(X), A)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
