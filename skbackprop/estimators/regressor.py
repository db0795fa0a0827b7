"""`BackpropRegressor`: numbers in, numbers out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.metaestimators import available_if

from skbackprop.estimators.base import BaseBackprop, is_stochastic
from skbackprop.estimators.documented import documented
from skbackprop.estimators.fitted import scores
from skbackprop.estimators.numbers import Numbers
from skbackprop.estimators.parameters import parameter
from skbackprop.estimators.samples import FitArguments
from skbackprop.losses import REGRESSION_LOSSES, Loss


@dataclass(eq=False, repr=False)
class LossFirst:
    """Puts `loss` first, as in MLPRegressor: a dataclass begins with the fields of its last base.

    This sets only the position; BackpropRegressor defines the parameter.
    """

    loss: Any = parameter("squared_error")


ABOUT_LOSS = """\
An object can have
    parameters, as in ``Quantile(q=0.9)``. The losses of several outputs are summed. Only the value
    of "squared_error" is their mean, while its gradient is that of the sum, as in MLPRegressor."""


@documented(
    default_loss='"squared_error"',
    more_about_loss=ABOUT_LOSS,
    score="R squared, :func:`sklearn.metrics.r2_score`",
    stratified="The latter draws at random.",
    out_activation='"identity", or "exp" for "poisson"',
)
@dataclass(eq=False, repr=False)
class BackpropRegressor(RegressorMixin, BaseBackprop, LossFirst):
    """Multi-layer perceptron regressor, trained by hand-written backpropagation.

    A drop-in for :class:`sklearn.neural_network.MLPRegressor`: it takes the same parameters, has
    the same attributes and, given the same seed, gives the same numbers, up to rounding. The other
    parameters are additions.

    Parameters
    ----------
    {loss}

    {parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    BackpropClassifier : The same for classes and labels.
    sklearn.neural_network.MLPRegressor : The estimator with the same interface.
    skbackprop.inspection.check_gradients : Compare the gradients with finite differences.
    skbackprop.inspection.trace_backprop : Every intermediate of one forward and backward pass.

    Notes
    -----
    Some numbers differ from MLPRegressor's on purpose. See the notes of
    :class:`BackpropClassifier` on `learning_rate`, ``hidden_layer_sizes=()``, warm starts and
    `partial_fit`: the same holds here.

    With several outputs and ``"squared_error"``, "lbfgs" gets a mean but the gradient of a sum, so
    it may stop a little before the minimum, as MLPRegressor's does. With the other losses it gets
    a sum and the gradient of that sum.

    y is not scaled. If it is far from mean 0 and variance 1, scale it, for instance with
    :class:`sklearn.compose.TransformedTargetRegressor`: the optimizer's steps, `tol` and the
    `delta` of Huber's loss don't adapt to the unit of y. See :doc:`/guide/regression`.

    References
    ----------
    C. M. Bishop (2006). Pattern Recognition and Machine Learning, chapter 5. Springer.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skbackprop import BackpropRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> reg = BackpropRegressor(hidden_layer_sizes=(5,), solver="lbfgs", max_iter=500, alpha=1.0,
    ...                         random_state=0)
    >>> reg.fit(X, y).score(X, y) > 0.5
    True
    """

    loss: Any = parameter("squared_error")

    _losses: ClassVar[Mapping[str, type[Loss]]] = REGRESSION_LOSSES
    _target_class = Numbers

    @available_if(is_stochastic)
    def partial_fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
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

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.

        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample in the loss.

        coefs_init, intercepts_init : list of ndarray, default=None
            Initial weights and intercepts, as in `fit`. Only in the first call.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        ValueError
            As `fit` does, and if y has a different number of outputs than before. The estimator is
            left unchanged.
        """
        given = FitArguments(
            sample_weight,
            coefs_init=coefs_init,
            intercepts_init=intercepts_init,
            incremental=True,
        )
        return self._fit(X, y, given)

    def initialize(self, n_features: int, n_outputs: int = 1, *, dtype: Any = np.float64) -> Self:
        """Draw the initial weights, without any data.

        The network can then predict; `partial_fit` trains it, and so does `fit` with `warm_start`.
        With an integer `random_state` the weights are those that `fit` would start from.

        Parameters
        ----------
        n_features : int
            Columns of X.

        n_outputs : int, default=1
            Numbers to predict for each sample.

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
        if not isinstance(n_outputs, Integral) or n_outputs is True or n_outputs < 1:
            raise ValueError(f"n_outputs must be an integer > 0, got {n_outputs!r}.")
        return self._initialize(Numbers(int(n_outputs)), n_features, dtype)

    def predict(self, X: Any) -> np.ndarray:
        """Predicted numbers: the values of the output units.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples as rows.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            In the dtype of the weights.
        """
        Z = scores(self, X)
        return self._targets.predict(Z, self._network.architecture.loss)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        option = self._losses.get(self.loss) if isinstance(self.loss, str) else self.loss
        tags.target_tags.positive_only = getattr(option, "positive_only", False)
        return tags
