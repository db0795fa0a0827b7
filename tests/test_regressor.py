"""BackpropRegressor: MLPRegressor's numbers, every kind of y, losses that do what they should."""

import inspect
import pickle
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csc_array, csr_array
from sklearn.base import clone
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning
from sklearn.linear_model import PoissonRegressor, QuantileRegressor, Ridge
from sklearn.metrics import make_scorer, mean_absolute_error, mean_pinball_loss, r2_score
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.estimators.numbers import Numbers
from skbackprop.inspection import check_gradients
from skbackprop.losses import (
    REGRESSION_LOSSES,
    AbsoluteError,
    Focal,
    Huber,
    LogLoss,
    Loss,
    OutputLoss,
    Poisson,
    Quantile,
    SquaredError,
)
from skbackprop.optimizers import AdamW
from skbackprop.schedules import OneCycle
from tests.conftest import named
from tests.test_same_numbers import SETTINGS, assert_same, without_what_is_new

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y_raw = load_diabetes(return_X_y=True)
X = X / X.std(axis=0)
y = (y_raw - y_raw.mean()) / y_raw.std()
counts = np.floor(y_raw / 25)
two = np.stack([y, X[:, 2] * X[:, 3] - y / 2], axis=1)
weights = np.random.default_rng(0).uniform(0.5, 2.0, len(X))

IN_FIT = inspect.signature(MLPRegressor.fit).parameters
HAS_LOSS = "loss" in inspect.signature(MLPRegressor).parameters
needs_weights = pytest.mark.skipif("sample_weight" not in IN_FIT, reason="new in 1.7")
needs_poisson = pytest.mark.skipif(not HAS_LOSS, reason="new in 1.7")
each_loss = pytest.mark.parametrize("loss", REGRESSION_LOSSES)


def both(params, X=X, y=y, **fit_params):
    params = {"random_state": 3, "max_iter": 12, **params}
    return [c(**params).fit(X, y, **fit_params) for c in (MLPRegressor, BackpropRegressor)]


def net(**params):
    """Fits the standardised data well in a second."""
    return BackpropRegressor(
        **{
            "hidden_layer_sizes": (20,),
            "learning_rate": "cosine",
            "learning_rate_init": 0.02,
            "max_iter": 100,
            "n_iter_no_change": np.inf,
            "random_state": 0,
            **params,
        }
    )


# MLPRegressor's numbers


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("target", [y, two], ids=["one output", "two outputs"])
def test_same_numbers(name, target):
    params = {"batch_size": 150, **SETTINGS[name]}
    if name == "full batch":
        params["batch_size"] = len(X)
    theirs, ours = both(params, y=target)
    assert_same(theirs, ours)
    assert_allclose(ours.predict(X), theirs.predict(X), atol=1e-7)
    assert_allclose(ours.score(X, target), theirs.score(X, target), rtol=1e-7)


SOME = ["adam", "sgd", "small batches", "early stopping", "invscaling"]


@needs_poisson
@pytest.mark.parametrize("name", SOME)
@pytest.mark.parametrize("columns", [1, 2])
def test_same_numbers_poisson(name, columns):
    target = counts if columns == 1 else np.stack([counts, counts[::-1]], axis=1)
    params = {"loss": "poisson", "learning_rate_init": 1e-4, **SETTINGS[name]}
    assert_same(*both(params, y=target))


@needs_weights
@pytest.mark.parametrize("name", SOME)
@pytest.mark.parametrize("target", [y, two], ids=["one output", "two outputs"])
def test_same_numbers_sample_weight(name, target):
    assert_same(*both(SETTINGS[name], y=target, sample_weight=weights))


@needs_poisson
@needs_weights
def test_same_numbers_poisson_sample_weight():
    assert_same(*both({"loss": "poisson", "max_iter": 6}, y=counts, sample_weight=weights))


@pytest.mark.parametrize("container", [csr_array, csc_array])
def test_same_numbers_sparse(container):
    assert_same(*both({}, X=container(np.maximum(X, 0))))


