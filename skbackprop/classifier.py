"""`BackpropClassifier`: class labels in, probabilities out."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.metaestimators import available_if

from skbackprop import _compat
from skbackprop._base import BaseBackprop, is_stochastic
from skbackprop._data import Held
from skbackprop._labels import Labels, check_classes, check_labels
from skbackprop._parameters import _parameter, estimator
from skbackprop._setup import FitCall

ABOUT_LOSS = """\
"log_loss" is cross-entropy: on softmax units for more than two classes, on logistic units
    otherwise. "cross_entropy" is the same; ``CrossEntropy(label_smoothing=0.1)`` smooths the
    labels. "focal", on these units too, is ``-(1 - p)**2 * log(p)``, p being the probability of the
    true class. "squared_error" is ``1/2 * sum((y - a)**2)`` per sample, on logistic units: one for
    two classes, else one per class or label."""


@estimator(
    default_loss='"log_loss"',
    about_loss=ABOUT_LOSS,
    score="the accuracy",
    stratified="The split keeps the proportions of a binary target.",
    out_activation='"softmax" or "logistic"',
)
class BackpropClassifier(ClassifierMixin, BaseBackprop):
    """Multi-layer perceptron classifier, trained by hand-written backpropagation.

    A drop-in for :class:`sklearn.neural_network.MLPClassifier`: the parameters that both have
    mean the same, and equal seeds give equal networks, up to rounding.

    Parameters
    ----------
    {parameters}

    {loss}

    class_weight : dict, "balanced", list of dict or None, default=None
        Weight of each class, not negative, multiplied with `sample_weight`. "balanced" is
        ``n_samples / (n_classes * count of the class)``, where a sample counts as often as its
        `sample_weight` says. For multilabel targets a list with one dict for each label, whose
        weights are multiplied. None weighs all classes alike.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels, sorted; for multilabel targets the indices of the labels.

    {attributes}

    See Also
    --------
    sklearn.neural_network.MLPClassifier : The estimator whose interface this one has.
    skbackprop.inspection.check_gradients : Compare the gradients with finite differences.
    skbackprop.inspection.trace_backprop : Every intermediate of one forward and backward pass.

    Notes
    -----
    The loss is computed from the output scores. MLPClassifier computes it from probabilities
    clipped to the dtype's epsilon, so its `loss_curve_` is lower where a sample is wrong by more
    than about 36 nats in float64 (16 in float32). The gradients are the same.

    Elsewhere the numbers differ from MLPClassifier's on purpose:

    - It ignores `learning_rate` unless ``solver="sgd"``. Here every solver but "lbfgs" follows it.
    - With ``hidden_layer_sizes=()`` it starts at random, and may be far from the minimum after
      `max_iter` epochs.
    - After a warm start with `early_stopping` it can end on weights that aren't those of the best
      epoch.
    - Between calls of `partial_fit` it ignores changed parameters of the optimizer. Here they
      take effect.
    - Its probabilities may be exactly 0 or 1.

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

    loss: Any = _parameter("log_loss", kw_only=True)
    class_weight: Any = _parameter(
        None, dict, list, _compat.StrOptions({"balanced"}), None, kw_only=True
    )

    def initialize(
        self,
        n_features: int,
        classes: Any,
        *,
        multilabel: bool = False,
        dtype: Any = np.float64,
    ) -> Self:
        """Draw the first weights, without any data.

        The network then predicts; `partial_fit` trains it, and so does `fit` with `warm_start`.
        With an integer `random_state` the weights are those that `fit` would start from.

        Parameters
        ----------
        n_features : int
            Columns of X.

        classes : array-like of shape (n_classes,)
            Class labels, or the indices of the labels.

        multilabel : bool, default=False
            Whether a sample may have several of the labels.

        dtype : {np.float64, np.float32}, default=np.float64
            Of the weights.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        ValueError
            If a parameter is not allowed. The estimator is then what it was before.
        """
        with self._unchanged_on_error():
            names = check_classes(classes)
            self._targets = Labels.named(names, multilabel)
            self.classes_ = names
            return self._initialize(n_features, dtype)

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

        Optimizer state, learning rate and weights are kept from call to call. Only there for
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
            All classes that any call will bring. Needed in the first call.

        coefs_init, intercepts_init : list of ndarray, default=None
            First weights and intercepts, as in `fit`. Only in the first call.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        ValueError
            As `fit` does, and if y has classes that are not in `classes_`. The estimator is then
            what it was before the call.
        """
        call = FitCall(
            sample_weight,
            coefs_init=coefs_init,
            intercepts_init=intercepts_init,
            classes=classes,
            incremental=True,
        )
        return self._fit(X, y, call)

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
        Z = self._scores(X)
        return self._targets.decode(self._targets.decide(Z))

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
            exactly 0 or 1 where there are two classes or more; probabilities too small for the
            dtype come out below its smallest normal number, in the right order.
        """
        Z = self._scores(X)
        return self._proba(self._targets.scores_per_class(Z))

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Logarithm of the probabilities, computed from the scores.

        Exact also where the probability itself underflows. For multilabel targets, logarithms of
        probabilities above 1/2 are those of what `predict_proba` returns, so that labels rank
        alike in both.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples as rows.

        Returns
        -------
        log_p : ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        Z = self._scores(X)
        Z = self._targets.scores_per_class(Z)
        log_p = self._network.architecture.loss.log_proba(Z)
        if self._targets.kind == "multilabel":
            # Labels rank as in predict_proba, ties of rounded probabilities included: that is what
            # scikit-learn's test_predict_proba_multilabel pins. Above 1/2 the logarithm of a
            # rounded probability is off by no more than the rounding.
            likely = Z > 0
            log_p[likely] = np.log(self._proba(Z)[likely])
        return log_p

    def decision_function(self, X: Any) -> np.ndarray:
        """Scores Z of the output units, before the output activation.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples as rows.

        Returns
        -------
        Z : ndarray of shape (n_samples,) for two classes, else (n_samples, n_classes)
            With two classes, positive scores mean ``classes_[1]``.
        """
        Z = self._scores(X)
        return Z[:, 0] if self._targets.kind == "binary" else Z

    def _proba(self, Z: np.ndarray) -> np.ndarray:
        """Probabilities inside (0, 1), as the exact ones are, ranked as their logarithms are."""
        loss = self._network.architecture.loss
        p = loss.proba(Z)
        if len(self.classes_) == 1:
            return p
        limits = np.finfo(p.dtype)
        small = p < limits.tiny
        if small.any():
            # Too small for a normal number: between 0 and the smallest one, in the right order.
            log_p = loss.log_proba(Z)[small]
            p[small] = limits.tiny / (1.0 + np.log(limits.tiny) - log_p)
        return np.minimum(p, 1.0 - limits.epsneg, out=p)

    def _check_targets(self, y: Any, call: FitCall) -> Any:
        if self._continues(call):
            if call.classes is not None and not np.array_equal(
                self.classes_, check_classes(call.classes)
            ):
                raise ValueError(
                    f"`classes={call.classes!r}` is not the same as on last call to partial_fit,"
                    f" was: {self.classes_!r}"
                )
            return self._check_more_targets(y, all_of_them=not call.incremental)
        y, multilabel = check_labels(y)
        if call.incremental and call.classes is None:
            raise ValueError("classes must be passed on the first call to partial_fit.")
        self._targets = Labels.of(y, multilabel, call.classes)
        self.classes_ = self._targets.classes
        return y

    def _stratify(self, Y: np.ndarray) -> np.ndarray | None:
        """The two classes; MLPClassifier doesn't stratify more of them."""
        return Y.astype(bool) if self._targets.kind == "binary" else None

    def _check_more_targets(self, y: Any, all_of_them: bool = False) -> Any:
        y, multilabel = check_labels(y)
        self._targets.check(y, multilabel, all_of_them)
        return y

    def _target_weights(self, y: Any, call: FitCall) -> np.ndarray | None:
        """The weight of each sample's class."""
        if self.class_weight is None:
            return None
        if call.incremental and self.class_weight == "balanced":
            raise ValueError(
                "class_weight='balanced' counts the classes of all samples, which partial_fit"
                " doesn't see. Give it the weights: class_weight="
                "dict(zip(classes, compute_class_weight('balanced', classes=classes, y=y)))."
            )
        return self._targets.weights(self.class_weight, y, (call.y, call.weight))

    def _validation_score(self, Z: np.ndarray, held: Held) -> float:
        """Accuracy; for multilabel targets a sample counts if all of its labels are right."""
        from sklearn.metrics import accuracy_score  # slow to import, seldom needed

        predicted = self._targets.decode(self._targets.decide(Z))
        return float(accuracy_score(held.y, predicted, sample_weight=held.sample_weight))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
