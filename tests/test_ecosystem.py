"""Inside scikit-learn's meta-estimators, copied, pickled, in threads, on memory-mapped data."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass
from io import BytesIO

import cloudpickle
import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.ensemble import AdaBoostClassifier, BaggingClassifier, StackingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    cross_val_predict,
    cross_val_score,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler, scale

from skbackprop import BackpropClassifier
from skbackprop.activations import Activation
from skbackprop.initializers import Normal
from skbackprop.optimizers import LBFGS, SGD, Adam

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SOLVERS = ["adam", "sgd", "lbfgs"]


def iris():
    X, y = load_iris(return_X_y=True)
    return scale(X), y


def digits(n=400):
    X, y = load_digits(return_X_y=True)
    return X[:n] / 16, y[:n]


def wine():
    X, y = load_wine(return_X_y=True)
    return scale(X), y


def cancer():
    X, y = load_breast_cancer(return_X_y=True)
    return scale(X), y


def net(**params):
    """A small network that learns the small data sets in a few dozen epochs."""
    defaults = {
        "hidden_layer_sizes": (8,),
        "learning_rate_init": 0.02,
        "batch_size": 32,
        "max_iter": 30,
        "random_state": 0,
    }
    return BackpropClassifier(**{**defaults, **params})


def assert_same_network(a, b):
    for p, q in zip(a.coefs_ + a.intercepts_, b.coefs_ + b.intercepts_, strict=True):
        assert_array_equal(p, q)


# Meta-estimators


def test_pipeline():
    X, y = load_wine(return_X_y=True)
    assert cross_val_score(make_pipeline(StandardScaler(), net()), X, y).mean() > 0.95


def test_grid_search_over_parameters_of_an_option_object():
    solver = SGD(momentum=0.5)
    grid = {"solver__momentum": [0.0, 0.9], "hidden_layer_sizes": [(), (8,)]}
    search = GridSearchCV(net(solver=solver, max_iter=15), grid, n_jobs=2, cv=3).fit(*wine())
    assert search.best_score_ > 0.95
    assert search.best_estimator_.solver.momentum == search.best_params_["solver__momentum"]
    assert solver == SGD(momentum=0.5)
    # the candidates with and without momentum are different networks
    assert len(set(search.cv_results_["mean_test_score"])) > 1


def test_grid_search_over_strings_and_option_objects():
    # a solver that can't learn at this rate shows that each candidate is the one that is scored
    grid = {"solver": ["lbfgs", Adam(beta_1=0.8), SGD(momentum=0.0)]}
    search = GridSearchCV(net(learning_rate_init=1e-6), grid, n_jobs=2, cv=3).fit(*wine())
    assert search.best_params_ == {"solver": "lbfgs"}
    assert search.best_score_ > 0.95
    assert list(search.cv_results_["param_solver"]) == grid["solver"]


def test_halving_grid_search():
    grid = {"learning_rate_init": [1e-5, 2e-2], "activation": ["relu", "tanh"]}
    X, y = digits()
    search = HalvingGridSearchCV(net(), grid, n_jobs=2, cv=3, random_state=0).fit(X, y)
    assert search.best_params_["learning_rate_init"] == 2e-2
    assert search.best_estimator_.score(X, y) > 0.95


def test_cross_val_predict():
    X, y = iris()
    p = cross_val_predict(net(max_iter=60), X, y, cv=3, method="predict_proba")
    assert log_loss(y, p) < 0.25
    assert_allclose(p.sum(axis=1), 1)


def test_calibrated_classifier():
    X, y = cancer()
    calibrated = CalibratedClassifierCV(net(max_iter=10), cv=3).fit(X[::2], y[::2])
    assert calibrated.score(X[1::2], y[1::2]) > 0.93


def test_bagging():
    X, y = wine()
    bag = BaggingClassifier(net(), n_estimators=4, max_features=0.5, random_state=0).fit(X, y)
    assert bag.score(X, y) > 0.95
    assert bag.estimators_[0].n_features_in_ == 6


def test_ada_boost_gives_sample_weights():
    X, y = iris()
    boost = AdaBoostClassifier(net(max_iter=10), n_estimators=4, random_state=0).fit(X, y)
    assert boost.score(X, y) > 0.93
    assert len(boost.estimators_) == 4


def test_stacking():
    X, y = cancer()
    stack = StackingClassifier(
        [("net", net(max_iter=10)), ("wide", net(hidden_layer_sizes=(), solver="lbfgs"))],
        LogisticRegression(),
        cv=3,
    ).fit(X[::2], y[::2])
    assert stack.score(X[1::2], y[1::2]) > 0.93


def test_one_vs_rest():
    X, y = wine()
    assert OneVsRestClassifier(net()).fit(X, y).score(X, y) > 0.97


def test_column_transformer_on_a_data_frame():
    frame = load_wine(as_frame=True).frame
    # Strings instead of one of the numbers: a mixed frame.
    frame["hue"] = np.where(frame["hue"] > 0.9, "red", "brown")
    X, y = frame.drop(columns="target"), frame["target"]
    columns = make_column_transformer((OneHotEncoder(), ["hue"]), remainder=StandardScaler())
    pipeline = make_pipeline(columns, net()).fit(X, y)
    assert pipeline.score(X, y) > 0.97
    assert pipeline[-1].n_features_in_ == 14


def test_feature_names_of_a_data_frame():
    X, y = load_iris(return_X_y=True, as_frame=True)
    clf = net(max_iter=2).fit(X, y)
    assert list(clf.feature_names_in_) == list(X.columns)
    with pytest.raises(ValueError, match="feature names"):
        clf.predict(X[X.columns[::-1]])


def test_permutation_importance():
    X, y = iris()
    noise = np.random.default_rng(0).standard_normal((len(X), 1))
    X = np.hstack([X, noise])
    importance = permutation_importance(net().fit(X, y), X, y, random_state=0).importances_mean
    assert importance[3] > 0.05 > abs(importance[4])


# Copies


def user_defined_activation():
    """An option of a user's own, which pickle can't find by name."""

    @dataclass(frozen=True)
    class Double(Activation):
        factor: float = 2.0

        def forward(self, Z, out):
            np.multiply(Z, self.factor, out=out)

        def backward(self, dA, Z, A):
            np.multiply(dA, self.factor, out=dA)

    return Double(3.0)


def joblib_copy(estimator):
    buffer = BytesIO()
    joblib.dump(estimator, buffer)
    buffer.seek(0)
    return joblib.load(buffer)


COPIES = {
    "pickle": lambda e: pickle.loads(pickle.dumps(e)),
    "pickle 2": lambda e: pickle.loads(pickle.dumps(e, protocol=2)),
    "joblib": joblib_copy,
    "cloudpickle": lambda e: cloudpickle.loads(cloudpickle.dumps(e)),
    "deepcopy": deepcopy,
}
each_copy = pytest.mark.parametrize("copy", COPIES.values(), ids=COPIES)


def test_clone_keeps_parameters_and_option_objects():
    clf = net(solver=SGD(momentum=0.3), weight_init=Normal(scale=0.1)).fit(*iris())
    copy = clone(clf)
    assert copy.get_params() == clf.get_params()
    assert copy.solver is not clf.solver
    assert repr(copy) == repr(clf)
    assert not hasattr(copy, "coefs_")


def test_clone_of_a_changed_option_leaves_the_original_alone():
    clf = net(solver=LBFGS(memory=5))
    clone(clf).set_params(solver__memory=7)
    assert clf.solver.memory == 5


@each_copy
def test_weights_are_among_the_attributes(copy):
    """Meta-estimators such as dask-ml's Incremental copy what `vars` shows."""
    clf = net(max_iter=2).fit(*iris())
    for one in clf, copy(clf):
        for name in "coefs_", "intercepts_":
            shown = vars(one)[name]
            assert all(a is b or np.shares_memory(a, b) for a, b in zip(shown, getattr(one, name)))
    before = [W.copy() for W in clf.coefs_]
    clf.set_params(warm_start=True).fit(*iris())
    assert np.any(vars(clf)["coefs_"][0] != before[0])


