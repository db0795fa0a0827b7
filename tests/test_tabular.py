"""Tables: the encoder, its parts, and the estimators, on whatever people keep in columns."""

import datetime
import decimal
import pickle
import time
import warnings
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array, issparse
from sklearn import __version__ as sklearn_version
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.exceptions import DataConversionWarning
from sklearn.inspection import permutation_importance
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    RandomizedSearchCV,
    TimeSeriesSplit,
    cross_val_score,
)
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils.estimator_checks import parametrize_with_checks

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.estimators.compat import target_encoder
from skbackprop.tabular import (
    PiecewiseLinearBins,
    RobustSmoothClip,
    TabularClassifier,
    TabularEncoder,
    TabularRegressor,
    TargetShares,
    TreeBins,
    default_classifier,
    default_regressor,
    search_space,
)
from skbackprop.tabular.columns import Column

ROUNDING = "float32: BLAS rounds a row as its neighbours in memory suggest"
WEIGHTS = "rows that are repeated make other folds and other batches than weights do"
EXPECTED = {
    TabularClassifier: {"check_methods_sample_order_invariance": ROUNDING},
    TabularRegressor: {
        "check_methods_sample_order_invariance": ROUNDING,
        "check_sample_weight_equivalence_on_dense_data": WEIGHTS,
    },
}
if sklearn_version.startswith("1.6."):
    EXPECTED[TargetShares] = {
        "check_positive_only_tag_during_fit": "it subtracts a mean from its own integers in place"
    }
small = {"max_iter": 30, "learning_rate_init": 0.05}


def expected(estimator):
    return EXPECTED.get(type(estimator), {})


@parametrize_with_checks(
    [
        RobustSmoothClip(),
        PiecewiseLinearBins(),
        PiecewiseLinearBins(4),
        TreeBins(min_samples_leaf=5),
        TargetShares(),
        TargetShares([0], target_type="continuous"),
        TabularEncoder(),
        TabularEncoder(n_quantile_bins=4),
        TabularClassifier(cv=3),
        TabularRegressor(cv=3),
    ],
    expected_failed_checks=expected,
)
@pytest.mark.filterwarnings("ignore:.*least populated class:UserWarning")
@pytest.mark.filterwarnings("ignore:.*can't be split into folds:UserWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.DataConversionWarning")
def test_scikit_learn_estimator_checks(estimator, check):
    check(estimator)


# Numbers


def test_smooth_clip_is_the_formula():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((200, 3)) * [1, 100, 1e-5] + [0, 7, 1]
    X[0] = 1e30
    q25, median, q75 = np.quantile(X, [0.25, 0.5, 0.75], axis=0)
    z = (X - median) / (q75 - q25)
    expected = z / np.sqrt(1 + (z / 3) ** 2)
    with np.errstate(over="raise"):
        assert_allclose(RobustSmoothClip().fit_transform(X), expected)


def test_smooth_clip_of_odd_columns():
    # equal quartiles: the median distance of the other values
    half = np.r_[np.full(16, 1.0), -3.0, 7.0, 1e6, np.nan]
    X = np.stack([half, np.full(20, 7.0), np.full(20, np.nan)], axis=1)
    Z = RobustSmoothClip().fit_transform(X)
    assert_allclose(Z[16, 0], (-4 / 6) / np.sqrt(1 + (4 / 18) ** 2))
    assert_allclose(Z[17, 0], 1 / np.sqrt(1 + 1 / 9))
    assert_array_equal(Z[:, 1], 0)
    assert np.isnan(Z[:, 2]).all()
    extreme = RobustSmoothClip().fit_transform(1.7e308 * np.linspace(-1, 1, 9)[:, None])
    assert (np.diff(extreme.ravel()) >= 0).all()
    clip = RobustSmoothClip().fit(np.arange(9.0)[:, None])
    assert_allclose(clip.transform([[np.inf], [-np.inf], [np.nan]]).ravel(), [3, -3, np.nan])


@pytest.mark.parametrize("n_bins", [None, 3])
def test_bins_are_the_formula(n_bins):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 6, (100, 2)).astype(float)
    bins = PiecewiseLinearBins(n_bins).fit(X)
    new = rng.uniform(-2, 8, (50, 2))
    expected = [
        np.clip((x - low) / (high - low), 0, 1)
        for x, edges in zip(new.T, bins.edges_, strict=True)
        for low, high in pairwise(edges)
    ]
    assert_allclose(bins.transform(new), np.stack(expected, axis=1))
    if n_bins:
        quantiles = np.quantile(X[:, 0], np.linspace(0, 1, 4))
        assert_array_equal(bins.edges_[0], np.unique(quantiles))
    assert not bins.transform([[np.nan, np.nan]]).any()
    assert len(bins.get_feature_names_out()) == len(expected)


@pytest.mark.parametrize("n_bins", [0, -1, 2.5, "3", True])
def test_wrong_bins(n_bins):
    with pytest.raises(ValueError, match="n_bins must be an integer >= 1 or None, got"):
        PiecewiseLinearBins(n_bins).fit([[1.0], [2.0]])


@pytest.mark.parametrize("kind", [DecisionTreeClassifier, DecisionTreeRegressor])
def test_tree_bins_are_cut_where_a_tree_splits(kind):
    X, y = load_iris(return_X_y=True)
    target = y if kind is DecisionTreeClassifier else np.sin(X[:, 2])
    bins = TreeBins(5, min_samples_leaf=10).fit(X, target)
    for x, edges in zip(X.T, bins.edges_, strict=True):
        tree = kind(max_leaf_nodes=5, min_samples_leaf=10).fit(x[:, None], target).tree_
        splits = np.sort(tree.threshold[tree.feature >= 0])
        assert_allclose(edges, [x.min(), *splits, x.max()], rtol=1e-6)
        assert 3 < len(edges) < 7
    B = bins.transform(X)
    assert_array_equal(B[:, :4], X)
    plain = PiecewiseLinearBins()
    plain.fit(X).edges_ = bins.edges_
    assert_allclose(B[:, 4:], plain.transform(X))
    names = bins.get_feature_names_out()
    assert list(names[:5]) == ["x0", "x1", "x2", "x3", f"x0<={bins.edges_[0][1]:g}"]
    assert len(names) == B.shape[1]
    assert_allclose(bins.transform(csr_array(X)).toarray(), B)
    again = TreeBins(5, min_samples_leaf=10).fit(csr_array(X), target)
    assert_allclose(np.concatenate(again.edges_), np.concatenate(bins.edges_))