@pytest.mark.parametrize("name", ["adam", "sgd", "early stopping"])
def test_same_numbers_float32(name):
    theirs, ours = both(SETTINGS[name], X=X.astype(np.float32), y=y.astype(np.float32))
    assert_same(theirs, ours, tol=2e-3)


@pytest.mark.parametrize("target", [y, two], ids=["one output", "two outputs"])
def test_same_numbers_lbfgs(target):
    theirs, ours = both({"solver": "lbfgs", "max_iter": 15}, y=target)
    assert ours.n_iter_ == theirs.n_iter_
    assert_allclose(ours.loss_, theirs.loss_, rtol=1e-7)
    assert_allclose(ours.predict(X), theirs.predict(X), atol=1e-5)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("target", [y, two], ids=["one output", "two outputs"])
def test_same_numbers_partial_fit(solver, target):
    theirs, ours = [c(solver=solver, random_state=0) for c in (MLPRegressor, BackpropRegressor)]
    for rows in np.array_split(np.arange(len(X)), 4) * 2:
        theirs.partial_fit(X[rows], target[rows])
        ours.partial_fit(X[rows], target[rows])
    assert_same(theirs, ours)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_same_numbers_warm_start(early_stopping):
    theirs, ours = both({"warm_start": True, "max_iter": 4, "early_stopping": early_stopping})
    for regressor in theirs, ours:
        regressor.set_params(max_iter=30, alpha=0.1).fit(X, y)
    assert_same(theirs, ours)


def test_verbose_says_what_mlpregressor_says_and_more(capsys):
    MLPRegressor(random_state=0, max_iter=3, verbose=True, early_stopping=True).fit(X, y)
    theirs = capsys.readouterr().out
    BackpropRegressor(random_state=0, max_iter=3, verbose=True, early_stopping=True).fit(X, y)
    assert without_what_is_new(capsys.readouterr().out) == theirs


def test_the_same_parameters_with_the_same_defaults():
    theirs, ours = MLPRegressor().get_params(), BackpropRegressor().get_params()
    assert {name: ours[name] for name in theirs} == theirs
    kinds = {p.name: p.kind for p in inspect.signature(BackpropRegressor).parameters.values()}
    positional = [
        name for name, kind in kinds.items() if kind == inspect.Parameter.POSITIONAL_OR_KEYWORD
    ]
    assert positional == ["loss", "hidden_layer_sizes", "activation"]
    assert list(kinds) == list(dict.fromkeys(kinds)), "each once"
    if HAS_LOSS:
        assert list(inspect.signature(MLPRegressor).parameters)[:3] == positional


def test_the_docstring_has_the_order_of_the_signature():
    for cls in BackpropRegressor, BackpropClassifier:
        doc = inspect.getdoc(cls)
        section = doc[doc.index("Parameters\n") : doc.index("Attributes\n")]
        heads = [line.split(" : ")[0] for line in section.splitlines() if line[:1].isalpha()]
        names = [name for head in heads for name in head.split(", ")]
        assert names[1:] == list(inspect.signature(cls).parameters)
        assert "{" not in doc.replace('{"', "").replace("{array-like", "")


def test_what_belongs_to_classes_is_absent():
    regressor = BackpropRegressor(max_iter=2).fit(X, y)
    assert "class_weight" not in regressor.get_params()
    assert "classes" not in inspect.signature(regressor.partial_fit).parameters
    for name in "classes_", "predict_proba", "predict_log_proba", "decision_function":
        assert not hasattr(regressor, name)
    assert not hasattr(BackpropRegressor(solver="lbfgs"), "partial_fit")


# Targets


@pytest.mark.parametrize(
    "target",
    [
        list(counts),
        counts.astype(np.int8),
        counts.astype(object),
        counts.astype(np.float32),
        counts > 5,
        np.stack([counts, counts > 5], axis=1).astype(object),
    ],
    ids=["list", "int8", "object", "float32", "bool", "objects"],
)
def test_kinds_of_y(target):
    expected = np.asarray(target).astype(np.float64)
    a, b = (net(max_iter=5).fit(X, t) for t in (target, expected))
    assert a.predict(X).dtype == np.float64
    assert a.predict(X).shape == expected.shape
    assert_array_equal(a.predict(X), b.predict(X))


