"""What stands before a network, in ONNX: an encoder, or the steps of a pipeline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MaxAbsScaler, RobustScaler, StandardScaler

from skbackprop.formulas import Graph, Input, Value, formula


def standardized(scaler: StandardScaler, X: Any) -> Any:
    """(X - mean) / scale."""
    X = X - scaler.mean_ if scaler.with_mean else X
    return X / scaler.scale_ if scaler.with_std else X


def centered(scaler: RobustScaler, X: Any) -> Any:
    """(X - median) / scale."""
    X = X - scaler.center_ if scaler.with_centering else X
    return X / scaler.scale_ if scaler.with_scaling else X


def bounded(scaler: MaxAbsScaler, X: Any) -> Any:
    """X / scale, in [-1, 1] if `clip` is set, which is new in scikit-learn 1.9."""
    X = X / scaler.scale_
    return X.graph.clip(X, -1.0, 1.0) if getattr(scaler, "clip", False) else X


#: Those of scikit-learn's own transformers that networks need most; no subclasses of them.
SCALERS: dict[type, Callable[[Any, Any], Any]] = {
    StandardScaler: standardized,
    RobustScaler: centered,
    MaxAbsScaler: bounded,
}


def steps_of(model: Any) -> list[tuple[str, Any]]:
    """The named steps of a pipeline that do something; none of anything else."""
    steps = model.steps if isinstance(model, Pipeline) else []
    return [(name, step) for name, step in steps if step is not None and step != "passthrough"]


def inputs_of(model: Any, n_features: int) -> list[Input]:
    """What a transformer or a pipeline takes: what its first step says, or else X."""
    for _, first in steps_of(model)[:1]:
        return inputs_of(first, n_features)
    if hasattr(model, "_onnx_inputs"):
        inputs: list[Input] = model._onnx_inputs()
        return inputs
    return [Input("X", None, n_features)]


def through(graph: Graph, X: Any, steps: list[tuple[str, Any]]) -> Any:
    """What transformers one after the other return, in ONNX operators.

    Raises
    ------
    NotImplementedError
        If one of them can't be exported; the message names it.
    """
    for name, step in steps:
        if isinstance(step, Pipeline):
            X = through(graph, X, steps_of(step))
        elif type(step) in SCALERS:
            X = SCALERS[type(step)](step, graph.real(X))
        else:
            X = _formula_of(name, step)(graph, X)
    return X


def _formula_of(name: str, step: Any) -> Callable[[Graph, Any], Value]:
    """The method `onnx` of a transformer."""
    try:
        method: Callable[[Graph, Any], Value] = formula(step, "transform")
    except NotImplementedError as error:
        raise NotImplementedError(
            f"The step {name!r} comes before a network, but {error} Or put it in a pipeline before"
            " the whole estimator, which sklearn-onnx converts: skl2onnx.to_onnx(pipeline, X[:1])."
        ) from error
    return method
