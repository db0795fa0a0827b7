"""Every kind of y, what comes back for it, and the fitted attributes."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.special import expit, log_expit, log_softmax
from sklearn.exceptions import DataConversionWarning
from sklearn.neural_network import MLPClassifier

from skbackprop import BackpropClassifier
from skbackprop.estimators.fitted import plain
from skbackprop.losses import LOSSES

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SOLVERS = ["adam", "sgd", "lbfgs"]

rng = np.random.default_rng(0)
y = np.arange(60) % 3
# three clusters, far enough apart to be learned without an error
X = rng.standard_normal((60, 4)) + 4 * np.eye(3, 4)[y]
two = (y > 0).astype(int)
labels = np.stack([y == 0, y == 1, y > 0, y < 0], axis=1).astype(int)
KINDS = {"one": 0 * y, "two": two, "many": y, "labels": labels}
each_kind = pytest.mark.parametrize("kind", KINDS)
each_loss = pytest.mark.parametrize("loss", LOSSES)


def net(**params):
    """Learns the clusters in a few iterations."""
    return BackpropClassifier(
        **{"hidden_layer_sizes": (5,), "solver": "lbfgs", "random_state": 0, **params}
    )


# Labels


names = np.array(["ant", "bee", "cat"])
LABELS = {
    "strings": names[y],
    "list of strings": list(names[y]),
    "objects": names.astype(object)[y],
    "two strings": names[two],
    "negative": y - 7,
    "gaps": y**2 * 10,
    "unsorted": -y,
    "unsigned": y.astype(np.uint8),
    "booleans": two.astype(bool),
    "floats": y + 1.0,
    "two floats": two - 0.0,
    "minus one and one": 2 * two - 1,
    "series": pd.Series(names[y]),
    "string series": pd.Series(names[y], dtype="string"),
    "categorical": pd.Series(names[y]).astype("category"),
    "integer series": pd.Series(y, index=np.arange(60)[::-1]),
    "many": np.arange(60) // 2,
}


@pytest.mark.parametrize("target", LABELS.values(), ids=LABELS)
@each_loss
def test_labels_come_back_as_they_were(target, loss):
    clf = net(loss=loss, hidden_layer_sizes=(40,), alpha=0).fit(X, target)
    expected = np.asarray(target)
    assert_array_equal(clf.classes_, np.unique(np.asarray(list(target))))
    predicted = clf.predict(X)
    assert predicted.shape == (60,)
    if len(clf.classes_) <= 3:
        assert_array_equal(predicted, expected)
        assert clf.score(X, target) == 1


def test_dtype_of_the_labels_is_kept():
    for dtype in (np.int8, np.uint16, np.int64, np.float32, bool):
        target = two.astype(dtype)
        assert net().fit(X, target).predict(X).dtype == dtype


def test_labels_are_only_names():
    by_number = net().fit(X, y)
    by_name = net().fit(X, names[y])
    assert_array_equal(by_name.predict_proba(X), by_number.predict_proba(X))


@pytest.mark.parametrize("column", [y[:, None], pd.DataFrame({"y": y})])
def test_column_vector(column):
    with pytest.warns(DataConversionWarning, match="column-vector y"):
        clf = net().fit(X, column)
    assert_array_equal(clf.predict(X), y)


@each_loss
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("label", ["only", 3])
def test_one_class(label, solver, loss):
    clf = net(solver=solver, loss=loss, max_iter=5).fit(X, [label] * 60)
    assert_array_equal(clf.predict(X), [label] * 60)
    assert_array_equal(clf.predict_proba(X), np.ones((60, 1)))
    assert_array_equal(clf.predict_log_proba(X), np.zeros((60, 1)))
    assert clf.score(X, [label] * 60) == 1


# Multilabel


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix, sparse.csc_matrix, pd.DataFrame])
@pytest.mark.parametrize("dtype", [int, float, bool])
@each_loss
def test_multilabel(form, dtype, loss):
    target = form(labels.astype(dtype))
    clf = net(loss=loss).fit(X, target)
    predicted = clf.predict(X)
    assert sparse.issparse(predicted) == sparse.issparse(target)
    assert np.issubdtype(predicted.dtype, np.integer)
    assert_array_equal(sparse.csr_matrix(predicted).toarray(), labels)
    assert clf.score(X, labels) == 1
    assert_array_equal(clf.classes_, [0, 1, 2, 3])


def test_dense_and_sparse_labels_give_the_same_network():
    dense = net(solver="adam", max_iter=3, early_stopping=True).fit(X, labels)
    scarce = net(solver="adam", max_iter=3, early_stopping=True).fit(X, sparse.csr_matrix(labels))
    assert_array_equal(dense.predict_proba(X), scarce.predict_proba(X))


def test_multilabel_partial_fit():
    clf = net(solver="sgd", learning_rate_init=0.1)
    for part in (slice(0, 30), slice(30, 60)) * 20:
        clf.partial_fit(X[part], labels[part], classes=[0, 1, 2, 3])
    assert clf.score(X, labels) > 0.9


# Scores and probabilities


SHAPES = {"one": ((60,), 1), "two": ((60,), 2), "many": ((60, 3), 3), "labels": ((60, 4), 4)}


@each_kind
@each_loss
def test_shapes(kind, loss):
    clf = net(loss=loss).fit(X, KINDS[kind])
    scores, columns = SHAPES[kind]
    assert clf.decision_function(X).shape == scores
    assert clf.predict_proba(X).shape == (60, columns)
    assert clf.predict_log_proba(X).shape == (60, columns)
    assert len(clf.classes_) == columns


@each_kind
@each_loss
@pytest.mark.parametrize("max_iter", [1, 50])
def test_methods_agree(kind, loss, max_iter):
    clf = net(loss=loss, max_iter=max_iter).fit(X, KINDS[kind])
    Z, p = clf.decision_function(X), clf.predict_proba(X)
    if kind == "labels":
        by_score, by_probability = Z > 0, p > 0.5
    elif kind == "two":
        by_score, by_probability = clf.classes_[(Z > 0).astype(int)], clf.classes_[p.argmax(1)]
    elif kind == "many":
        by_score, by_probability = clf.classes_[Z.argmax(1)], clf.classes_[p.argmax(1)]
    else:
        by_score = by_probability = KINDS["one"]
    assert_array_equal(clf.predict(X), by_score)
    assert_array_equal(clf.predict(X), by_probability)


def test_links():
    def Z_and_p(target, **params):
        clf = net(max_iter=2, **params).fit(X, target)
        return clf.decision_function(X), clf.predict_proba(X)

    for loss in LOSSES:
        Z, p = Z_and_p(two, loss=loss)
        assert_allclose(p, np.stack([expit(-Z), expit(Z)], axis=1), rtol=1e-14)
        Z, p = Z_and_p(labels, loss=loss)
        assert_allclose(p, expit(Z), rtol=1e-14)
    Z, p = Z_and_p(y)
    assert_allclose(p, np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True), rtol=1e-12)
    Z, p = Z_and_p(y, loss="squared_error")
    assert_allclose(p, expit(Z) / expit(Z).sum(axis=1, keepdims=True), rtol=1e-12)


def with_scores_up_to(size, target, dtype=np.float64, **params):
    """A fitted estimator with scaled weights, and its scores, of both signs."""
    clf = net(**{"max_iter": 3, "hidden_layer_sizes": (), **params}).fit(X.astype(dtype), target)
    clf.intercepts_ = [b - np.mean(clf.decision_function(X), axis=0) for b in clf.intercepts_]
    factor = size / np.abs(clf.decision_function(X)).max()
    clf.coefs_ = [W * factor for W in clf.coefs_]
    clf.intercepts_ = [b * factor for b in clf.intercepts_]
    Z = clf.decision_function(X)
    assert_allclose(np.abs(Z).max(), size, rtol=1e-3)
    assert Z.min() < 0 < Z.max()
    return clf, Z


SIZES = [1.0, 50.0, 800.0, 5000.0]


@pytest.mark.parametrize("kind", ["two", "many", "labels"])
@each_loss
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_log_probabilities_of_extreme_scores(kind, loss, size, dtype):
    clf, Z = with_scores_up_to(size, KINDS[kind], dtype, loss=loss)
    log_p = clf.predict_log_proba(X)
    if kind == "two":
        expected = np.stack([log_expit(-Z), log_expit(Z)], axis=1)
    elif kind == "labels":
        expected = log_expit(Z)
    else:
        expected = log_softmax(log_expit(Z) if loss == "squared_error" else Z, axis=1)
    assert np.all(np.isfinite(log_p))
    eps = np.finfo(dtype).eps
    assert_allclose(log_p, expected, rtol=4 * eps, atol=2 * eps)


@pytest.mark.parametrize("kind", ["two", "many", "labels"])
@each_loss
@pytest.mark.parametrize("size", SIZES)
def test_probabilities_of_extreme_scores(kind, loss, size):
    clf, _ = with_scores_up_to(size, KINDS[kind], loss=loss)
    p, log_p = clf.predict_proba(X), clf.predict_log_proba(X)
    if kind != "labels":
        assert_allclose(p.sum(axis=1), 1, rtol=1e-14)
    assert np.all((p > 0) & (p < 1))
    normal = log_p > np.log(np.finfo(float).tiny)
    assert_allclose(p[normal], np.exp(log_p[normal]), rtol=1e-11)
    assert np.all(p[~normal] < np.finfo(float).tiny)
    # even where p can't be a normal number, it ranks as its logarithm does
    assert np.all(np.diff(p[~normal][np.argsort(log_p[~normal])]) >= 0)


def test_squared_error_divides_units_that_underflow():
    """Every unit of some rows is below the smallest double, but not their quotients."""
    clf, _ = with_scores_up_to(1.0, y, loss="squared_error")
    clf.intercepts_ = [np.array([-4000.0, -4001.0, -4003.0])]
    clf.coefs_ = [np.zeros((4, 3))]
    expected = np.exp([0.0, -1.0, -3.0]) / np.exp([0.0, -1.0, -3.0]).sum()
    assert_allclose(clf.predict_proba(X[:1]), [expected], rtol=1e-12)


@pytest.mark.parametrize("loss", LOSSES)
def test_training_on_with_extreme_scores_is_finite(loss):
    clf, _ = with_scores_up_to(5000.0, y, loss=loss, solver="sgd")
    clf.partial_fit(X, y)
    assert np.isfinite(clf.loss_)
    assert all(np.all(np.isfinite(W)) for W in clf.coefs_)


# partial_fit


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1], [2, 1, 0, 0, 1]])
def test_classes_come_in_any_order(order):
    clf = net(solver="sgd").partial_fit(X, names[y], classes=names[order])
    same = net(solver="sgd").partial_fit(X, names[y], classes=names)
    assert_array_equal(clf.classes_, names)
    assert_array_equal(clf.predict_proba(X), same.predict_proba(X))
    clf.partial_fit(X, names[y], classes=names[order[::-1]])


def test_classes_that_come_later():
    clf = net(solver="sgd", learning_rate_init=0.1).partial_fit(
        X[:1], names[:1], classes=[*names, "dog"]
    )
    assert clf.n_outputs_ == 4
    for _ in range(40):
        clf.partial_fit(X, names[y])
    assert clf.score(X, names[y]) == 1


def test_one_of_two_classes_in_a_call():
    clf = net(solver="adam").partial_fit(X[:1], ["bee"], classes=["ant", "bee"])
    assert clf.predict_proba(X).shape == (60, 2)


# Fitted attributes


EARLY = {"early_stopping": True, "validation_fraction": 0.2}
RUNS = {
    "adam": {"solver": "adam"},
    "sgd": {"solver": "sgd"},
    "lbfgs": {"solver": "lbfgs"},
    "adam, early stopping": {"solver": "adam", **EARLY},
    "sgd, early stopping": {"solver": "sgd", **EARLY},
    "lbfgs, early stopping": {"solver": "lbfgs", **EARLY},
}
each_run = pytest.mark.parametrize("params", RUNS.values(), ids=RUNS)


@each_run
def test_types_of_the_fitted_attributes(params):
    clf = net(max_iter=4, **params).fit(X, y)
    assert isinstance(clf.classes_, np.ndarray)
    for name in ("t_", "n_iter_", "n_layers_", "n_outputs_", "n_features_in_"):
        assert type(getattr(clf, name)) is int, name
    assert isinstance(clf.loss_, float)
    assert all(isinstance(loss, float) for loss in clf.loss_curve_)
    assert isinstance(clf.out_activation_, str)
    assert [W.shape for W in clf.coefs_] == [(4, 5), (5, 3)]
    assert [b.shape for b in clf.intercepts_] == [(5,), (3,)]
    assert not hasattr(clf, "feature_names_in_")


@each_run
def test_what_is_monitored(params):
    clf = net(max_iter=4, **params).fit(X, y)
    if params["solver"] != "lbfgs" and "early_stopping" in params:
        assert clf.best_loss_ is None
        assert len(clf.validation_scores_) == clf.n_iter_
        assert clf.best_validation_score_ == max(clf.validation_scores_)
    else:
        assert clf.best_loss_ == min(clf.loss_curve_)
        assert clf.validation_scores_ is None
        assert clf.best_validation_score_ is None
    assert len(clf.loss_curve_) == clf.n_iter_
    assert clf.loss_ == pytest.approx(clf.loss_curve_[-1], rel=1e-12)


@each_run
@pytest.mark.parametrize("kind", ["two", "many", "labels"])
def test_attributes_are_mlp_classifiers(kind, params):
    """All that it has are here, with its values where they are no floats."""
    params = {"hidden_layer_sizes": (5, 3), "max_iter": 3, "random_state": 1, **params}
    X_named = pd.DataFrame(X, columns=list("abcd"))
    ours = BackpropClassifier(**params).fit(X_named, KINDS[kind])
    theirs = MLPClassifier(**params).fit(X_named, KINDS[kind])
    public = [name for name in vars(theirs) if name.endswith("_") and name[0] != "_"]
    assert len(public) >= 11
    for name in public:
        a, b = getattr(ours, name), getattr(theirs, name)
        assert (a is None) == (b is None), name
        if isinstance(b, int | str):
            assert a == b, name
    assert_array_equal(ours.classes_, theirs.classes_)
    assert_array_equal(ours.feature_names_in_, list("abcd"))


@each_kind
@each_loss
def test_output_layer(kind, loss):
    clf = net(loss=loss, hidden_layer_sizes=(5, 4), max_iter=2).fit(X, KINDS[kind])
    assert clf.n_outputs_ == {"one": 1, "two": 1, "many": 3, "labels": 4}[kind]
    softmax = kind == "many" and loss != "squared_error"
    assert clf.out_activation_ == ("softmax" if softmax else "logistic")
    assert clf.n_layers_ == 4
    assert clf.n_features_in_ == 4


def test_no_hidden_layers_are_two_layers():
    assert net(hidden_layer_sizes=()).fit(X, y).n_layers_ == 2


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_t_counts_samples_and_n_iter_the_last_calls_epochs(solver):
    clf = net(solver=solver, max_iter=7, batch_size=16).fit(X, y)
    assert (clf.n_iter_, clf.t_) == (7, 7 * 60)
    clf.partial_fit(X[:50], y[:50])
    assert (clf.n_iter_, clf.t_, len(clf.loss_curve_)) == (1, 7 * 60 + 50, 8)
    clf.set_params(warm_start=True, max_iter=3).fit(X, y)
    assert (clf.n_iter_, clf.t_, len(clf.loss_curve_)) == (3, 10 * 60 + 50, 11)
    clf.set_params(warm_start=False).fit(X, y)
    assert (clf.n_iter_, clf.t_, len(clf.loss_curve_)) == (3, 3 * 60, 3)


def test_t_leaves_out_the_validation_samples():
    clf = net(solver="adam", max_iter=5, **EARLY).fit(X, y)
    assert clf.t_ == 5 * 48


def test_lbfgs_counts_iterations_alone():
    clf = net(max_iter=4).fit(X, y)
    assert (clf.n_iter_, clf.t_) == (4, 0)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_finite_values_with_an_infinite_sum_are_predicted_in_silence():
    X = np.random.default_rng(0).standard_normal((30, 4)).astype(np.float32)
    clf = BackpropClassifier((3,), max_iter=2).fit(X, np.arange(30) % 2)
    with np.errstate(all="raise"):
        assert plain(clf, np.full((4, 4), 3e38, np.float32)) is None
        assert plain(clf, X) is not None


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("fitted", "given"), [(np.float32, np.float64), (np.float64, np.float32)])
def test_arrays_of_the_other_float_dtype_need_no_validation(fitted, given):
    X = np.random.default_rng(0).standard_normal((30, 4)).astype(given)
    clf = BackpropClassifier((3,), max_iter=2).fit(X.astype(fitted), np.arange(30) % 2)
    before = X.copy()
    assert plain(clf, X).dtype == fitted
    assert_array_equal(clf.predict_proba(X), clf.predict_proba(X.astype(fitted)))
    assert_array_equal(X, before)
    with pytest.raises(ValueError, match="infinity"):
        clf.predict(np.full((1, 4), np.inf, given))
    assert plain(clf, X.astype(">f8")) is None


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:overflow encountered in cast")
def test_what_overflows_in_the_fitted_dtype_is_an_error():
    X = np.random.default_rng(0).standard_normal((30, 4)).astype(np.float32)
    clf = BackpropClassifier((3,), max_iter=2).fit(X, np.arange(30) % 2)
    with pytest.raises(ValueError, match="too large for dtype"):
        clf.predict(np.full((1, 4), 1e300))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("n", [1, 511, 512, 513, 1025])
def test_pieces_make_no_difference(n):
    X = np.random.default_rng(0).standard_normal((n, 4))
    clf = BackpropClassifier((3,), max_iter=2, random_state=0).fit(
        X[:30], np.arange(len(X[:30])) % 3
    )
    one_by_one = np.vstack([clf.predict_proba(X[i : i + 1]) for i in range(n)])
    np.testing.assert_allclose(clf.predict_proba(X), one_by_one, atol=1e-14)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_an_array_without_the_feature_names_of_fit_is_warned_about():
    X = np.random.default_rng(0).standard_normal((30, 2))
    frame = pd.DataFrame(X, columns=["a", "b"])
    clf = BackpropClassifier((3,), max_iter=2).fit(frame, np.arange(30) % 2)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        clf.predict(X)
