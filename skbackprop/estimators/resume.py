"""Exact resuming: what `warm_start="exact"` keeps of a run, and when the next one may continue."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from skbackprop.estimators.choices import Chosen
from skbackprop.estimators.parameters import Parameters
from skbackprop.network import Network
from skbackprop.training import Progress, Run


@dataclass
class Draws:
    """The random generators of a run, and the samples drawn with them.

    Parameters
    ----------
    rng : RandomState
        Shuffles the samples.
    generator : Generator or None
        For dropout, if there is any.
    train : ndarray of shape (n_train,) or None
        Indices of the training samples, in their current order. None for all, in the order of X.
    val : ndarray of shape (n_val,) or None
        Indices of the samples set aside for validation.
    """

    rng: np.random.RandomState
    generator: np.random.Generator | None
    train: np.ndarray | None = None
    val: np.ndarray | None = None


@dataclass
class Resumable:
    """What the next run needs to continue as if this one had never ended.

    Parameters
    ----------
    draws : Draws
        Their state at the end of the run.
    values, left : ndarray or None
        If the network was left with the best epoch's values: those of the last epoch, and those it
        was left with.
    n_samples : int
        Rows of X.
    settings : dict
        The parameters that must stay the same, in a form that can be compared.
    """

    draws: Draws
    values: np.ndarray | None
    left: np.ndarray | None
    n_samples: int
    settings: dict[str, Any]

    @classmethod
    def after(
        cls, run: Run, network: Network, draws: Draws, n_samples: int, settings: dict[str, Any]
    ) -> Self:
        """Copy what a run leaves behind."""
        left = None if run.last_values is None else network.values
        return copy.deepcopy(cls(draws, run.last_values, left, n_samples, settings))

    def check(self, n_samples: int, settings: dict[str, Any]) -> None:
        """Raise if the data or a setting differs from the last run's."""
        if self.n_samples != n_samples:
            raise ValueError(
                f"warm_start='exact' goes on with the last call's samples, so X must be the same:"
                f" there were {self.n_samples} rows, got {n_samples}. Set warm_start=True for"
                " other data."
            )
        changed = [name for name in settings if settings[name] != self.settings[name]]
        if changed:
            raise ValueError(
                "warm_start='exact' goes on as the last call has begun, but"
                f" {', '.join(changed)} is not what it was there. Put it back, or set"
                " warm_start=True."
            )

    def restore(self, network: Network, progress: Progress) -> None:
        """Put the last epoch's values back into a network that was left with the best epoch's."""
        if self.values is None or self.left is None:
            return
        if np.array_equal(network.values, self.left):
            np.copyto(network.values, self.values)
        else:
            progress.reset_best()  # other weights have been assigned since


def settings_of(params: Parameters, chosen: Chosen, has_validation: bool) -> dict[str, Any]:
    """The parameters that must stay the same, in a form that can be compared."""
    return {
        "solver": chosen.solver,
        "loss": chosen.loss,
        "early_stopping": bool(params.early_stopping),
        "scoring": "callable" if callable(params.scoring) else params.scoring,
        "shuffle": bool(params.shuffle),
        "dropout": bool(np.any(params.dropout)),
        "input_dropout": bool(params.input_dropout),
        "X_val": has_validation,
    }


def resumable(
    kept: Resumable | None, progress: Progress, n_samples: int, settings: dict[str, Any]
) -> Resumable | None:
    """A copy of what the last call kept for this one; None after `initialize`."""
    if kept is not None:
        kept.check(n_samples, settings)
        return copy.deepcopy(kept)
    if progress.n_iter:
        raise ValueError(
            "warm_start='exact' has nothing to go on from: the last call was another one, was"
            " interrupted or has diverged. Set warm_start=True to go on from the weights alone,"
            " or clone the estimator and use 'exact' from the first fit on."
        )
    return None
