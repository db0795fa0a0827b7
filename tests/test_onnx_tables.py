"""ONNX files of encoders and ensembles predict what these do, whatever is in a table."""

import datetime

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import VotingRegressor
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, KFold, PredefinedSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, RobustScaler, StandardScaler

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.ensemble import FoldEnsembleClassifier, FoldEnsembleRegressor
from skbackprop.tabular import (
    PiecewiseLinearBins,
    RobustSmoothClip,
    TabularClassifier,
    TabularEncoder,
    TabularRegressor,
    TargetShares,
    TreeBins,
)

onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")

from skbackprop.onnx import REGISTERED, register_converters, to_onnx  # noqa: E402
from tests.test_onnx import OPSETS, TOLERANCE, close, unregister  # noqa: E402

DTYPES = [np.float32, np.float64]
ENDS = [OPSETS[0], OPSETS[-1]]
TYPES = {
    "tensor(double)": np.float64,
    "tensor(float)": np.float32,
    "tensor(int64)": np.int64,
    "tensor(bool)": bool,
}
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:The least populated class:UserWarning"),
]


def run(onnx_model, X):
    """The outputs by name, of an array or of the columns of a frame."""
    session = ort.InferenceSession(
        onnx_model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    given = {}
    for number, one in enumerate(session.get_inputs()):
        if one.name == "X":
            column = X
        elif isinstance(X, np.ndarray):
            column = X[:, [number]]
        else:
            column = np.array(X[one.name].to_list(), dtype=object)[:, None]
        if one.type != "tensor(string)":
            column = column.astype(TYPES[one.type])
        elif column.dtype.kind != "O":
            column = column.astype(object)
        given[one.name] = column
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, given)))


def agrees(model, X, **options):
    """Assert that the ONNX model predicts what the estimator does; the largest difference."""
    out = run(to_onnx(model, **options), X)
    if hasattr(model, "transform"):
        expected, got = model.transform(X), out["variable"]
        expected = expected.toarray() if hasattr(expected, "toarray") else expected
        assert got.dtype == expected.dtype
        np.testing.assert_allclose(got, expected, rtol=0, atol=TOLERANCE[got.dtype.name])
        return
    predicted = model.predict(X)
    if "variable" in out:
        got = out["variable"]
        assert got.dtype == predicted.dtype
        member = model.members_[0]
        network = member[-1] if hasattr(member, "steps") else member
        tolerance = TOLERANCE[network.coefs_[0].dtype.name]
        assert close(got, predicted.reshape(len(X), -1), tolerance)
    else:
        p = model.predict_proba(X)
        assert np.array_equal(out["label"], predicted)
        assert close(out["probabilities"], p)


def inputs(model):
    """(name, type, width) of the inputs."""
    names = {1: "float", 11: "double", 7: "int64", 8: "string"}
    return [
        (i.name, names[i.type.tensor_type.elem_type], i.type.tensor_type.shape.dim[1].dim_value)
        for i in to_onnx(model).graph.input
    ]


# Tables


def frame(n=60, seed=0):
    """One column of each kind that can be exported."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "many": rng.normal(size=n),
            "few": rng.choice([1.0, 2.0, 4.5, 8.0], n),
            "two": rng.choice([3.0, 5.0], n),
            "whole": rng.integers(-5, 5, n),
            "text": pd.Series(rng.choice(["a", "bö", "c d"], n), dtype=object),
            "pair": pd.Categorical(rng.choice(["x", "y"], n)),
            "id": pd.Series(rng.choice([f"k{i}" for i in range(20)], n), dtype=object),
            "flag": rng.choice([True, False], n),
            "maybe": pd.Series(rng.choice([True, False, None], n), dtype=object),
            "codes": pd.Categorical(rng.choice([3, 10, 2], n)),
            "mixed": pd.Series(rng.choice(["1", "b", "2.5"], n), dtype=object),
            "large": pd.Categorical(2**60 + rng.integers(0, 3, n)),
            "fractions": pd.Categorical(rng.choice([0.25, 0.5, 1.5], n)),
            "same": np.ones(n),
            "same text": ["one"] * n,
            "nothing": pd.Series([None] * n, dtype=object),
        }
    )
    table.loc[rng.random(n) < 0.2, ["many", "few", "two"]] = np.nan
    table.loc[rng.random(n) < 0.2, ["text", "id"]] = None
    table.loc[1, "many"], table.loc[2, "many"] = np.inf, -np.inf
    return table


def changed(table, seed=1):
    """What `fit` hasn't seen: other categories, other gaps, very large numbers."""
    rng = np.random.default_rng(seed)
    new = table.astype(object)
    some = rng.permutation(len(new))[:8].reshape(4, 2)
    new.loc[some[0], ["text", "pair", "id", "mixed", "same text"]] = "other"
    new.loc[some[1], "codes"] = 77
    new.loc[some[1], "large"] = 2**60 + 5
    new.loc[some[1], "fractions"] = 0.75
    for name, value in ("many", 1e300), ("few", -np.inf), ("two", 4.4), ("whole", np.nan):
        new.loc[some[2], name] = value
    new.loc[some[3], ["text", "pair", "id", "mixed", "flag", "maybe", "fractions"]] = None
    return new


