"""Columns of numbers, cut into bins."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from scipy.sparse import csr_matrix, hstack, issparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted, validate_data

from skbackprop.estimators.checks import check_integer
from skbackprop.estimators.export import ONNXMethods
from skbackprop.estimators.links import documented_in
from skbackprop.estimators.state import Saved
from skbackprop.formulas import Graph, Value
from skbackprop.tabular.numbers import check_numbers, names_out

#: The least that TreeBins takes.
LEAST = {"max_leaf_nodes": 2, "max_bins": 1, "min_samples_leaf": 1, "min_distinct": 2}


def _texts(edges: np.ndarray) -> list[str]:
    """Edges as short texts, or as long ones where the short ones are equal."""
    short = [f"{edge:g}" for edge in edges]
    return short if len(set(short)) == len(short) else [repr(float(edge)) for edge in edges]


def bin_names(names: np.ndarray, edges: list[np.ndarray]) -> list[str]:
    """Names of the bins of all columns, by their upper edges."""
    return [
        f"{name}<={edge}"
        for name, own in zip(names, edges, strict=True)
        for edge in _texts(own)[1:]
    ]


def piecewise_linear(X: np.ndarray, edges: list[np.ndarray]) -> np.ndarray:
    """How far each x has gone through each bin of its column; NaN gives zeros."""
    B = np.zeros((len(X), sum(max(0, len(e) - 1) for e in edges)), X.dtype)
    start = 0
    with np.errstate(over="ignore"):
        for x, e in zip(X.T, edges, strict=True):
            for t in range(len(e) - 1):
                # the difference of two numbers may overflow: then in halves
                half = 1.0 if np.isfinite(e[t + 1] - e[t]) else 0.5
                part = (half * x - half * e[t]) / (half * e[t + 1] - half * e[t])
                B[:, start + t] = np.where(np.isnan(x), 0.0, np.clip(part, 0.0, 1.0))
            start += max(0, len(e) - 1)
    return B


def piecewise_linear_onnx(graph: Graph, X: Value, edges: list[np.ndarray]) -> Value:
    """`piecewise_linear` in ONNX operators: all bins side by side, each with its column's x."""
    column = [j for j, e in enumerate(edges) for _ in e[1:]]
    low, high = (np.concatenate([e[part] for e in edges]) for part in (np.s_[:-1], np.s_[1:]))
    with np.errstate(over="ignore"):
        half = np.where(np.isfinite(high - low), 1.0, 0.5).astype(low.dtype)
    wide = graph.of(np.result_type(graph.dtype, low))
    x = wide.columns(wide.real(X), column)
    x = wide.op("Where", wide.op("IsNaN", x), low, x)
    part = (half * x - half * low) / (half * high - half * low)
    return graph.real(wide.clip(part, 0.0, 1.0))