def test_tree_bins_of_few_values_and_of_very_large_ones():
    rng = np.random.default_rng(0)
    X = np.stack([rng.integers(0, 10, 400), rng.normal(size=400), np.ones(400)], axis=1)
    y = X[:, 1] > 0.3
    X[:, 1] *= 1e300
    bins = TreeBins().fit(X, y)
    assert [len(edges) for edges in bins.edges_] == [0, 3, 0]
    assert 0.25e300 < bins.edges_[1][1] < 0.35e300
    assert bins.transform(X).shape == (400, 5)
    assert len(TreeBins(min_distinct=10).fit(X, X[:, 0]).edges_[0]) > 5
    # a target of numbers that happen to be whole
    assert len(TreeBins(target_type="continuous").fit(X, np.round(X[:, 1] / 1e300)).edges_[1]) > 3


def test_tree_bins_of_many_columns_are_fewer():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 40))
    X[:, 30:] = np.round(X[:, 30:])  # not cut, so they don't count
    y = np.digitize(X[:, 0], [-1.2, -0.7, -0.3, 0, 0.3, 0.7, 1.2])
    most = [TreeBins(max_bins=n).fit(X, y).edges_ for n in (240, 60, 59)]
    assert [len(edges[0]) - 1 for edges in most] == [8, 2, -1]
    assert not any(len(edges) for edges in most[2])
    assert TreeBins(max_bins=59).fit(X, y).transform(X).shape == X.shape


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"max_bins": 0}, "max_bins must be an integer >= 1, got 0"),
        ({"max_leaf_nodes": 1}, "max_leaf_nodes must be an integer >= 2, got 1"),
        ({"min_samples_leaf": 0.5}, "min_samples_leaf must be an integer >= 1, got 0.5"),
        ({"min_distinct": True}, "min_distinct must be an integer >= 2, got True"),
        ({"target_type": "numbers"}, "target_type must be .* got 'numbers'"),
    ],
)
def test_wrong_tree_bins(params, words):
    with pytest.raises(ValueError, match=words):
        TreeBins(**params).fit(np.arange(20.0)[:, None], np.arange(20) % 2)


# The encoder


def frame():
    """One column of each kind."""
    return pd.DataFrame(
        {
            "many": np.r_[np.arange(19.0), np.nan],
            "few": np.tile([1.0, 2.0, 4.0, 8.0], 5),
            "two": np.tile([3.0, 5.0], 10),
            "text": [*"abca" * 4, None, *"abc"],
            "flag": np.tile([True, False, False, True], 5),
            "pair": pd.Categorical(["x", "y"] * 10),
            "number_codes": pd.Categorical([3, 1, 2, 3] * 5),
            "date": pd.date_range("2026-01-01", periods=20),
            "same": np.ones(20),
            "nothing": [None] * 20,
        }
    )


NAMES = [
    *["many", "date", "few<=2", "few<=4", "few<=8", "two", "missing_many"],
    *["text_a", "text_b", "text_c", "flag", "pair"],
    *["number_codes_1", "number_codes_2", "number_codes_3"],
]


def test_each_kind_of_column():
    encoder = TabularEncoder()
    E = encoder.fit_transform(frame())
    assert encoder.get_feature_names_out().tolist() == NAMES
    assert E.dtype == np.float32
    assert np.isfinite(E).all()
    column = dict(zip(NAMES, E.T, strict=True))
    assert_array_equal(column["two"], np.tile([-1, 1], 10))
    assert_array_equal(column["flag"], np.tile([1, -1, -1, 1], 5))
    assert_array_equal(column["missing_many"], np.r_[np.zeros(19), 1])
    assert column["many"][-1] == column["many"][9] == 0  # the median
    assert_array_equal(column["text_a"][:4], [1, 0, 0, 1])
    assert_array_equal(E[16, 7:10], 0)  # missing
    clip = RobustSmoothClip().fit_transform(np.arange(20.0)[:, None])[:, 0]
    assert_allclose(column["date"], clip, rtol=1e-5)


def test_what_fit_has_not_seen():
    encoder = TabularEncoder().fit(frame())
    new = frame().iloc[:2].copy()
    new["text"], new["flag"] = ["z", None], [None, None]
    new["two"], new["many"], new["few"] = [4.0, np.nan], [np.inf, -np.inf], [np.nan, 100.0]
    row = dict(zip(NAMES, encoder.transform(new).T, strict=True))
    assert not np.concatenate([row[f"text_{c}"] for c in "abc"]).any()
    assert_array_equal(row["flag"], 0)
    assert_array_equal(row["two"], 0)
    assert_allclose(row["many"], [3, -3], rtol=1e-6)
    assert_array_equal(row["few<=8"], [0, 1])


def test_pandas_out():
    encoder = TabularEncoder().set_output(transform="pandas")
    out = encoder.fit_transform(frame())
    assert list(out.columns) == NAMES
    assert out.index.equals(frame().index)


@pytest.mark.parametrize("module", ["polars", "pyarrow"])
def test_other_frames(module):
    library = pytest.importorskip(module)
    data = frame().drop(columns=["nothing", "number_codes"])
    data["pair"] = data["pair"].astype(str)
    make = library.from_pandas if module == "polars" else library.Table.from_pandas
    given, encoder = make(data), TabularEncoder()
    E = encoder.fit_transform(given)
    assert_array_equal(E, TabularEncoder().fit_transform(data))
    assert list(encoder.feature_names_in_) == list(data.columns)
    declared = TabularEncoder(categorical_features=["few"]).fit(given.select(["few", "two"]))
    assert declared.categorical_.tolist() == [True, False]
    categorical = make(data.assign(text=data["text"].astype("category")))
    assert_array_equal(TabularEncoder().fit_transform(categorical), E)