@each_copy
def test_copy_predicts_the_same(copy):
    X, y = iris()
    clf = net(max_iter=3).fit(X, y)
    assert_array_equal(copy(clf).predict_proba(X), clf.predict_proba(X))


@each_copy
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_training_goes_on_after_copying(copy, solver):
    X, y = iris()
    clf = net(solver=solver, learning_rate="invscaling", max_iter=3).fit(X, y)
    other = copy(clf)
    for _ in range(3):
        clf.partial_fit(X, y)
        other.partial_fit(X, y)
    assert_same_network(other, clf)
    assert other.loss_curve_ == clf.loss_curve_
    assert other.t_ == clf.t_


@each_copy
def test_copy_is_tied_to_its_own_flat_vector(copy):
    clf = net(max_iter=2).fit(*iris())
    other = copy(clf)
    for array in other.coefs_ + other.intercepts_:
        assert np.shares_memory(array, other._network.theta)
        assert not np.shares_memory(array, clf._network.theta)


@each_copy
def test_training_a_copy_leaves_the_original_alone(copy):
    X, y = iris()
    clf = net(max_iter=2).fit(X, y)
    untouched = [array.copy() for array in clf.coefs_]
    copy(clf).partial_fit(X, y)
    for before, after in zip(untouched, clf.coefs_, strict=True):
        assert_array_equal(before, after)