def labels(n=60, n_classes=3, seed=2):
    return np.array(["no", "yes", "maybe"])[np.random.default_rng(seed).integers(0, n_classes, n)]


def net(dtype=np.float32, **params):
    return BackpropClassifier((6,), max_iter=4, learning_rate_init=0.02, **params)


def reg(**params):
    return BackpropRegressor(hidden_layer_sizes=(6,), max_iter=4, **params)


def tabular(estimator=None, **params):
    """Small TabularClassifiers and TabularRegressors."""
    estimator = estimator or net()
    kind = TabularClassifier if isinstance(estimator, BackpropClassifier) else TabularRegressor
    return kind(estimator, random_state=0, **{"cv": 3, **params})


ENCODERS = {
    "default": {},
    "float64": {"dtype": np.float64},
    "bins": {"n_quantile_bins": 3, "dtype": np.float64},
    "no bins": {"max_distinct": 2},
    "rare": {"min_frequency": 4},
    "most": {"max_categories": 3},
    "codes": {"max_one_hot": 2},
    "sparse": {"sparse_output": True},
}


@pytest.mark.parametrize("params", ENCODERS.values(), ids=ENCODERS)
def test_encoders_of_frames(params):
    encoder = TabularEncoder(**params).fit(frame())
    for opset in ENDS:
        for table in (frame(), frame(seed=7), changed(frame()), frame()[:1]):
            agrees(encoder, table, target_opset=opset)