def test_a_column_becomes_flat_with_a_warning():
    with pytest.warns(DataConversionWarning, match="column-vector"):
        column = net(max_iter=5).fit(X, y[:, None])
    flat = net(max_iter=5).fit(X, y)
    assert column.predict(X).shape == (len(X),)
    assert_array_equal(column.predict(X), flat.predict(X))


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (np.where(y > 2, np.nan, y), "NaN"),
        (np.where(y > 2, np.inf, y), "infinity"),
        (np.where(y > 2, np.inf, y).astype(object), "finite numbers of float64"),
        (counts.astype(str), "must hold numbers"),
        (np.array(["much"] * len(y), object), "must hold numbers only.*'much'"),
        (np.array(["2020-01-01"] * len(y), "M8[D]"), "must hold numbers, got datetime64"),
        (csr_array(two), "dense array, got csr_array"),
        (y[:-1], "inconsistent numbers of samples"),
        (y[:, None, None], "dim 3"),
    ],
)
def test_bad_y(target, message):
    with pytest.raises(ValueError, match=message):
        net().fit(X, target)


def test_y_beyond_the_range_of_float32():
    with pytest.raises(ValueError, match="finite numbers of float32"):
        net().fit(X.astype(np.float32), 1e300 * y)


def test_negative_counts():
    regressor = BackpropRegressor("poisson", max_iter=2).fit(X, counts)
    with pytest.raises(ValueError, match=r"y must not be negative for loss='poisson', got -0\.5"):
        BackpropRegressor("poisson").fit(X, np.maximum(counts, 1) - 1.5)
    with pytest.raises(ValueError, match="y must not be negative for loss='poisson', got -4"):
        regressor.fit(X, counts - 5)
    with pytest.raises(ValueError, match="got -4"):
        check_gradients(regressor, X, counts - 5)
    with pytest.raises(ValueError, match="got -4"):
        regressor.fit(X, counts, X_val=X, y_val=counts - 5)


def test_going_on_needs_as_many_outputs():
    regressor = net(max_iter=2, warm_start=True).fit(X, two)
    before = pickle.dumps(regressor)
    for go_on in regressor.fit, regressor.partial_fit:
        with pytest.raises(
            ValueError, match=r"2 output\(s\) per sample, as the network has; got 1"
        ):
            go_on(X, y)
    with pytest.raises(ValueError, match=r"2 output\(s\)"):
        clone(regressor).fit(X, two, X_val=X, y_val=y)
    assert pickle.dumps(regressor) == before


@pytest.mark.parametrize("loss", ["log_loss", "focal", Focal(), LogLoss()])
def test_losses_of_classes_are_refused(loss):
    with pytest.raises(ValueError, match="loss"):
        net(loss=loss).fit(X, y)


def test_tags():
    for loss in "poisson", Poisson():
        assert get_tags(BackpropRegressor(loss)).target_tags.positive_only
    tags = get_tags(BackpropRegressor())
    assert tags.target_tags.multi_output
    assert not tags.target_tags.positive_only
    assert not tags.regressor_tags.poor_score
    assert tags.input_tags.sparse


# What the losses do


@each_loss
def test_every_loss_learns_with_one_and_two_outputs(loss):
    for target in (counts, np.stack([counts, counts.max() - counts], axis=1)):
        scaled = target if loss == "poisson" else target / 3
        regressor = net(loss=loss).fit(X, scaled)
        assert r2_score(scaled, regressor.predict(X)) > 0.4
        assert regressor.out_activation_ == ("exp" if loss == "poisson" else "identity")


@pytest.mark.parametrize(
    ("loss", "statistic"),
    [
        (SquaredError(), np.mean),
        (AbsoluteError(), np.median),
        (Quantile(), np.median),
        (Quantile(0.9), lambda y: np.quantile(y, 0.9)),
        (Quantile(0.1), lambda y: np.quantile(y, 0.1)),
        (Huber(100.0), np.mean),
        (Huber(0.001), np.median),
    ],
    ids=named,
)
def test_without_features_the_loss_is_a_statistic(loss, statistic):
    regressor = net(loss=loss, hidden_layer_sizes=(), batch_size=len(X), max_iter=600)
    regressor.fit(0 * X, y)
    # the statistics of these targets: mean 0, median -0.15, quantiles from -1.2 to 1.5
    assert_allclose(regressor.predict(0 * X[:1]), statistic(y), atol=0.03)