def test_types_that_numpy_does_not_have():
    pl = pytest.importorskip("polars")
    rows = [{"of": 1.5}, {"of": None}] * 10
    for dtype, values, got in (
        (pl.Struct({"of": pl.Float64}), rows, r"\{'of': 1.5\} of type dict"),
        (pl.Array(pl.Int64, 2), [[1, 2], [3, 4]] * 10, r"\[1, 2\] of type list"),
        (pl.List(pl.Int64), [[1, 2], [3]] * 10, "of type"),
    ):
        data = pl.DataFrame({"odd": pl.Series(values, dtype=dtype), "z": range(20)})
        with pytest.raises(ValueError, match=f"column 'odd' of X must hold .*{got}"):
            TabularEncoder().fit(data)
    with pytest.raises(TypeError, match="in memory, got a LazyFrame"):
        TabularEncoder().fit(data.lazy())


def test_integers_of_128_bits():
    pl = pytest.importorskip("polars")
    if not hasattr(pl, "Int128"):
        pytest.skip("polars is too old")
    whole = [2**100, 1, None, 2] * 5
    data = pl.DataFrame({"whole": pl.Series(whole, dtype=pl.Int128)})
    E = TabularEncoder(categorical_features=[0]).fit(data).transform(data)
    assert_array_equal(E[:4], [[0, 0, 1], [1, 0, 0], [0, 0, 0], [0, 1, 0]])


def test_booleans_are_0_and_1():
    flags = pd.DataFrame({"on": [True, False, False, None] * 5}, dtype=object)
    numbers = flags.astype(float)
    encoder = TabularEncoder().fit(flags)
    assert_array_equal(encoder.transform(numbers), encoder.transform(flags))
    encoder = TabularEncoder(categorical_features=["on"]).fit(numbers)
    assert_array_equal(encoder.transform(flags), encoder.transform(numbers))
    texts = pd.DataFrame({"on": ["True", "False"] * 5})
    assert not TabularEncoder().fit(texts).transform(pd.DataFrame({"on": [1, 0]})).any()


def test_arrays_and_lists():
    rows = [[1.5, "a", None], [2.5, "b", 3], [0.5, "c", 4], [4.5, None, 5]] * 5
    E = TabularEncoder().fit_transform(rows)
    assert_array_equal(E, TabularEncoder().fit_transform(np.array(rows, dtype=object)))
    as_frame = pd.DataFrame(rows)
    assert_array_equal(E, TabularEncoder().fit_transform(as_frame))


@pytest.mark.parametrize(
    "column",
    [
        [datetime.date(2026, 1, d + 1) for d in range(20)],
        [datetime.datetime(2026, 1, d + 1, tzinfo=datetime.UTC) for d in range(20)],
        pd.date_range("2026-01-01", periods=20, tz="Europe/Berlin"),
        pd.to_timedelta(np.arange(20), unit="D"),
        np.array([datetime.timedelta(days=d) for d in range(20)], dtype=object),
        [decimal.Decimal(f"{d}.5") for d in range(20)],
        10**15 * np.arange(20) + 10**18,
        [10**25 * (i + 1) for i in range(20)],
        pd.array([*range(19), None], dtype="Int64"),
        pd.array([*range(19), None], dtype="Float32"),
    ],
    ids=[
        "date",
        "datetime",
        "zone",
        "duration",
        "timedelta",
        "Decimal",
        "large",
        "larger",
        "Int64",
        "Float32",
    ],
)
def test_numbers_of_other_types(column):
    encoder = TabularEncoder()
    E = encoder.fit_transform(pd.DataFrame({"x": column}))
    assert not encoder.categorical_[0]
    assert np.isfinite(E).all()
    there = slice(0, 19)
    assert (np.diff(E[there, 0]) > 0).all()


def test_a_category_is_the_same_whatever_is_beside_it():
    def encode(values, seen):
        encoder = TabularEncoder(categorical_features=[0]).fit(pd.DataFrame({"a": seen}))
        return encoder.transform(pd.DataFrame({"a": values}))

    one = encode([1, 2, 2], [1, "b", 2])
    assert_array_equal(one, [[1, 0, 0], [0, 1, 0], [0, 1, 0]])
    for values in ([2, 3], ["2", "3"], [2.0, 3.0], ["3", 2][::-1]):
        for seen in ([1, 2, 3], ["1", "2", "3"], [1.0, 2.0, np.nan, 3.0]):
            assert_array_equal(encode(values, seen), [[0, 1, 0], [0, 0, 1]])
    assert_array_equal(encode([True, False], [True, False, "x"])[:, :2], [[0, 1], [1, 0]])


def test_large_whole_numbers_are_different_categories():
    table = pd.DataFrame({"a": [2**60, 2**60 + 1, 2**60 + 2] * 2})
    expected = np.tile(np.eye(3), (2, 1))
    encoder = TabularEncoder(categorical_features=["a"]).fit(table)
    assert_array_equal(encoder.transform(table), expected)
    gap = pd.concat([table, pd.DataFrame({"a": [None]}, dtype=object)]).astype(object)
    assert_array_equal(encoder.transform(gap), [*expected, [0, 0, 0]])
    assert_array_equal(TabularEncoder(categorical_features=["a"]).fit_transform(gap)[:6], expected)


