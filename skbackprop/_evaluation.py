"""Validation samples: where they come from, and what a network achieves on them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from inspect import signature
from numbers import Real
from typing import Any

import numpy as np

from skbackprop._data import Held
from skbackprop._validation import check_total
from skbackprop.network import Network
from skbackprop.training import Evaluation


def split(
    held: Held, fraction: float, stratify: np.ndarray | None, rng: np.random.RandomState
) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the samples to train on and to validate with, as MLPClassifier draws them.

    Raises
    ------
    ValueError
        If there are too few samples, or none with a weight, on either side.
    """
    from sklearn.model_selection import train_test_split  # slow to import, seldom needed

    n = len(held.samples)
    too_small = (
        "The validation set is too small. Increase 'validation_fraction' or the size of your"
        f" dataset. Got validation_fraction={fraction} of {n} samples; two or more are needed."
    )
    if fraction == 0:
        raise ValueError(too_small)
    try:
        # indices instead of X: the same split, and no copy of the data
        train, val = train_test_split(
            np.arange(n), random_state=rng, test_size=fraction, stratify=stratify
        )
    except ValueError as error:
        raise ValueError(
            f"early_stopping=True can't split y with validation_fraction={fraction}: {error}"
        ) from error
    if len(val) < 2:
        raise ValueError(too_small)
    weight = held.samples.sample_weight
    if weight is not None:
        for part, rows in ("training", train), ("validation", val):
            check_total(weight[rows], f"sample_weight of the {part} part (early_stopping=True)")
    return train, val


class Evaluator:
    """Scores a network on validation samples.

    Parameters
    ----------
    estimator : estimator
        Asked for its `_validation_score` where `scoring` is None, else given to the scorer.
    scoring : str, callable or None
        As the parameter of that name.
    held : Held
        The validation samples.
    """

    def __init__(self, estimator: Any, scoring: Any, held: Held) -> None:
        self.held, self.scoring = held, scoring
        # A scorer predicts with the network as it is then. The copy has no feature names: the
        # validated X has none, either.
        self.estimator = copy.copy(estimator)
        vars(self.estimator).pop("feature_names_in_", None)
        self.scorer: Callable[..., float] | None = None
        if scoring is not None and scoring != "loss":
            from sklearn.metrics import check_scoring

            self.scorer = check_scoring(self.estimator, scoring)
        takes_weight = self.scorer is None or _takes_weight(self.scorer)
        self.score_params = (
            {"sample_weight": held.sample_weight}
            if takes_weight and held.sample_weight is not None
            else {}
        )
        s = held.samples
        weight = np.ones(len(s), s.X.dtype) if s.sample_weight is None else s.sample_weight
        self.share = weight / weight.sum()

    def __call__(self, network: Network) -> Evaluation:
        """Score and data loss; the score is minus the loss where `scoring` says so."""
        held, loss = self.held, network.architecture.loss
        Z = network.scores(held.samples.X)
        self.estimator._network = network
        score: Any = 0.0
        if self.scorer:
            score = self._ask(self.scorer)
        elif self.scoring is None:
            score = self.estimator._validation_score(Z, held)
        value = loss.value_and_gradient(Z, held.samples.Y, self.share, loss.scratch(Z))
        return Evaluation(-value if self.scoring == "loss" else float(score), value)

    def _ask(self, scorer: Callable[..., Any]) -> Any:
        """What a scorer says, in an error that names `scoring` where it fails."""
        held = self.held
        arguments = self.estimator, held.samples.X, held.y
        try:
            try:
                score = scorer(*arguments, **self.score_params)
            except TypeError:
                if not self.score_params:
                    raise
                # A scorer takes any keyword and hands it on; its metric may take no weights.
                score, self.score_params = scorer(*arguments), {}
        except Exception as error:
            raise ValueError(
                f"scoring={self.scoring!r} failed on the validation samples with"
                f" {type(error).__name__}: {error}"
            ) from error
        if not isinstance(score, Real):
            raise ValueError(f"scoring={self.scoring!r} must return a number, got {score!r}.")
        return score


def _takes_weight(scorer: Callable[..., Any]) -> bool:
    """True unless a user's function is `scorer(estimator, X, y)` and no more."""
    parameters = signature(scorer).parameters.values()
    return any(p.name == "sample_weight" or p.kind is p.VAR_KEYWORD for p in parameters)