@pytest.mark.parametrize("seed", range(40))
def test_random_tables(seed):
    """Any number of columns of any kind, and settings of the encoder."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 50))
    names = [name for name in frame() if rng.random() < 0.5] or ["many"]
    params = {name: ENCODERS[name] for name in rng.choice(list(ENCODERS), 2)}
    encoder = TabularEncoder(**{k: v for one in params.values() for k, v in one.items()})
    table = frame(n, seed)
    encoder.fit(table[names])
    if not len(encoder.get_feature_names_out()):
        return
    for other in (table, frame(60, seed + 1000), changed(frame(60, seed + 2000), seed)):
        agrees(encoder, other[names], target_opset=int(rng.choice(OPSETS)))


@pytest.mark.parametrize("module", ["polars", "pyarrow"])
def test_other_frames(module):
    library = pytest.importorskip(module)
    table = frame()[["many", "few", "two", "whole", "text", "id", "flag"]]
    make = library.from_pandas if module == "polars" else library.Table.from_pandas
    given = make(table)
    encoder = TabularEncoder(max_one_hot=2).fit(given)
    kinds = ["double"] * 4 + ["string"] * 2 + ["double"]
    assert inputs(encoder) == [(name, kind, 1) for name, kind in zip(table, kinds)]
    out = run(to_onnx(encoder), given if module == "polars" else table)
    np.testing.assert_allclose(out["variable"], encoder.transform(given), atol=1e-6)


def test_inputs_of_frames():
    kinds = dict.fromkeys(frame(), "double")
    kinds |= dict.fromkeys(["text", "pair", "id", "mixed", "same text"], "string")
    kinds["large"] = "int64"
    assert inputs(TabularEncoder().fit(frame())) == [(name, kinds[name], 1) for name in frame()]
    numbers = TabularEncoder().fit(frame()[["many", "two"]])
    assert inputs(numbers) == [("many", "double", 1), ("two", "double", 1)]


def test_arrays_of_objects():
    rows = [[1.5, "a", None], [2.5, "b", 3], [0.5, "c", 4], [4.5, None, 5], [9.0, "b", 6]] * 6
    X = np.array(rows, dtype=object)
    clf = tabular().fit(X, np.arange(30) % 2)
    assert inputs(clf) == [("x0", "double", 1), ("x1", "string", 1), ("x2", "double", 1)]
    agrees(clf, X)
    X[::2, 1] = "unknown"
    agrees(clf, X)
    words = np.array([["a", "x"], ["b", "y"], ["c", "z"]] * 6)
    encoder = TabularEncoder().fit(words)
    assert inputs(encoder) == [("x0", "string", 1), ("x1", "string", 1)]
    agrees(encoder, words)
    assert inputs(TabularEncoder().fit(np.array([[1, 2], [3, 4]], object))) == [("X", "double", 2)]


def test_arrays_of_numbers():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 5, (60, 4)) + rng.normal(size=(60, 4)) * [0, 0, 1, 1e-9]
    X[::7, 2] = np.nan
    X[3, 3], X[4, 3] = np.inf, -np.inf
    for dtype in DTYPES:
        clf = tabular(categorical_features=[0]).fit(X.astype(dtype), labels())
        assert inputs(clf) == [("X", "double", 4)]
        agrees(clf, X.astype(dtype))
    for whole in (rng.integers(0, 4, (60, 3)), rng.integers(0, 2, (60, 3)).astype(bool)):
        clf = tabular(categorical_features=[0, 2]).fit(whole, labels())
        assert inputs(clf) == [("X", "double", 3)]
        agrees(clf, whole)


def test_large_whole_numbers_beside_others():
    """An array of objects with such a column has one input for each column."""
    rng = np.random.default_rng(0)
    mixed = np.empty((60, 2), object)
    mixed[:, 0] = (2**60 + rng.integers(0, 4, 60)).tolist()
    mixed[:, 1] = rng.random(60)
    mixed[::9, 1] = None
    encoder = TabularEncoder(categorical_features=[0]).fit(mixed)
    assert inputs(encoder) == [("x0", "int64", 1), ("x1", "double", 1)]
    fed = {"x0": mixed[:, :1].astype(np.int64), "x1": mixed[:, 1:].astype(float)}
    assert_allclose(session_of(to_onnx(encoder)).run(None, fed)[0], encoder.transform(mixed))


def test_the_largest_exact_whole_number_is_told_from_its_neighbour():
    codes = np.array([1, 2, 3, 2**53] * 5)[:, None]
    encoder = TabularEncoder(categorical_features=[0]).fit(codes)
    assert inputs(encoder) == [("X", "int64", 1)]
    agrees(encoder, np.array([[2**53 + 1], [2**53], [1]]))


def session_of(model):
    return ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


def test_a_single_column_of_text_in_a_pipeline():
    skl2onnx = pytest.importorskip("skl2onnx")
    types = pytest.importorskip("skl2onnx.common.data_types")
    frame = pd.DataFrame({"a": np.arange(60.0), "b": list("xyzxyz") * 10})
    y = labels()
    one = make_pipeline(TabularEncoder(), BackpropClassifier((3,), max_iter=2)).fit(frame[["b"]], y)
    both = make_pipeline(
        ColumnTransformer(
            [("a", StandardScaler(), ["a"]), ("b", TabularEncoder(sparse_output=False), ["b"])]
        ),
        BackpropClassifier((3,), max_iter=2),
    ).fit(frame, y)
    number = ("a", types.FloatTensorType([None, 1]))
    text = ("b", types.StringTensorType([None, 1]))
    for model, given in (one, [text]), (both, [number, text]):
        onnx_model = skl2onnx.convert_sklearn(model, initial_types=given)
        fed = {"a": frame[["a"]].to_numpy(np.float32), "b": frame[["b"]].to_numpy(object)}
        p = session_of(onnx_model).run(None, {name: fed[name] for name, _ in given})[1]
        assert_allclose(p, model.predict_proba(frame[[name for name, _ in given]]), atol=1e-5)


def test_columns_side_by_side_in_a_pipeline():
    skl2onnx = pytest.importorskip("skl2onnx")
    types = pytest.importorskip("skl2onnx.common.data_types")
    frame = pd.DataFrame({"a": np.arange(60.0), "b": np.arange(60.0) % 7, "c": list("xyz") * 20})
    model = make_pipeline(TabularEncoder(), BackpropClassifier((3,), max_iter=2))
    model.fit(frame, labels())
    numbers, text = types.DoubleTensorType([None, 2]), types.StringTensorType([None, 1])
    onnx_model = skl2onnx.convert_sklearn(model, initial_types=[("n", numbers), ("c", text)])
    fed = {"n": frame[["a", "b"]].to_numpy(), "c": frame[["c"]].to_numpy(object)}
    assert np.array_equal(session_of(onnx_model).run(None, fed)[0], model.predict(frame))
    few = types.DoubleTensorType([None, 1])
    with pytest.raises(ValueError, match=r"2 columns, but TabularEncoder takes 3: a, b, c"):
        skl2onnx.convert_sklearn(model, initial_types=[("n", few), ("c", text)])


def test_a_scaler_that_clips():
    if "clip" not in MaxAbsScaler().get_params():
        pytest.skip("new in scikit-learn 1.9")
    X = np.random.default_rng(0).normal(size=(60, 3))
    member = make_pipeline(MaxAbsScaler(clip=True), BackpropClassifier((3,), max_iter=2))
    agrees(FoldEnsembleClassifier(member, cv=2).fit(X, labels()), 10 * X)


def test_large_whole_numbers():
    """Categories that no float tells apart are int64; numbers stay as exact as they are for us."""
    X = 2**60 + np.arange(5).repeat(6)[:, None] * [1, 1]
    encoder = TabularEncoder(categorical_features=[0]).fit(X)
    assert inputs(encoder) == [("X", "int64", 2)]
    agrees(encoder, X)
    agrees(encoder, X + 3)
    assert len(np.unique(run(to_onnx(encoder), X)["variable"], axis=0)) == 5
    far = 2**60 + 2**40 * (X - 2**60)
    assert inputs(TabularEncoder().fit(far)) == [("X", "double", 2)]
    agrees(TabularEncoder().fit(far), far)
    gaps = pd.DataFrame({"a": [2**60, 2**60 + 1, 2**60 + 2, None] * 3}, dtype=object)
    encoder = TabularEncoder(categorical_features=["a"], max_one_hot=2).fit(gaps)
    assert inputs(encoder) == [("a", "int64", 1)]
    marked = pd.DataFrame({"a": [-(2**63) if v is None else v for v in gaps["a"]]})
    (code,) = run(to_onnx(encoder), marked).values()
    assert np.array_equal(code, encoder.transform(gaps))
    codes = 2**53 - 3 + np.arange(3).repeat(4)[:, None]
    for given in (codes, codes.astype(float)):
        encoder = TabularEncoder(categorical_features=[0]).fit(given)
        assert inputs(encoder) == [("X", "double", 1)]
        agrees(encoder, given)
        agrees(encoder, given + 1)


@pytest.mark.parametrize("keys", [[-1.0, 0.0, 7.0], [0.25, 0.5, 7.0], [-np.inf, 3.0, np.inf]])
def test_places_of_numbers(keys):
    table = pd.DataFrame({"x": [*keys, np.nan]})
    encoder = TabularEncoder(categorical_features=["x"], max_one_hot=1).fit(table)
    x = [*keys, 0.3, 7.5, 2e19, -2e19, np.inf, -np.inf, 2.0**53, np.nan]
    (place,) = run(to_onnx(encoder), pd.DataFrame({"x": x})).values()
    expected = [keys.index(v) if v in keys else -1 for v in x[:-1]]
    assert place.ravel().tolist() == [*expected, 3]


# Missing strings


@pytest.mark.parametrize("gap", ["", None, np.nan, pd.NA, "nan", "None"])
def test_missing_strings(gap):
    """The empty string, and what onnxruntime makes of None, NaN and NA."""
    table = pd.DataFrame({"a": [*"abcdef", None] * 3})
    encoder = TabularEncoder(max_one_hot=2).fit(table)
    (code,) = run(to_onnx(encoder), pd.DataFrame({"a": [gap, "b", "unknown"]})).values()
    assert code.tolist() == [[6], [1], [-1]]
    one_hot = to_onnx(TabularEncoder().fit(table))
    (E,) = run(one_hot, pd.DataFrame({"a": [gap, "b", "unknown"]})).values()
    assert E.tolist() == [[0] * 6, [0, 1, 0, 0, 0, 0], [0] * 6]
    without = TabularEncoder(max_one_hot=2).fit(table.dropna())
    (code,) = run(to_onnx(without), pd.DataFrame({"a": [gap]})).values()
    assert code.tolist() == [[-1]]


def test_texts_that_are_categories_are_not_missing():
    table = pd.DataFrame({"a": ["", "nan", "None", "x", None] * 3})
    encoder = TabularEncoder(max_one_hot=2).fit(table)
    (code,) = run(to_onnx(encoder), table.fillna("<NA>")).values()
    assert np.array_equal(code, encoder.transform(table))
    assert sorted(set(code.ravel())) == [0, 1, 2, 3, 4]


# Estimators


@pytest.mark.parametrize("n_classes", [2, 3])
def test_classifiers_of_frames(n_classes):
    y = labels(n_classes=n_classes)
    clf = tabular(encoder=TabularEncoder(max_one_hot=6)).fit(frame(), y)
    assert len(clf.encoder_.coded_) == 1
    assert clf.ensemble_.temperature_ != 1
    for opset in ENDS:
        agrees(clf, frame(), target_opset=opset)
        agrees(clf, changed(frame()), target_opset=opset)
    agrees(clf, frame()[:1])
    out = run(to_onnx(clf), frame()[:0])
    assert [len(values) for values in out.values()] == [0, 0]


def test_codes_of_several_columns():
    """Also of few rows in a fold, so that members don't know all of them."""
    table = frame(120)
    table.loc[0, ["text", "id"]] = ["rare", "rare"]
    encoder = TabularEncoder(max_one_hot=2)
    for y in (labels(120), labels(120, 2)):
        clf = tabular(encoder=encoder).fit(table, y)
        assert len(clf.encoder_.coded_) == 6
        agrees(clf, table)
        agrees(clf, changed(table))
    clf = tabular(encoder=encoder).fit(table[["id"]], labels(120))
    agrees(clf, changed(table)[["id"]])