def test_the_order_of_categories_is_not_chance():
    for texts in (["1", "01", "10", "2"], ["nan", "3", "20"], ["b", "a", "1"]):
        encoder = TabularEncoder(categorical_features=[0]).fit(pd.DataFrame({"a": texts}))
        backwards = TabularEncoder(categorical_features=[0]).fit(pd.DataFrame({"a": texts[::-1]}))
        assert encoder.categories_[0].tolist() == backwards.categories_[0].tolist()
    assert encoder.categories_[0].tolist() == ["1", "a", "b"]
    numbers = TabularEncoder(categorical_features=[0]).fit(pd.DataFrame({"a": [10, 9, 1, 2]}))
    assert numbers.categories_[0].tolist() == ["1", "2", "9", "10"]


def test_columns_of_nothing_may_hold_anything_later():
    table = pd.DataFrame({"a": [None] * 4, "b": [1.0, 2.0, 3.0, 4.0], "c": [None] * 4})
    encoder = TabularEncoder(categorical_features=["c"]).fit(table)
    E = encoder.transform(table.assign(a="text", c="text"))
    assert_array_equal(E, encoder.transform(table))


def test_names_are_unique():
    table = pd.DataFrame({"a": ["b_c", "d", "e"], "a_b": ["c", "f", "g"]})
    names = TabularEncoder().fit(table).get_feature_names_out().tolist()
    assert names == ["a_b_c", "a_d", "a_e", "a_b_c_2", "a_b_f", "a_b_g"]
    close = PiecewiseLinearBins().fit([[1e6], [1e6 + 0.1], [1e6 + 0.2]])
    assert len(set(close.get_feature_names_out())) == 2


def test_names_of_columns_must_differ():
    twice = pd.DataFrame([[1.0, 2.0], [3.0, 4.0]], columns=["a", "a"])
    with pytest.raises(ValueError, match="several columns of the name 'a'"):
        TabularEncoder().fit(twice)


def test_an_error_leaves_the_encoder_alone():
    encoder = TabularEncoder().fit(frame())
    before = encoder.transform(frame())
    with pytest.raises(ValueError, match="column 'odd'"):
        encoder.fit(pd.DataFrame({"odd": [[1], [2]]}))
    assert_array_equal(encoder.transform(frame()), before)


@pytest.mark.parametrize("values", [[0, 5e-324, 1e-323], [-1.7e308, 0, 1.7e308]])
def test_bins_of_extreme_widths(values):
    B = PiecewiseLinearBins().fit_transform(np.array(values)[:, None])
    assert_allclose(B, [[0, 0], [1, 0], [1, 1]])


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="no time zones to set here")
def test_days_do_not_depend_on_where_the_machine_is(monkeypatch):
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        dates = [datetime.datetime(2020, 1, d, tzinfo=datetime.UTC) for d in (1, 2)]
        assert_array_equal(Column(np.array(dates, dtype=object), "x").numbers(), [18262, 18263])
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("chosen", "mask"),
    [
        (["few"], [0, 1, 0]),
        ([2, 0], [1, 0, 1]),
        ([True, False, False], [1, 0, 0]),
        (None, [0, 0, 0]),
        ("from_dtype", [0, 0, 0]),
        ([], [0, 0, 0]),
    ],
)
def test_declared_categories(chosen, mask):
    encoder = TabularEncoder(categorical_features=chosen).fit(frame()[["many", "few", "two"]])
    assert_array_equal(encoder.categorical_, mask)


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        (["fewer"], "names among .*'few'.* got 'fewer'"),
        ([5], "got 5"),
        ([-1], "got -1"),
        ([True], "one entry for each of the 3 columns, got 1"),
        ("few", 'categorical_features must be "from_dtype"'),
        ([["few"]], "one-dimensional"),
    ],
)
def test_wrong_categories(chosen, words):
    with pytest.raises(ValueError, match=words):
        TabularEncoder(categorical_features=chosen).fit(frame()[["many", "few", "two"]])


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"n_quantile_bins": 0}, "n_quantile_bins must be an integer >= 1 or None, got 0"),
        ({"max_distinct": 1}, "max_distinct must be an integer >= 2, got 1"),
        ({"max_one_hot": 0}, "max_one_hot must be an integer >= 1 or None, got 0"),
        ({"max_categories": 2.5}, "max_categories must be an integer >= 1 or None, got 2.5"),
        ({"sparse_output": "yes"}, "sparse_output must be True, False or"),
        ({"dtype": int}, "dtype must be np.float32 or np.float64"),
        ({"max_categories": 0}, "max_categories"),
        ({"min_frequency": -1}, "min_frequency"),
        ({"min_frequency": 1.5}, "min_frequency, unless it is a share of the rows, must be"),
    ],
)
def test_wrong_parameters(params, words):
    with pytest.raises(ValueError, match=words):
        TabularEncoder(**params).fit(frame())


def test_errors_name_the_column():
    with pytest.raises(ValueError, match="column 'text' of X must hold numbers, got 'a'"):
        TabularEncoder(categorical_features=None).fit(frame())
    encoder = TabularEncoder().fit(frame())
    with pytest.raises(ValueError, match="column 'many' of X must hold numbers, got 'five'"):
        encoder.transform(frame().astype({"many": object}).assign(many="five"))
    days = pd.DataFrame({"day": pd.date_range("2024-01-01", periods=20)})
    with pytest.raises(ValueError, match=r"column 'day' of X must hold dates, got '2024-01-01'"):
        TabularEncoder().fit(days).transform(days.astype(str))
    with pytest.raises(ValueError, match=r"column 'odd' of X .* got \[1\] of type list"):
        TabularEncoder().fit(frame().assign(odd=[[1]] * 20))
    with pytest.raises(ValueError, match="column 1 of X must hold numbers, got 'b'"):
        TabularEncoder(categorical_features=[0]).fit([["a", "b"], ["c", "d"]])
    with pytest.raises(TypeError, match="dense arrays or data frames, got sparse data"):
        TabularEncoder().fit(csr_array(np.eye(3)))
    with pytest.raises(ValueError, match="feature names"):
        encoder.transform(frame()[frame().columns[::-1]])


