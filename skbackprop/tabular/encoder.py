"""From tables of numbers, categories, dates and gaps to what a network can learn from."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from scipy.sparse import csr_matrix, hstack, issparse
from sklearn import config_context, get_config
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.preprocessing import OneHotEncoder
from sklearn.utils.validation import check_is_fitted, validate_data

from skbackprop.estimators.checks import check_integer, unchanged_on_error
from skbackprop.estimators.export import ONNXMethods
from skbackprop.estimators.links import documented_in
from skbackprop.estimators.state import Saved
from skbackprop.formulas import Graph, Input, Value, formula
from skbackprop.tabular.bins import PiecewiseLinearBins
from skbackprop.tabular.categories import Categories
from skbackprop.tabular.columns import Column, is_frame, names_of, read, unique_names
from skbackprop.tabular.numbers import RobustSmoothClip, names_out
from skbackprop.tabular.tensors import beside, inputs_by_column

#: With sparse_output="auto": at least so many columns, at most this share not zero in a row.
WIDE, SPARSE = 256, 0.1
#: Infinite values are treated as these.
LARGEST = np.finfo(np.float64).max / 8


@documented_in("skbackprop.tabular")
class TabularEncoder(ONNXMethods, TransformerMixin, Saved, BaseEstimator):
    """Encode a table for a neural network.

    - Columns of numbers go through :class:`RobustSmoothClip`, those of few distinct values through
      :class:`PiecewiseLinearBins` instead, and those of two become -1 and 1.
    - Columns of categories become one column of 0 and 1 for each category, or one of -1 and 1 if
      there are two. Missing and unknown categories are zeros.
    - A missing number is replaced by the median, or by 0 between -1 and 1, and marked in a column
      of its own.
    - Dates become days since 1970-01-01, durations days, both as numbers. Infinite numbers count as
      very large ones. Columns with a single value or none are left out.

    Parameters
    ----------
    categorical_features : array-like of {bool, int, str}, "from_dtype" or None
        Which columns hold categories. "from_dtype" takes those of strings, booleans and the
        categorical types of pandas, polars and pyarrow. A mask, indices or names say it
        explicitly; these columns may hold anything, and all others must then hold numbers. None
        means that all columns hold numbers.

    min_frequency : int or float, default=None
        Categories rarer than this, as a count or as a share of the rows, are put together.

    max_categories : int or None, default=100
        Columns with more categories keep the most frequent ones, and the others are put together,
        unless `max_one_hot` applies.

    max_one_hot : int or None, default=None
        Columns with more categories become a single column of codes 0, 1, ..., which are numbers
        for :class:`~sklearn.preprocessing.TargetEncoder`, but not for a network. A missing value
        has the highest code, and an unknown one -1. TabularClassifier and TabularRegressor set 50,
        and have their networks begin with such an encoder.

    max_distinct : int, default=10
        Columns of numbers with at least three and at most this many distinct values are cut into
        bins between these values. With 2 there are no such bins.

    n_quantile_bins : int or None, default=None
        Also cut the other columns of numbers into this many bins, between quantiles.

    sparse_output : bool or "auto", default="auto"
        Whether the result is a sparse matrix. "auto" makes it one where there are at least 256
        columns, at most a tenth of which can differ from zero in the same row.

    dtype : {np.float32, np.float64}, default=np.float32
        Type of the result.

    Attributes
    ----------
    categorical_ : ndarray of bool of shape (`n_features_in_`,)
        Which columns are taken to hold categories.

    categories_ : list of ndarray
        Categories of each of these columns as strings, sorted.

    coded_ : ndarray of int
        Columns of the result that hold codes, see `max_one_hot`.

    n_features_in_ : int
        Number of columns seen by `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns. Defined only when `X` has feature names that are all strings.

    See Also
    --------
    TabularClassifier : Encodes, and trains an ensemble.

    Examples
    --------
    >>> import pandas as pd
    >>> from skbackprop.tabular import TabularEncoder
    >>> df = pd.DataFrame({"age": [20, 31, 45, None], "job": ["cook", "smith", None, "baker"]})
    >>> encoder = TabularEncoder(max_distinct=2).set_output(transform="pandas")
    >>> encoder.fit_transform(df).round(2)
        age  missing_age  job_baker  job_cook  job_smith
    0 -0.84          0.0        0.0       1.0        0.0
    1  0.00          0.0        0.0       0.0        1.0
    2  1.05          0.0        0.0       0.0        0.0
    3  0.00          1.0        1.0       0.0        0.0
    """

    def __init__(
        self,
        *,
        categorical_features: Any = "from_dtype",
        min_frequency: float | None = None,
        max_categories: int | None = 100,
        max_one_hot: int | None = None,
        max_distinct: int = 10,
        n_quantile_bins: int | None = None,
        sparse_output: bool | str = "auto",
        dtype: Any = np.float32,
    ) -> None:
        self.categorical_features = categorical_features
        self.min_frequency = min_frequency
        self.max_categories = max_categories
        self.max_one_hot = max_one_hot
        self.max_distinct = max_distinct
        self.n_quantile_bins = n_quantile_bins
        self.sparse_output = sparse_output
        self.dtype = dtype

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the columns' types, categories, medians, scales and bins.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            The table.

        y : None
            Not used.

        Returns
        -------
        self : object
            The fitted encoder.

        Raises
        ------
        ValueError
            If a parameter isn't allowed, or a column holds something else than numbers, strings,
            booleans or dates. The message names it.
        """
        self._check_parameters()
        columns = read(X, type(self).__name__)
        with unchanged_on_error(self), config_context(transform_output="default"):
            validate_data(self, _shaped(X, columns), reset=True, skip_check_array=True)
            self.categorical_ = self._categorical(columns, names_of(X))
            self._tensors = [
                column.tensor(is_one)
                for column, is_one in zip(columns, self.categorical_.tolist(), strict=True)
            ]
            self._is_frame = is_frame(X)
            self._is_whole = getattr(getattr(X, "dtype", None), "kind", "O") in "iu"
            self._empty = np.zeros(len(columns), bool)
            X = self._numbers(columns)
            self._empty[~self.categorical_] = np.isnan(X).all(axis=0)
            self._fit_numbers(X)
            self._categories = Categories(self.dtype, self.max_one_hot)
            one_hot = OneHotEncoder(
                handle_unknown="ignore",
                min_frequency=self.min_frequency,
                max_categories=self.max_categories,
                dtype=self.dtype,
            )
            self._categories.fit(self._chosen(columns), one_hot)
            self.categories_ = self._categories.categories
            n_out, n_coded = len(self.get_feature_names_out()), int(self._categories.many.sum())
            self.coded_ = np.arange(n_out - n_coded, n_out)
        return self

    def _chosen(self, columns: list[Column]) -> list[Column]:
        """Those that hold categories; marks them as declared if the user has named them."""
        chosen = [c for c, is_one in zip(columns, self.categorical_, strict=True) if is_one]
        if not isinstance(self.categorical_features, str):
            for column in chosen:
                column.declared = True
        return chosen

    def _check_parameters(self) -> None:
        if self.dtype not in (np.float32, np.float64, "float32", "float64", float):
            raise ValueError(f"dtype must be np.float32 or np.float64, got {self.dtype!r}.")
        share = self.min_frequency
        if not (isinstance(share, float | np.floating) and 0.0 < share < 1.0):
            check_integer("min_frequency, unless it is a share of the rows,", share, 1, True)
        check_integer("max_distinct", self.max_distinct, 2)
        for name in ("max_categories", "max_one_hot", "n_quantile_bins"):
            check_integer(name, getattr(self, name), 1, or_none=True)
        if not isinstance(self.sparse_output, bool) and self.sparse_output != "auto":
            raise ValueError(
                f'sparse_output must be True, False or "auto", got {self.sparse_output!r}.'
            )

    def _categorical(self, columns: list[Column], names: list[Any] | None) -> np.ndarray:
        """Which columns hold categories."""
        given, n = self.categorical_features, len(columns)
        if given is None:
            return np.zeros(n, bool)
        if isinstance(given, str):
            if given != "from_dtype":
                raise ValueError(
                    'categorical_features must be "from_dtype", a mask, indices, names or None, got'
                    f" {given!r}."
                )
            return np.array([c.declared or c.kind in ("text", "flag", "other") for c in columns])
        if np.ndim(given) != 1:
            raise ValueError(f"categorical_features must be one-dimensional, got {given!r}.")
        chosen = given.tolist() if hasattr(given, "tolist") else list(given)
        mask = np.zeros(n, bool)
        if chosen and all(isinstance(one, bool | np.bool_) for one in chosen):
            if len(chosen) != n:
                raise ValueError(
                    f"categorical_features as a mask must have one entry for each of the {n}"
                    f" columns, got {len(chosen)}."
                )
            return np.array(chosen)
        for one in chosen:
            if isinstance(one, str) and names is not None and one in names:
                mask[names.index(one)] = True
            elif isinstance(one, int | np.integer) and one is not True and 0 <= one < n:
                mask[one] = True
            else:
                allowed = f"names among {names}" if names else f"indices from 0 to {n - 1}"
                raise ValueError(f"categorical_features must hold {allowed}, got {one!r}.")
        return mask

    # Numbers

    def _numbers(self, columns: list[Column]) -> np.ndarray:
        """The columns of numbers side by side, with NaN for missing ones."""
        chosen = []
        for column, tensor, is_categorical, is_empty in zip(
            columns, self._tensors, self.categorical_, self._empty, strict=True
        ):
            if is_empty:  # as it was in `fit`, and is left out, so it may hold anything
                chosen.append(np.full(len(column.values), np.nan))
            elif not is_categorical:
                chosen.append(column.numbers("dates" if tensor == "date" else "numbers"))
        if not chosen:
            return np.empty((len(columns[0].values), 0))
        return np.clip(np.stack(chosen, axis=1), -LARGEST, LARGEST)

    def _fit_numbers(self, X: np.ndarray) -> None:
        """Medians, and what becomes of each column by its number of distinct values."""
        n_distinct = np.array([_count_distinct(x, self.max_distinct) for x in X.T], int)
        self._two = n_distinct == 2
        self._many = n_distinct > self.max_distinct
        few, bins = (n_distinct > 2) & ~self._many, self.n_quantile_bins
        self._parts: list[tuple[np.ndarray, Any]] = []
        for mask, transformer in (
            (self._many, RobustSmoothClip()),
            (few, PiecewiseLinearBins()),
            (self._many, PiecewiseLinearBins(bins) if bins else None),
        ):
            if mask.any() and transformer:
                self._parts.append((mask, transformer.fit(X[:, mask])))
        self._medians = np.zeros(X.shape[1])  # of a column of NaN: 0
        known = n_distinct > 0
        self._medians[known] = np.nanmedian(X[:, known], axis=0)
        self._marked = np.flatnonzero(np.isnan(X).any(axis=0) & known)
        low, high = (f(X[:, self._two], axis=0) for f in (np.nanmin, np.nanmax))
        self._middle, self._half = (low / 2 + high / 2), (high / 2 - low / 2)

    def _encode_numbers(self, X: np.ndarray) -> list[np.ndarray]:
        """The columns made of numbers."""
        if not X.shape[1]:
            return []
        missing = np.isnan(X)
        filled = np.where(missing, self._medians, X)
        blocks = [transformer.transform(filled[:, mask]) for mask, transformer in self._parts]
        two = (X[:, self._two] - self._middle) / self._half
        blocks.append(np.nan_to_num(np.clip(two, -1.0, 1.0)))
        blocks.append(missing[:, self._marked])
        return blocks

    def _encode_numbers_onnx(self, graph: Graph, X: Value) -> list[Value]:
        """The columns made of numbers, in ONNX operators."""
        missing = graph.op("IsNaN", X)
        filled = graph.op("Where", missing, self._medians, X)
        filled = graph.clip(filled, -LARGEST, LARGEST)
        blocks = [
            formula(transformer, "transform")(graph, graph.columns(filled, np.flatnonzero(mask)))
            for mask, transformer in self._parts
        ]
        two, marked = np.flatnonzero(self._two), self._marked
        if len(two):
            x = graph.clip((graph.columns(filled, two) - self._middle) / self._half, -1.0, 1.0)
            blocks.append(graph.op("Where", graph.columns(missing, two), 0.0, x))
        if len(marked):
            blocks.append(graph.cast(graph.columns(missing, marked), graph.dtype))
        return blocks

    def _number_names(self, names: np.ndarray) -> list[str]:
        """The names of these columns."""
        out: list[str] = []
        for mask, transformer in self._parts:
            out += transformer.get_feature_names_out(names[mask]).tolist()
        return [*out, *names[self._two], *(f"missing_{name}" for name in names[self._marked])]

    # Everything

    def transform(self, X: Any) -> Any:
        """Encode a table.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            The table, with the columns of `fit`.

        Returns
        -------
        E : {ndarray, sparse matrix} of shape (n_samples, n_features_out)
            Numbers that are finite, mostly between -3 and 3.

        Raises
        ------
        ValueError
            If a column of numbers holds something else. The message names it.
        """
        check_is_fitted(self)
        columns = read(X, type(self).__name__)
        validate_data(self, _shaped(X, columns), reset=False, skip_check_array=True)
        with config_context(transform_output="default"):
            blocks: list[Any] = [*self._encode_numbers(self._numbers(columns))]
            blocks += self._categories.transform(self._chosen(columns))
        if not blocks:
            return np.empty((len(columns[0].values), 0), self.dtype)
        blocks = [block.astype(self.dtype) for block in blocks]
        if self._is_sparse(blocks):
            return hstack([csr_matrix(block) for block in blocks], format="csr", dtype=self.dtype)
        return np.hstack([b.toarray() if issparse(b) else b for b in blocks])

    def onnx(self, graph: Graph, X: Any) -> Value:
        """Write `transform` down in ONNX operators.

        Parameters
        ----------
        graph : Graph
            Gets the operators.

        X : Value or list of Value
            The table, or its columns.

        Returns
        -------
        E : Value
            What `transform` returns, as a dense matrix.
        """
        check_is_fitted(self)
        exact = graph.of(np.float64)
        numbers, categories = np.flatnonzero(~self.categorical_), np.flatnonzero(self.categorical_)
        blocks: list[Value] = []
        if len(numbers):
            blocks += self._encode_numbers_onnx(exact, exact.cast(beside(X, numbers), np.float64))
        with config_context(transform_output="default"):
            blocks += self._categories.onnx(graph, [beside(X, [j]) for j in categories])
        if not blocks:
            raise ValueError("Nothing can be exported to ONNX: the encoded table has no columns.")
        return graph.op("Concat", *map(graph.real, blocks), axis=1)

    @property
    def _onnx_dtype(self) -> np.dtype:
        return np.dtype(self.dtype)

    def _onnx_inputs(self) -> list[Input]:
        """One input for each column of a frame, or of an array of several types; else X."""
        names = names_out(self, None).tolist()
        columns = inputs_by_column(names, self._tensors)
        is_integer = "integer" in self._tensors
        if self._is_frame or "text" in self._tensors or (is_integer and not self._is_whole):
            return columns
        return [Input("X", np.dtype(np.int64 if is_integer else np.float64), len(names))]

    def _is_sparse(self, blocks: list[Any]) -> bool:
        """Whether the result is sparse; with "auto" the numbers of columns decide."""
        if isinstance(self.sparse_output, bool):
            return self.sparse_output
        if get_config()["transform_output"] != "default":
            return False  # frames can't hold sparse matrices
        dense = sum(b.shape[1] for b in blocks if not issparse(b))
        width = sum(b.shape[1] for b in blocks)
        # at most one of a column's categories isn't zero
        return bool(width >= WIDE and dense + len(self.categories_) <= SPARSE * width)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Name the columns of the result.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the table's columns; by default those seen by `fit`, or x0, x1, ...

        Returns
        -------
        names : ndarray of str objects
            Such as ``"age"``, ``"rooms<=3"``, ``"missing_age"`` and ``"job_cook"``.
        """
        check_is_fitted(self)
        names = names_out(self, input_features)
        numbers = self._number_names(names[~self.categorical_])
        return unique_names([*numbers, *self._categories.names(names[self.categorical_])])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.transformer_tags.preserves_dtype = []
        return tags


def _count_distinct(x: np.ndarray, limit: int) -> int:
    """Distinct values that aren't NaN; any number above `limit` if there are more."""
    some = np.unique(x[: 50 * limit])
    known = len(some) - np.isnan(some).sum()
    return int(known if known > limit else len(np.unique(x[~np.isnan(x)])))


def _shaped(X: Any, columns: list[Column]) -> Any:
    """X, or an empty array of its width where it is a list."""
    return X if hasattr(X, "shape") else np.empty((1, len(columns)))
