"""ONNX files predict what the models do, with every option, from opset 9 to the newest."""

import sys
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from scipy.special import ndtr
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.ensemble import (
    BaggingClassifier,
    BaggingRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.activations import ACTIVATIONS, Activation, FunctionPair, ReLU
from skbackprop.formulas import Graph, Value
from skbackprop.layers import LAYERS, Dropout
from skbackprop.losses import LOSSES, REGRESSION_LOSSES, OutputLoss, SoftmaxCrossEntropy
from skbackprop.normalization import NORMALIZATIONS, LayerNorm

onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")

from skbackprop.onnx import OLDEST_OPSET, REGISTERED, register_converters, to_onnx  # noqa: E402

DTYPES = [np.float32, np.float64]
#: Largest difference, in units of the largest number: some 20 roundings.
TOLERANCE = {"float32": 3e-6, "float64": 5e-15}
KINDS = {"binary": 2, "multiclass": 3, "multilabel": 3, "regression": 2}
N_FEATURES = 4


def run(onnx_model, X):
    """The outputs by name."""
    session = ort.InferenceSession(
        onnx_model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]
    (x,) = session.get_inputs()
    return dict(zip(names, session.run(None, {x.name: X})))


def loads(opset):
    """Whether onnxruntime knows the operators of an opset."""
    helper = onnx.helper
    x, y = (helper.make_tensor_value_info(name, 1, [None]) for name in "xy")
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", [x], [y])
    ids = [helper.make_opsetid("", opset)]
    ir_version = helper.find_min_ir_version_for(ids)
    try:
        run(helper.make_model(graph, opset_imports=ids, ir_version=ir_version), np.ones(1, "f"))
    except Exception:
        return False
    return True


OPSETS = [n for n in range(OLDEST_OPSET, onnx.defs.onnx_opset_version() + 1) if loads(n)]


def rows(dtype, n=30, scale=2.0):
    return (scale * np.random.default_rng(0).standard_normal((n, N_FEATURES))).astype(dtype)


def model(kind="multiclass", dtype=np.float64, classes=None, **params):
    """A network with random weights, random gamma and beta and random running averages."""
    params = {"hidden_layer_sizes": (6, 5), "random_state": 0, **params}
    if kind == "regression":
        fitted = BackpropRegressor(**params).initialize(N_FEATURES, KINDS[kind], dtype=dtype)
    else:
        classes = np.arange(KINDS[kind]) if classes is None else classes
        fitted = BackpropClassifier(**params).initialize(
            N_FEATURES, classes, multilabel=kind == "multilabel", dtype=dtype
        )
    rng, network = np.random.default_rng(1), fitted._network
    network.theta += 0.2 * rng.standard_normal(network.theta.size).astype(dtype)
    for mean, variance in zip(network.arrays("mean"), network.arrays("variance")):
        mean[:], variance[:] = rng.normal(size=mean.shape), rng.uniform(0.5, 2.0, mean.shape)
    return fitted


def close(got, expected, tolerance=None):
    """True if the largest difference is within the tolerance of the dtype."""
    assert got.shape == expected.shape
    assert got.dtype == expected.dtype
    tolerance = tolerance or TOLERANCE[got.dtype.name]
    largest = np.abs(expected).max(initial=1.0)
    return np.abs(got - expected).max(initial=0.0) <= tolerance * largest


def agrees(fitted, X, **options):
    """Assert that the ONNX model predicts what the estimator does."""
    out = run(to_onnx(fitted, **options), X)
    with np.errstate(over="ignore"):
        expected = fitted.predict(X)
    if isinstance(fitted, BackpropRegressor):
        assert list(out) == ["variable"]
        got, expected = out["variable"], expected.reshape(len(X), -1)
        if fitted.out_activation_ == "exp":
            # the relative error of exp(z) is the absolute one of z, which is below 750
            limits = np.finfo(X.dtype)
            np.testing.assert_allclose(got, expected, rtol=1e3 * limits.eps, atol=limits.tiny)
        else:
            assert close(got, expected)
    else:
        assert list(out) == ["label", "probabilities"]
        assert out["label"].shape == expected.shape
        assert np.array_equal(out["label"], expected)
        assert close(out["probabilities"], fitted.predict_proba(X))


# Every option


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("normalization", [None, *NORMALIZATIONS])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations_and_normalizations(activation, normalization, dtype):
    for kind in KINDS:
        fitted = model(kind, dtype, activation=activation, normalization=normalization)
        agrees(fitted, rows(dtype), target_opset=OPSETS[0])
        agrees(fitted, rows(dtype), target_opset=OPSETS[-1])


@pytest.mark.parametrize("scale", [1e3, 1e4])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_large_scores(activation, dtype, scale):
    X = rows(dtype, scale=scale)
    for kind in KINDS:
        agrees(model(kind, dtype, activation=activation), X)


CASES = [(loss, kind) for loss in LOSSES for kind in ("binary", "multiclass", "multilabel")]
CASES += [(loss, "regression") for loss in REGRESSION_LOSSES]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("loss", "kind"), CASES)
def test_losses(loss, kind, dtype):
    fitted = model(kind, dtype, loss=loss)
    for scale in (1.0, 30.0, 1e3, 1e4):
        agrees(fitted, rows(dtype, scale=scale))
    agrees(fitted, rows(dtype), target_opset=OPSETS[0])
    agrees(fitted, rows(dtype), target_opset=OPSETS[-1])


