"""From whatever holds a network, such as a pipeline, to the network and the data it sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skbackprop.estimators.base import BaseBackprop

WHAT = "a BackpropClassifier or BackpropRegressor, or a Pipeline or search that ends in one"
#: Attributes that hold several fitted estimators.
SEVERAL = ("members_", "estimators_", "calibrated_classifiers_")
#: Wrappers, of scikit-learn and dask-ml, that fit what they were given and no copy of it.
SAME = ("FrozenEstimator", "ParallelPostFit", "_CalibratedClassifier")


@dataclass(frozen=True)
class Held:
    """A fitted network, with the data as it sees them.

    Parameters
    ----------
    network : BaseBackprop
        The estimator.
    X, y : array-like
        After all transformers.
    names : list of str or None
        Of the columns of X, where they have names.
    """

    network: BaseBackprop
    X: Any = None
    y: Any = None
    names: list[str] | None = None


def held(model: Any, X: Any = None, y: Any = None) -> Held:
    """Find the network in a model; transform X, and y if need be, by the steps before it.

    Raises
    ------
    TypeError
        If there is no network in it, or several.
    sklearn.exceptions.NotFittedError
        If it isn't fitted.
    """
    names = None
    while not isinstance(model, BaseBackprop):
        if isinstance(model, Pipeline):
            first, last = model[:-1], model[-1]
            if first.steps and _leads_to_network(last):
                check_is_fitted(_innermost(last))
                names = _names(first) or names
                X = None if X is None else first.transform(X)
            model = last
            continue
        inner = _inner(model)
        if hasattr(model, "transformer_") and y is not None:  # TransformedTargetRegressor
            y = _transformed(model.transformer_, y)
        if hasattr(model, "support_") and X is not None:  # RFE: the columns that it has kept
            X = model.transform(X)
        model = inner
    check_is_fitted(model)
    if hasattr(model, "feature_names_in_"):
        names = [str(name) for name in model.feature_names_in_]
    return Held(model, X, y, names)


def unfitted(model: Any, X: Any, y: Any) -> tuple[BaseBackprop, Any, Any, list[str] | None]:
    """The network that a model is to train; X and y after copies of the steps before it.

    Raises
    ------
    TypeError
        If it's neither a network nor a pipeline that ends in one.
    """
    names = None
    while isinstance(model, Pipeline):
        first, model = clone(model[:-1]), model[-1]
        if first.steps:
            X = first.fit_transform(X, y)
            names = _names(first) or names
    if not isinstance(model, BaseBackprop):
        raise TypeError(
            f"{type(model).__name__} is no network of this package: pass a BackpropClassifier or"
            " BackpropRegressor, or a Pipeline that ends in one."
        )
    columns = getattr(X, "columns", None)
    if names is None and columns is not None:
        names = [str(name) for name in columns]
    return model, X, y, names


def _inner(model: Any) -> Any:
    """What a model holds: the best of a search, or a wrapped estimator."""
    _refuse_several(model)
    for name in "best_estimator_", "regressor_", "estimator_":
        if hasattr(model, name):
            return getattr(model, name)
    cls = type(model).__name__
    if cls in SAME and _leads_to_network(model.estimator):
        return model.estimator
    if getattr(model, "refit", None) is False:
        raise TypeError(f"{cls} has refit=False, so that it holds no fitted network: pass {WHAT}.")
    if _leads_to_network(getattr(model, "estimator", getattr(model, "regressor", None))):
        check_is_fitted(model)
    raise TypeError(f"There is no network of this package in {cls}: pass {WHAT}.")


def _refuse_several(model: Any) -> None:
    """Raise TypeError for what holds a list of networks, such as bagging."""
    for name in SEVERAL:
        networks = [one for one in getattr(model, name, ()) if _leads_to_network(one)]
        if not networks:
            continue
        X = "encoder_.transform(X)" if hasattr(model, "encoder_") else "the X that it takes"
        part = "the estimator of " if name == "calibrated_classifiers_" else ""
        count, which = f"{len(networks)} networks", "one"
        if len(networks) == 1:
            count, which = "a network", "that one"
        cls = type(model).__name__
        raise TypeError(f"{cls} holds {count}: pass {part}{which} of its {name}, with {X}.")


def _innermost(model: Any) -> Any:
    """The last step of pipelines, the best of searches, and so on, as far as it goes."""
    while not isinstance(model, BaseBackprop):
        model = model[-1] if isinstance(model, Pipeline) else _inner(model)
    return model


def _leads_to_network(model: Any) -> bool:
    """True if a model is a network, or something that one of them was put into."""
    while model is not None and not isinstance(model, BaseBackprop):
        if isinstance(model, Pipeline):
            model = model[-1]
        else:
            inner = ("best_estimator_", "regressor_", "estimator_", "estimator", "regressor")
            model = next((getattr(model, name) for name in inner if hasattr(model, name)), None)
    return model is not None


def _names(transformers: Pipeline) -> list[str] | None:
    """Names of the columns that transformers make of columns with names, if they know them."""
    try:
        names = transformers.get_feature_names_out(transformers.feature_names_in_)
    except (AttributeError, ValueError):
        return None
    return None if names is None else [str(name) for name in names]


def _transformed(transformer: Any, y: Any) -> Any:
    """Targets as TransformedTargetRegressor hands them on: a single column becomes a vector."""
    y = np.asarray(y)
    y = transformer.transform(y.reshape(-1, 1) if y.ndim == 1 else y)
    return y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
