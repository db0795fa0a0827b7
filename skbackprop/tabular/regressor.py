"""The regressor for tables."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils import check_array
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from skbackprop.ensemble import FoldEnsembleRegressor
from skbackprop.estimators.checks import check_sample_weight
from skbackprop.estimators.numbers import as_numbers
from skbackprop.formulas import Graph, Output
from skbackprop.tabular import recipe
from skbackprop.tabular.base import Tabular


class TabularRegressor(RegressorMixin, Tabular):
    """A regressor for tables as they are: strings, categories, dates, missing values.

    A :class:`TabularEncoder`, and a :class:`~skbackprop.ensemble.FoldEnsembleRegressor` of five
    networks. The settings are the same for all tables, except that the size of the layers and the
    number of epochs depend on the number of rows. See :doc:`/guide/tables`.

    Parameters
    ----------
    estimator : BackpropRegressor or None, default=None
        What each member of the ensemble is a copy of. None stands for the default settings.

    encoder : transformer or None, default=None
        Turns the table into numbers. None stands for a :class:`TabularEncoder`, with `max_one_hot`
        of 50. Columns with more categories become the target's mean, or the share of each
        class, over the rows of the same category.

    categorical_features : array-like of {bool, int, str}, "from_dtype" or None
        Which columns hold categories, see :class:`TabularEncoder`. Not used with an `encoder` of
        your own. By default ("from_dtype") those of strings, booleans and categorical types.

    tree_bins : int or None, default=8
        Every other member also gets the columns of many distinct numbers cut into this many bins,
        as by :class:`TreeBins`. With None, no member does.

    scale_targets : bool, default=True
        Whether the networks are trained on targets scaled to mean 0 and variance 1; `predict`
        undoes it. False leaves the targets as they are, for losses such as "poisson" that don't
        allow negative targets.

    cv : int, splitter or iterable, default=5
        The folds, one for each member.

    n_jobs : int or None, default=None
        Members trained at the same time.

    random_state : int, RandomState instance or None, default=None
        Source of the members' seeds, and of the folds where `cv` is an integer.

    verbose : bool, default=False
        Whether to print a line for each member. With scikit-learn 1.9 and newer, ``set_callbacks``
        gives progress bars.

    Attributes
    ----------
    encoder_ : TabularEncoder
        The fitted encoder.

    ensemble_ : FoldEnsembleRegressor
        The fitted ensemble. It takes encoded tables.

    members_ : list of BackpropRegressor or Pipeline
        Its members; with `tree_bins` every other one is a Pipeline.

    oof_prediction_ : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Predictions for the rows of `fit`, by the members that weren't trained on them.

    oof_score_ : float
        R squared of these predictions.

    n_features_in_ : int
        Number of columns seen by `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns. Defined only when `X` has feature names that are all strings.

    See Also
    --------
    TabularClassifier : The same for classes as targets.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skbackprop.tabular import TabularRegressor
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
    >>> TabularRegressor(random_state=0).fit(X, y).oof_score_ > 0.4
    True
    """

    _ensemble = FoldEnsembleRegressor
    _default = "default_regressor(n_samples)"
    _target_type = "continuous"

    def __init__(
        self,
        estimator: Any = None,
        *,
        encoder: Any = None,
        categorical_features: Any = "from_dtype",
        tree_bins: int | None = 8,
        scale_targets: bool = True,
        cv: Any = 5,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        super().__init__(
            estimator,
            encoder=encoder,
            categorical_features=categorical_features,
            tree_bins=tree_bins,
            cv=cv,
            n_jobs=n_jobs,
            random_state=random_state,
            verbose=verbose,
        )
        self.scale_targets = scale_targets

    def _member(self, E: Any, y: Any, sample_weight: Any) -> tuple[Any, Any, Any]:
        """The network given or the default one, and the targets scaled."""
        member = self.estimator
        if member is None:
            member = recipe.default_regressor(E.shape[0])
        self._mean, self._scale = np.zeros(()), np.ones(())
        if self.scale_targets:
            y = check_targets(y, E)
            sample_weight = check_sample_weight(sample_weight, E)
            self._mean = np.average(y, axis=0, weights=sample_weight)
            self._scale = deviation(y - self._mean, sample_weight)
            y = (y - self._mean) / self._scale
        return member, y, sample_weight

    def predict(self, X: Any, return_std: bool = False) -> Any:
        """Return the mean of the members' predictions.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            The table.

        return_std : bool, default=False
            Whether to return the members' spread as well.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions.

        std : ndarray, shaped like y
            Standard deviation over the members. Only with `return_std`.
        """
        # in float64: a large mean would swallow the rest in float32
        mean, std = self._predicted("predict", X, True)
        mean, std = mean * self._scale + self._mean, std * self._scale
        return (mean, std) if return_std else mean

    def onnx(self, graph: Graph, X: Any, **options: bool) -> dict[str, Output]:
        """Write `predict` down in ONNX operators.

        Parameters
        ----------
        graph : Graph
            Gets the operators.

        X : Value or list of Value
            The table, or its columns.

        **options : bool
            A regressor has none.

        Returns
        -------
        outputs : dict of str to Output
            "variable", of shape (n, n_outputs) and in float64.
        """
        (mean,) = super().onnx(graph, X, **options).values()
        exact = graph.of(np.float64)  # as in `predict`
        value = exact.real(mean.value) * self._scale + self._mean
        return {"variable": Output(value, exact.dtype, mean.row)}

    @property
    def oof_prediction_(self) -> np.ndarray:
        """Predictions for the rows of `fit`, by members that weren't trained on them."""
        check_is_fitted(self)
        return self.ensemble_.oof_prediction_ * self._scale + self._mean


def deviation(d: np.ndarray, weight: np.ndarray | None) -> Any:
    """sqrt(mean of d**2) of each column, without overflow; 1 where it is 0."""
    largest = np.abs(d).max(axis=0)
    largest = np.where(largest > 0, largest, 1.0)
    root = np.sqrt(np.average((d / largest) ** 2, axis=0, weights=weight))
    return np.where(root > 0, largest * root, 1.0)


def check_targets(y: Any, X: Any) -> np.ndarray:
    """y as numbers, as many as X has rows."""
    y = as_numbers(check_array(y, ensure_2d=False, allow_nd=False, dtype=None, input_name="y"))
    check_consistent_length(X, y)
    return y.astype(np.float64)