def test_every_layer_has_its_conversion():
    """Those of the rows for prediction are covered above; here none is forgotten."""
    assert all("onnx" in vars(layer) for layer in LAYERS)


@pytest.mark.parametrize("opset", OPSETS)
def test_opsets(opset):
    for activation in ("gelu", "softplus"):
        fitted = model(activation=activation, normalization="layer", loss="squared_error")
        onnx_model = to_onnx(fitted, target_opset=opset)
        assert onnx_model.opset_import[0].version == opset
        agrees(fitted, rows(np.float64), target_opset=opset)


@pytest.mark.parametrize(
    "params",
    [
        {"hidden_layer_sizes": ()},
        {"hidden_layer_sizes": (), "input_scale": 2.0},
        {"hidden_layer_sizes": (3, 4, 5, 6), "activation": ["relu", "tanh", "selu", "mish"]},
        {"input_scale": 3.0, "normalization": "batch"},
        {"dropout": 0.3, "input_dropout": 0.2},
        {"dropout": 0.3, "normalization": "layer"},
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", KINDS)
def test_structures(params, kind):
    for dtype in DTYPES:
        agrees(model(kind, dtype, **params), rows(dtype))


def test_layers_outside_of_their_usual_place():
    """A batch normalisation that isn't above a dense layer, and a dropout."""
    network = model(normalization="batch")._network
    N, Z = network.row[1], rows(np.float64)
    graph = Graph(np.float64, 17)
    out = N.onnx(graph, Dropout(0.5).onnx(graph, Value(graph, "Z")))
    assert [node.operator for node in graph.nodes] == ["Mul", "Add"]
    scale, shift = graph.constants.values()
    Z = np.random.default_rng(0).standard_normal((7, 6))
    np.testing.assert_allclose(Z * scale + shift, N.predict(Z, False), rtol=1e-15)
    assert out.name == graph.nodes[-1].output


# Labels and shapes


@pytest.mark.parametrize(
    "classes",
    [
        ["a", "bö"],
        ["a", "b", "cc"],
        np.array(["x", "y", "z"], dtype=object),
        [3, 7],
        [-1, 5, 9],
        [False, True],
        [1.0, 2.0],
        np.array([0, 1, 2], dtype=np.uint8),
        [5],
        ["only"],
    ],
    ids=str,
)
@pytest.mark.parametrize("dtype", DTYPES)
def test_labels(classes, dtype):
    fitted = model("labels", dtype, classes=classes, hidden_layer_sizes=())
    X = rows(dtype)
    out = run(to_onnx(fitted), X)
    assert np.array_equal(out["label"], fitted.predict(X))
    assert len(set(out["label"])) == len(classes)
    strings = isinstance(fitted.classes_[0], str)
    assert out["label"].dtype == (object if strings else np.int64)
    assert close(out["probabilities"], fitted.predict_proba(X))


def test_a_tie_goes_to_the_first_class():
    """Z = 0 isn't above 0."""
    fitted = model("binary", classes=["no", "yes"])
    fitted._network.theta[:] = 0.0
    assert set(run(to_onnx(fitted), rows(np.float64))["label"]) == {"no"}


def test_labels_that_onnx_has_no_type_for():
    fitted = model("binary", classes=np.array([0, 2**63], dtype=np.uint64))
    with pytest.raises(TypeError, match=r"strings and int64 as labels.*9223372036854775808"):
        to_onnx(fitted)


@pytest.mark.parametrize("n", [0, 1])
@pytest.mark.parametrize("kind", KINDS)
def test_few_rows(kind, n):
    X = rows(np.float64, n)
    fitted = model(kind, normalization="layer")
    out = list(run(to_onnx(fitted), X).values())
    assert [len(values) for values in out] == [n] * len(out)
    if n:
        agrees(fitted, X)


def test_one_output():
    fitted = BackpropRegressor(hidden_layer_sizes=(3,), random_state=0).initialize(N_FEATURES)
    agrees(fitted, rows(np.float64))


def test_after_fit():
    """Real weights, of a model trained on float32."""
    X = rows(np.float32, 60)
    y = np.where(X[:, 0] > 0, "right", "left")
    fitted = BackpropClassifier((5,), solver="lbfgs", alpha=1.0, random_state=0).fit(X, y)
    agrees(fitted, X)


def test_small_probabilities():
    """Unlike onnxruntime's Sigmoid, the link is accurate down to where it underflows."""
    Z = np.linspace(-700.0, 30.0, 100)[:, None]
    for dtype, lowest in (np.float64, -700.0), (np.float32, -80.0):
        graph, z = Graph(dtype, 17), Z[lowest <= Z][:, None].astype(dtype)
        link = LOSSES["log_loss"]().on("binary")
        (p,) = run(file_of(graph, link.onnx(graph, Value(graph, "X"))), z).values()
        np.testing.assert_allclose(p, link.proba(z), rtol=10 * np.finfo(dtype).eps)


# What formulas are made of


def file_of(graph, value):
    """A model with the input X and one output."""
    make, kind = onnx.helper, onnx.helper.np_dtype_to_tensor_dtype(graph.dtype)
    ids = [make.make_opsetid("", graph.opset)]
    x, y = (make.make_tensor_value_info(name, kind, [None, None]) for name in ("X", value.name))
    nodes = [make.make_node(n.operator, n.inputs, [n.output], **n.attributes) for n in graph.nodes]
    constants = [onnx.numpy_helper.from_array(a, name) for name, a in graph.constants.items()]
    onnx_graph = make.make_graph(nodes, "g", [x], [y], constants)
    ir_version = make.find_min_ir_version_for(ids)
    return make.make_model(onnx_graph, opset_imports=ids, ir_version=ir_version)


FUNCTIONS = {
    "ndtr": (lambda graph, A: graph.ndtr(A), ndtr, (-45.0, 45.0), 3e-16),
    "log1p": (lambda graph, A: graph.log1p(A), np.log1p, (0.0, 5.0), 5e-16),
    "expm1": (lambda graph, A: graph.expm1(A), np.expm1, (-50.0, 0.0), 1e-15),
    "clip": (lambda graph, A: graph.clip(A, -2.0, 1.0), lambda A: A.clip(-2.0, 1.0), (-9, 9), 0),
    "less": (lambda graph, A: graph.cast(A < 1.0, graph.dtype), lambda A: A < 1, (-9, 9), 0),
    "right": (lambda graph, A: 2.0 - 3.0 / (1.0 + A), lambda A: 2 - 3 / (1 + A), (0.0, 9.0), 9e-16),
    "array": (lambda graph, A: np.ones((5, 1)) * A, lambda A: A * np.ones((5, 1)), (-9, 9), 0),
    **{
        f"Reduce{name}": (
            lambda graph, A, name=name: graph.over_columns(f"Reduce{name}", A),
            lambda A, name=name: getattr(A, name.lower())(axis=1, keepdims=True),
            (-3.0, 3.0),
            5e-16,
        )
        for name in ("Sum", "Mean", "Max")
    },
}


@pytest.mark.parametrize("opset", [OPSETS[0], 13, 18, OPSETS[-1]])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name, opset):
    write, function, ends, tolerance = FUNCTIONS[name]
    X = np.linspace(*ends, 5000).reshape(5, -1)
    for dtype in DTYPES:
        graph = Graph(dtype, opset)
        (got,) = run(file_of(graph, write(graph, Value(graph, "X"))), X.astype(dtype)).values()
        expected = function(X.astype(dtype)).astype(dtype)
        assert got.dtype == dtype
        scale = np.finfo(dtype).eps / np.finfo(np.float64).eps
        assert np.abs(got - expected).max() <= tolerance * scale * max(1, np.abs(expected).max())


@pytest.mark.parametrize("name", ["log1p", "expm1"])
def test_functions_near_zero(name):
    """To a few units in the last place, where 1 + x would lose x."""
    X = np.array([[1e-3, 1e-9, 1e-17, 1e-30]]) * (1 if name == "log1p" else -1)
    write, function, *_ = FUNCTIONS[name]
    for dtype in DTYPES:
        graph = Graph(dtype, 17)
        (got,) = run(file_of(graph, write(graph, Value(graph, "X"))), X.astype(dtype)).values()
        np.testing.assert_allclose(got, function(X.astype(dtype)), rtol=4 * np.finfo(dtype).eps)


# Options of users


@dataclass(frozen=True)
class Square(ReLU):
    """f(z) = max(z, 0)**2 / 2. A subclass of an activation that can be exported."""

    def forward(self, Z, out):
        Z.clip(0.0, np.inf, out=out)
        np.multiply(out, out, out=out)
        np.multiply(out, 0.5, out=out)

    def backward(self, dA, Z, A):
        np.multiply(A, 2.0, out=A)
        np.sqrt(A, out=A)
        np.multiply(dA, A, out=dA)


class ExportedSquare(Square):
    def onnx(self, graph, Z):
        A = graph.op("Relu", Z)
        return 0.5 * A * A


class Bounded(LayerNorm):
    def forward(self, Z, affine, buffers):
        super().forward(Z, affine, buffers)


class HalfSoftmax(SoftmaxCrossEntropy):
    def proba(self, Z):
        return super().proba(0.5 * Z)


class OwnLink(OutputLoss):
    link_name = "own"

    def link(self, Z):
        return Z.copy()


def test_an_activation_with_its_own_conversion():
    for kind in KINDS:
        agrees(model(kind, activation=ExportedSquare()), rows(np.float64))


def test_what_cannot_be_exported_says_so():
    """Also a subclass that changes the numbers: its base class's conversion would be wrong."""
    with pytest.raises(NotImplementedError, match=r"Square can't be exported.*`forward`.*Add one"):
        to_onnx(model(activation=Square()))
    with pytest.raises(NotImplementedError, match="Python functions, here sin, can't be exported"):
        to_onnx(model(activation=FunctionPair(np.sin, np.cos)))
    with pytest.raises(NotImplementedError, match="Bounded can't be exported"):
        to_onnx(model(normalization=Bounded()))


def with_loss(fitted, form):
    """The model with another loss in its network."""
    object.__setattr__(fitted._network.architecture, "loss", form)
    return fitted


def test_losses_that_cannot_be_exported_say_so():
    with pytest.raises(NotImplementedError, match=r"HalfSoftmax can't be exported.*`proba`"):
        to_onnx(with_loss(model(), HalfSoftmax()))
    with pytest.raises(NotImplementedError, match=r"OwnLink can't be exported.*`link`"):
        to_onnx(with_loss(model("regression"), OwnLink()))
    with pytest.raises(NotImplementedError, match=r"OwnLink can't be exported.*`proba`"):
        to_onnx(with_loss(model(), OwnLink()))


# Errors, and what the file says of itself


def test_errors(monkeypatch):
    fitted = model()
    with pytest.raises(NotFittedError, match="not fitted yet"):
        to_onnx(BackpropClassifier())
    with pytest.raises(TypeError, match=r"TabularRegressor; got LogisticRegression\(\)"):
        to_onnx(LogisticRegression())
    for opset in (8, 1000, "17", 9.0):
        with pytest.raises(ValueError, match=rf"target_opset .* from 9 to \d+.*got {opset!r}"):
            to_onnx(fitted, target_opset=opset)
    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    with pytest.raises(ImportError, match="pip install skl2onnx"):
        register_converters()
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r'pip install "skbackprop\[onnx\]"'):
        to_onnx(fitted)