def test_joblib_file_read_as_a_memory_map_predicts_and_trains(tmp_path):
    X, y = iris()
    clf = net(max_iter=2).fit(X, y)
    joblib.dump(clf, tmp_path / "clf.joblib")
    mapped = joblib.load(tmp_path / "clf.joblib", mmap_mode="r")
    assert not mapped._network.theta.flags.writeable
    assert_array_equal(mapped.predict_proba(X), clf.predict_proba(X))
    assert_same_network(mapped.partial_fit(X, y), clf.partial_fit(X, y))


def test_cloudpickle_takes_an_option_object_of_a_users_own():
    X, y = iris()
    clf = net(activation=user_defined_activation(), max_iter=2).fit(X, y)
    with pytest.raises((AttributeError, pickle.PicklingError)):
        pickle.dumps(clf)
    copy = cloudpickle.loads(cloudpickle.dumps(clf))
    assert copy.activation.factor == 3.0
    assert_array_equal(copy.predict_proba(X), clf.predict_proba(X))


class ArraySizes(pickle.Pickler):
    """Notes the size of every array on its way into the pickle."""

    def __init__(self):
        self.file, self.sizes = BytesIO(), []
        super().__init__(self.file)

    def persistent_id(self, obj):
        if isinstance(obj, np.ndarray):
            self.sizes.append(obj.size)


@pytest.mark.parametrize("params", [{}, {"early_stopping": True}, {"solver": "lbfgs"}], ids=str)
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix])
def test_pickle_holds_no_training_data(params, form):
    X, y = digits(n=1500)
    clf = net(max_iter=2, **params).fit(form(X), y, sample_weight=np.ones(len(X)))
    pickler = ArraySizes()
    pickler.dump(clf)
    n_parameters = sum(a.size for a in clf.coefs_ + clf.intercepts_)
    assert max(pickler.sizes) == n_parameters < len(X)
    # the parameters and Adam's two moments, in float64
    assert len(pickler.file.getvalue()) < 3 * 8 * n_parameters + 5000


# Threads


@pytest.mark.parametrize(
    "method", ["predict", "predict_proba", "predict_log_proba", "decision_function"]
)
def test_eight_threads_predict_what_one_does(method):
    X, y = digits()
    predict = getattr(net(hidden_layer_sizes=(100, 50), max_iter=5).fit(X, y), method)
    parts = [X[i : i + 200] for i in range(128)]  # of one size, as a shared buffer would be
    alone = [predict(part).copy() for part in parts]
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(predict, parts))
    for a, b in zip(alone, together, strict=True):
        assert_array_equal(a, b)


# Inputs


def mapped(array, path, order):
    """A read-only memory map of a file that holds the array."""
    np.memmap(path, array.dtype, "w+", shape=array.shape, order=order)[...] = array
    return np.memmap(path, array.dtype, "r", shape=array.shape, order=order)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("solver", SOLVERS)
def test_read_only_memory_maps(tmp_path, solver, order):
    X, y = iris()
    X_map, y_map = mapped(X, tmp_path / "X", order), mapped(y, tmp_path / "y", order)
    here, there = net(solver=solver, max_iter=3), net(solver=solver, max_iter=3)
    here.fit(np.asarray(X, order=order), y)
    there.fit(X_map, y_map)
    if solver != "lbfgs":
        here.partial_fit(np.asarray(X, order=order), y)
        there.partial_fit(X_map, y_map)
    assert_same_network(here, there)
    assert_array_equal(here.predict(X), there.predict(X_map))


