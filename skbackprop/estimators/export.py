"""What ONNX needs of an estimator or transformer, and what sklearn-onnx asks of it in a pipeline.

sklearn-onnx calls `onnx_shape_calculator` and `onnx_converter` on an estimator that it doesn't know
and uses the functions that they return. Its third question, `onnx_parser`, needs no answer: it
knows by itself that a classifier has labels and probabilities, and a regressor one output.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from skbackprop.formulas import ML_VERSION, Graph, Input, Output, Value

#: What sklearn-onnx's users may choose for a classifier, and the choices.
CLASSIFIER_OPTIONS = {
    "zipmap": [True, False, "columns"],
    "output_class_labels": [False, True],
    "nocl": [True, False],
    "raw_scores": [True, False],
}


class ONNXMethods:
    """Methods of what has ``onnx(graph, X)``.

    That returns a transformer's result, and of an estimator a dict of outputs. X is a Value or, if
    `_onnx_inputs` has several, a list of these.
    """

    #: What `skbackprop.onnx.to_onnx` computes in.
    _onnx_dtype: Any
    n_features_in_: int

    def _onnx_inputs(self) -> list[Input]:
        """What `skbackprop.onnx.to_onnx` makes the inputs of the model."""
        return [Input("X", None, self.n_features_in_)]

    def onnx_shape_calculator(self) -> Callable[..., None]:
        """Return the function that sets the types of the outputs, for sklearn-onnx.

        Returns
        -------
        calculator : callable
            Takes sklearn-onnx's operator.
        """
        return set_types

    def onnx_converter(self) -> Callable[..., None]:
        """Return the function that adds the operators, for sklearn-onnx.

        Returns
        -------
        converter : callable
            Takes sklearn-onnx's scope, operator and container.
        """
        return convert


def outputs_of(model: Any, graph: Graph, X: Any, **options: bool) -> dict[str, Output]:
    """The outputs of an estimator by name, or the one output of a transformer."""
    written = model.onnx(graph, X, **options)
    if isinstance(written, Value):
        width = len(model.get_feature_names_out())
        return {"variable": Output(written, graph.dtype, (width,))}
    outputs: dict[str, Output] = written
    return outputs


def set_types(operator: Any) -> None:
    """Set type and shape of an operator's outputs."""
    from skl2onnx.common import data_types

    types = {
        "float32": data_types.FloatTensorType,
        "float64": data_types.DoubleTensorType,
        "int64": data_types.Int64TensorType,
    }
    n = operator.inputs[0].get_first_dimension()
    graph = Graph(_dtype(operator), operator.target_opset)
    outputs = _outputs(graph, operator, operator.scope_inst)
    for declared, output in zip(operator.outputs, outputs.values(), strict=True):
        make = types.get(output.dtype.name, data_types.StringTensorType)
        declared.set_type(make([n, *output.row]))


def convert(scope: Any, operator: Any, container: Any) -> None:
    """Add the operators of an estimator to sklearn-onnx's container."""
    from onnx import numpy_helper

    graph = Graph(_dtype(operator), container.target_opset_onnx, scope.get_unique_variable_name)
    outputs = _outputs(graph, operator, container)
    for name, array in graph.constants.items():
        if array.dtype.kind == "U":
            number, values = 8, [text.encode() for text in array]  # TensorProto.STRING
        else:
            tensor = numpy_helper.from_array(array)
            number, values = tensor.data_type, tensor
        container.add_initializer(name, number, list(array.shape), values)
    for node in graph.nodes:
        version = ML_VERSION if node.domain else None
        container.add_node(
            node.operator,
            node.inputs,
            node.output,
            op_domain=node.domain,
            op_version=version,
            name=scope.get_unique_operator_name(node.operator),
            **node.attributes,
        )
    for declared, output in zip(operator.outputs, outputs.values(), strict=True):
        name = scope.get_unique_operator_name("Identity")
        container.add_node("Identity", output.value.name, declared.full_name, name=name)


def _outputs(graph: Graph, operator: Any, where: Any) -> dict[str, Output]:
    """The outputs of an estimator; `where` is the scope or the container that has the options."""
    model = operator.raw_operator
    # None where a model has no such option, as if it isn't registered
    chosen = {
        name: True
        for name in ("raw_scores", "nocl")
        if (where.get_options(model, {name: False}, fail=False) or {}).get(name)
    }
    outputs = outputs_of(model, graph, _given(graph, operator), **chosen)
    for name, output in outputs.items():
        if output.dtype.kind == "f":  # sklearn-onnx's models have one type of real numbers
            outputs[name] = Output(graph.real(output.value), graph.dtype, output.row)
    graph.keep([output.value for output in outputs.values()])
    return outputs


def _given(graph: Graph, operator: Any) -> Value | list[Value]:
    """What sklearn-onnx hands to an estimator, as that wants it: side by side, or columns."""
    wanted = operator.raw_operator._onnx_inputs()
    values = {x.raw_name: Value(graph, x.full_name) for x in operator.inputs}

    def converted(x: Value, one: Input) -> Value:
        dtype = one.dtype or graph.dtype
        return x if dtype.kind == "U" else graph.cast(x, dtype)

    if len(wanted) == 1:
        X = [converted(x, wanted[0]) for x in values.values()]
        return X[0].graph.op("Concat", *X, axis=1) if len(X) > 1 else X[0]
    names = [column.name for column in wanted]
    if set(names) == set(values):
        columns = [values[name] for name in names]
    else:  # in their order, some side by side
        columns = []
        for x in operator.inputs:
            width, value = x.type.shape[1], values[x.raw_name]
            columns += [graph.columns(value, [k]) for k in range(width)] if width > 1 else [value]
    if len(columns) != len(wanted):
        raise ValueError(
            f"The inputs have {len(columns)} columns, but"
            f" {type(operator.raw_operator).__name__} takes {len(wanted)}: {', '.join(names)}."
        )
    return [converted(x, one) for x, one in zip(columns, wanted, strict=True)]


def _dtype(operator: Any) -> type:
    """float64 where the first input is, else float32: the type that sklearn-onnx declares."""
    is_double = type(operator.inputs[0].type).__name__ == "DoubleTensorType"
    return np.float64 if is_double else np.float32
