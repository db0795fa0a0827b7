"""What `fit` leaves behind: the network's weights by their public names, scores, attributes."""

from __future__ import annotations

from math import isfinite, nan
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted, validate_data

from skbackprop.estimators.checks import naming_what_is_no_number
from skbackprop.layers import ScaledDense
from skbackprop.network import Network
from skbackprop.training import Progress


class Views(list[np.ndarray]):
    """Views into a network's parameters. Assigning to one checks and copies.

    Parameters
    ----------
    arrays : list of ndarray
        The views.
    name : str
        Their name in error messages.
    """

    def __init__(self, arrays: list[np.ndarray], name: str) -> None:
        super().__init__(arrays)
        self.name = name

    def __setitem__(self, i: Any, array: Any) -> None:
        """Copy an array into the i-th view."""
        if isinstance(i, slice):
            Views(self[i], self.name).assign(array)
        else:
            np.copyto(self[i], _like(self[i], array, f"{self.name}[{i}]"))

    def assign(self, arrays: Any) -> None:
        """Copy arrays into all views, once all have been checked."""
        if isinstance(arrays, str) or not hasattr(arrays, "__len__") or len(arrays) != len(self):
            got = len(arrays) if hasattr(arrays, "__len__") else arrays
            raise ValueError(
                f"{self.name} must be a list of {len(self)} arrays, one per layer, got {got}."
            )
        checked = [
            _like(view, array, f"{self.name}[{i}]")
            for i, (array, view) in enumerate(zip(arrays, self, strict=True))
        ]
        for array, view in zip(checked, self, strict=True):
            np.copyto(view, array)


def _like(view: np.ndarray, array: Any, name: str) -> np.ndarray:
    """Return the array in the view's dtype; raise unless it is finite and has the view's shape."""
    try:
        array = np.asarray(array)
    except ValueError as error:
        raise ValueError(f"{name} must have shape {view.shape}, got {array!r}.") from error
    if array.shape != view.shape:
        raise ValueError(f"{name} must have shape {view.shape}, got {array.shape}.")
    real = array.dtype.kind in "biuf"
    with np.errstate(over="ignore"):
        converted = array.astype(view.dtype) if real else array
    if not real or not np.all(np.isfinite(converted)):
        raise ValueError(
            f"{name} must hold finite numbers of {view.dtype}, got NaN, inf or {array.dtype}."
        )
    return converted


def coef_views(network: Network, name: str) -> Views:
    """All W of a network; `name` is for error messages."""
    return Views(network.arrays("W"), name)


def intercept_views(network: Network, name: str) -> Views:
    """All b of a network; `name` is for error messages."""
    return Views(network.arrays("b"), name)


def scores(estimator: Any, X: Any) -> np.ndarray:
    """Z of the output layer, of shape (n_samples, n_outputs), for X as a user gives it."""
    checked = plain(estimator, X)
    if checked is None:
        check_is_fitted(estimator)
        with naming_what_is_no_number(X):
            checked = validate_data(
                estimator,
                X,
                accept_sparse=["csr", "csc"],
                dtype=estimator._network.theta.dtype,
                reset=False,
            )
    # OpenBLAS's sgemv computes with whatever is in a register, too. It drops the result, but NumPy
    # would warn of an invalid value.
    with np.errstate(invalid="ignore"):
        return estimator._network.scores(checked)


#: What `plain` casts to the network's dtype.
FLOATS = (np.dtype(np.float64), np.dtype(np.float32))


def plain(estimator: Any, X: Any) -> np.ndarray | None:
    """X for the network if it is a finite array of floats; None if it needs validation.

    This makes predicting a single row several times faster.
    """
    network: Network | None = getattr(estimator, "_network", None)
    if (
        network is None
        or type(X) is not np.ndarray
        or X.dtype not in FLOATS
        or X.ndim != 2
        or X.shape[1] != network.architecture.units[0]
        or len(X) == 0
        or hasattr(estimator, "feature_names_in_")
    ):
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        X = X.astype(network.theta.dtype, copy=False)
        return X if isfinite(np.add.reduce(X, axis=None)) else None


def show_weights(estimator: Any, network: Network) -> None:
    """Put `coefs_` and `intercepts_`, which are properties, among the attributes as well.

    Meta-estimators such as dask-ml's Incremental copy the fitted attributes that they find there.
    """
    vars(estimator)["coefs_"] = coef_views(network, "coefs_")
    vars(estimator)["intercepts_"] = intercept_views(network, "intercepts_")


def set_fitted(estimator: Any, network: Network, progress: Progress, goes_on: bool) -> None:
    """Set the fitted attributes, once nothing can fail any more.

    `goes_on` tells whether the history continues that of earlier calls.
    """
    e, architecture, history = estimator, network.architecture, progress.history
    e._network, e._progress = network, progress
    show_weights(e, network)
    e.n_layers_, e.n_outputs_ = len(architecture.units), architecture.units[-1]
    e.out_activation_ = architecture.loss.link_name
    factors = [layer.factors for layer in network.row if isinstance(layer, ScaledDense)]
    e.input_scale_ = factors[0] if factors else None
    e.outcome_ = progress.outcome or "unfinished"
    e.n_iter_, e.t_, e.loss_ = progress.n_iter, progress.t, progress.loss
    if not goes_on:
        e.history_, e.validation_scores_ = {name: [] for name in history}, None
    e.history_ = {name: e.history_[name] + history[name] for name in history}
    progress.rows = []  # history_ has them
    e.loss_curve_ = list(e.history_["loss"])
    if progress.monitored[0] == "validation_score":
        e.validation_scores_ = [*(e.validation_scores_ or []), *history["validation_score"]]
        e.best_validation_score_ = -progress.best if isfinite(progress.best) else nan
        e.best_loss_ = None
    else:
        e.validation_scores_ = e.best_validation_score_ = None
        e.best_loss_ = progress.best