def test_where_transformers_return_frames():
    with config_context(transform_output="pandas"):
        agrees(tabular(encoder=TabularEncoder(max_one_hot=6)).fit(frame(), labels()), frame())


def test_default_settings():
    clf = TabularClassifier(default_small(), random_state=0).fit(frame(), labels())
    agrees(clf, changed(frame()))
    table = frame(120)
    table["id"] = [f"k{i // 2}" for i in range(120)]
    clf = TabularClassifier(default_small(), cv=2, random_state=0).fit(table, labels(120))
    assert len(clf.encoder_.coded_) == 1
    agrees(clf, changed(table))


def default_small():
    from skbackprop.tabular import default_classifier

    return default_classifier(60).set_params(max_iter=8, hidden_layer_sizes=(8, 8))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("scale_targets", [True, False])
@pytest.mark.parametrize("n_outputs", [1, 2])
def test_regressors_of_frames(n_outputs, scale_targets, dtype):
    y = np.random.default_rng(3).normal(size=(60, n_outputs)).squeeze()
    y = 1e6 + 10 * y if scale_targets else y
    encoder = TabularEncoder(max_one_hot=6 if n_outputs == 1 else None, dtype=dtype)
    model = tabular(reg(), encoder=encoder, scale_targets=scale_targets).fit(frame(), y)
    for table in (frame(), changed(frame()), frame()[:1]):
        agrees(model, table)
    assert run(to_onnx(model), frame())["variable"].shape == (60, n_outputs)
    assert run(to_onnx(model), frame()[:0])["variable"].shape == (0, n_outputs)