def test_rare_and_many_categories():
    job = ["cook"] * 10 + ["smith"] * 8 + ["spy", "nun"]
    data = pd.DataFrame({"job": job})
    encoder = TabularEncoder(min_frequency=3).fit(data)
    assert encoder.get_feature_names_out().tolist() == ["job_cook", "job_smith", "job_(other)"]
    assert_array_equal(encoder.transform(data[-1:]), [[0, 0, 1]])
    unique = pd.DataFrame({"id": [f"n{i}" for i in range(3000)]})
    assert TabularEncoder(max_categories=7).fit_transform(unique).shape == (3000, 7)
    everything = TabularEncoder(max_categories=None).fit_transform(unique)
    assert issparse(everything)
    assert everything.shape == (3000, 3000)
    assert everything.dtype == np.float32
    dense = TabularEncoder(max_categories=None, sparse_output=False).fit_transform(unique)
    assert_array_equal(dense, everything.toarray())
    few = TabularEncoder(sparse_output=True).fit_transform(frame())
    assert_array_equal(few.toarray(), TabularEncoder().fit_transform(frame()))


def test_the_table_is_left_alone():
    data = frame()
    encoder = TabularEncoder().fit(data)
    encoder.transform(data)
    pd.testing.assert_frame_equal(data, frame())
    again = pickle.loads(pickle.dumps(encoder))
    assert_array_equal(again.transform(data), encoder.transform(data))


# The estimators


def quick(**params):
    return TabularClassifier(BackpropClassifier((8,), **small), random_state=0, **params)


def test_a_frame_goes_in_as_it_is():
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    X = X.assign(kind=np.where(y == 1, "a", "b"), noise=None)
    X.iloc[::7, 3] = np.nan
    names = np.where(y == 1, "benign", "malignant")
    clf = quick().fit(X, names)
    assert clf.oof_score_ > 0.97
    assert list(clf.feature_names_in_) == list(X.columns)
    assert clf.classes_.tolist() == ["benign", "malignant"]
    p = clf.predict_proba(X)
    assert_allclose(p.sum(axis=1), 1, rtol=1e-5)
    assert_array_equal(clf.predict(X), clf.classes_[p.argmax(axis=1)])
    assert_allclose(clf.predict_log_proba(X), np.log(p))
    assert_array_equal(pickle.loads(pickle.dumps(clf)).predict_proba(X), p)
    assert_array_equal(clone(clf).fit(X, names).predict_proba(X), p)
    mean, std = clf.predict_proba(X, return_std=True)
    assert_array_equal(mean, p)
    assert std.shape == p.shape
    assert (std > 0).any()
    importances = permutation_importance(clf, X, names, n_repeats=2, random_state=0)
    assert importances.importances_mean.argmax() == list(X.columns).index("kind")


def test_the_defaults():
    X, y = load_iris(return_X_y=True)
    clf = TabularClassifier(random_state=0).fit(X, y)
    assert len(clf.members_) == 5
    member = clf.members_[0]
    assert member.hidden_layer_sizes == (64, 64, 64)
    assert member.coefs_[0].dtype == np.float32
    assert clf.oof_decision_function_.shape == (150, 3)
    assert clf.oof_score_ > 0.93


@pytest.mark.parametrize(
    ("rows", "units", "epochs"),
    [(10, 64, 128), (4_999, 64, 128), (5_000, 128, 64), (20_000, 128, 32), (10**6, 128, 16)],
)
def test_the_size_goes_by_the_rows(rows, units, epochs):
    for network in (default_classifier(rows), default_regressor(rows)):
        assert network.hidden_layer_sizes == (units,) * 3
        assert network.max_iter == epochs
        assert network.batch_size == ("auto" if rows < 2_000 else 256)


def test_every_other_member_cuts_numbers_into_bins():
    X, y = load_iris(return_X_y=True)
    net = BackpropClassifier((8,), **small)
    clf = TabularClassifier(net, tree_bins=3, random_state=0).fit(X, y)
    assert [isinstance(member, Pipeline) for member in clf.members_] == [False, True] * 2 + [False]
    bins = clf.members_[1][0]
    assert bins.max_leaf_nodes == 3
    assert bins.target_type == "categorical"
    plain = TabularClassifier(net, tree_bins=None, random_state=0).fit(X, y)
    assert not any(isinstance(member, Pipeline) for member in plain.members_)
    X, y = load_diabetes(return_X_y=True)
    reg = TabularRegressor(BackpropRegressor(hidden_layer_sizes=(8,), **small), random_state=0)
    assert reg.fit(X, y).members_[1][0].target_type == "continuous"
    with pytest.raises(ValueError, match="tree_bins must be an integer >= 2 or None, got 1"):
        TabularClassifier(net, tree_bins=1).fit(X, y > 100)


def test_class_weights():
    X, y = load_iris(return_X_y=True)
    clf = TabularClassifier(class_weight={0: 1.0, 1: 1.0, 2: 5.0}, random_state=0).fit(X, y)
    assert clf.members_[0].class_weight == {0: 1.0, 1: 1.0, 2: 5.0}
    with pytest.raises(ValueError, match="class_weight and estimator are both given"):
        quick(class_weight="balanced").fit(X, y)
    before = clf.set_params(cv=1).predict_proba(X)
    with pytest.raises(ValueError, match="cv must be an integer > 1"):
        clf.fit(X, y)
    assert_array_equal(clf.predict_proba(X), before)


def test_searches_reach_every_part():
    X, y = load_iris(return_X_y=True)
    grid = {
        "estimator__hidden_layer_sizes": [(4,), (8,)],
        "encoder__max_distinct": [2, 10],
    }
    search = GridSearchCV(quick(encoder=TabularEncoder(), cv=3), grid, cv=2).fit(X, y)
    assert len(search.cv_results_["params"]) == 4
    assert search.best_score_ > 0.8
    assert cross_val_score(quick(encoder=StandardScaler(), cv=3), X, y, cv=2).mean() > 0.8