def test_metadata():
    import skbackprop

    onnx_model = to_onnx(model())
    assert onnx_model.producer_name == "skbackprop"
    assert onnx_model.producer_version == skbackprop.__version__
    assert onnx_model.doc_string == "BackpropClassifier with 4 features"
    assert onnx_model.graph.name == "BackpropClassifier"


# Pipelines: sklearn-onnx


def unregister():
    """Let sklearn-onnx know none of our estimators, as before `register_converters`."""
    from skl2onnx._parse import sklearn_parsers_map
    from skl2onnx._supported_operators import sklearn_operator_name_map

    for cls in REGISTERED:
        sklearn_operator_name_map.pop(cls, None)
        sklearn_parsers_map.pop(cls, None)


@pytest.fixture
def skl2onnx():
    module = pytest.importorskip("skl2onnx")
    unregister()  # a page of the guide registers them
    return module


@pytest.fixture
def registered(skl2onnx):
    """Our estimators are registered in one test only."""
    register_converters()
    yield skl2onnx
    unregister()


#: float32, float64 and int64: sklearn-onnx computes in float32 except on float64.
INPUTS = [np.float32, np.float64, np.int64]


def data(dtype, n_classes=3):
    X = rows(dtype, 60, scale=3.0)
    y = np.digitize(X[:, 0] + X[:, 1], [-3.0, 3.0] if n_classes == 3 else [0.0])
    return X, np.array(["low", "middle", "high"])[y]


