"""Pipelines in files: their parameters alone, which every version of scikit-learn can load."""

from __future__ import annotations

from typing import Any

from sklearn.pipeline import Pipeline

#: Attributes of an ensemble that may be a pipeline, or hold some.
HOLDERS = "estimator", "members_"


def pack(model: Any) -> Any:
    """A dict for a pipeline, alone, in a list or in another one, unless it has more attributes."""
    if type(model) in (list, tuple):
        return type(model)(pack(one) for one in model)
    if type(model) is not Pipeline:
        return model
    params: dict[str, Any] = model.get_params(deep=False)
    if vars(model).keys() != params.keys():
        return model
    return params | {"steps": pack(params["steps"])}


def unpack(model: Any) -> Any:
    """What `pack` was given."""
    if type(model) in (list, tuple):
        return type(model)(unpack(one) for one in model)
    if type(model) is not dict or "steps" not in model:
        return model  # a dict isn't allowed, but `fit` says so
    known = Pipeline([("network", None)]).get_params(deep=False)
    params = {name: value for name, value in model.items() if name in known}
    return Pipeline(**params | {"steps": unpack(model["steps"])})