@pytest.mark.filterwarnings("error::sklearn.exceptions.ConvergenceWarning")
def test_groups_and_time():
    X, y = load_iris(return_X_y=True)
    groups = np.arange(150) % 10
    clf = quick(cv=GroupKFold(5)).fit(X, y, groups=groups)
    assert len(clf.members_) == 5
    rng = np.random.default_rng(0)
    order = rng.permutation(150)
    clf = quick(cv=TimeSeriesSplit(3)).fit(X[order], y[order])
    assert np.isnan(clf.oof_decision_function_[0]).all()
    assert np.isfinite(clf.oof_decision_function_[-1]).all()
    assert clf.oof_score_ > 0.8
    with config_context(enable_metadata_routing=True):
        routed = quick(cv=GroupKFold(5)).set_fit_request(groups=True)
        scores = cross_val_score(
            routed, X, y, cv=GroupKFold(2), params={"groups": groups}, error_score="raise"
        )
    assert len(scores) == 2


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("outputs", [1, 2])
def test_regression(outputs, weighted):
    X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
    Y = y.to_numpy() if outputs == 1 else np.stack([y, 1000 * y + 5], axis=1)
    weight = np.random.default_rng(0).uniform(0.5, 2, len(y)) if weighted else None
    reg = TabularRegressor(random_state=0).fit(X, Y, weight)
    assert reg.oof_score_ > 0.4
    assert reg.oof_prediction_.shape == Y.shape
    mean, std = reg.predict(X, return_std=True)
    assert mean.shape == std.shape == Y.shape
    assert reg.score(X, Y) > reg.oof_score_
    each = [member.predict(reg.encoder_.transform(X)) for member in reg.members_]
    assert_allclose(np.mean(each, axis=0) * reg._scale + reg._mean, mean, rtol=1e-5)
    assert_allclose(np.std((reg.oof_prediction_ - reg._mean) / reg._scale), 0.7, atol=0.2)


def test_counts():
    X, y = load_diabetes(return_X_y=True)
    counts = np.random.default_rng(0).poisson(np.exp(20 * X[:, 2]))
    member = BackpropRegressor("poisson", hidden_layer_sizes=(8,), **small)
    reg = TabularRegressor(member, scale_targets=False, random_state=0).fit(X, counts)
    assert reg.predict(X).min() >= 0
    assert reg.oof_score_ > 0.1
    with pytest.raises(ValueError, match="poisson"):
        TabularRegressor(member, random_state=0).fit(X, counts)


@pytest.mark.parametrize("rows", [0, -5, 1e4, None, "many"])
def test_wrong_numbers_of_rows(rows):
    for of_rows in (default_classifier, default_regressor, search_space):
        with pytest.raises(ValueError, match="n_samples must be an integer >= 1"):
            of_rows(rows)


def test_what_is_none_has_nothing_to_set():
    clf = TabularClassifier()
    with pytest.raises(ValueError, match=r"estimator__dropout can't .*default_classifier\("):
        clf.set_params(estimator__dropout=0.1)
    with pytest.raises(ValueError, match=r"encoder__dtype can't .*TabularEncoder\("):
        clf.set_params(encoder__dtype=float)
    clf.set_params(estimator=default_classifier(100), estimator__dropout=0.1)
    assert clf.estimator.dropout == 0.1
    with pytest.raises(ValueError, match=r"default_regressor\("):
        TabularRegressor().set_params(estimator__dropout=0.1)


@pytest.mark.parametrize("gap", [None, np.nan, pd.NA])
@pytest.mark.parametrize("kind", [TabularClassifier, TabularRegressor])
def test_targets_that_are_missing(kind, gap):
    y = pd.Series([1.0, 2.0, gap, 1.0] * 5, dtype=object)
    if kind is TabularClassifier:
        y = y.map({1.0: "a", 2.0: "b"}).where(y.notna(), gap)
    with pytest.raises(ValueError, match=r"y has 5 missing value\(s\). Leave out their rows"):
        kind().fit(np.arange(20.0)[:, None], y)


def test_the_default_networks_and_a_search_around_them():
    X, y = load_iris(return_X_y=True)
    plain = TabularClassifier(random_state=0).fit(X, y)
    given = TabularClassifier(default_classifier(len(y)), random_state=0).fit(X, y)
    assert_array_equal(given.predict_proba(X), plain.predict_proba(X))
    reg = TabularRegressor(random_state=0, cv=2).fit(X, X[:, 0])
    same = TabularRegressor(default_regressor(len(y)), random_state=0, cv=2).fit(X, X[:, 0])
    assert_array_equal(reg.predict(X), same.predict(X))
    for estimator, target in ((given, y), (same, X[:, 0])):
        base = clone(estimator).set_params(cv=2, random_state=0)
        space = search_space(len(y))
        assert set(space) <= set(base.get_params())
        space = {**space, "estimator__max_iter": [2, 3]}
        search = RandomizedSearchCV(base, space, n_iter=4, cv=2, random_state=0).fit(X, target)
        assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize(("factor", "offset"), [(1, 1e9), (1e100, 0), (1e-200, 0)])
def test_targets_far_from_one(factor, offset):
    X, y = load_diabetes(return_X_y=True)
    plain = TabularRegressor(random_state=0, cv=2).fit(X, y)
    reg = TabularRegressor(random_state=0, cv=2).fit(X, factor * y + offset)
    assert abs(reg.oof_score_ - plain.oof_score_) < 0.05
    predicted = (reg.predict(X) - offset) / factor
    assert np.corrcoef(predicted, plain.predict(X))[0, 1] > 0.95
    left_out = (reg.oof_prediction_ - offset) / factor
    assert np.corrcoef(left_out, plain.oof_prediction_)[0, 1] > 0.9


