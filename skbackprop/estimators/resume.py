"""Resuming exactly: what `warm_start="exact"` keeps of a run, and whether the next may go on."""

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
    """All that a run draws at random, or has drawn.

    Parameters
    ----------
    rng : RandomState
        Shuffles the samples.
    generator : Generator or None
        Draws what dropout drops, if there is any.
    train : ndarray of shape (n_train,) or None
        The samples to train on, in their order by now. None for all of them as they come.
    val : ndarray of shape (n_val,) or None
        Those set aside for validation.
    """

    rng: np.random.RandomState
    generator: np.random.Generator | None
    train: np.ndarray | None = None
    val: np.ndarray | None = None


@dataclass
class Resumable:
    """What a run leaves for the next one that goes on as if it had never ended.

    Parameters
    ----------
    draws : Draws
        As they were at the run's end.
    values, left : ndarray or None
        The last epoch's values of the network, where it was left with the best one's.
    n_samples : int
        Rows of X.
    settings : dict
        The parameters that the rest depends on, in a form that can be compared.
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
        """What a run leaves, copied."""
        left = None if run.last_values is None else network.values
        return copy.deepcopy(cls(draws, run.last_values, left, n_samples, settings))

    def check(self, n_samples: int, settings: dict[str, Any]) -> None:
        """Raise where a run would not go on as the last one has begun."""
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
        """Put the last epoch's values back into the network, where the best one's stand there."""
        if self.values is None or self.left is None:
            return
        if np.array_equal(network.values, self.left):
            np.copyto(network.values, self.values)
        else:
            progress.reset_best()  # other weights have been assigned since


def settings(params: Parameters, chosen: Chosen, has_validation: bool) -> dict[str, Any]:
    """The parameters that must stay, in a form that can be compared."""
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
    """A copy of what the last call has kept for this one; None after `initialize`."""
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
