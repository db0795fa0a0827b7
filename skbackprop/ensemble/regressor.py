"""The ensemble of regressors."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score

from skbackprop.ensemble.base import Fold, FoldEnsemble, average_of_left_out, network_of
from skbackprop.estimators.compat import safe_indexing
from skbackprop.estimators.numbers import as_numbers
from skbackprop.estimators.regressor import BackpropRegressor
from skbackprop.formulas import Graph, Output


class FoldEnsembleRegressor(RegressorMixin, FoldEnsemble):
    """Average of regressors, each trained on all folds but one.

    The fold left out decides which epoch of the member is the best. The predictions for all rows
    left out give ``oof_score_``, an estimate of R squared. It is slightly optimistic, as the same
    rows were used to choose the epochs.

    Parameters
    ----------
    estimator : BackpropRegressor, Pipeline, list of these or None, default=None
        What each member is a copy of. If its `early_stopping` is False and its solver has epochs,
        members are trained for all of `max_iter` epochs, and the one with the lowest loss on the
        fold left out is kept. A Pipeline ends in a BackpropRegressor; its transformers are fitted
        on the rows that the member is trained on. Members take the elements of a list in turn.
        None stands for ``BackpropRegressor()``.

    cv : int, splitter or iterable, default=5
        The folds. An integer is a number of folds, shuffled.

    n_jobs : int or None, default=None
        Members trained at the same time, as in scikit-learn.

    random_state : int, RandomState instance or None, default=None
        Source of the members' seeds, and of the folds where `cv` is an integer.

    verbose : bool, default=False
        Whether to print a line for each member. The networks' own `verbose` prints epochs, and
        ``set_callbacks`` reports both to the callbacks of scikit-learn 1.9 and newer.

    Attributes
    ----------
    members_ : list of BackpropRegressor or Pipeline
        The members.

    oof_prediction_ : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Predictions for the rows of `fit`, by the members that weren't trained on them; NaN for rows
        that were never left out.

    oof_score_ : float
        R squared of these predictions; NaN if there are fewer than two.

    n_features_in_ : int
        Number of features seen by `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features. Defined only when `X` has feature names that are all strings.

    See Also
    --------
    skbackprop.tabular.TabularRegressor : Encodes tables, and trains such an ensemble.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skbackprop import BackpropRegressor
    >>> from skbackprop.ensemble import FoldEnsembleRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> member = BackpropRegressor(hidden_layer_sizes=(16,), learning_rate_init=0.01)
    >>> ensemble = FoldEnsembleRegressor(member, random_state=0).fit(10 * X, y)
    >>> ensemble.oof_score_ > 0.4
    True
    """

    _kind = BackpropRegressor

    def _check_targets(self, y: Any) -> np.ndarray:
        """Numbers."""
        return as_numbers(y)

    def _judge(self, X: Any, y: Any, sample_weight: Any, folds: list[Fold]) -> None:
        """Predict the rows left out, and say how well that went."""
        left_out = [
            member.predict(safe_indexing(X, rows)) if len(rows) else np.empty((0, *y.shape[1:]))
            for member, (_, rows) in zip(self.members_, folds, strict=True)
        ]
        self.oof_prediction_ = average_of_left_out(left_out, folds, len(y))
        known = np.isfinite(self.oof_prediction_.reshape(len(y), -1)).all(axis=1)
        self.oof_score_ = float("nan")
        if known.sum() > 1:
            weight = None if sample_weight is None else sample_weight[known]
            self.oof_score_ = float(
                r2_score(y[known], self.oof_prediction_[known], sample_weight=weight)
            )

    def predict(self, X: Any, return_std: bool = False) -> Any:
        """Return the mean of the members' predictions.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples as rows.

        return_std : bool, default=False
            Whether to return the members' spread as well.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions.

        std : ndarray, shaped like y
            Standard deviation over the members. Only with `return_std`.
        """
        X = self._checked(X)
        values = np.stack([member.predict(X) for member in self.members_])
        return (values.mean(axis=0), values.std(axis=0)) if return_std else values.mean(axis=0)

    def onnx(self, graph: Graph, X: Any) -> dict[str, Output]:
        """Write `predict` down in ONNX operators.

        Parameters
        ----------
        graph : Graph
            Gets the operators.

        X : Value or list of Value
            Samples as rows, or the columns of a table.

        Returns
        -------
        outputs : dict of str to Output
            "variable", of shape (n, n_outputs).
        """
        mean = self._mean_onnx(graph, X, lambda _, outputs: outputs["variable"].value)
        width = network_of(self.members_[0]).n_outputs_
        return {"variable": Output(mean, graph.dtype, (width,))}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True
        return tags