def test_targets_keep_their_precision():
    """The mean is added in float64, as `predict` does."""
    y = 1e9 + np.random.default_rng(0).normal(size=60)
    model = tabular(reg()).fit(frame(), y)
    (got,) = run(to_onnx(model), frame()).values()
    assert np.abs(got[:, 0] - model.predict(frame())).max() < 1e-5


@pytest.mark.parametrize("dtype", DTYPES)
def test_tree_bins_of_members(dtype):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(150, 3)) * [1, 1e-6, 1e6]
    encoder = TabularEncoder(dtype=dtype)
    clf = tabular(encoder=encoder, tree_bins=4).fit(X, (X[:, 1] > 0) + (X[:, 2] > 5e5) * 1)
    assert any(len(edges) for edges in clf.members_[1][0].edges_)
    agrees(clf, X)
    agrees(clf, 3 * X[::-1])


def test_shares_and_bins_after_a_sparse_encoder():
    table = pd.DataFrame({f"c{j}": [f"k{i % 30}" for i in range(j, j + 90)] for j in range(12)})
    table["x"] = np.random.default_rng(0).normal(size=90)
    clf = TabularClassifier(net(), cv=2, random_state=0).fit(table, labels(90))
    assert hasattr(clf.encoder_.transform(table), "toarray")
    agrees(clf, table)


def test_labels_of_several_kinds():
    X, rng = frame()[["many", "text"]], np.random.default_rng(0)
    for y in (rng.integers(5, 8, 60), rng.integers(0, 2, 60).astype(bool)):
        agrees(tabular().fit(X, y), X)
    for n in (2, 3):
        clf = tabular().fit(X, rng.integers(0, 2, (60, n)))
        agrees(clf, X)
        assert run(to_onnx(clf), X)["label"].shape == (60, n)


def numbers(dtype=np.float64, n=60):
    return np.random.default_rng(0).normal(size=(n, 4)).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_ensembles_of_arrays(dtype):
    X = numbers(dtype)
    clf = FoldEnsembleClassifier(net(), cv=3, random_state=0).fit(X, labels())
    assert inputs(clf) == [("X", "double" if dtype == np.float64 else "float", 4)]
    assert clf.temperature_ != 1
    agrees(clf, X)
    several = [net(activation="tanh"), net(loss="squared_error", normalization="batch")]
    agrees(FoldEnsembleClassifier(several, cv=3, random_state=0).fit(X, labels()), X)
    Y = (X[:, :3] > 0).astype(int)
    agrees(FoldEnsembleClassifier(net(), cv=3, random_state=0).fit(X, Y), X)
    for y in (X[:, 0], X[:, :2]):
        agrees(FoldEnsembleRegressor(reg(), cv=3, random_state=0).fit(X, y.astype(dtype)), X)