def test_poisson_without_features_is_the_mean():
    regressor = BackpropRegressor("poisson", (), solver="lbfgs", alpha=0, tol=1e-8)
    assert_allclose(regressor.fit(0 * X, counts).predict(X[:1]), counts.mean(), rtol=1e-6)


def test_linear_models():
    """Without hidden units the minima are those of scikit-learn's linear models."""
    params = {"hidden_layer_sizes": (), "solver": "lbfgs", "max_iter": 5000, "tol": 1e-9}
    ours = BackpropRegressor(alpha=3.0, **params).fit(X, y)
    theirs = Ridge(alpha=3.0).fit(X, y)
    assert_allclose(ours.predict(X), theirs.predict(X), atol=1e-4)
    ours = BackpropRegressor("poisson", alpha=len(X) * 0.1, **params).fit(X, counts)
    theirs = PoissonRegressor(alpha=0.1, tol=1e-9).fit(X, counts)
    assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-4)
    ours = net(loss=Quantile(0.8), hidden_layer_sizes=(), alpha=0, max_iter=1000).fit(X, y)
    theirs = QuantileRegressor(quantile=0.8, alpha=0).fit(X, y)
    least, got = (mean_pinball_loss(y, m.predict(X), alpha=0.8) for m in (theirs, ours))
    assert least - 1e-9 <= got < 1.005 * least


@pytest.mark.parametrize("q", [0.1, 0.5, 0.9])
def test_coverage_of_a_quantile(q):
    """Over ten splits, the share of unseen targets below the prediction."""
    shares = []
    for seed in range(10):
        X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=seed)
        regressor = net(loss=Quantile(q), hidden_layer_sizes=(5,), alpha=5.0)
        shares.append(np.mean(y_test <= regressor.fit(X_train, y_train).predict(X_test)))
    assert abs(np.mean(shares) - q) < 0.04


def test_outliers():
    """One training target in twenty is far off. The unseen ones aren't."""
    errors = {}
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    y_train = y_train + 50.0 * (np.arange(len(y_train)) % 20 == 0)
    for loss in SquaredError(), Huber(1.0), AbsoluteError():
        regressor = net(loss=loss, alpha=5.0).fit(X_train, y_train)
        errors[type(loss)] = mean_absolute_error(y_test, regressor.predict(X_test))
    assert errors[Huber] < 0.7
    assert errors[AbsoluteError] < 0.7
    assert errors[SquaredError] > 2 * errors[Huber]


def test_several_outputs_add_up():
    """One network without hidden units is as good as one for each column, and L-BFGS knows it."""
    params = {"loss": Huber(0.5), "hidden_layer_sizes": (), "solver": "lbfgs", "max_iter": 5000}
    params |= {"alpha": 2.0, "tol": 1e-9}
    together = BackpropRegressor(**params).fit(X, two)
    alone = [BackpropRegressor(**params).fit(X, column) for column in two.T]
    assert_allclose(together.loss_, sum(one.loss_ for one in alone), rtol=1e-7)
    assert_allclose(together.predict(X), np.stack([one.predict(X) for one in alone], 1), atol=1e-3)


def test_a_loss_of_ones_own():
    class LogCosh(OutputLoss):
        """L = sum_j log cosh(z - y), dZ = tanh(Z - Y)."""

        link_name = "identity"

        def link(self, Z):
            return Z.copy()

        def value_and_gradient(self, Z, Y, weight, scratch):
            E = Z - Y
            np.multiply(np.tanh(E), weight[:, None], out=Z)
            return float((weight @ (np.logaddexp(E, -E) - np.log(2))).sum())

    @dataclass(frozen=True)
    class LogCoshLoss(Loss):
        def on(self, target):
            return LogCosh()

    regressor = net(loss=LogCoshLoss()).fit(X, two)
    assert regressor.score(X, two) > 0.5


