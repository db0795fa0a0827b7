"""`BackpropClassifier`: class labels in, probabilities out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.metaestimators import available_if

from skbackprop.estimators.base import BaseBackprop, is_stochastic
from skbackprop.estimators.compat import StrOptions
from skbackprop.estimators.documented import documented
from skbackprop.estimators.fitted import scores
from skbackprop.estimators.labels import Labels, check_classes
from skbackprop.estimators.parameters import parameter
from skbackprop.estimators.samples import FitArguments


@documented(
    default_loss='"log_loss"',
    more_about_loss="An object can have parameters, as in ``CrossEntropy(label_smoothing=0.1)``.",
    score="the accuracy",
    stratified="The latter keeps the proportions of a binary target; of several classes it may "
    "miss a rare one.",
    out_activation='"softmax" or "logistic"',
)
@dataclass(eq=False, repr=False)
class BackpropClassifier(ClassifierMixin, BaseBackprop):
    """Multi-layer perceptron classifier, trained by hand-written backpropagation.

    A drop-in for :class:`sklearn.neural_network.MLPClassifier`: it takes the same parameters, has
    the same attributes and, given the same seed, gives the same numbers, up to rounding. The other
    parameters are additions.

    Parameters
    ----------
    {parameters}

    {loss}

    class_weight : dict, "balanced", list of dict or None, default=None
        Non-negative weight of each class, multiplied by `sample_weight`. "balanced" is
        ``n_samples / (n_classes * count of the class)``, with samples counted by their
        `sample_weight`. For multilabel targets, a list with one dict for each label; a sample's
        weight is the product over its labels. None weighs all classes equally.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels, sorted; for multilabel targets the indices of the labels.

    {attributes}

    See Also
    --------
    sklearn.neural_network.MLPClassifier : The estimator with the same interface.
    skbackprop.inspection.check_gradients : Compare the gradients with finite differences.
    skbackprop.inspection.trace_backprop : Every intermediate of one forward and backward pass.

    Notes
    -----
    The loss is computed from the output scores. MLPClassifier computes it from probabilities
    clipped to the dtype's epsilon, so its `loss_curve_` is lower where a sample is wrong by more
    than about 36 nats in float64 (16 in float32). The gradients are the same.

    Other deliberate differences:

    - MLPClassifier ignores `learning_rate` unless ``solver="sgd"``. Here every solver but "lbfgs"
      follows it.
    - With ``hidden_layer_sizes=()`` MLPClassifier starts from random weights, and may be far from
      the minimum after `max_iter` epochs.
    - After a warm start with `early_stopping` MLPClassifier can end with weights that aren't
      those of the best epoch.
    - MLPClassifier ignores optimizer parameters that are changed between calls of `partial_fit`.
      Here they take effect.
    - MLPClassifier's probabilities may be exactly 0 or 1.

    References
    ----------
    D. E. Rumelhart, G. E. Hinton, R. J. Williams (1986). Learning representations by
    back-propagating errors. Nature 323, 533-536.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = BackpropClassifier(hidden_layer_sizes=(8,), solver="lbfgs", random_state=0)
    >>> clf.fit(X, y).score(X, y) > 0.95
    True
    """

    loss: Any = parameter("log_loss", kw_only=True)
    class_weight: Any = parameter(None, dict, list, StrOptions({"balanced"}), None, kw_only=True)

    _target_class = Labels

    def initialize(
        self,
        n_features: int,
        classes: Any,
        *,
        multilabel: bool = False,
        dtype: Any = np.float64,
    ) -> Self:
        """Draw the initial weights, without any data.

        The network can then predict; `partial_fit` trains it, and so does `fit` with `warm_start`.
        With an integer `random_state` the weights are those that `fit` would start from.

        Parameters
        ----------
        n_features : int
            Columns of X.

        classes : array-like of shape (n_classes,)
            Class labels, or the indices of the labels.

        multilabel : bool, default=False
            Whether a sample may have several labels.

        dtype : {np.float64, np.float32}, default=np.float64
            Type of the weights.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        ValueError
            If a parameter is not allowed. The estimator is left unchanged.
        """
        return self._initialize(Labels.named(check_classes(classes), multilabel), n_features, dtype)

    @available_if(is_stochastic)
    def partial_fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        classes: Any = None,
        *,
        coefs_init: Any = None,
        intercepts_init: Any = None,
    ) -> Self:
        """Train for one epoch on X and y, from where the last call ended.

        Ctrl-C raises KeyboardInterrupt, unlike in `fit`, and leaves the weights as they are then.
        Optimizer state, learning rate and weights are kept from call to call. Available only with
        stochastic solvers.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples as rows. Later calls convert them to the dtype of the first.

        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Class labels, or an indicator matrix of labels.

        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample in the loss.

        classes : array-like of shape (n_classes,), default=None
            All classes that will occur in any call. Required in the first call.

        coefs_init, intercepts_init : list of ndarray, default=None
            Initial weights and intercepts, as in `fit`. Only in the first call.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        ValueError
            As `fit` does, and if y has classes that are not in `classes_`. The estimator is left
            unchanged.
        """
        given = FitArguments(
            sample_weight,
            coefs_init=coefs_init,
            intercepts_init=intercepts_init,
            classes=classes,
            incremental=True,
        )
        return self._fit(X, y, given)

    def predict(self, X: Any) -> Any:
        """Most probable class of each sample, or the labels that are more likely than not.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples as rows.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            Class labels; for multilabel targets 0 and 1, as CSR if `fit` was given a sparse y.
        """
        Z = scores(self, X)
        return self._targets.predict(Z, self._network.architecture.loss)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probability of each class, or of each label.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples as rows.

        Returns
        -------
        p : ndarray of shape (n_samples, n_classes)
            In the order of `classes_`; rows add up to 1 unless the target is multilabel. Never
            exactly 0 or 1 with two or more classes: probabilities too small for the dtype become
            subnormal numbers, in the right order.
        """
        Z = scores(self, X)
        return self._targets.proba(Z, self._network.architecture.loss)

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Logarithm of the probabilities, computed from the scores.

        Accurate even where the probability itself underflows. For multilabel targets, a
        probability above 1/2 gives the logarithm of what `predict_proba` returns, so that labels
        rank the same in both.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples as rows.

        Returns
        -------
        log_p : ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        Z = scores(self, X)
        return self._targets.log_proba(Z, self._network.architecture.loss)

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the scores Z of the output units, before the output activation.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples as rows.

        Returns
        -------
        Z : ndarray of shape (n_samples,) for two classes, else (n_samples, n_classes)
            With two classes, positive scores mean ``classes_[1]``.
        """
        Z = scores(self, X)
        return Z[:, 0] if self._targets.kind == "binary" else Z

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