def test_read_only_sample_weight_and_first_values(tmp_path):
    X, y = iris()
    weight = mapped(np.linspace(1, 2, len(X)), tmp_path / "weight", "C")
    first = net(max_iter=1).fit(X, y)
    coefs = [mapped(W, tmp_path / f"W{i}", "F") for i, W in enumerate(first.coefs_)]
    clf = net(max_iter=2).fit(X, y, sample_weight=weight, coefs_init=coefs)
    same = net(max_iter=2).fit(X, y, sample_weight=np.array(weight), coefs_init=first.coefs_)
    assert_same_network(clf, same)


def unsorted(X, kind):
    """A sparse X with the indices of each row, or column, in descending order."""
    X = kind(X)
    for start, end in zip(X.indptr, X.indptr[1:], strict=False):
        X.indices[start:end] = X.indices[start:end][::-1].copy()
        X.data[start:end] = X.data[start:end][::-1].copy()
    X.has_sorted_indices = False
    return X


FORMS = {
    "C": np.array,
    "Fortran": np.asfortranarray,
    "every second row": lambda X: np.repeat(X, 2, axis=0)[::2],
    "CSR": sparse.csr_matrix,
    "CSC": sparse.csc_matrix,
    "CSR array, unsorted": lambda X: unsorted(X, sparse.csr_array),
    "CSC, unsorted": lambda X: unsorted(X, sparse.csc_matrix),
}
each_form = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)


def buffers(X):
    return [X.data, X.indices, X.indptr] if sparse.issparse(X) else [X]


@each_form
@pytest.mark.parametrize("params", [{}, {"early_stopping": True}, {"solver": "lbfgs"}], ids=str)
def test_inputs_are_not_written_to(form, params):
    dense, y = digits(n=120)
    X, weight = form(dense), np.linspace(1, 2, len(y))
    inputs = [*buffers(X), y, weight]
    before = [array.copy() for array in inputs]
    for array in inputs:
        array.flags.writeable = False
    clf = net(max_iter=2, **params).fit(X, y, sample_weight=weight)
    if not params:
        clf.partial_fit(X, y, sample_weight=weight)
    clf.predict_proba(X)
    for old, new in zip(before, inputs, strict=True):
        assert_array_equal(old, new)


@each_form
@pytest.mark.parametrize("solver", SOLVERS)
def test_every_form_of_x_gives_the_same_network(form, solver):
    X, y = digits(n=120)
    clf = net(solver=solver, max_iter=4).fit(form(X), y)
    same = net(solver=solver, max_iter=4).fit(X, y)
    assert_allclose(clf.coefs_[0], same.coefs_[0], atol=1e-9)
    assert_allclose(clf.predict_proba(form(X)), same.predict_proba(X), atol=1e-9)


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix])
@pytest.mark.parametrize("solver", SOLVERS)
def test_float32_stays_float32(solver, form):
    X, y = digits(n=200)
    double = net(solver=solver, max_iter=5).fit(form(X), y)
    X32 = form(X.astype(np.float32))
    single = net(solver=solver, max_iter=5).fit(X32, y, sample_weight=np.ones(len(y)))
    for array in single.coefs_ + single.intercepts_:
        assert array.dtype == np.float32
    for method in ("predict_proba", "predict_log_proba", "decision_function"):
        Z = getattr(single, method)(X32)
        assert Z.dtype == np.float32
        assert_allclose(Z, getattr(double, method)(form(X)), atol=1e-3)
    assert double.coefs_[0].dtype == np.float64


def test_numpy_scalars_are_no_wider_than_python_floats():
    """A float64 scalar would widen what it meets, where a Python float stays float32."""
    X, y = iris()
    floats = {"alpha": 0.1, "learning_rate_init": 0.1, "beta_1": 0.7, "beta_2": 0.9}
    scalars = {name: np.float64(value) for name, value in floats.items()}
    clf, same = (net(max_iter=3, **p).fit(X.astype(np.float32), y) for p in (scalars, floats))
    assert_same_network(clf, same)


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix])
@pytest.mark.parametrize("shuffle", [True, False])
def test_partial_fit_keeps_the_first_calls_dtype(form, shuffle):
    X, y = iris()
    X32, X64 = form(X.astype(np.float32)), form(X)
    clf = net(shuffle=shuffle).partial_fit(X32, y, classes=[0, 1, 2])
    same = deepcopy(clf).partial_fit(X32, y)
    assert_same_network(clf.partial_fit(X64, y), same)
    assert clf.predict_proba(X64).dtype == np.float32


def test_integers_become_float64():
    X, y = load_digits(return_X_y=True)
    assert net(max_iter=1).fit(X.astype(np.int8), y).coefs_[0].dtype == np.float64
