"""The default networks for tables, and what may be changed in them."""

from __future__ import annotations

from typing import Any

from scipy.stats import loguniform

from skbackprop.estimators.checks import check_integer
from skbackprop.estimators.classifier import BackpropClassifier
from skbackprop.estimators.regressor import BackpropRegressor
from skbackprop.losses import CrossEntropy
from skbackprop.optimizers import Adam, AdamW

#: Units of a layer and epochs, by the least number of rows they are for.
SIZES = {0: (64, 128), 5_000: (128, 64), 20_000: (128, 32), 80_000: (128, 16)}


def settings(n_samples: int) -> dict[str, Any]:
    """What classifiers and regressors have in common, for a number of rows."""
    check_integer("n_samples", n_samples, 1)
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


def default_classifier(n_samples: int) -> BackpropClassifier:
    """Return the default network of TabularClassifier.

    Parameters
    ----------
    n_samples : int
        Rows of the table.

    Returns
    -------
    network : BackpropClassifier
        Not fitted. Passing it unchanged as `estimator` gives the default TabularClassifier.

    Raises
    ------
    ValueError
        If `n_samples` isn't a positive integer.

    See Also
    --------
    search_space : What is worth changing.

    Examples
    --------
    >>> from skbackprop.tabular import TabularClassifier, default_classifier
    >>> TabularClassifier(default_classifier(1000).set_params(dropout=0.1))
    TabularClassifier(estimator=BackpropClassifier(...))
    """
    loss = CrossEntropy(label_smoothing=0.1)
    return BackpropClassifier(loss=loss, learning_rate_init=0.012, **settings(n_samples))


def default_regressor(n_samples: int) -> BackpropRegressor:
    """Return the default network of TabularRegressor.

    Parameters
    ----------
    n_samples : int
        Rows of the table.

    Returns
    -------
    network : BackpropRegressor
        Not fitted. Passing it unchanged as `estimator` gives the default TabularRegressor.

    Raises
    ------
    ValueError
        If `n_samples` isn't a positive integer.

    See Also
    --------
    search_space : What is worth changing.

    Examples
    --------
    >>> from skbackprop.tabular import default_regressor
    >>> default_regressor(1000).hidden_layer_sizes
    (64, 64, 64)
    """
    return BackpropRegressor(learning_rate_init=0.02, **settings(n_samples))


def search_space(n_samples: int) -> dict[str, Any]:
    """Return parameter distributions for a randomized search around the defaults.

    Parameters
    ----------
    n_samples : int
        Rows of the table.

    Returns
    -------
    distributions : dict
        Parameters of TabularClassifier or TabularRegressor with a network as `estimator`, for
        :class:`sklearn.model_selection.RandomizedSearchCV`.

    Raises
    ------
    ValueError
        If `n_samples` isn't a positive integer.

    Examples
    --------
    >>> from sklearn.model_selection import RandomizedSearchCV
    >>> from skbackprop.tabular import TabularClassifier, default_classifier, search_space
    >>> clf = TabularClassifier(default_classifier(3000))
    >>> search = RandomizedSearchCV(clf, search_space(3000), n_iter=20, scoring="neg_log_loss")
    """
    network = settings(n_samples)
    units, epochs = network["hidden_layer_sizes"][0], network["max_iter"]
    return {
        "tree_bins": [None, 4, 8, 16],
        "estimator__hidden_layer_sizes": [(units,) * 2, (units,) * 3, (2 * units,) * 3],
        "estimator__max_iter": [epochs // 2, epochs, 2 * epochs],
        "estimator__learning_rate_init": loguniform(0.003, 0.04),
        "estimator__input_scale": [0.0, 6.0, 12.0],
        "estimator__dropout": [0.0, 0.1, 0.2],
        "estimator__solver": [network["solver"], AdamW(beta_2=0.95, weight_decay=0.2)],
    }
