"""Codes replaced by what the target is for each of them."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from scipy.sparse import csr_matrix, hstack, issparse
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from skbackprop.estimators.checks import unchanged_on_error
from skbackprop.estimators.compat import cross_fitted, target_encoder
from skbackprop.estimators.export import ONNXMethods
from skbackprop.estimators.links import documented_in
from skbackprop.estimators.state import Saved
from skbackprop.formulas import Graph, Value
from skbackprop.tabular.numbers import RobustSmoothClip, names_out
from skbackprop.tabular.tensors import place_of_number


@documented_in("skbackprop.tabular")
class TargetShares(ONNXMethods, TransformerMixin, Saved, BaseEstimator):
    """Replace columns of codes by the target's mean, or the share of each class, for each code.

    This is known as target encoding. The members of TabularClassifier and TabularRegressor begin
    with it if a column has more than 50 categories. It is scikit-learn's
    :class:`~sklearn.preprocessing.TargetEncoder` for some of the columns, followed by
    :class:`RobustSmoothClip`. `fit_transform` computes what it returns for a row from other rows,
    so that the row's own target doesn't count. This isn't what `transform` returns for the same
    rows.

    Parameters
    ----------
    columns : list of int or None, default=None
        Columns of codes, such as the `coded_` of a :class:`TabularEncoder`. The others stay as they
        are. None takes all.

    target_type : {"continuous", "categorical"}, default="categorical"
        Whether y holds numbers or classes.

    Attributes
    ----------
    columns_ : list of int
        Columns of codes.

    categories_ : list of ndarray of shape (n_codes,)
        The codes of each column, sorted.

    tables_ : list of ndarray of shape (n_codes + 1, n_shares)
        What they become, before it's scaled. The last row is for unknown codes.

    classes_ : ndarray of shape (n_classes,) or None
        The classes of y; None if it holds numbers.

    clip_ : RobustSmoothClip
        What scales its results.

    n_features_in_ : int
        Number of features seen by `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features. Defined only when `X` has feature names that are all strings.

    See Also
    --------
    TabularEncoder : Makes codes, with `max_one_hot`.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.tabular import TargetShares
    >>> X = np.array([[0.0, 5.0], [1.0, 6.0], [2.0, 7.0]] * 20)
    >>> shares = TargetShares([0]).fit(X, ["no", "yes", "no"] * 20)
    >>> shares.get_feature_names_out().tolist()
    ['x1', 'x0_yes']
    >>> shares.transform(X)[:3, 1].argmax()
    np.int64(1)
    """

    def __init__(self, columns: Any = None, target_type: str = "categorical") -> None:
        self.columns = columns
        self.target_type = target_type

    def fit(self, X: Any, y: Any) -> Self:
        """Learn the shares.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples as rows.

        y : array-like of shape (n_samples,)
            Numbers or classes, of at least five rows.

        Returns
        -------
        self : object
            The fitted transformer.

        Raises
        ------
        ValueError
            If a parameter or an array isn't allowed. The transformer is left as it was.
        """
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X: Any, y: Any) -> Any:
        """Learn the shares. A row's own target doesn't count in what is returned for it.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples as rows.

        y : array-like of shape (n_samples,)
            Numbers or classes, of at least five rows.

        Returns
        -------
        Z : {ndarray, sparse matrix} of shape (n_samples, n_features_out)
            The other columns, and the shares. Sparse if X is.

        Raises
        ------
        ValueError
            If a parameter or an array isn't allowed.
        """
        if self.target_type not in ("continuous", "categorical"):
            raise ValueError(
                f'target_type must be "continuous" or "categorical", got {self.target_type!r}.'
            )
        is_continuous = self.target_type == "continuous"
        with unchanged_on_error(self), config_context(transform_output="default"):
            X, y = self._validated(X, y, reset=True, y_numeric=is_continuous)
            if not is_continuous:
                check_classification_targets(y)  # TargetEncoder takes fractions for numbers
            self.columns_ = self._checked_columns()
            self._onnx_dtype = X.dtype
            encoder = target_encoder("continuous" if is_continuous else "auto")
            y = y.astype(np.float64) if is_continuous else y
            shares = cross_fitted(encoder, self._codes(X), y)
            self._take_tables(encoder)
            self.clip_ = RobustSmoothClip().fit(shares)
            return self._joined(X, shares)

    def _take_tables(self, encoder: Any) -> None:
        """Keep what the encoder has learned as arrays: every scikit-learn can load these."""
        self.classes_ = getattr(encoder, "classes_", None)
        self.categories_ = [np.asarray(codes) for codes in encoder.categories_]
        unknown = np.atleast_1d(encoder.target_mean_)
        shares, n = encoder.encodings_, len(unknown)  # n vectors for each column
        tables = [np.stack(shares[k : k + n], axis=1) for k in range(0, len(shares), n)]
        self.tables_ = [np.vstack([table, unknown]) for table in tables]

    def _scaled_tables(self) -> list[np.ndarray]:
        """The tables after `clip_`, which has a column for each of their columns."""
        longest = max(map(len, self.tables_))
        rows = [table[np.minimum(np.arange(longest), len(table) - 1)] for table in self.tables_]
        ends = np.cumsum([table.shape[1] for table in self.tables_])[:-1]
        scaled = np.split(self.clip_.transform(np.hstack(rows)), ends, axis=1)
        return [own[: len(table)] for own, table in zip(scaled, self.tables_, strict=True)]

    def _looked_up(self, codes: np.ndarray) -> np.ndarray:
        """What the codes become."""
        blocks = []
        for column, known, table in zip(codes.T, self.categories_, self.tables_, strict=True):
            place = np.minimum(np.searchsorted(known, column), len(known) - 1)
            blocks.append(table[np.where(known[place] == column, place, len(known))])
        return np.hstack(blocks)

    def _validated(self, *arrays: Any, reset: bool, **params: Any) -> Any:
        """X, or X and y, as `fit_transform` and `transform` take them."""
        floats = (np.float64, np.float32)
        return validate_data(
            self, *arrays, reset=reset, accept_sparse="csr", dtype=floats, **params
        )

    def _checked_columns(self) -> list[int]:
        """`columns` as indices; raises unless it holds those of some columns."""
        n, given = self.n_features_in_, self.columns
        if given is None:
            return list(range(n))
        columns = list(given) if np.iterable(given) and not isinstance(given, str) else []
        are_integers = all(
            isinstance(j, int | np.integer) and not isinstance(j, bool) for j in columns
        )
        if not columns or not are_integers or not all(0 <= j < n for j in columns):
            raise ValueError(
                f"columns must be None or hold indices from 0 to {n - 1}, got {given!r}."
            )
        if len(set(columns)) < len(columns):
            raise ValueError(f"columns must hold each index once, got {given!r}.")
        return [int(j) for j in columns]

    def transform(self, X: Any) -> Any:
        """Replace the codes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples as rows.

        Returns
        -------
        Z : {ndarray, sparse matrix} of shape (n_samples, n_features_out)
            The other columns, and the shares. Sparse if X is.
        """
        check_is_fitted(self)
        X = self._validated(X, reset=False)
        with config_context(transform_output="default"):
            return self._joined(X, self._looked_up(self._codes(X)))

    def onnx(self, graph: Graph, X: Value) -> Value:
        """Write `transform` down in ONNX operators: a table of what each code becomes.

        Parameters
        ----------
        graph : Graph
            Gets the operators.

        X : Value
            Samples as rows.

        Returns
        -------
        Z : Value
            What `transform` returns, as a dense matrix.
        """
        check_is_fitted(self)
        exact, columns = graph.of(np.float64), self.columns_
        with config_context(transform_output="default"):
            scaled = self._scaled_tables()
        blocks = [graph.columns(X, self._others())]
        for column, known, table in zip(columns, self.categories_, scaled, strict=True):
            place = place_of_number(exact, graph.columns(X, [column]), known.tolist())
            place = graph.op("Gather", place, np.int64(0), axis=1)
            blocks.append(graph.op("Gather", np.vstack([table, table[-1]]), place, axis=0))
        return graph.op("Concat", *blocks, axis=1)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Name the columns of the result.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the columns; by default those seen by `fit`, or x0, x1, ...

        Returns
        -------
        names : ndarray of str objects
            Those of the other columns, and such as ``"job"`` or ``"job_yes"``.
        """
        check_is_fitted(self)
        names = names_out(self, input_features)
        classes = self.classes_
        # of two classes, there is the share of the second one
        ends = [""] if classes is None else [f"_{label}" for label in classes]
        ends = ends[1:] if len(ends) == 2 else ends
        shares = [f"{name}{end}" for name in names[self.columns_] for end in ends]
        return np.array([*names[self._others()], *shares], dtype=object)

    def _others(self) -> np.ndarray:
        """Columns that hold no codes."""
        return np.setdiff1d(np.arange(self.n_features_in_), self.columns_)

    def _codes(self, X: Any) -> np.ndarray:
        """The columns of codes."""
        codes = X[:, self.columns_]
        dense: np.ndarray = codes.toarray() if issparse(codes) else codes
        return dense

    def _joined(self, X: Any, shares: np.ndarray) -> Any:
        """The other columns and the shares, as X is: sparse or dense, and in its precision."""
        Z = self.clip_.transform(shares).astype(X.dtype)
        if issparse(X):
            return hstack([X[:, self._others()], csr_matrix(Z)], format="csr")
        return np.hstack([X[:, self._others()], Z])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.categorical = True
        tags.target_tags.required = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