def test_regression_with_an_estimator_of_ones_own():
    X, y = load_diabetes(return_X_y=True)
    member = BackpropRegressor(hidden_layer_sizes=(8,), **small)
    own = TabularRegressor(member, random_state=0).fit(X, y)
    plain = TabularRegressor(member, scale_targets=False, random_state=0)
    scaled = TransformedTargetRegressor(plain, transformer=StandardScaler()).fit(X, y)
    assert scaled.score(X, y) > 0.3
    assert_allclose(own.predict(X), scaled.predict(X), rtol=1e-4)
    again = clone(plain).fit(X, (y - y.mean()) / y.std())
    assert_allclose(again.predict(X) * y.std() + y.mean(), own.predict(X), rtol=1e-4)
    with pytest.raises(TypeError, match="must be a BackpropRegressor or None"):
        TabularRegressor(BackpropClassifier()).fit(X, y)


# Very many categories


def many_categories(n=600, seed=0):
    """A table whose target depends on the digits of a code, and the same rows again."""
    rng = np.random.default_rng(seed)
    code = rng.integers(0, 90, n)
    frame = pd.DataFrame({"code": [f"c{k}" for k in code], "x": rng.normal(size=n)})
    frame.loc[::50, "code"] = None
    return frame, code % 3


@pytest.mark.parametrize("kind", ["binary", "multiclass", "continuous"])
@pytest.mark.parametrize("sparse", [False, True])
def test_shares_of_many_categories(kind, sparse):
    frame, y = many_categories()
    y = {"binary": np.where(y == 1, "yes", "no"), "multiclass": y, "continuous": y + 0.5}[kind]
    encoder = TabularEncoder(max_one_hot=50, sparse_output=sparse).fit(frame)
    assert encoder.get_feature_names_out().tolist() == ["x", "code"]
    assert encoder.coded_.tolist() == [1]
    codes = encoder.transform(frame)
    plain = codes.toarray() if sparse else codes
    assert set(plain[frame["code"].isna(), 1]) == {90}  # missing
    assert plain[1, 1] == encoder.categories_[0].tolist().index(frame["code"][1])
    new = pd.DataFrame({"code": ["new", None], "x": [0.0, 0.0]})
    E_new = encoder.transform(new)
    shares = TargetShares([1], "continuous" if kind == "continuous" else "categorical")
    E = shares.fit_transform(codes, y)
    same = target_encoder(kind)
    expected = same.fit_transform(plain[:, [1]], y)
    clip = RobustSmoothClip().fit(expected)
    for found, wanted in (
        (E, expected),
        (shares.transform(codes), same.transform(plain[:, [1]])),  # a row's own target counts
        (shares.transform(E_new), same.transform([[-1.0], [90.0]])),
    ):
        assert issparse(found) == sparse
        assert found.dtype == np.float32
        found = found.toarray() if sparse else found
        assert found.shape[1] == 1 + (3 if kind == "multiclass" else 1)
        assert_allclose(found[:, 1:], clip.transform(wanted), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("y", "ends"),
    [(["no", "yes"] * 30, ["_yes"]), (["a", "b", "c"] * 20, ["_a", "_b", "_c"]), (None, [""])],
)
def test_names_of_shares(y, ends):
    X = pd.DataFrame({"job": np.arange(60.0) % 5, "age": np.arange(60.0), "town": 0.0})
    shares = TargetShares([2, 0], "categorical" if y else "continuous")
    shares.set_output(transform="pandas")
    out = shares.fit_transform(X, y or np.arange(60.0))
    names = [f"{name}{end}" for name in ("town", "job") for end in ends]
    assert out.columns.tolist() == ["age", *names]
    assert_array_equal(out["age"], X["age"])
    if y:  # the most frequent code of a class has its largest share
        y = ["no" if code else "yes" for code in X["job"]]
        assert shares.fit(X, y).transform(X)["job_yes"].argmax() == 0


def test_numbers_are_no_classes_of_shares():
    codes, y = np.arange(20.0)[:, None] % 3, np.arange(20) / 2
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        TargetShares().fit(codes, y)
    assert TargetShares(target_type="continuous").fit(codes, y).classes_ is None


def test_shares_are_left_as_they_were():
    codes, y = np.arange(20.0)[:, None] % 3, np.arange(20) % 2
    shares = TargetShares().fit(codes, y)
    before = shares.transform(codes)
    with pytest.raises(ValueError, match="number of splits"):  # found by TargetEncoder
        shares.fit(np.c_[codes, codes][:3], y[:3])
    assert_array_equal(shares.transform(codes), before)
    assert_array_equal(shares.set_params(columns=[1]).transform(codes), before)


@pytest.mark.parametrize("largest", [2.0**53, 1e17, np.finfo(float).max])
def test_unknown_codes_beside_large_ones(largest):
    codes, y = np.array([[0.0], [1.0], [largest]] * 20), [0, 0, 1] * 20  # largest + 1 == largest
    shares = TargetShares().fit(codes, y)
    expected = target_encoder("binary").fit(codes, y)
    assert_allclose([shares.tables_[0][-1]], expected.transform([[7.0]]))
    assert shares.transform([[7.0]]) < shares.transform([[largest]])


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"columns": []}, "columns must be None or hold indices from 0 to 1, got"),
        ({"columns": [2]}, "from 0 to 1, got"),
        ({"columns": [-1]}, "from 0 to 1, got"),
        ({"columns": [True]}, "from 0 to 1, got"),
        ({"columns": "01"}, "from 0 to 1, got"),
        ({"columns": 1}, "from 0 to 1, got 1"),
        ({"columns": [1, 1]}, "columns must hold each index once"),
        ({"columns": [0], "target_type": "auto"}, "target_type must be"),
    ],
)
def test_wrong_shares(params, words):
    with pytest.raises(ValueError, match=words):
        TargetShares(**params).fit(np.zeros((20, 2)), [0, 1] * 10)