# Weights, data types, the house's options


@pytest.mark.filterwarnings("ignore:Got `batch_size`")
@each_loss
def test_integer_weights_are_repetitions(loss):
    times = np.arange(len(X)) % 3
    params = {"loss": loss, "batch_size": 10**6, "shuffle": False, "max_iter": 20}
    a = net(**params).fit(X, counts, sample_weight=times)
    b = net(**params).fit(X.repeat(times, axis=0), counts.repeat(times))
    assert_allclose(a.loss_curve_, b.loss_curve_, rtol=1e-9)
    assert_allclose(a.predict(X), b.predict(X), rtol=1e-6)


@each_loss
def test_float32_stays(loss):
    single = net(loss=loss, max_iter=30).fit(X.astype(np.float32), counts)
    double = net(loss=loss, max_iter=30).fit(X, counts)
    arrays = [*single.coefs_, *single.intercepts_, single.predict(X.astype(np.float32))]
    assert {a.dtype for a in arrays} == {np.dtype(np.float32)}
    assert_allclose(single.loss_curve_[:10], double.loss_curve_[:10], rtol=1e-3)


@pytest.mark.parametrize("container", [csr_array, csc_array])
def test_sparse_x(container):
    dense = np.maximum(X, 0)
    a = net(max_iter=10).fit(container(dense), two)
    b = net(max_iter=10).fit(dense, two)
    assert_allclose(a.predict(container(dense)), b.predict(dense), atol=1e-9)


def test_validation_score_is_r2_of_the_samples_set_aside():
    regressor = net(early_stopping=True, n_iter_no_change=10)
    X_train, X_val, y_train, y_val, w_train, w_val = train_test_split(X, two, weights)
    given = {"X_val": X_val, "y_val": y_val, "sample_weight_val": w_val}
    regressor.fit(X_train, y_train, w_train, **given)
    best = regressor.best_validation_score_
    assert max(regressor.validation_scores_) == best
    assert_allclose(regressor.score(X_val, y_val, w_val), best)
    assert_allclose(r2_score(y_val, regressor.predict(X_val), sample_weight=w_val), best)


def test_early_stopping_by_a_scorer():
    X_train, X_val, y_train, y_val = train_test_split(X, y, random_state=0)
    regressor = net(early_stopping=True, scoring="neg_mean_absolute_error", n_iter_no_change=5)
    regressor.fit(X_train, y_train, X_val=X_val, y_val=y_val)
    assert len(regressor.validation_scores_) < 100
    error = mean_absolute_error(y_val, regressor.predict(X_val))
    assert_allclose(error, -max(regressor.validation_scores_))


def test_after_a_warm_start_with_another_link_the_score_is_that_of_the_new_one():
    regressor = net(max_iter=3, warm_start=True).fit(X, counts)
    regressor.set_params(loss="poisson", learning_rate_init=1e-4, max_iter=1)
    regressor.fit(X, counts, X_val=X, y_val=counts)
    assert_allclose(regressor.history_["validation_score"][-1], regressor.score(X, counts))
    assert regressor.predict(X).min() > 0


def test_a_score_that_is_not_finite_is_nan():
    regressor = net(loss="poisson", max_iter=1)
    regressor.fit(X, counts, X_val=1e6 * X, y_val=counts)  # the exponential of 1e6 is infinite
    (score,) = regressor.history_["validation_score"]
    assert isinstance(score, float)
    assert np.isnan(score)


@pytest.mark.parametrize("loss", ["squared_error", Quantile(0.7)])
def test_exact_warm_start(loss):
    params = {"loss": loss, "early_stopping": True, "learning_rate": "constant", "dropout": 0.1}
    once = net(max_iter=12, **params).fit(X, two)
    twice = net(max_iter=5, warm_start="exact", **params).fit(X, two)
    twice = pickle.loads(pickle.dumps(twice)).set_params(max_iter=7).fit(X, two)
    assert twice.loss_curve_ == once.loss_curve_
    assert twice.validation_scores_ == once.validation_scores_
    assert_array_equal(twice.predict(X), once.predict(X))


