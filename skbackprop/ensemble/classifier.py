"""The ensemble of classifiers, with a temperature fitted on the rows left out."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_expit, log_softmax
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score

from skbackprop.ensemble.base import Fold, FoldEnsemble, average_of_left_out, network_of
from skbackprop.estimators.classifier import BackpropClassifier
from skbackprop.estimators.compat import safe_indexing
from skbackprop.estimators.labels import as_labels, most_likely
from skbackprop.formulas import Graph, Output, Value

#: Temperatures are looked for between exp(-3) and exp(3).
LOG_TEMPERATURES = (-3.0, 3.0)


class FoldEnsembleClassifier(ClassifierMixin, FoldEnsemble):
    """Average of classifiers, each trained on all folds but one.

    The fold left out decides which epoch of the member is the best. Then the predictions for all
    rows left out give one temperature T, by which the members' scores are divided, so that the
    probabilities are neither too high nor too low [1]_. They also give ``oof_score_``, an estimate
    of the accuracy. It is slightly optimistic, as the same rows were used to choose the epochs.

    Parameters
    ----------
    estimator : BackpropClassifier, Pipeline, list of these or None, default=None
        What each member is a copy of. If its `early_stopping` is False and its solver has epochs,
        members are trained for all of `max_iter` epochs, and the one with the lowest loss on the
        fold left out is kept. A Pipeline ends in a BackpropClassifier; its transformers are fitted
        on the rows that the member is trained on. Members take the elements of a list in turn.
        None stands for ``BackpropClassifier()``.

    cv : int, splitter or iterable, default=5
        The folds. An integer is a number of folds, shuffled and stratified; there are fewer if no
        class has that many rows.

    calibrate : bool, default=True
        Whether scores are divided by a temperature.

    n_jobs : int or None, default=None
        Members trained at the same time, as in scikit-learn.

    random_state : int, RandomState instance or None, default=None
        Source of the members' seeds, and of the folds where `cv` is an integer.

    verbose : bool, default=False
        Whether to print a line for each member. The networks' own `verbose` prints epochs, and
        ``set_callbacks`` reports both to the callbacks of scikit-learn 1.9 and newer.

    Attributes
    ----------
    members_ : list of BackpropClassifier or Pipeline
        The members. Their output weights and intercepts are divided by the temperature.

    temperature_ : float
        T, between exp(-3) and exp(3). 1 without calibration, and where probabilities of more than
        two classes aren't a softmax of scores, as with the quadratic cost.

    oof_decision_function_ : ndarray of shape (n_samples, n_classes)
        Probabilities for the rows of `fit`, by the members that weren't trained on them; NaN for
        rows that were never left out. Only the temperature, a single number, was fitted on them.

    oof_score_ : float
        Accuracy of these predictions; NaN if there are none.

    classes_ : ndarray of shape (n_classes,)
        Classes, sorted.

    n_features_in_ : int
        Number of features seen by `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features. Defined only when `X` has feature names that are all strings.

    See Also
    --------
    skbackprop.tabular.TabularClassifier : Encodes tables, and trains such an ensemble.
    sklearn.calibration.CalibratedClassifierCV : Calibrates other classifiers.

    References
    ----------
    .. [1] C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger (2017). On calibration of modern neural
       networks, section 4.2, eq. 9. :arxiv:`1706.04599`

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.ensemble import FoldEnsembleClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> member = BackpropClassifier((16,), learning_rate_init=0.01, batch_size=30)
    >>> ensemble = FoldEnsembleClassifier(member, random_state=0).fit(X, y)
    >>> ensemble.oof_score_ > 0.94
    True
    """

    _kind = BackpropClassifier

    def __init__(
        self,
        estimator: Any = None,
        *,
        cv: Any = 5,
        calibrate: bool = True,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        super().__init__(
            estimator, cv=cv, n_jobs=n_jobs, random_state=random_state, verbose=verbose
        )
        self.calibrate = calibrate

    def _check_targets(self, y: Any) -> np.ndarray:
        """Classes or labels."""
        y, self._multilabel = as_labels(y)
        self.classes_ = np.arange(y.shape[1]) if self._multilabel else np.unique(y)
        return y

    def _judge(self, X: Any, y: Any, sample_weight: Any, folds: list[Fold]) -> None:
        """Fit the temperature; predict the rows left out, and say how well that went."""
        self.temperature_ = 1.0
        if self.calibrate:
            self._calibrate(X, y, sample_weight, folds)
        left_out = [
            self._aligned(member, member.predict_proba(safe_indexing(X, rows)))
            if len(rows)
            else self._nothing()
            for member, (_, rows) in zip(self.members_, folds, strict=True)
        ]
        p = self.oof_decision_function_ = average_of_left_out(left_out, folds, len(y))
        known = np.isfinite(p).all(axis=1)
        self.oof_score_ = float("nan")
        if known.any():
            weight = None if sample_weight is None else sample_weight[known]
            self.oof_score_ = float(
                accuracy_score(y[known], self._decide(p[known]), sample_weight=weight)
            )

    def _class_counts(self, y: Any) -> np.ndarray | None:
        """Rows of each class; labels aren't stratified."""
        return None if self._multilabel else np.unique(y, return_counts=True)[1]

    def _nothing(self) -> np.ndarray:
        """Predictions for no rows."""
        return np.empty((0, len(self.classes_)))

    def _aligned(self, member: BackpropClassifier, values: np.ndarray, fill: float = 0.0) -> Any:
        """A member's columns, with `fill` for classes that weren't among its rows."""
        if self._multilabel or len(member.classes_) == len(self.classes_):
            return values
        aligned = np.full((len(values), len(self.classes_)), fill, values.dtype)
        aligned[:, np.searchsorted(self.classes_, member.classes_)] = values
        return aligned

    def _calibrate(self, X: Any, y: Any, sample_weight: Any, folds: list[Fold]) -> None:
        """Fit one temperature on all rows left out, and divide the members' scores by it."""
        parts = []
        for member, (_, rows) in zip(self.members_, folds, strict=True):
            is_linked = network_of(member).out_activation_ == "softmax" or self._multilabel
            if not is_linked and len(member.classes_) > 2:
                return  # probabilities that aren't a softmax of scores
            if not len(rows):
                return
            Z = member.decision_function(safe_indexing(X, rows))
            if Z.ndim == 1:  # the score of the second of two classes, or of a single one
                Z = np.stack([np.zeros_like(Z), Z], axis=1)[:, -len(member.classes_) :]
            weight = np.ones(len(rows)) if sample_weight is None else sample_weight[rows]
            parts.append((self._aligned(member, Z, -np.inf), y[rows], weight))
        Z, y, weight = (np.concatenate(part) for part in zip(*parts, strict=True))
        if self._multilabel:
            self.temperature_ = temperature_of(lambda t: log_expit(np.where(y, Z, -Z) / t), weight)
        else:
            true = np.searchsorted(self.classes_, y)
            known = np.isfinite(Z[np.arange(len(Z)), true])
            Z, true, weight = Z[known], true[known, None], weight[known]
            self.temperature_ = temperature_of(
                lambda t: np.take_along_axis(log_softmax(Z / t, axis=1), true, axis=1), weight
            )
        for network in map(network_of, self.members_):
            network.coefs_[-1] = network.coefs_[-1] / self.temperature_
            network.intercepts_[-1] = network.intercepts_[-1] / self.temperature_

    def _probabilities(self, X: Any) -> np.ndarray:
        """Probabilities of every member, of shape (n_members, n_samples, n_classes)."""
        X = self._checked(X)
        return np.stack([self._aligned(m, m.predict_proba(X)) for m in self.members_])

    def _decide(self, p: np.ndarray) -> np.ndarray:
        """Classes, or 0 and 1 for each label."""
        return (p > 0.5).astype(int) if self._multilabel else self.classes_[p.argmax(axis=1)]

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable classes, or the labels more likely than not.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples as rows.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            Predictions.
        """
        return self._decide(self.predict_proba(X))

    def predict_proba(self, X: Any, return_std: bool = False) -> Any:
        """Return the mean of the members' probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples as rows.

        return_std : bool, default=False
            Whether to return the members' spread as well. Where they disagree, errors are more
            frequent.

        Returns
        -------
        p : ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.

        std : ndarray of shape (n_samples, n_classes)
            Standard deviation over the members. Only with `return_std`.
        """
        p = self._probabilities(X)
        return (p.mean(axis=0), p.std(axis=0)) if return_std else p.mean(axis=0)

    def onnx(self, graph: Graph, X: Any, nocl: bool = False) -> dict[str, Output]:
        """Write `predict` and `predict_proba` down in ONNX operators.

        Parameters
        ----------
        graph : Graph
            Gets the operators.

        X : Value or list of Value
            Samples as rows, or the columns of a table.

        nocl : bool, default=False
            Whether the label is the index of the class.

        Returns
        -------
        outputs : dict of str to Output
            "label" and "probabilities".
        """
        p = self._mean_onnx(graph, X, self._aligned_onnx)
        n = len(self.classes_)
        if self._multilabel:
            label = Output(graph.cast(p > 0.5, np.int64), np.dtype(np.int64), (n,))
        else:
            label = most_likely(graph, p, self.classes_, nocl)
        return {"label": label, "probabilities": Output(p, graph.dtype, (n,))}

    def _aligned_onnx(self, member: BackpropClassifier, outputs: dict[str, Output]) -> Value:
        """A member's probabilities, with zeros for classes that weren't among its rows."""
        p, n = outputs["probabilities"].value, len(self.classes_)
        if self._multilabel or len(member.classes_) == n:
            return p
        return p @ np.eye(n)[np.searchsorted(self.classes_, member.classes_)]

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Return the logarithm of the mean probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples as rows.

        Returns
        -------
        log_p : ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        with np.errstate(divide="ignore"):  # a class that no member has met
            return np.log(self.predict_proba(X))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


def temperature_of(log_likelihood: Any, weight: np.ndarray) -> float:
    """The temperature t that maximises the weighted mean of log_likelihood(t)."""

    def loss(log_t: float) -> float:
        return -float(np.sum(weight @ log_likelihood(np.exp(log_t))))

    if not weight.any():
        return 1.0
    return float(np.exp(minimize_scalar(loss, bounds=LOG_TEMPERATURES, method="bounded").x))