def classifier(**params):
    return BackpropClassifier((5,), max_iter=30, random_state=0, learning_rate_init=0.02, **params)


def regressor():
    return BackpropRegressor(
        hidden_layer_sizes=(5,), max_iter=30, random_state=0, learning_rate_init=0.02
    )


def converts(skl2onnx, fitted, X, **options):
    """Assert that sklearn-onnx's model predicts what the estimator does, in float32's precision."""
    out = list(run(skl2onnx.to_onnx(fitted, X[:1], **options), X).values())
    exact = X.dtype == np.float64
    tolerance = 1e-14 if exact else 1e-5
    numbers = out[-1]
    assert numbers.dtype == (np.float64 if exact else np.float32)
    predicted = fitted.predict(X)
    if hasattr(fitted, "predict_proba"):
        assert np.array_equal(out[0], predicted)
        predicted = fitted.predict_proba(X)
    expected = predicted.reshape(len(X), -1).astype(numbers.dtype)
    assert close(numbers, expected, tolerance)


ignore_convergence = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@ignore_convergence
@pytest.mark.parametrize("dtype", INPUTS)
@pytest.mark.parametrize("make", [classifier, regressor])
def test_pipelines_need_no_registration(skl2onnx, make, dtype):
    for n_classes in (2, 3):
        X, y = data(dtype, n_classes)
        y = y if make is classifier else X[:, 0] + 0.5
        columns = ColumnTransformer([("a", StandardScaler(), [0, 1]), ("b", MinMaxScaler(), [2])])
        for below in ([], [StandardScaler()], [columns]):
            fitted = make_pipeline(*below, make()) if below else make()
            converts(skl2onnx, fitted.fit(X, y), X)


