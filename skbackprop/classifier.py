"""`BackpropClassifier`: class labels in, probabilities out."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.metaestimators import available_if

from skbackprop._base import BaseBackprop, FitCall
from skbackprop._labels import Labels, check_classes, check_labels
from skbackprop.optimizers import OPTIMIZERS


def _is_stochastic(estimator: BaseBackprop) -> bool:
    """True where `partial_fit` makes sense; the error says why it doesn't."""
    solver = estimator.solver
    option = OPTIMIZERS.get(solver) if isinstance(solver, str) else solver
    if getattr(option, "stochastic", False):
        return True
    raise AttributeError(
        f"partial_fit is only available for stochastic optimizers. {solver} is not stochastic."
    )


class BackpropClassifier(ClassifierMixin, BaseBackprop):
    """Multi-layer perceptron classifier, trained by hand-written backpropagation.

    A drop-in for :class:`sklearn.neural_network.MLPClassifier`: the parameters that both have
    mean the same, and equal seeds give equal networks, up to rounding.

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of int, default=(100,)
        Units of each hidden layer. ``()`` is softmax or logistic regression; by default it
        starts from zero, as there is no symmetry to break.

    activation : {"identity", "logistic", "tanh", "relu"} or Activation, default="relu"
        Function of the hidden units, see :mod:`skbackprop.activations`.

    solver : {"adam", "sgd", "lbfgs"} or Solver, default="adam"
        How the loss is minimised, see :mod:`skbackprop.optimizers`. An object such as
        ``SGD(momentum=0.8)`` brings its own hyperparameters; a string takes them from
        `momentum`, `nesterovs_momentum`, `beta_1`, `beta_2`, `epsilon` and `max_fun`.

    alpha : float, default=0.0001
        Strength of the L2 penalty ``alpha / 2 * sum(W**2)``. Like the data loss it is divided by
        the batch's total weight, which is its number of samples where there are no weights.

    batch_size : int or "auto", default="auto"
        Samples per minibatch. "auto" is ``min(200, n_samples)``. "lbfgs" uses all samples.

    learning_rate : {"constant", "invscaling", "adaptive"} or Schedule, default="constant"
        How the rate changes, see :mod:`skbackprop.schedules`. Only used by "sgd".

    learning_rate_init : float, default=0.001
        First learning rate. Not used by "lbfgs".

    power_t : float, default=0.5
        Exponent of "invscaling".

    max_iter : int, default=200
        At most this many epochs, or iterations of "lbfgs".

    shuffle : bool, default=True
        Reorder the samples before each epoch.

    random_state : int, RandomState instance or None, default=None
        Source of the first weights, the validation split and the order of the samples.

    tol : float, default=1e-4
        An epoch improves on the best if the loss is lower, or the validation score higher, by
        `tol`. "lbfgs" ends when no entry of the gradient is larger.

    verbose : bool or int, default=False
        Print the loss after each epoch.

    warm_start : bool, default=False
        `fit` goes on from the fitted weights, with a new optimizer state. The classes and the
        layers must stay the same.

    momentum : float, default=0.9
        Momentum of "sgd", in [0, 1].

    nesterovs_momentum : bool, default=True
        Nesterov's momentum for "sgd".

    early_stopping : bool, default=False
        Set `validation_fraction` of the samples aside, stop when the accuracy on them no longer
        improves, and keep the weights of the best epoch. The split keeps the proportions of a
        binary target. Not used by "lbfgs".

    validation_fraction : float, default=0.1
        Share of the samples set aside by `early_stopping`, in [0, 1).

    beta_1, beta_2 : float, default=0.9 and 0.999
        Decay rates of "adam", in [0, 1).

    epsilon : float, default=1e-8
        Keeps the division in "adam" finite.

    n_iter_no_change : int or inf, default=10
        Training ends, or the "adaptive" rate falls, when more than this many epochs in a row
        don't improve.

    max_fun : int, default=15000
        At most this many evaluations of the loss by "lbfgs".

    loss : {"log_loss", "cross_entropy", "focal", "squared_error"} or Loss, default="log_loss"
        "log_loss" is cross-entropy: on softmax units for more than two classes, on logistic
        units otherwise. "cross_entropy" is the same; ``CrossEntropy(label_smoothing=0.1)`` smooths
        the labels. "focal", on these units too, is ``-(1 - p)**2 * log(p)``, p being the
        probability of the true class. "squared_error" is ``1/2 * sum((y - a)**2)`` per sample, on
        logistic units: one for two classes, else one per class or label. See
        :mod:`skbackprop.losses`.

    weight_init : {"glorot_uniform", "glorot_normal", "he_uniform", "he_normal", \
            "lecun_normal", "normal"} or Initializer, default="glorot_uniform"
        How the first weights are drawn, see :mod:`skbackprop.initializers`. The intercepts start
        at zero, except that "glorot_uniform" draws them too, as MLPClassifier does.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels, sorted; for multilabel targets the indices of the labels.

    loss_ : float
        Mean loss over the last epoch, penalty included; NaN if no epoch was completed.

    best_loss_ : float or None
        Lowest loss of an epoch. None with `early_stopping`.

    loss_curve_ : list of float
        Loss of every epoch, or of every iteration of "lbfgs".

    validation_scores_ : list of float or None
        Accuracy on the validation samples after every epoch. None without `early_stopping`.

    best_validation_score_ : float or None
        Highest of them. None without `early_stopping`.

    t_ : int
        Samples that the solver has trained on, all epochs together; 0 with "lbfgs".

    coefs_ : list of ndarray
        W of each layer, of shape (units in layer i, units in layer i + 1).

    intercepts_ : list of ndarray
        b of each layer, of shape (units in layer i + 1,).

    n_features_in_ : int
        Features seen by `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where X had names that are all strings.

    n_iter_ : int
        Epochs, or iterations of "lbfgs", in the last call.

    n_layers_ : int
        Layers, input and output included.

    n_outputs_ : int
        Output units.

    out_activation_ : str
        "softmax" or "logistic".

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

    classes_: np.ndarray

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: Any = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: Any = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        loss: Any = "log_loss",
        weight_init: Any = "glorot_uniform",
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.loss = loss
        self.weight_init = weight_init

    @available_if(_is_stochastic)
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
        call = FitCall(sample_weight, coefs_init, intercepts_init, classes, incremental=True)
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
        y, multilabel = check_labels(y)
        if self._continues(call):
            if call.classes is not None and not np.array_equal(
                self.classes_, check_classes(call.classes)
            ):
                raise ValueError(
                    f"`classes={call.classes!r}` is not the same as on last call to partial_fit,"
                    f" was: {self.classes_!r}"
                )
            self._targets.check(y, multilabel, all_of_them=not call.incremental)
        elif call.incremental and call.classes is None:
            raise ValueError("classes must be passed on the first call to partial_fit.")
        else:
            self._targets = Labels.of(y, multilabel, call.classes)
            self.classes_ = self._targets.classes
        return y

    def _stratify(self, Y: np.ndarray) -> np.ndarray | None:
        """The two classes; MLPClassifier doesn't stratify more of them."""
        return Y.astype(bool) if self._targets.kind == "binary" else None

    def _validation_score(self, Z: np.ndarray, Y: np.ndarray, weight: Any) -> float:
        """Accuracy; for multilabel targets a sample counts if all of its labels are right."""
        from sklearn.metrics import accuracy_score  # slow to import, seldom needed

        if self._targets.kind == "multiclass":
            true = Y if Y.ndim == 1 else Y.argmax(axis=1)
        else:
            true = Y.astype(int) if self._targets.kind == "multilabel" else Y[:, 0].astype(int)
        return float(accuracy_score(true, self._targets.decide(Z), sample_weight=weight))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