@documented_in("skbackprop.tabular")
class PiecewiseLinearBins(ONNXMethods, TransformerMixin, Saved, BaseEstimator):
    r"""Cut each column into bins, and return how far x is through each of them.

    For the edges e_0 < e_1 < ... < e_k of a column there are k outputs,

    .. math::

       f_t(x) = \min\Bigl(1, \max\Bigl(0, \frac{x - e_{t-1}}{e_t - e_{t-1}}\Bigr)\Bigr).

    A linear layer after this can have a different slope in each bin. NaN gives zeros.

    Parameters
    ----------
    n_bins : int or None, default=None
        Bins between equally frequent quantiles; fewer where quantiles are equal. None makes every
        distinct value an edge.

    Attributes
    ----------
    edges_ : list of ndarray
        Edges of each column, ascending. A column of fewer than two distinct values has no outputs.

    n_features_in_ : int
        Number of features seen by `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features. Defined only when `X` has feature names that are all strings.

    See Also
    --------
    TabularEncoder : Uses bins for columns of few distinct values.

    References
    ----------
    Y. Gorishniy, I. Rubachev and A. Babenko (2022). On embeddings for numerical features in tabular
    deep learning, section 3.2, eq. 1. There the first and last bins are open. :arxiv:`2203.05556`

    Examples
    --------
    >>> from skbackprop.tabular import PiecewiseLinearBins
    >>> PiecewiseLinearBins().fit([[1.0], [2.0], [4.0]]).transform([[0.0], [1.5], [3.0]])
    array([[0. , 0. ],
           [0.5, 0. ],
           [1. , 0.5]])
    """

    def __init__(self, n_bins: int | None = None) -> None:
        self.n_bins = n_bins

    def fit(self, X: Any, y: Any = None) -> Self:
        """Find the edges.

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

        Raises
        ------
        ValueError
            If `n_bins` isn't a positive integer or None.
        """
        check_integer("n_bins", self.n_bins, 1, or_none=True)
        X = check_numbers(self, X, reset=True)
        self._onnx_dtype = X.dtype
        self.edges_ = [self._edges(x[np.isfinite(x)]) for x in X.T]
        return self

    def _edges(self, x: np.ndarray) -> np.ndarray:
        """The edges of one column."""
        if self.n_bins is not None and len(x):
            x = np.quantile(x, np.linspace(0.0, 1.0, self.n_bins + 1))
        return np.unique(x)

    def transform(self, X: Any) -> np.ndarray:
        """Encode X.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples as rows.

        Returns
        -------
        B : ndarray of shape (n_samples, n_bins_of_all_features)
            Numbers between 0 and 1, column by column.
        """
        check_is_fitted(self)
        X = check_numbers(self, X, reset=False)
        return piecewise_linear(X, self.edges_)

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
        B : Value
            What `transform` returns.
        """
        check_is_fitted(self)
        return piecewise_linear_onnx(graph, X, self.edges_)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Name the outputs by the upper edges of their bins.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the columns; by default those seen by `fit`, or x0, x1, ...

        Returns
        -------
        names : ndarray of str objects
            Such as ``"age<=30"``.
        """
        check_is_fitted(self)
        return np.array(bin_names(names_out(self, input_features), self.edges_), dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


@documented_in("skbackprop.tabular")
class TreeBins(ONNXMethods, TransformerMixin, Saved, BaseEstimator):
    """Add bins where the target changes.

    A decision tree that sees a single column splits it where the target changes most. These splits
    are edges of bins, with the smallest and the largest value as outer ones. The columns of X stay
    as they are, and the bins, as :class:`PiecewiseLinearBins` has them, come after them. A network
    can then follow steps in a column of numbers.

    Parameters
    ----------
    max_leaf_nodes : int, default=8
        Bins of a column, at most.

    max_bins : int, default=256
        Bins of all columns, at most. Where many columns could be cut, each has fewer bins; if there
        isn't room for two, there are none.

    min_samples_leaf : int, default=20
        Rows in each bin, at least.

    min_distinct : int, default=11
        Columns of fewer distinct values aren't cut.

    target_type : {"auto", "continuous", "categorical"}, default="auto"
        Whether y holds numbers or classes. "auto" goes by its values, as
        :func:`sklearn.utils.multiclass.type_of_target` does.

    Attributes
    ----------
    edges_ : list of ndarray
        Edges of each column, ascending; empty for a column that isn't cut.

    n_features_in_ : int
        Number of features seen by `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features. Defined only when `X` has feature names that are all strings.

    See Also
    --------
    PiecewiseLinearBins : Bins that don't depend on a target.

    References
    ----------
    Y. Gorishniy, I. Rubachev and A. Babenko (2022). On embeddings for numerical features in tabular
    deep learning, section 3.2.2. :arxiv:`2203.05556`

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.tabular import TreeBins
    >>> X = np.arange(100.0).reshape(-1, 1)
    >>> bins = TreeBins().fit(X, X.ravel() > 41)
    >>> bins.edges_
    [array([ 0. , 41.5, 99. ])]
    >>> bins.transform([[41.5], [99.0]])
    array([[41.5,  1. ,  0. ],
           [99. ,  1. ,  1. ]])
    """

    def __init__(
        self,
        max_leaf_nodes: int = 8,
        *,
        max_bins: int = 256,
        min_samples_leaf: int = 20,
        min_distinct: int = 11,
        target_type: str = "auto",
    ) -> None:
        self.max_leaf_nodes = max_leaf_nodes
        self.max_bins = max_bins
        self.min_samples_leaf = min_samples_leaf
        self.min_distinct = min_distinct
        self.target_type = target_type

    def fit(self, X: Any, y: Any) -> Self:
        """Find the edges.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples as rows.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Classes or numbers.

        Returns
        -------
        self : object
            The fitted transformer.

        Raises
        ------
        ValueError
            If a parameter or an array isn't allowed.
        """
        for name, least in LEAST.items():
            check_integer(name, getattr(self, name), least)
        if self.target_type not in ("auto", "continuous", "categorical"):
            raise ValueError(
                'target_type must be "auto", "continuous" or "categorical", got'
                f" {self.target_type!r}."
            )
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse="csc",
            dtype=(np.float64, np.float32),
            multi_output=True,
            y_numeric=self.target_type == "continuous",
        )
        self._onnx_dtype = X.dtype
        columns = [np.unique(_column(X, j), return_inverse=True) for j in range(X.shape[1])]
        is_cut = [len(values) >= self.min_distinct for values, _ in columns]
        n_leaves = min(self.max_leaf_nodes, self.max_bins // max(1, sum(is_cut)))
        self.edges_ = [
            self._edges(values, rank, y, n_leaves) if cut and n_leaves > 1 else values[:0]
            for (values, rank), cut in zip(columns, is_cut, strict=True)
        ]
        return self

    def _edges(self, values: np.ndarray, rank: np.ndarray, y: np.ndarray, n_leaves: int) -> Any:
        """The edges of one column, given its distinct values and the place of each row's."""
        is_continuous = self.target_type == "continuous" or (
            self.target_type == "auto" and type_of_target(y).startswith("continuous")
        )
        kind = DecisionTreeRegressor if is_continuous else DecisionTreeClassifier
        tree = kind(
            max_leaf_nodes=n_leaves,
            min_samples_leaf=self.min_samples_leaf,
            random_state=0,  # a single column has no ties between columns
        )
        # trees count in float32: ranks stay distinct there
        grown = tree.fit(rank.reshape(-1, 1), y).tree_
        before = np.sort(np.floor(grown.threshold[grown.feature >= 0]).astype(int))
        if not len(before):
            return values[:0]
        middle = values[before] / 2 + values[before + 1] / 2
        return np.unique(np.concatenate([values[:1], middle, values[-1:]]))

    def transform(self, X: Any) -> Any:
        """Put the bins beside X.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples as rows.

        Returns
        -------
        B : {ndarray, sparse matrix} of shape (n_samples, n_features + n_bins_of_all_features)
            X, and numbers between 0 and 1. Sparse if X is.
        """
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, accept_sparse="csr", dtype=(np.float64, np.float32))
        cut = [j for j, edges in enumerate(self.edges_) if len(edges)]
        chosen = X[:, cut]
        bins = piecewise_linear(
            chosen.toarray() if issparse(X) else chosen, [self.edges_[j] for j in cut]
        )
        if issparse(X):
            return hstack([X, csr_matrix(bins)], format="csr")
        return np.hstack([X, bins])

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
        B : Value
            What `transform` returns, as a dense matrix.
        """
        check_is_fitted(self)
        return graph.op("Concat", X, piecewise_linear_onnx(graph, X, self.edges_), axis=1)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Name the columns of the result.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the columns; by default those seen by `fit`, or x0, x1, ...

        Returns
        -------
        names : ndarray of str objects
            Those of X, and such as ``"age<=30"``.
        """
        check_is_fitted(self)
        names = names_out(self, input_features)
        return np.array([*names, *bin_names(names, self.edges_)], dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.required = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _column(X: Any, j: int) -> np.ndarray:
    """Column j of X, as an array."""
    return X[:, [j]].toarray().ravel() if issparse(X) else X[:, j]
