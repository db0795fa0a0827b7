"""Scores and losses on validation samples."""

from __future__ import annotations

import copy
from collections.abc import Callable
from inspect import signature
from numbers import Real
from typing import Any

import numpy as np

from skbackprop.estimators.samples import Dataset
from skbackprop.estimators.targets import Targets
from skbackprop.network import Network
from skbackprop.training import Evaluation


class Evaluator:
    """Scores a network on validation samples.

    Parameters
    ----------
    estimator : estimator
        Passed to the scorer, with the current network. Its targets compute the score if `scoring`
        is None.
    scoring : str, callable or None
        The parameter of that name.
    dataset : Dataset
        The validation samples.
    """

    def __init__(self, estimator: Any, scoring: Any, dataset: Dataset) -> None:
        self.dataset, self.scoring = dataset, scoring
        self.targets: Targets = estimator._targets
        # A scorer predicts with the current network. The copy has no feature names, as the
        # validated X has none, either.
        self.estimator = copy.copy(estimator)
        vars(self.estimator).pop("feature_names_in_", None)
        self.scorer: Callable[..., float] | None = None
        if scoring is not None and scoring != "loss":
            from sklearn.metrics import check_scoring

            self.scorer = check_scoring(self.estimator, scoring)
        takes_weight = self.scorer is None or _takes_weight(self.scorer)
        self.score_params = (
            {"sample_weight": dataset.sample_weight}
            if takes_weight and dataset.sample_weight is not None
            else {}
        )
        s = dataset.samples
        weight = np.ones(len(s), s.X.dtype) if s.sample_weight is None else s.sample_weight
        self.share = weight / weight.sum()

    def __call__(self, network: Network) -> Evaluation:
        """Score and data loss; the score is minus the loss if `scoring` is "loss"."""
        dataset, loss = self.dataset, network.architecture.loss
        Z = network.scores(dataset.samples.X)
        self.estimator._network = network
        score: Any = 0.0
        if self.scorer:
            score = self._ask(self.scorer)
        elif self.scoring is None:
            score = self.targets.score(Z, loss, dataset.y, dataset.sample_weight)
        value = loss.value_and_gradient(Z, dataset.samples.Y, self.share, loss.scratch(Z))
        return Evaluation(-value if self.scoring == "loss" else float(score), value)

    def _ask(self, scorer: Callable[..., Any]) -> Any:
        """The scorer's result; if it fails, an error that names `scoring`."""
        arguments = self.estimator, self.dataset.samples.X, self.dataset.y
        try:
            try:
                score = scorer(*arguments, **self.score_params)
            except TypeError:
                if not self.score_params:
                    raise
                # A scorer passes any keyword on, but its metric may take no weights.
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
    """False for a user's function that takes only (estimator, X, y)."""
    parameters = signature(scorer).parameters.values()
    return any(p.name == "sample_weight" or p.kind is p.VAR_KEYWORD for p in parameters)
