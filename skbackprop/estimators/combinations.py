"""Parameters that can't work together, and what to do instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from skbackprop.estimators.choices import Chosen


def check_combinations(params: Mapping[str, Any], chosen: Chosen, incremental: bool) -> None:
    """Refuse parameters that can't work together.

    Raises
    ------
    ValueError
        If there are any; the message says what to do instead.
    """
    if not chosen.solver.stochastic:
        _check_full_batch(params, chosen)
    schedule, normalization = chosen.learning_rate, chosen.normalization
    stops = not incremental and chosen.solver.stochastic
    if stops and (schedule.patience or 0) > params["n_iter_no_change"]:
        raise ValueError(
            f"learning_rate={params['learning_rate']!r} waits for patience={schedule.patience}"
            f" epochs without improvement, but n_iter_no_change={params['n_iter_no_change']} ends"
            " the training before. Set a smaller patience, or a larger n_iter_no_change."
        )
    if params["warm_start"] == "exact" and schedule.moves and not schedule.epochs:
        raise ValueError(
            f"learning_rate={params['learning_rate']!r} has to know how long training lasts, and"
            " with warm_start='exact' max_iter doesn't tell. Give the schedule its epochs, as in"
            " Cosine(epochs=100)."
        )
    uses_batches = normalization is not None and normalization.has_statistics
    if uses_batches and params["batch_size"] == 1:
        raise ValueError(
            f"normalization={params['normalization']!r} needs the variance of a batch, and"
            " batch_size=1 has none. Set batch_size to 2 or more, or normalization='layer'."
        )
    if params["validation_split"] is not None and not params["early_stopping"]:
        raise ValueError(
            f"validation_split={params['validation_split']!r} chooses samples for early stopping,"
            " which is off. Set early_stopping=True, or validation_split=None."
        )
    if incremental and params["early_stopping"]:
        raise ValueError(
            "partial_fit does not support early_stopping=True: one epoch has nothing to stop. Set"
            " early_stopping=False, or call fit."
        )
    restores = params["restore_best_weights"]
    if incremental and restores and not isinstance(restores, str):
        raise ValueError(
            "partial_fit does not support restore_best_weights=True: of one epoch there is no"
            " best. Set restore_best_weights='auto', or call fit."
        )


def _check_full_batch(params: Mapping[str, Any], chosen: Chosen) -> None:
    """Refuse what a solver without minibatches can't do."""
    solver = f"solver={params['solver']!r}"
    stochastic = 'Use a stochastic solver such as "adam"'
    if np.any(params["dropout"]) or params["input_dropout"] > 0:
        raise ValueError(
            f"{solver} needs the same loss at every evaluation, but"
            f" dropout={params['dropout']!r} and input_dropout={params['input_dropout']!r} draw at"
            f" random. {stochastic}, or set both to 0."
        )
    if chosen.normalization is not None and chosen.normalization.has_statistics:
        raise ValueError(
            f"{solver} has no minibatches, and normalization={params['normalization']!r} averages"
            f" over them. {stochastic}, or normalization='layer'."
        )
    if params["max_norm"] is not None:
        raise ValueError(
            f"{solver} chooses its own steps, so that max_norm={params['max_norm']!r} can't limit"
            f" them. {stochastic}, or set max_norm=None."
        )
    if params["clip_norm"] is not None:
        raise ValueError(
            f"{solver} chooses its own steps, so that clip_norm={params['clip_norm']!r} can't scale"
            f" them. {stochastic}, or set clip_norm=None."
        )
    if not isinstance(params["learning_rate"], str):
        raise ValueError(
            f"{solver} chooses its own steps, so that learning_rate={params['learning_rate']!r}"
            f" can't set them. {stochastic}, or set learning_rate='constant'."
        )
    if params["warm_start"] == "exact":
        raise ValueError(
            f"{solver} keeps its state inside SciPy, so that warm_start='exact' can't go on with"
            f" it. {stochastic}, or set warm_start=True."
        )
