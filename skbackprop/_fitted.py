"""What a fitted estimator can be asked: its weights, and scores for new samples."""

from __future__ import annotations

from math import isfinite, nan
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from skbackprop._validation import Views
from skbackprop.network import Network
from skbackprop.training import Progress

ATTRIBUTES = """\
loss_ : float
    Mean loss over the last epoch, penalty included; NaN if no epoch was completed.

best_loss_ : float or None
    Lowest training loss of an epoch. None with `early_stopping`, and after `initialize`.

loss_curve_ : list of float
    Loss of every epoch, or of every iteration of "lbfgs".

history_ : dict of list of float
    One entry for each epoch, or iteration of "lbfgs": ``loss``, its parts ``data_loss`` and
    ``penalty``, ``validation_loss`` (without penalty) and ``validation_score`` where there are
    validation samples, ``learning_rate`` of the last step, ``gradient_norm`` of the first
    batch, and ``seconds`` of training. What isn't there is NaN. ``pandas.DataFrame`` takes it.

validation_scores_ : list of float or None
    Score on the validation samples after every epoch. None without `early_stopping`.

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
    Epochs, or iterations of "lbfgs", in the last call; with ``warm_start="exact"`` in all the
    calls that make up one training.

n_layers_ : int
    Layers, input and output included.

n_outputs_ : int
    Output units.

out_activation_ : str
    {out_activation}.
"""


def coef_views(network: Network, name: str) -> Views:
    """All W of a network, under a name for errors."""
    return Views(network.arrays("W"), name)


def intercept_views(network: Network, name: str) -> Views:
    """All b of a network, under a name for errors."""
    return Views(network.arrays("b"), name)


class FittedNetwork(BaseEstimator):
    """The part of an estimator that reads its network, which `fit` leaves in `_network`."""

    _network: Network

    @property
    def coefs_(self) -> Views:
        """Weights, the i-th array of shape (units in layer i, units in layer i + 1).

        Views of the network's parameters: writing into them changes the network. What is
        assigned, one array or the whole list, is checked and copied into the views. To put
        earlier values back, keep copies of the arrays.
        """
        check_is_fitted(self)
        return coef_views(self._network, "coefs_")

    @coefs_.setter
    def coefs_(self, arrays: Any) -> None:
        self.coefs_.assign(arrays)

    @property
    def intercepts_(self) -> Views:
        """Intercepts, the i-th array of shape (units in layer i + 1,); views like `coefs_`."""
        check_is_fitted(self)
        return intercept_views(self._network, "intercepts_")

    @intercepts_.setter
    def intercepts_(self, arrays: Any) -> None:
        self.intercepts_.assign(arrays)

    def _scores(self, X: Any) -> np.ndarray:
        """Z of the output layer, of shape (n_samples, n_outputs), for X as a user gives it."""
        if not self._is_plain(X):
            check_is_fitted(self)
            X = validate_data(
                self,
                X,
                accept_sparse=["csr", "csc"],
                dtype=self._network.theta.dtype,
                reset=False,
            )
        return self._network.scores(X)

    def _is_plain(self, X: Any) -> bool:
        """True for finite arrays just as the network takes them: there is nothing to validate.

        A single row is then predicted several times faster.
        """
        network = getattr(self, "_network", None)
        if (
            network is None
            or type(X) is not np.ndarray
            or X.dtype != network.theta.dtype
            or X.ndim != 2
            or X.shape[1] != network.architecture.units[0]
            or len(X) == 0
            or hasattr(self, "feature_names_in_")
        ):
            return False
        with np.errstate(over="ignore", invalid="ignore"):
            return isfinite(np.add.reduce(X, axis=None))

    def _set_fitted(self, network: Network, progress: Progress, going_on: bool) -> None:
        """Set the fitted attributes, once nothing can fail any more."""
        self._network, self._progress = network, progress
        architecture, history = network.architecture, progress.history
        self.n_layers_, self.n_outputs_ = len(architecture.units), architecture.units[-1]
        self.out_activation_ = architecture.loss.link_name
        self.n_iter_, self.t_, self.loss_ = progress.n_iter, progress.t, progress.loss
        self.best_loss_: float | None = None
        self.best_validation_score_: float | None = None
        if not going_on:
            self.history_: dict[str, list[float]] = {name: [] for name in history}
            self.validation_scores_: list[float] | None = None
        self.history_ = {name: self.history_[name] + history[name] for name in history}
        progress.rows = []  # history_ has them
        self.loss_curve_ = list(self.history_["loss"])
        if progress.monitored[0] == "validation_score":
            scores = history["validation_score"]
            self.validation_scores_ = [*(self.validation_scores_ or []), *scores]
            self.best_validation_score_ = -progress.best if isfinite(progress.best) else nan
        else:
            self.validation_scores_, self.best_loss_ = None, progress.best
