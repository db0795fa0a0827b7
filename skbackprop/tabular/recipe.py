"""The default network for tables."""

from __future__ import annotations

from typing import Any

from skbackprop.estimators.classifier import BackpropClassifier
from skbackprop.estimators.regressor import BackpropRegressor
from skbackprop.losses import CrossEntropy
from skbackprop.optimizers import Adam

#: Units of a layer and epochs, by the least number of rows they are for.
SIZES = {0: (64, 128), 5_000: (128, 64), 20_000: (128, 32), 80_000: (128, 16)}


def settings(n_samples: int) -> dict[str, Any]:
    """What classifiers and regressors have in common, for a number of rows."""
    n_units, n_epochs = SIZES[max(least for least in SIZES if least <= n_samples)]
    return {
        "hidden_layer_sizes": (n_units,) * 3,
        "activation": "selu",
        "weight_init": "lecun_normal",
        "input_scale": 6.0,
        "solver": Adam(beta_1=0.9, beta_2=0.95),
        "learning_rate": "coslog4",
        "max_iter": n_epochs,
        # the training part of a fold may be much smaller than all rows
        "batch_size": 256 if n_samples >= 2_000 else "auto",
        "alpha": 0.0,
        "early_stopping": True,
        "scoring": "loss",
        "n_iter_no_change": float("inf"),
    }


def classifier(n_samples: int) -> BackpropClassifier:
    """A member of the default ensemble."""
    loss = CrossEntropy(label_smoothing=0.1)
    return BackpropClassifier(loss=loss, learning_rate_init=0.012, **settings(n_samples))


def regressor(n_samples: int) -> BackpropRegressor:
    """A member of the default ensemble, for targets of mean 0 and variance 1."""
    return BackpropRegressor(learning_rate_init=0.02, **settings(n_samples))