def test_which_columns_become_shares():
    frame, y = many_categories()
    assert TabularEncoder().fit(frame).transform(frame).shape[1] == 1 + 90
    assert not len(TabularEncoder().fit(frame).coded_)
    assert not len(TabularEncoder(max_one_hot=90).fit(frame).coded_)
    assert len(TabularEncoder(max_one_hot=89).fit(frame).coded_) == 1
    net = BackpropClassifier((4,), **small)
    clf = TabularClassifier(net).fit(frame, y)
    for member in clf.members_:
        assert isinstance(member[0], TargetShares)
    assert clf.predict_proba(frame).shape == (600, 3)
    # several labels, and classes too small for folds: one column for each category
    several = TabularClassifier(net).fit(frame, np.stack([y > 0, y > 1], axis=1))
    tiny = TabularClassifier(net).fit(frame[:120], np.arange(120) // 3)
    explicit = TabularClassifier(net, encoder=TabularEncoder(max_one_hot=50))
    with pytest.raises(ValueError, match="Set max_one_hot=None"):
        explicit.fit(frame, np.stack([y > 0, y > 1], axis=1))
    for other in (several, tiny):
        assert other.encoder_.max_one_hot is None
        assert not any(isinstance(m, Pipeline) for m in other.members_[::2])


@pytest.mark.parametrize("dtype", ["bool", "int8", "float16", "float32"])
def test_numbers_of_any_type_as_targets_of_many_categories(dtype):
    frame, y = many_categories(200)
    net = BackpropRegressor(hidden_layer_sizes=(4,), **small)
    for target in (y.astype(dtype), y.astype(dtype)[:, None]):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataConversionWarning)
            reg = TabularRegressor(net, random_state=0).fit(frame, target)
        assert isinstance(reg.members_[0][0], TargetShares)


def test_many_categories_with_metadata_routing():
    frame, y = many_categories(200)
    net = BackpropClassifier((4,), **small)
    plain = TabularClassifier(net, random_state=0).fit(frame, y)
    with config_context(enable_metadata_routing=True):
        clf = TabularClassifier(net, random_state=0).fit(frame, y)
    assert_array_equal(clf.predict_proba(frame), plain.predict_proba(frame))


def test_scores_of_rows_left_out_are_honest_with_groups():
    rng = np.random.default_rng(0)
    person = rng.integers(0, 100, 800)
    frame = pd.DataFrame({"person": [f"p{k}" for k in person], "x": rng.normal(size=800)})
    y = rng.integers(0, 2, 100)[person]  # of the person, so new persons can't be predicted
    net = BackpropClassifier((8,), **small)
    known = TabularClassifier(net, random_state=0).fit(frame, y)
    assert known.oof_score_ > 0.95
    grouped = TabularClassifier(net, cv=GroupKFold(5), random_state=0)
    assert abs(grouped.fit(frame, y, groups=person).oof_score_ - 0.5) < 0.15


def test_networks_learn_from_many_categories():
    frame, y = many_categories(1500)
    test, y_test = many_categories(500, seed=1)
    test = test[test["code"].notna()]
    clf = TabularClassifier(random_state=0).fit(frame, y)
    assert clf.score(test, y_test[test.index]) > 0.9
    reg = TabularRegressor(random_state=0).fit(frame, y)  # whole numbers, but no classes
    assert reg.members_[0][0].transform(reg.encoder_.transform(frame)).shape[1] == 2
    assert reg.score(test, y_test[test.index]) > 0.8
    # what left-out rows say isn't what the encoder has learned by heart
    noise = np.random.default_rng(5).integers(0, 2, 1500)
    assert abs(TabularClassifier(random_state=0).fit(frame, noise).oof_score_ - 0.5) < 0.06


def test_a_column_of_one_value_and_gaps():
    frame = pd.DataFrame(
        {"promo": ["Y", None] * 30, "flag": [True, None, None] * 20, "one": ["a"] * 60}
    )
    encoder = TabularEncoder().fit(frame)
    assert encoder.get_feature_names_out().tolist() == ["promo_Y", "flag_True"]
    assert_array_equal(encoder.transform(frame)[:, 0], [1, 0] * 30)
    assert_array_equal(encoder.transform(frame)[:, 1], [1, 0, 0] * 20)


def test_declared_categories_of_any_kind():
    frame = pd.DataFrame({"band": pd.cut(pd.Series(np.arange(40.0)), 4)})
    assert TabularEncoder().fit(frame).transform(frame).shape == (40, 4)
    months = pd.DataFrame({"month": pd.period_range("2024-01", periods=3, freq="M")})
    with pytest.raises(ValueError, match=r"column .month. .* Declare it in categorical_features"):
        TabularEncoder().fit(months)
    for chosen in (["month"], [0], [True]):
        encoder = TabularEncoder(categorical_features=chosen).fit(months)
        assert encoder.categories_[0].tolist() == ["2024-01", "2024-02", "2024-03"]
        assert_array_equal(encoder.transform(months), np.eye(3))
    sparse = TabularEncoder(sparse_output=True).fit_transform(np.arange(20.0)[:, None])
    assert issparse(sparse)
    assert sparse.shape == (20, 1)


def test_large_integers_are_categories_of_their_own():
    ids = 2**60 + np.arange(20)
    assert len(TabularEncoder(categorical_features=[0]).fit(ids[:, None]).categories_[0]) == 20
    mixed = np.array([[10**400], ["x"], [decimal.Decimal("1.5")]], dtype=object)
    assert "1.5" in TabularEncoder().fit(mixed).categories_[0].tolist()


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_frames_as_output_everywhere(container):
    pytest.importorskip(container)
    frame, y = many_categories(200)
    net = BackpropClassifier((4,), **small)
    plain = TabularClassifier(net, random_state=0).fit(frame, y)
    with config_context(transform_output=container):
        E = TabularEncoder().fit(frame).transform(frame)
        wide = TabularEncoder(max_categories=None).fit_transform(
            frame.assign(z=frame["x"].astype(str))
        )
        clf = TabularClassifier(net, random_state=0).fit(frame, y)
        p = clf.predict_proba(frame)
    assert type(E).__module__.startswith(container)
    assert type(wide).__module__.startswith(container)
    assert_array_equal(p, plain.predict_proba(frame))
