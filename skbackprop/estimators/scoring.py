"""Scores and losses on validation samples."""

from __future__ import annotations

import copy
from collections.abc import Callable
from inspect import signature
from numbers import Real
from typing import Any

import numpy as np

from skbackprop.estimators import compat
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
    is_users_own : bool
        True if they are the user's, False if they were split off.
    """

    def __init__(self, estimator: Any, scoring: Any, dataset: Dataset, is_users_own: bool) -> None:
        self.dataset, self.scoring, self.is_users_own = dataset, scoring, is_users_own
        self.targets: Targets = estimator._targets
        # A scorer predicts with the current network. The copy has no feature names, as the
        # validated X has none, either.
        self.estimator = copy.copy(estimator)
        vars(self.estimator).pop("feature_names_in_", None)
        self.scorer: Callable[..., float] | None = None
        if scoring is not None and scoring != "loss":
            from sklearn.metrics import check_scoring

            self.scorer = check_scoring(self.estimator, scoring)
        takes_weight = self.scorer is None or takes_sample_weight(self.scorer)
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
            score = scorer(*arguments, **self.score_params)
        except Exception as error:
            hint = self._hint() if isinstance(error, ValueError) else ""
            raise ValueError(
                f"scoring={self.scoring!r} failed on the validation samples with"
                f" {type(error).__name__}: {error}{hint}"
            ) from error
        if not isinstance(score, Real):
            raise ValueError(f"scoring={self.scoring!r} must return a number, got {score!r}.")
        return score

    def _hint(self) -> str:
        """Words on classes that the validation samples lack: many metrics need all of them."""
        missing = self.targets.missing(self.dataset.y)
        if not missing:
            return ""
        if self.is_users_own:
            return f". X_val has {missing}. Add some, or choose a metric that needs none."
        return (
            f". The part set aside by early_stopping has {missing}. Give X_val and y_val, a"
            " validation_split that keeps all classes, or a larger validation_fraction."
        )


def takes_sample_weight(scorer: Callable[..., Any]) -> bool:
    """True if a scorer is to get the sample weights.

    A request by `set_score_request` decides: only True asks for them, as a string asks for another
    argument of `fit`, which there isn't. Where nothing was requested, with metadata routing or
    without it, scikit-learn's own scorers get them if their metric takes them, and a function gets
    them if it takes them by name.
    """
    requests = getattr(scorer, "get_metadata_routing", None)
    if requests is not None:
        requested = requests().score.requests.get("sample_weight")
        if requested is not None:
            return requested is True
    takes = compat.metric_takes_sample_weight(scorer)
    if takes is not None:
        return takes
    try:
        parameters = signature(scorer).parameters.values()
    except (TypeError, ValueError):  # a callable without a signature, such as some of C's
        return False
    return any(
        p.kind is p.VAR_KEYWORD or (p.name == "sample_weight" and p.kind is not p.POSITIONAL_ONLY)
        for p in parameters
    )
