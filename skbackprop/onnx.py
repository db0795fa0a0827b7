"""Fitted models as ONNX files, which many languages and devices run.

`to_onnx` converts an estimator by itself, one for tables with all of its encoding. It needs onnx,
the extra ``onnx``. sklearn-onnx converts pipelines, ``skl2onnx.to_onnx(pipeline, X[:1])``, and asks
our estimators and transformers for their operators. Call `register_converters` first if they stand
inside another estimator, or for options.

An activation, loss, normalisation or layer of your own is exported if it has a method `onnx` beside
the one that computes. ``onnx(graph, Z)`` returns what ``forward(Z, out)`` of an activation writes,
or what `proba(Z)` of a loss and `predict` of a layer return; a normalisation without running
averages has ``onnx(graph, Z, affine)``. A transformer of your own, as an encoder or a step of an
ensemble's members, has ``onnx(graph, X)`` beside `transform`. Values are combined by
``+ - * / @ < >`` with each other, with numbers and with arrays; ``graph.op("Exp", Z)`` calls any
operator that https://onnx.ai/onnx/operators lists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skbackprop import BackpropClassifier, BackpropRegressor, __version__
from skbackprop.ensemble import FoldEnsembleClassifier, FoldEnsembleRegressor
from skbackprop.estimators.export import CLASSIFIER_OPTIONS, convert, outputs_of, set_types
from skbackprop.formulas import ML_DOMAIN, ML_VERSION, Graph, Value
from skbackprop.tabular import (
    PiecewiseLinearBins,
    RobustSmoothClip,
    TabularClassifier,
    TabularEncoder,
    TabularRegressor,
    TargetShares,
    TreeBins,
)

if TYPE_CHECKING:
    from onnx import ModelProto

__all__ = ["register_converters", "to_onnx"]

#: The oldest opset with all operators that the formulas use.
OLDEST_OPSET = 9
#: Means of probabilities have no scores.
ENSEMBLE_OPTIONS = {name: o for name, o in CLASSIFIER_OPTIONS.items() if name != "raw_scores"}
#: What sklearn-onnx is told about, and its options.
REGISTERED: dict[type, dict[str, Any] | None] = {
    BackpropClassifier: CLASSIFIER_OPTIONS,
    BackpropRegressor: None,
    FoldEnsembleClassifier: ENSEMBLE_OPTIONS,
    FoldEnsembleRegressor: None,
    TabularClassifier: ENSEMBLE_OPTIONS,
    TabularRegressor: None,
    TabularEncoder: None,
    RobustSmoothClip: None,
    PiecewiseLinearBins: None,
    TreeBins: None,
    TargetShares: None,
}


def to_onnx(model: Any, *, target_opset: int = 17) -> ModelProto:
    """Convert a fitted estimator to ONNX.

    Parameters
    ----------
    model : estimator or transformer
        A fitted one of this package, see the notes.

    target_opset : int, default=17
        Version of ONNX's operators, from 9 to the newest that the installed onnx knows. An older
        one runs in more places.

    Returns
    -------
    onnx_model : onnx.ModelProto
        A classifier's outputs are "label", of int64 or strings, shaped as `predict` returns it, and
        "probabilities", of shape (n, n_classes). The output of a regressor or transformer is
        "variable", of shape (n, n_outputs). The notes describe the inputs.

    Raises
    ------
    NotFittedError
        If the model isn't fitted.
    TypeError
        If it's something else than an estimator of this package.
    NotImplementedError
        If a part of it has no `onnx` method, such as an activation made of Python functions or a
        transformer of others, or if ONNX has no type for a column, such as dates. The message names
        it.
    ValueError
        If `target_opset` isn't available, if members of an ensemble take different inputs, or if an
        encoder leaves no columns.
    ImportError
        If onnx isn't installed.

    Notes
    -----
    What can be converted, and the inputs:

    ============================================== =================================================
    Model                                          Inputs
    ============================================== =================================================
    BackpropClassifier, BackpropRegressor          "X" of shape (n, n_features)
    FoldEnsembleClassifier, FoldEnsembleRegressor  "X", or what the members' encoders take
    TabularClassifier, TabularRegressor            as TabularEncoder, or as an `encoder` of your own
    TabularEncoder fitted on an array of numbers   "X" in float64
    TabularEncoder fitted on anything else         one of shape (n, 1) for each column
    RobustSmoothClip, PiecewiseLinearBins,         "X"
    TreeBins
    ============================================== =================================================

    "X" has the dtype of the network: float64 unless the model was trained on float32. In pipelines,
    there may also be scikit-learn's StandardScaler, RobustScaler and MaxAbsScaler.

    The inputs of a table are named as its columns (x0, x1, ... if these have no names), also those
    that the model makes no use of:

    - Numbers and booleans are float64, so that they are as exact as in the encoder. NaN is missing,
      and True is 1.
    - Strings, and categories of strings, are strings. In a column of strings and numbers a whole
      number is written as "3". Missing is "", and so are "None", "nan", "<NA>" and "NaT", which
      onnxruntime makes of None, NaN, NA and NaT, unless `fit` has met such a category.
    - Whole numbers beyond 2**53 that are categories are int64; if there are any in an array, it is
      int64. -2**63 is missing.

    If a column has the name of an output, such as "label", the output is called ``"label_"``.

    Labels are those of `predict`, and numbers agree with those of the model up to the rounding of
    its dtype. Probabilities may be exactly 0 or 1, where `predict_proba` keeps them apart. Boolean
    labels and whole numbers in floats become int64. TabularRegressor adds the mean of its targets
    in float64, as its `predict` does.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.onnx import to_onnx
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = BackpropClassifier((8,), solver="lbfgs", random_state=0).fit(X, y)
    >>> onnx_model = to_onnx(clf)
    >>> [output.name for output in onnx_model.graph.output]
    ['label', 'probabilities']

    A table has an input for each column:

    >>> import pandas as pd
    >>> from skbackprop.tabular import TabularClassifier
    >>> df = pd.DataFrame({"width": [2.0, None, 5.0, 5.2] * 5, "colour": [*"rrgr"] * 5})
    >>> clf = TabularClassifier(random_state=0).fit(df, ["small", "small", "large", "large"] * 5)
    >>> [given.name for given in to_onnx(clf).graph.input]
    ['width', 'colour']
    """
    checker, helper, numpy_helper, newest = _onnx()
    if not hasattr(model, "onnx"):
        raise TypeError(
            "model must be a fitted estimator or transformer of skbackprop, such as"
            f" BackpropClassifier or TabularRegressor; got {model!r}. skl2onnx.to_onnx converts"
            " pipelines and scikit-learn's own estimators."
        )
    check_is_fitted(model)
    whole = isinstance(target_opset, (int, np.integer))
    if not whole or not OLDEST_OPSET <= target_opset <= newest:
        raise ValueError(
            f"target_opset must be an integer from {OLDEST_OPSET} to {newest}, the newest of the"
            f" installed onnx; got {target_opset!r}."
        )
    inputs = model._onnx_inputs()
    names = [given.name for given in inputs]
    graph = Graph(model._onnx_dtype, int(target_opset), taken=names)
    types = [given.dtype or graph.dtype for given in inputs]
    X = [Value(graph.of(dtype), name) for dtype, name in zip(types, names, strict=True)]
    outputs = outputs_of(model, graph, X if len(X) > 1 else X[0])
    outputs = {_free(name, names): output for name, output in outputs.items()}
    graph.keep([output.value for output in outputs.values()])

    def info(name: str, dtype: np.dtype, row: tuple[int, ...]) -> Any:
        kind = helper.np_dtype_to_tensor_dtype(np.dtype(object) if dtype.kind == "U" else dtype)
        return helper.make_tensor_value_info(name, kind, [None, *row])

    node = helper.make_node
    nodes = [
        node(n.operator, n.inputs, [n.output], domain=n.domain, **n.attributes) for n in graph.nodes
    ]
    nodes += [node("Identity", [o.value.name], [name]) for name, o in outputs.items()]
    opsets = [helper.make_opsetid("", int(target_opset))]
    if any(n.domain for n in graph.nodes):
        opsets.append(helper.make_opsetid(ML_DOMAIN, ML_VERSION))
    onnx_model: ModelProto = helper.make_model(
        helper.make_graph(
            nodes,
            type(model).__name__,
            [info(i.name, dtype, (i.width,)) for i, dtype in zip(inputs, types, strict=True)],
            [info(name, o.dtype, o.row) for name, o in outputs.items()],
            [
                numpy_helper.from_array(a.astype(object) if a.dtype.kind == "U" else a, name)
                for name, a in graph.constants.items()
            ],
        ),
        opset_imports=opsets,
        ir_version=helper.find_min_ir_version_for(opsets),
        producer_name="skbackprop",
        producer_version=__version__,
        doc_string=f"{type(model).__name__} with {model.n_features_in_} features",
    )
    checker.check_model(onnx_model, full_check=True)
    return onnx_model


def register_converters() -> None:
    """Tell sklearn-onnx about our estimators and transformers, as about scikit-learn's own.

    Without it, ``skl2onnx.to_onnx`` converts an estimator and a pipeline that ends in one, and
    gives labels and probabilities as arrays. Registered, the estimators are also converted inside
    of others, as in CalibratedClassifierCV, GridSearchCV, StackingClassifier, VotingClassifier and
    BaggingClassifier, and take the options "zipmap", "nocl", "output_class_labels" and, those that
    have scores, "raw_scores". "zipmap" is then on by default, as for every classifier:
    probabilities are a list of dicts.

    Raises
    ------
    ImportError
        If sklearn-onnx isn't installed.
    """
    try:
        from skl2onnx import update_registered_converter
    except ImportError as error:
        raise ImportError(
            "register_converters registers with sklearn-onnx, which isn't installed:"
            " pip install skl2onnx."
        ) from error
    for cls, options in REGISTERED.items():
        name = f"Skbackprop{cls.__name__}"
        update_registered_converter(cls, name, set_types, convert, options=options)


def _free(name: str, taken: list[str]) -> str:
    """An output's name; with "_" after it if a column of the table has it."""
    while name in taken:
        name += "_"
    return name


def _onnx() -> tuple[Any, Any, Any, int]:
    """The modules `checker`, `helper` and `numpy_helper`, and the newest opset."""
    try:
        from onnx import checker, defs, helper, numpy_helper
    except ImportError as error:
        raise ImportError(
            "to_onnx needs the package onnx, which isn't installed. It comes with the extra"
            ' "onnx": pip install "skbackprop[onnx]", or pip install ".[onnx]" from a clone.'
        ) from error
    return checker, helper, numpy_helper, defs.onnx_opset_version()