@pytest.mark.parametrize("kind", KINDS)
def test_outputs_by_sklearn_onnx(skl2onnx, kind):
    """The same names, types and shapes as those of to_onnx, with every activation."""
    for activation in ACTIVATIONS:
        fitted, X = model(kind, activation=activation, normalization="layer"), rows(np.float64)
        theirs, ours = skl2onnx.to_onnx(fitted, X[:1]), to_onnx(fitted)
        for one, other in zip(theirs.graph.output, ours.graph.output, strict=True):
            assert one.name == other.name
            assert one.type.tensor_type.elem_type == other.type.tensor_type.elem_type
            shapes = [[d.dim_value for d in o.type.tensor_type.shape.dim] for o in (one, other)]
            assert shapes[0] == shapes[1]
        for one, other in zip(run(theirs, X).values(), run(ours, X).values(), strict=True):
            assert np.array_equal(one, other)


def test_opsets_of_sklearn_onnx(skl2onnx):
    fitted, X = model(activation="gelu", normalization="layer"), rows(np.float64)
    for opset in range(OLDEST_OPSET, skl2onnx.__max_supported_opset__ + 1):
        converts(skl2onnx, fitted, X, target_opset=opset)


def test_a_column_for_each_input(skl2onnx):
    from skl2onnx.common.data_types import FloatTensorType, Int64TensorType

    fitted, X = model(dtype=np.float32), np.round(rows(np.float32))
    types = [(name, FloatTensorType([None, 1])) for name in "abc"]
    types.append(("d", Int64TensorType([None, 1])))
    onnx_model = skl2onnx.convert_sklearn(fitted, initial_types=types)
    columns = dict(zip("abcd", X.T[:, :, None]))
    columns["d"] = columns["d"].astype(np.int64)
    session = ort.InferenceSession(
        onnx_model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    label, p = session.run(None, columns)
    assert np.array_equal(label, fitted.predict(X))
    assert close(p, fitted.predict_proba(X))


AROUND = {
    "calibrated": lambda: CalibratedClassifierCV(classifier(), cv=2),
    "stacking": lambda: StackingClassifier(
        [("a", classifier()), ("b", LogisticRegression())], final_estimator=classifier(), cv=2
    ),
    "voting": lambda: VotingClassifier(
        [("a", classifier()), ("b", LogisticRegression())], voting="soft", flatten_transform=False
    ),
    "bagging": lambda: BaggingClassifier(classifier(), 2, random_state=0),
    "one_vs_rest": lambda: OneVsRestClassifier(classifier()),
    "grid": lambda: GridSearchCV(classifier(), {"alpha": [0.1, 1.0]}, cv=2),
    "in_pipeline": lambda: make_pipeline(
        StandardScaler(), CalibratedClassifierCV(classifier(), cv=2)
    ),
}
AROUND_REGRESSORS = {
    "stacking": lambda: StackingRegressor([("a", regressor()), ("b", Ridge())], cv=2),
    "voting": lambda: VotingRegressor([("a", regressor()), ("b", Ridge())]),
    "bagging": lambda: BaggingRegressor(regressor(), 2, random_state=0),
    "grid": lambda: GridSearchCV(regressor(), {"alpha": [0.1, 1.0]}, cv=2),
}


@ignore_convergence
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", AROUND)
def test_classifiers_inside_of_others(registered, name, dtype, n_classes):
    X, y = data(dtype, n_classes)
    converts(registered, AROUND[name]().fit(X, y), X, options={"zipmap": False})


@ignore_convergence
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", AROUND_REGRESSORS)
def test_regressors_inside_of_others(registered, name, dtype):
    X, _ = data(dtype)
    converts(registered, AROUND_REGRESSORS[name]().fit(X, X[:, 0] - X[:, 1]), X)


@ignore_convergence
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("in_pipeline", [False, True])
def test_options(registered, n_classes, in_pipeline):
    X, y = data(np.float32, n_classes)
    last = classifier()
    fitted = (make_pipeline(StandardScaler(), last) if in_pipeline else last).fit(X, y)
    inside = make_pipeline(*fitted[:-1], "passthrough").transform(X) if in_pipeline else X
    p, names = fitted.predict_proba(X), list(fitted.classes_)

    def outputs(**options):
        key = {id(last): {"zipmap": False, **options}}
        return run(registered.to_onnx(fitted, X[:1], options=key), X)

    label, dicts = run(registered.to_onnx(fitted, X[:1]), X).values()
    assert np.array_equal(label, fitted.predict(X))
    assert close(np.array([[d[name] for name in names] for d in dicts], "f"), p)

    columns = outputs(zipmap="columns")
    assert list(columns) == ["output_label", *(f"s{name}" for name in names)]
    assert close(np.stack(list(columns.values())[1:], axis=1), p)

    label, got = outputs(nocl=True).values()
    assert np.array_equal(label, np.searchsorted(fitted.classes_, fitted.predict(X)))
    assert close(got, p)

    label, got, classes = outputs(output_class_labels=True).values()
    assert list(classes) == names

    label, got = outputs(raw_scores=True).values()
    Z = last.decision_function(inside)
    assert np.array_equal(label, fitted.predict(X))
    assert close(got, Z if n_classes == 3 else np.stack([-Z, Z], axis=1))


def test_multilabel_with_options(registered):
    fitted, X = model("multilabel"), rows(np.float64)
    converts(registered, fitted, X, options={"zipmap": False})
    options = {id(fitted): {"zipmap": False, "raw_scores": True}}
    label, Z = run(registered.to_onnx(fitted, X[:1], options=options), X).values()
    assert np.array_equal(label, fitted.predict(X))
    assert close(Z, fitted.decision_function(X))


@dataclass(frozen=True)
class WithWholeNumbers(Activation):
    """f(z) = 2 z if z > 0, else 0; in the words of ONNX with Python's whole numbers."""

    needs_z: ClassVar[bool] = True

    def forward(self, Z, out):
        np.maximum(2 * Z, 0, out=out)

    def backward(self, dA, Z, A):
        np.multiply(dA, 2.0 * (Z > 0), out=dA)

    def onnx(self, graph, Z):
        return graph.op("Where", Z > 0, 2 * Z, 1 - (Z / 2 - Z / 2 + 1))


def test_whole_numbers_and_arrays_in_formulas():
    clf = BackpropClassifier((4,), activation=WithWholeNumbers(), solver="lbfgs", tol=0.1)
    close_to_python(clf.fit(*IRIS))
    graph = Graph(np.float64, 17)
    product = np.eye(3) @ Value(graph, "X")
    assert isinstance(product, Value)
    assert (graph.nodes[-1].operator, graph.nodes[-1].inputs[1]) == ("MatMul", "X")


@pytest.mark.parametrize("returned", [1.0, np.zeros(3), "Z", None])
def test_an_onnx_method_that_returns_something_else(returned, monkeypatch):
    clf = BackpropClassifier((4,), activation=WithWholeNumbers(), solver="lbfgs", tol=0.1).fit(
        *IRIS
    )
    monkeypatch.setattr(WithWholeNumbers, "onnx", lambda self, graph, Z: returned)
    with pytest.raises(
        TypeError, match=r"WithWholeNumbers.onnx must return a Value.*got an object"
    ):
        to_onnx(clf)


def close_to_python(clf):
    session = ort.InferenceSession(
        to_onnx(clf).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    p = session.run(None, {"X": IRIS[0]})[1]
    np.testing.assert_allclose(p, clf.predict_proba(IRIS[0]), atol=1e-12)


IRIS = load_iris(return_X_y=True)