def test_initialize():
    regressor = net().initialize(10, 2)
    assert regressor.predict(X).shape == (len(X), 2)
    started = net(learning_rate_init=1e-12, max_iter=1).fit(X, two)
    for a, b in zip(regressor.coefs_, started.coefs_):
        assert_allclose(a, b, atol=1e-10)
    for _ in range(30):
        regressor.partial_fit(X, two)
    assert regressor.score(X, two) > 0.4
    assert net().initialize(10, dtype=np.float32).predict(X).shape == (len(X),)
    for bad in (0, True):
        with pytest.raises(ValueError, match=f"n_outputs must be an integer > 0, got {bad}"):
            regressor.initialize(10, bad)
    with pytest.raises(ValueError, match="n_features"):
        regressor.initialize(0)
    assert regressor.predict(X).shape == (len(X), 2)


def test_all_at_once():
    X_train, X_test, y_train, y_test = train_test_split(X, two, random_state=0)
    regressor = net(
        loss=Huber(2.0),
        hidden_layer_sizes=(40, 20),
        activation=("gelu", "tanh"),
        normalization="batch",
        dropout=0.05,
        input_dropout=0.05,
        solver=AdamW(weight_decay=0.01),
        learning_rate=OneCycle(epochs=60),
        clip_norm=1.0,
        max_norm=3.0,
        l1_ratio=0.5,
        early_stopping=True,
        scoring="r2",
        warm_start="exact",
    )
    assert regressor.fit(X_train, y_train).score(X_test, y_test) > 0.4


# scikit-learn's tools


def test_clone_repr_and_pickle():
    regressor = net(loss=Quantile(0.9), max_iter=5).fit(X, two)
    assert "loss=Quantile(q=0.9)" in repr(regressor)
    assert clone(regressor).get_params()["loss__q"] == 0.9
    assert_array_equal(pickle.loads(pickle.dumps(regressor)).predict(X), regressor.predict(X))


def test_grid_search_finds_the_quantile_that_is_asked_for():
    pipeline = make_pipeline(StandardScaler(), net(loss=Quantile(), max_iter=40))
    scorer = make_scorer(mean_pinball_loss, alpha=0.9, greater_is_better=False)
    grid = {"backpropregressor__loss__q": [0.1, 0.5, 0.9]}
    search = GridSearchCV(pipeline, grid, scoring=scorer, cv=3).fit(X, y)
    assert search.best_params_ == {"backpropregressor__loss__q": 0.9}


def test_divergence_is_told():
    params = {"solver": "sgd", "activation": "identity", "learning_rate_init": 1.0}
    regressor = net(early_stopping=True, **params)
    with pytest.warns(ConvergenceWarning, match="diverged"):
        regressor.fit(X, y)
    assert np.isnan(regressor.validation_scores_[-1])
    assert np.all(np.isfinite(regressor.predict(X)))


def fit_warning(y, **params):
    with pytest.warns(ConvergenceWarning) as record:
        BackpropRegressor(hidden_layer_sizes=(20,), max_iter=2, random_state=0, **params).fit(X, y)
    (warning,) = record
    return str(warning.message)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_without_convergence_a_y_far_from_unit_scale_is_named(solver):
    message = fit_warning(y_raw, solver=solver)
    assert "y has mean 152 and standard deviation 77. Scale y, not only X" in message
    assert "TransformedTargetRegressor(regressor, transformer=StandardScaler())" in message
    for near in y, y + 5.0, y * 5.0, np.ones_like(y):
        assert "Scale y" not in fit_warning(near, solver=solver)
    for far in y + 50.0, y * 50.0, y / 50.0, (y + 20.0).astype(np.float32):
        assert "Scale y" in fit_warning(far, solver=solver, tol=0.0)


def test_the_advice_names_an_output_and_keeps_counts_positive():
    message = fit_warning(np.stack([y, y_raw], axis=1))
    assert " Output 1 of y has mean 152" in message
    message = fit_warning(np.round(y_raw), loss="poisson")
    assert "StandardScaler(with_mean=False)" in message
    assert "mean inf" in Numbers(1).advice(np.full(9, 1e308), positive_only=False)