def test_members_that_lack_a_class():
    X, y = numbers(n=30), np.repeat(["a", "b", "c"], 10)
    for cv in (KFold(3), PredefinedSplit(np.repeat([0, 1, 1], 10))):
        clf = FoldEnsembleClassifier(net(), cv=cv, random_state=0).fit(X, y)
        assert min(len(member.classes_) for member in clf.members_) < 3
        agrees(clf, X)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "first",
    [
        [StandardScaler()],
        [StandardScaler(with_mean=False)],
        [StandardScaler(with_std=False), "passthrough"],
        [RobustScaler()],
        [RobustScaler(with_centering=False), MaxAbsScaler()],
        [RobustScaler(with_scaling=False)],
        [RobustSmoothClip(), TreeBins(3, min_samples_leaf=5)],
        [PiecewiseLinearBins(3)],
        [make_pipeline(StandardScaler(), PiecewiseLinearBins(2))],
        ["passthrough", TabularEncoder()],
    ],
    ids=str,
)
def test_members_that_are_pipelines(first, dtype):
    X = numbers(dtype)
    clf = FoldEnsembleClassifier(make_pipeline(*first, net()), cv=2, random_state=0)
    agrees(clf.fit(X, labels()), X)
    model = FoldEnsembleRegressor(make_pipeline(*first, reg()), cv=2, random_state=0)
    agrees(model.fit(X, X[:, 1]), X)


def test_an_encoder_for_each_member():
    table = frame()[["many", "text", "flag"]]
    pipeline = make_pipeline(TabularEncoder(), net())
    clf = FoldEnsembleClassifier(pipeline, cv=3, random_state=0).fit(table, labels())
    assert inputs(clf) == [("many", "double", 1), ("text", "string", 1), ("flag", "double", 1)]
    agrees(clf, table)


@pytest.mark.parametrize(
    "encoder", [StandardScaler(), make_pipeline(StandardScaler(), RobustSmoothClip())]
)
def test_other_encoders(encoder):
    for dtype in DTYPES:
        clf = tabular(encoder=encoder).fit(numbers(dtype), labels())
        assert inputs(clf) == [("X", "double" if dtype == np.float64 else "float", 4)]
        agrees(clf, numbers(dtype))


