"""`class_weight`: what it weighs, what it achieves on rare classes, what it refuses."""

from copy import deepcopy

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits, make_multilabel_classification
from sklearn.metrics import recall_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import scale
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight

from skbackprop import BackpropClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_digits(return_X_y=True)
X, y = X[:200] / 16, y[:200] % 3
X_labels, Y_labels = make_multilabel_classification(120, n_classes=3, random_state=0)
X_labels = X_labels / X_labels.max()


def net(**params):
    return BackpropClassifier(
        **{"hidden_layer_sizes": (6,), "max_iter": 12, "random_state": 0, **params}
    )


def assert_same_weights(a, b, tol=0.0):
    for one, other in zip(a.coefs_ + a.intercepts_, b.coefs_ + b.intercepts_):
        assert_allclose(one, other, rtol=0, atol=tol)


# Integers, so that sums of weights are exact in any order
BY_CLASS = {0: 1, 1: 3, 2: 2}


@pytest.mark.parametrize(
    "params",
    [{"solver": "lbfgs"}, {"batch_size": "all", "shuffle": False}],
    ids=["lbfgs", "full-batch adam"],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_integer_weights_are_repeated_samples(params, weighted):
    own = np.random.default_rng(0).integers(0, 3, len(y)) if weighted else np.ones(len(y), int)
    times = own * np.take([1, 3, 2], y)
    X2, y2 = np.repeat(X, times, axis=0), np.repeat(y, times)

    def sized(n):
        return {**params, "batch_size": n} if "batch_size" in params else params

    a = net(class_weight=BY_CLASS, **sized(len(X))).fit(X, y, sample_weight=own)
    b = net(**sized(len(X2))).fit(X2, y2)
    assert_same_weights(a, b, 1e-10)
    assert_allclose(a.loss_curve_, b.loss_curve_, rtol=1e-10)
    assert np.abs(a.coefs_[0] - net(**sized(len(X))).fit(X, y).coefs_[0]).max() > 1e-3


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("names", [[0, 1, 2], ["a", "b", "c"]])
def test_class_weights_multiply_sample_weights(solver, names):
    labels = np.take(names, y)
    own = np.random.default_rng(0).uniform(0.5, 2, len(y))
    by_class = dict(zip(names, [1.0, 3.0, 2.0]))
    a = net(solver=solver, class_weight=by_class).fit(X, labels, sample_weight=own)
    b = net(solver=solver).fit(X, labels, sample_weight=own * np.take([1.0, 3.0, 2.0], y))
    assert_same_weights(a, b)
    assert a.history_["loss"] == b.history_["loss"]


def test_balanced_counts_samples():
    by_class = compute_class_weight("balanced", classes=np.unique(y), y=y)
    a = net(class_weight="balanced").fit(X, y, sample_weight=np.full(len(y), 2.0))
    b = net(class_weight=dict(enumerate(by_class))).fit(X, y, sample_weight=np.full(len(y), 2.0))
    assert_same_weights(a, b)


@pytest.mark.parametrize("multilabel", [False, True])
@pytest.mark.parametrize("classes", [2, 3])
def test_balanced_counts_a_sample_as_often_as_its_weight_says(multilabel, classes):
    features, target = (X_labels, Y_labels) if multilabel else (X, y % classes)
    times = np.random.default_rng(0).integers(0, 4, len(target)) * (1 + (target.T[0] == 1))
    many = np.repeat(features, times, axis=0), np.repeat(target, times, axis=0)
    params = {"class_weight": "balanced", "solver": "lbfgs"}
    a = net(**params).fit(features, target, sample_weight=times)
    b = net(**params).fit(*many)
    assert_same_weights(a, b, 1e-6)
    assert_allclose(a.loss_curve_, b.loss_curve_, rtol=1e-9)


def test_balanced_needs_classes_with_some_weight():
    weight = np.where(y == 1, -0.1, 1.0)
    with pytest.raises(ValueError, match=r"class_weight='balanced'.*less than zero"):
        net(class_weight="balanced").fit(X, y, sample_weight=weight)
    a = net(class_weight="balanced", solver="lbfgs").fit(X, y, sample_weight=y != 1)
    assert np.isfinite(a.loss_)


def test_a_class_that_is_not_named_weighs_one():
    assert_same_weights(
        net(class_weight={1: 4.0}).fit(X, y % 2), net(class_weight={0: 1.0, 1: 4.0}).fit(X, y % 2)
    )


@pytest.mark.parametrize("form", [np.asarray, csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize(
    "class_weight",
    ["balanced", [{0: 1.0, 1: 2.0}, {0: 0.5, 1: 1.0}, {0: 3.0, 1: 1.0}]],
    ids=["balanced", "dicts"],
)
def test_multilabel(form, class_weight):
    weight = compute_sample_weight(class_weight, Y_labels)
    a = net(class_weight=class_weight).fit(X_labels, form(Y_labels))
    b = net().fit(X_labels, form(Y_labels), sample_weight=weight)
    assert_same_weights(a, b, 1e-12)
    assert np.abs(a.coefs_[0] - net().fit(X_labels, Y_labels).coefs_[0]).max() > 1e-3


def test_a_label_that_a_call_has_not_seen():
    """A column of one value only, as a batch of partial_fit may have it."""
    clf = net(class_weight=[{1: 2.0}, {1: 5.0}, {0: 2.0}])
    clf.partial_fit(X_labels, Y_labels, classes=[0, 1, 2])
    batch = Y_labels.copy()
    batch[:, 1] = 0
    assert np.isfinite(clf.partial_fit(X_labels, batch).loss_)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_rare_class_is_found_more_often(solver):
    X, y = load_breast_cancer(return_X_y=True)
    X = scale(X)[:, :4]  # few features: the classes overlap
    rng = np.random.default_rng(0)
    rare = np.flatnonzero(y == 0)
    keep = np.sort(np.r_[np.flatnonzero(y == 1), rng.choice(rare, 40, replace=False)])
    X_train, X_test, y_train, y_test = train_test_split(
        X[keep], y[keep], stratify=y[keep], test_size=0.5, random_state=0
    )
    recall = {}
    for class_weight in (None, "balanced", {0: 30.0, 1: 1.0}):
        clf = net(solver=solver, class_weight=class_weight, max_iter=100, alpha=1.0)
        clf.set_params(learning_rate_init=0.01).fit(X_train, y_train)
        recall[str(class_weight)] = recall_score(y_test, clf.predict(X_test), pos_label=0)
    plain, *weighted = recall.values()
    assert min(weighted) > plain + 0.1


def test_partial_fit_takes_a_dict():
    weights = np.take([1.0, 3.0, 2.0], y)
    a, b = net(class_weight=BY_CLASS), net()
    for half in (slice(100), slice(100, None)):
        a.partial_fit(X[half], y[half], classes=[0, 1, 2])
        b.partial_fit(X[half], y[half], sample_weight=weights[half], classes=[0, 1, 2])
    assert_same_weights(a, b)
    only = y == 1
    assert np.isfinite(a.partial_fit(X[only], y[only]).loss_)


def test_balanced_partial_fit_is_an_error_with_advice():
    clf = net(class_weight="balanced")
    with pytest.raises(ValueError, match=r"(?s)'balanced'.*partial_fit.*compute_class_weight"):
        clf.partial_fit(X, y, classes=[0, 1, 2])
    assert not hasattr(clf, "classes_")
    advised = dict(zip([0, 1, 2], compute_class_weight("balanced", classes=np.unique(y), y=y)))
    clf.set_params(class_weight=advised).partial_fit(X, y, classes=[0, 1, 2])


def test_validation_samples_are_weighed_like_those_of_training():
    """Also with classes in other proportions, or without one of them."""
    by_class = dict(enumerate(compute_class_weight("balanced", classes=np.unique(y), y=y)))
    val = {"X_val": X[:30][y[:30] < 2], "y_val": y[:30][y[:30] < 2]}
    a = net(class_weight="balanced").fit(X, y, **val)
    b = net(class_weight=by_class).fit(X, y, **val)
    assert a.history_["validation_loss"] == b.history_["validation_loss"]
    c = net(class_weight="balanced").fit(X_labels, Y_labels, X_val=X_labels, y_val=0 * Y_labels)
    assert np.isfinite(c.history_["validation_loss"]).all()


def test_the_validation_score_leaves_class_weights_out():
    clf = net(class_weight={0: 1e-6, 1: 1.0, 2: 1.0}, max_iter=3).fit(X, y, X_val=X, y_val=y)
    assert_allclose(clf.history_["validation_score"][-1], clf.score(X, y))


@pytest.mark.parametrize(
    ("class_weight", "target", "words"),
    [
        ("uniform", y, "class_weight"),
        (3.0, y, "class_weight"),
        ([{0: 1.0}], y, "class_weight"),
        ({0: 1.0, 7: 2.0}, y, r"class_weight=.*not in class_weight"),
        ({0: np.nan, 1: 1.0, 2: 1.0}, y, "class_weight=.*finite"),
        ({0: "much", 1: 1.0, 2: 1.0}, y, "class_weight=.*much"),
        ({0: 0.0, 1: 0.0, 2: 0.0}, y, "class_weight"),
        ({0: 1.0, 1: -2.0, 2: 1.0}, y, "class_weight=.*not negative"),
        ([{0: 1.0}, {1: -2.0}, {}], Y_labels[:200], "class_weight=.*not negative"),
        ({0: 1.0}, Y_labels[:200], "class_weight=.*list of 3 dicts"),
        ([{0: 1.0}], Y_labels[:200], "class_weight=.*list of 3 dicts"),
        ([{0: 1.0}, {2: 1.0}, {}], Y_labels[:200], "class_weight=.*keys 0 and 1"),
        ([{0: 1.0}, None, {}], Y_labels[:200], "class_weight=.*dict"),
    ],
)
def test_bad_class_weights_change_nothing(class_weight, target, words):
    features = X if target is y else X_labels
    clf = net(max_iter=2).fit(features, target)
    before = deepcopy(clf)
    with pytest.raises(ValueError, match=f"(?s){words}"):
        clf.set_params(class_weight=class_weight).fit(features, target)
    assert vars(clf).keys() == vars(before).keys()
    assert_same_weights(clf, before)
    assert_array_equal(clf.predict(features), before.predict(features))
    with pytest.raises(ValueError, match="weight"):
        clone(clf).fit(features, target)
