"""`BackpropRegressor`: numbers in, numbers out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
from scipy.sparse import issparse
from sklearn.base import RegressorMixin
from sklearn.utils import column_or_1d

from skbackprop._base import BaseBackprop
from skbackprop._data import Held
from skbackprop._parameters import _parameter, estimator
from skbackprop._setup import FitCall
from skbackprop.losses import REGRESSION_LOSSES, Loss


def check_numbers(y: Any) -> np.ndarray:
    """Return y as real numbers of shape (n,) or (n, n_outputs); one column becomes flat."""
    if issparse(y):
        raise ValueError(f"y must be a dense array, got {type(y).__name__}. Call y.toarray().")
    if y.dtype.kind == "O":
        try:
            y = y.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(f"y must hold numbers only, but {error}.") from error
    if y.dtype.kind not in "biuf":
        raise ValueError(
            f"y must hold numbers, got {y.dtype}. BackpropClassifier takes class labels."
        )
    if y.ndim == 2 and y.shape[1] == 1:
        y = column_or_1d(y, warn=True)
    return y


@dataclass(frozen=True)
class Numbers:
    """The targets of a fitted regressor.

    Parameters
    ----------
    n_outputs : int
        Numbers per sample; for one of them y is flat.
    """

    n_outputs: int
    kind: ClassVar[str] = "regression"

    @classmethod
    def of(cls, y: np.ndarray) -> Self:
        """Take the number of outputs from a checked y."""
        return cls(1 if y.ndim == 1 else y.shape[1])

    def check(self, y: np.ndarray) -> None:
        """Raise if y has another number of outputs."""
        if (got := Numbers.of(y).n_outputs) != self.n_outputs:
            raise ValueError(
                f"y must have {self.n_outputs} output(s) per sample, as the network has; got {got}."
            )

    def encode(self, y: np.ndarray, dtype: np.dtype, as_index: bool) -> np.ndarray:
        """Y of shape (n, n_outputs); there are no indices here."""
        with np.errstate(over="ignore"):
            Y = y.reshape(len(y), -1).astype(dtype)
        if not np.all(np.isfinite(Y)):
            raise ValueError(
                f"y must hold finite numbers of {np.dtype(dtype)}, the type of X; got NaN, inf or"
                " numbers beyond its range."
            )
        return Y

    def decode(self, A: np.ndarray) -> np.ndarray:
        """Predictions shaped as y was."""
        return A[:, 0] if self.n_outputs == 1 else A


@dataclass(eq=False, repr=False)
class LossFirst:
    """Puts `loss` where MLPRegressor has it: a dataclass begins with the fields of its last base.

    Only its place; BackpropRegressor says what it takes.
    """

    loss: Any = _parameter("squared_error")


ABOUT_LOSS = """\
"squared_error" is ``1/2 * (y - a)**2``. "absolute_error", ``abs(y - a)``, is for medians, and
    ``Quantile(q=0.9)`` for other quantiles. ``Huber(delta=1.0)`` is the square of errors up to
    `delta`, and beyond it grows like their absolute value. "poisson", half the Poisson deviance, is
    for counts: the output units are exponential, and y must not be negative. Several outputs add
    up, but for "squared_error": there the mean is reported and the sum followed, as MLPRegressor
    does."""


@estimator(
    default_loss='"squared_error"',
    about_loss=ABOUT_LOSS,
    score="R squared, :func:`sklearn.metrics.r2_score`",
    stratified="The split is random.",
    out_activation='"identity", or "exp" for "poisson"',
)
class BackpropRegressor(RegressorMixin, BaseBackprop, LossFirst):
    """Multi-layer perceptron regressor, trained by hand-written backpropagation.

    A drop-in for :class:`sklearn.neural_network.MLPRegressor`: the parameters that both have
    mean the same, and equal seeds give equal networks, up to rounding.

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
    sklearn.neural_network.MLPRegressor : The estimator whose interface this one has.
    skbackprop.inspection.check_gradients : Compare the gradients with finite differences.
    skbackprop.inspection.trace_backprop : Every intermediate of one forward and backward pass.

    Notes
    -----
    The numbers differ from MLPRegressor's on purpose where those of :class:`BackpropClassifier`
    differ from MLPClassifier's: see there what is said of `learning_rate`, of
    ``hidden_layer_sizes=()``, and of going on by a warm start or `partial_fit`.

    With several outputs and ``"squared_error"``, "lbfgs" gets a mean and the gradient of a sum, so
    that it may stop a little before the minimum, as MLPRegressor's does. The other losses give it
    a sum and its gradient.

    The errors are those of y as it is. Scale y where its numbers are far from 1: the steps of the
    optimizer, `tol` and the `delta` of Huber's loss don't know its unit.
    :class:`sklearn.compose.TransformedTargetRegressor` does that.

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

    loss: Any = _parameter("squared_error")

    _losses: ClassVar[Mapping[str, type[Loss]]] = REGRESSION_LOSSES

    def initialize(self, n_features: int, n_outputs: int = 1, *, dtype: Any = np.float64) -> Self:
        """Draw the first weights, without any data.

        The network then predicts; `partial_fit` trains it, and so does `fit` with `warm_start`.
        With an integer `random_state` the weights are those that `fit` would start from.

        Parameters
        ----------
        n_features : int
            Columns of X.

        n_outputs : int, default=1
            Numbers to predict for each sample.

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
        if not isinstance(n_outputs, Integral) or n_outputs is True or n_outputs < 1:
            raise ValueError(f"n_outputs must be an integer > 0, got {n_outputs!r}.")
        with self._unchanged_on_error():
            self._targets = Numbers(int(n_outputs))
            return self._initialize(n_features, dtype)

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
        return self._decode(self._scores(X))

    def _decode(self, Z: np.ndarray) -> np.ndarray:
        return self._targets.decode(self._network.architecture.loss.link(Z))

    def _check_targets(self, y: Any, call: FitCall) -> np.ndarray:
        if self._continues(call):
            return self._check_more_targets(y)
        y = check_numbers(y)
        self._targets = Numbers.of(y)
        return y

    def _check_more_targets(self, y: Any) -> np.ndarray:
        y = check_numbers(y)
        self._targets.check(y)
        return y

    def _stratify(self, Y: np.ndarray) -> None:
        """Numbers have no proportions to keep."""

    def _validation_score(self, Z: np.ndarray, held: Held) -> float:
        """R squared, its mean over the outputs; NaN where a prediction isn't finite."""
        from sklearn.metrics import r2_score  # slow to import, seldom needed

        predicted = self._decode(Z)
        if not np.all(np.isfinite(predicted)):
            return float("nan")
        return float(r2_score(held.y, predicted, sample_weight=held.sample_weight))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        option = self._losses.get(self.loss) if isinstance(self.loss, str) else self.loss
        tags.target_tags.positive_only = getattr(option, "positive_only", False)
        return tags