# Transformers


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("opset", ENDS)
def test_numeric_transformers(dtype, opset):
    X = numbers(dtype)
    odd = X.copy()
    odd[0], odd[1], odd[2, :2] = np.inf, -np.inf, np.nan
    for transformer in (RobustSmoothClip(), PiecewiseLinearBins(), PiecewiseLinearBins(3)):
        agrees(transformer.fit(odd), odd, target_opset=opset)
        agrees(transformer, 1e30 * odd, target_opset=opset)
    bins = TreeBins(4, min_samples_leaf=5).fit(X, X[:, 0] > 0.3)
    agrees(bins, 1.2 * X, target_opset=opset)
    agrees(TreeBins(min_distinct=99).fit(X, X[:, 0] > 0), X, target_opset=opset)
    codes = (np.arange(120).reshape(60, 2) * 7 % 5).astype(dtype)
    for columns, y in ((None, X[:60, 0] > 0), ([1], np.arange(60) % 3)):
        shares = TargetShares(columns).fit(codes, y)
        agrees(shares, codes, target_opset=opset)
        agrees(shares, np.array([[-1, -1], [9, 9]], dtype), target_opset=opset)
    same = np.ones((5, 2), dtype)
    agrees(PiecewiseLinearBins().fit(same), same, target_opset=opset)
    agrees(RobustSmoothClip().fit(same), np.array([[1, 2], [np.inf, np.nan]], dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "codes",
    [
        [0, 3, 7],
        [-3, -1, 2],
        [0, 0.5, 1.5],
        [-0.5, 0.5, 2],
        [0, 5, 1e9],
        [0, 1, 1e17],
        [1e17, 3e17],
    ],
)
def test_shares_of_any_codes(dtype, codes):
    X = np.array([[code, code] for code in codes] * 20, dtype)
    shares = TargetShares().fit(X, np.arange(len(X)) % 7 > 2)
    model = to_onnx(shares)
    assert model.ByteSize() < 3_000  # not a row for every number up to the largest code
    near = np.array([codes, np.add(codes, 0.25), np.add(codes, 1), np.negative(codes)], dtype)
    agrees(shares, np.stack([near.ravel(), near.ravel()[::-1]], axis=1))


def test_extreme_numbers():
    far = 1.7e308
    for values in ([-far, far], [-far, 0, far], [0, 5e-324, 1e-323], far * np.linspace(-1, 1, 20)):
        X = np.array(values)[:, None]
        agrees(PiecewiseLinearBins().fit(X), X)
        agrees(PiecewiseLinearBins().fit(X), X / 2)
        agrees(RobustSmoothClip().fit(X), X)
        encoder = TabularEncoder(dtype=np.float64, max_distinct=2).fit(X)
        agrees(encoder, X)
        agrees(encoder, np.array([[np.inf], [-np.inf], [np.nan]]))


# What can't be exported


def test_dates_say_so():
    for dates in (
        pd.date_range("2026-01-01", periods=60),
        pd.to_timedelta(np.arange(60), unit="D"),
        pd.Series([datetime.date(2026, 1, 1 + i % 28) for i in range(60)], dtype=object),
    ):
        clf = tabular().fit(frame()[["many"]].assign(when=dates), labels())
        with pytest.raises(
            NotImplementedError, match=r"Column 'when' .* no type for dates .* days, before `fit`"
        ):
            to_onnx(clf)


def test_other_columns_that_say_so():
    unsigned = TabularEncoder(categorical_features=[1]).fit(
        np.array([[1, 2**63 + 1], [2, 2**63 + 2]], np.uint64)
    )
    with pytest.raises(NotImplementedError, match=r"Column 'x1' .* beyond int64.* strings"):
        to_onnx(unsigned)
    pairs = pd.DataFrame({"pairs": pd.Categorical([(1, 2), (2, 3)] * 3)})
    with pytest.raises(NotImplementedError, match=r"Column 'pairs' .* no type for its categories"):
        to_onnx(TabularEncoder().fit(pairs))
    with pytest.raises(NotImplementedError, match=r"Column '' .* has a name"):
        to_onnx(TabularEncoder().fit(frame()[["many"]].rename(columns={"many": ""})))
    with pytest.raises(ValueError, match="the encoded table has no columns"):
        to_onnx(TabularEncoder().fit(frame()[["same"]]))


class Own(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X):
        return 2.0 * X


class OwnClip(RobustSmoothClip):
    def transform(self, X):
        return -super().transform(X)


class OwnExported(Own):
    def transform(self, X):
        return 2.0 * X

    def onnx(self, graph, X):
        return 2.0 * X


@pytest.mark.parametrize("first", [PCA(2), Own(), OwnClip()])
def test_steps_that_say_so(first):
    name = type(first).__name__
    words = rf"step '{name.lower()}' comes before a network, but {name} can't be .* skl2onnx"
    pipeline = make_pipeline(StandardScaler(), first, net())
    clf = FoldEnsembleClassifier(pipeline, cv=2, random_state=0).fit(numbers(), labels())
    with pytest.raises(NotImplementedError, match=words):
        to_onnx(clf)
    clf = tabular(encoder=first).fit(numbers(), labels())
    with pytest.raises(NotImplementedError, match=rf"'encoder' .* but {name} can't be exported"):
        to_onnx(clf)


def test_a_step_with_its_own_conversion():
    clf = tabular(encoder=OwnExported()).fit(numbers(), labels())
    agrees(clf, numbers())


def test_members_that_take_different_inputs():
    table = pd.DataFrame({"x": [*range(30), *["a", "b", "c"] * 10]}, dtype=object)
    pipeline = make_pipeline(TabularEncoder(), net())
    halves = [(np.arange(30), np.arange(5)), (np.arange(30, 60), np.arange(30, 35))]
    clf = FoldEnsembleClassifier(pipeline, cv=halves, calibrate=False, random_state=0)
    clf.fit(table, labels())
    with pytest.raises(ValueError, match=r"different inputs.* 'x' of .*, and 'x' of "):
        to_onnx(clf)


def test_not_fitted():
    for cls in REGISTERED:
        with pytest.raises(NotFittedError):
            to_onnx(cls())


# The file


def test_names_of_columns_may_be_anything():
    """Also those of outputs and of operators."""
    table = frame()[["many", "text", "two", "few"]]
    graph = to_onnx(tabular().fit(table, labels())).graph
    table.columns = ["label", graph.initializer[0].name, "a b.c/ü", graph.node[4].output[0]]
    clf = tabular().fit(table, labels())
    onnx_model = to_onnx(clf)
    assert [o.name for o in onnx_model.graph.output] == ["label_", "probabilities"]
    out = run(onnx_model, table)
    assert np.array_equal(out["label_"], clf.predict(table))
    names = {*table, *(one.name for one in onnx_model.graph.initializer)}
    assert len(names) == 4 + len(onnx_model.graph.initializer)
    for node in onnx_model.graph.node:
        assert not names & set(node.output)
        names |= set(node.output)
    table.columns = [0, 1, 2, 3]
    clf = tabular().fit(table, labels())
    assert [name for name, *_ in inputs(clf)] == ["x0", "x1", "x2", "x3"]


def test_nothing_is_written_that_no_output_needs():
    onnx_model = to_onnx(tabular().fit(frame(), labels()))
    read = {name for node in onnx_model.graph.node for name in node.input}
    outputs = {o.name for o in onnx_model.graph.output}
    for node in onnx_model.graph.node:
        assert set(node.output) <= read | outputs
    assert {one.name for one in onnx_model.graph.initializer} <= read
    assert sum(node.op_type == "ArgMax" for node in onnx_model.graph.node) == 1
    domains = {one.domain: one.version for one in onnx_model.opset_import}
    assert domains == {"": 17, "ai.onnx.ml": 2}
    plain = to_onnx(FoldEnsembleClassifier(net(), cv=2).fit(numbers(), labels()))
    assert [one.domain for one in plain.opset_import] == [""]


@pytest.mark.parametrize("opset", OPSETS)
def test_opsets(opset):
    clf = tabular(encoder=TabularEncoder(max_one_hot=6)).fit(frame(), labels())
    agrees(clf, frame(), target_opset=opset)


# sklearn-onnx


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


MODELS = {
    "ensemble": lambda: FoldEnsembleClassifier(net(), cv=2, random_state=0),
    "tabular": lambda: tabular(cv=2),
    "regressors": lambda: FoldEnsembleRegressor(reg(), cv=2, random_state=0),
    "tabular regressor": lambda: tabular(reg(), cv=2),
    "encoder": lambda: make_pipeline(TabularEncoder(), net()),
    "bins": lambda: make_pipeline(RobustSmoothClip(), PiecewiseLinearBins(3), TreeBins(), net()),
}


def converts(skl2onnx, fitted, X, **options):
    """Assert that sklearn-onnx's model predicts what the estimator does."""
    out = list(run(skl2onnx.to_onnx(fitted, X[:1], **options), X).values())
    exact = isinstance(X, np.ndarray) and X.dtype == np.float64
    assert out[-1].dtype == (np.float64 if exact else np.float32)
    expected = fitted.predict(X)
    if hasattr(fitted, "predict_proba"):
        assert np.array_equal(out[0], expected)
        expected = fitted.predict_proba(X)
    np.testing.assert_allclose(out[-1], expected.reshape(len(X), -1), atol=1e-5)


@pytest.mark.parametrize("dtype", [*DTYPES, np.int64])
@pytest.mark.parametrize("name", MODELS)
def test_pipelines(skl2onnx, name, dtype):
    X = np.round(3 * numbers()).astype(dtype)
    y = X[:, 0] / 3.0 if "regressor" in name else labels()
    converts(skl2onnx, MODELS[name]().fit(X, y), X)
    converts(skl2onnx, make_pipeline(StandardScaler(), MODELS[name]()).fit(X, y), X)


@pytest.mark.parametrize("name", MODELS)
def test_registered(registered, name):
    X = numbers(np.float32)
    if "regressor" in name:
        model = VotingRegressor([("a", MODELS[name]()), ("b", reg())])
        converts(registered, model.fit(X, X[:, 0]), X)
        return
    around = GridSearchCV(MODELS[name](), {}, cv=2).fit(X, labels())
    converts(registered, around, X, options={"zipmap": False})
    if name in ("ensemble", "tabular"):
        around = CalibratedClassifierCV(MODELS[name](), cv=2).fit(X, labels())
        converts(registered, around, X, options={"zipmap": False})
        fitted = MODELS[name]().fit(X, labels())
        options = {id(fitted): {"zipmap": False, "nocl": True}}
        index, p = run(registered.to_onnx(fitted, X[:1], options=options), X).values()
        assert np.array_equal(fitted.classes_[index], fitted.predict(X))
        with pytest.raises(NameError, match="raw_scores"):
            registered.to_onnx(fitted, X[:1], options={id(fitted): {"raw_scores": True}})


@pytest.mark.parametrize("make", [net, reg])
def test_frames_by_sklearn_onnx(skl2onnx, make):
    """A tensor for each column, in any order, and of the type that sklearn-onnx gives it."""
    table = frame()[["many", "two", "whole", "text", "id", "flag"]]
    y = labels() if make is net else table["whole"] / 3.0
    fitted = tabular(make()).fit(table, y)
    types = skl2onnx.common.data_types.guess_data_type(table)
    for given in (types, types[::-1]):
        out = run(skl2onnx.convert_sklearn(fitted, initial_types=given), table)
        expected = fitted.predict_proba(table) if make is net else fitted.predict(table)[:, None]
        np.testing.assert_allclose(list(out.values())[-1], expected, atol=1e-5)
