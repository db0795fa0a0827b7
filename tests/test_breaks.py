"""Deliberate breaks of the code that the rest of the suite didn't notice, one test each."""

from copy import deepcopy

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.datasets import load_digits, load_iris

from skbackprop import BackpropClassifier
from skbackprop.estimators.documented import _joined
from skbackprop.layers import SparseRows
from skbackprop.training import Progress

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_digits(return_X_y=True)
X, y = X[:300] / 16, y[:300]


def net(**params):
    params = {"hidden_layer_sizes": (8,), "max_iter": 5, "random_state": 0, **params}
    return BackpropClassifier(**params)


def test_columns_without_an_entry_have_no_gradient():
    """Wide rows with fewer entries than columns: dW is 0 where nothing was multiplied."""
    rng = np.random.default_rng(0)
    dense = np.zeros((6, 500))
    dense[np.arange(6), rng.permutation(500)[:6]] = rng.standard_normal(6)
    rows, dZ = SparseRows(csr_array(dense)), rng.standard_normal((6, 4))
    assert rows.csr.nnz < rows.shape[1]
    dW = np.full((500, 4), np.nan)
    rows.T.dot(dZ, dW)
    assert_allclose(dW, dense.T @ dZ)


@pytest.mark.parametrize("batch_size", [3, 50])
def test_wide_sparse_training_is_that_of_an_array(batch_size):
    rng = np.random.default_rng(0)
    wide = rng.standard_normal((100, 2_000)) * (rng.random((100, 2_000)) < 0.004)
    target = np.arange(100) % 3
    clf = net(batch_size=batch_size, max_iter=10, alpha=0.0, solver="sgd", learning_rate_init=0.1)
    assert csr_array(wide[:3]).nnz < 2_000
    a = deepcopy(clf).fit(wide, target)
    b = deepcopy(clf).fit(csr_array(wide), target)
    assert_allclose(a.loss_curve_, b.loss_curve_)
    assert_allclose(a.coefs_[0], b.coefs_[0], atol=1e-12)


def test_a_forked_progress_has_best_values_of_its_own():
    progress = Progress(best=1.0, best_values=np.ones(3))
    other = progress.fork()
    other.best_values[:] = 7.0
    assert_array_equal(progress.best_values, np.ones(3))


class Scorer:
    """Accuracy; the call with the number `fails_at` raises."""

    calls, fails_at = 0, None

    def __call__(self, estimator, X, y):
        self.calls += 1
        if self.calls == self.fails_at:
            raise RuntimeError("as told")
        return np.mean(estimator.predict(X) == y)


def test_a_failing_call_that_goes_on_exactly_leaves_the_best_values():
    """The kept best values are those of the last good call, not of one that failed later."""
    params = {"warm_start": "exact", "early_stopping": True, "max_iter": 4}
    scorers = Scorer(), Scorer()
    clf, other = (net(**params, scoring=s, learning_rate_init=0.01).fit(X, y) for s in scorers)
    scorers[0].fails_at = 8  # the fourth epoch of the next call
    with pytest.raises(ValueError, match="as told"):
        clf.fit(X, y)
    # no epoch from here on is better, so that both end with the best values of the first call
    for one in clf, other:
        one.set_params(learning_rate_init=100.0).fit(X, y)
    assert_array_equal(clf.coefs_[0], other.coefs_[0])
    assert clf.best_validation_score_ == other.best_validation_score_


@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_best_epoch_that_was_restored_still_counts(early_stopping):
    """A call that goes on from the best epoch's values must beat it, or ends there again."""
    clf = net(warm_start=True, restore_best_weights=True, early_stopping=early_stopping)
    clf.set_params(max_iter=30).fit(X, y)
    best = clf.best_validation_score_ if early_stopping else clf.best_loss_
    before = clf.coefs_[0].copy()
    clf.set_params(max_iter=3, learning_rate_init=100.0, shuffle=False).fit(X, y)  # all worse
    assert best == (clf.best_validation_score_ if early_stopping else clf.best_loss_)
    assert_array_equal(clf.coefs_[0], before)


def test_a_best_epoch_whose_values_were_left_does_not_count():
    """Its values are gone: a later call keeps the best of its own epochs."""
    clf = net(warm_start=True, max_iter=30).fit(X, y)
    clf.set_params(max_iter=2, learning_rate_init=1.0, restore_best_weights=True).fit(X, y)
    W = clf.coefs_[0].copy()
    assert clf.best_loss_ > 2 * clf.loss_curve_[29]
    again = net(warm_start=True, max_iter=30).fit(X, y)
    again.set_params(max_iter=2, learning_rate_init=1.0, restore_best_weights=False).fit(X, y)
    assert np.isfinite(W).all()
    assert np.abs(W - again.coefs_[0]).max() == 0 or clf.best_loss_ < again.loss_


@pytest.mark.parametrize("epochs", [1, 2, 5])
@pytest.mark.parametrize("patience", [1, 3])
def test_exact_resumption_ends_in_the_same_epoch(epochs, patience):
    """Training stops by patience in the very epoch in which it would without an interruption."""
    params = {"tol": 0.03, "n_iter_no_change": patience, "learning_rate_init": 0.01}
    whole = net(**params, max_iter=200).fit(X, y)
    assert 5 < whole.n_iter_ < 200
    parts = net(**params, max_iter=epochs, warm_start="exact").fit(X, y)
    while parts._progress.outcome != "converged":
        before = parts.n_iter_
        parts.fit(X, y)
        assert parts.n_iter_ > before
    assert parts.n_iter_ == whole.n_iter_
    assert_array_equal(parts.coefs_[0], whole.coefs_[0])
    parts.fit(X, y)  # nothing is left to do
    assert parts.n_iter_ == whole.n_iter_
    assert_array_equal(parts.coefs_[0], whole.coefs_[0])


@pytest.mark.parametrize("restore", [False, True])
def test_a_warm_fit_that_diverges_raises(restore):
    """No epoch of the call was any good: it raises, and the earlier weights stay."""
    clf = net(warm_start=True, solver="sgd", restore_best_weights=restore).fit(X, y)
    before = clf.coefs_[0].copy()
    with pytest.raises(ValueError, match="non-finite"):
        clf.set_params(learning_rate_init=1e300).fit(X, y)
    assert_array_equal(clf.coefs_[0], before)
    assert clf.n_iter_ == 5


def test_the_boundary_of_an_improvement():
    """Better by `tol` exactly counts, by less doesn't, though it is the best; NaN is neither."""
    progress = Progress()
    assert progress.update_best(1.0, 0.25)
    assert progress.no_improvement == 0
    assert progress.update_best(0.75, 0.25)
    assert progress.no_improvement == 0
    assert progress.update_best(0.625, 0.25)
    assert (progress.no_improvement, progress.best) == (1, 0.625)
    assert not progress.update_best(0.625, 0.25)
    assert not progress.update_best(0.625, 0.0)
    assert progress.no_improvement == 0  # not worse by 0
    assert not progress.update_best(np.nan, 0.25)
    assert (progress.no_improvement, progress.best) == (1, 0.625)


def test_balanced_weights_count_no_class_of_weight_zero():
    """Left out by its sample weights, a class is no class among which to balance."""
    X, y = load_iris(return_X_y=True)
    weight = np.where(y == 2, 0.0, np.where(y == 1, 3.0, 1.0))
    a = net(class_weight="balanced").fit(X, y, weight)
    # two classes of 50 and 150: n / (2 c) is 2 and 2 / 3
    b = net(class_weight={0: 2.0, 1: 2 / 3, 2: 1.0}).fit(X, y, weight)
    assert_allclose(a.loss_curve_, b.loss_curve_, rtol=1e-12)
    assert_allclose(a.coefs_[0], b.coefs_[0], rtol=1e-12)
    Y = np.stack([y > 0, y > 5], axis=1).astype(int)  # nobody has the second label
    c = net(class_weight="balanced").fit(X, Y)
    d = net(class_weight=[{0: 150 / 100, 1: 150 / 200}, {0: 1.0}]).fit(X, Y)
    assert_allclose(c.loss_curve_, d.loss_curve_, rtol=1e-12)


@pytest.mark.parametrize("max_iter", [1, 4, 300])
def test_lbfgs_ends_with_its_best_iterate(max_iter):
    """Every iterate that SciPy accepts lowers the loss, so the last one is the best: there is
    nothing that restoring the best could change."""
    clf = net(solver="lbfgs", max_iter=max_iter, restore_best_weights=True).fit(X, y)
    assert np.all(np.diff(clf.loss_curve_) < 0)
    assert clf.best_loss_ == min(clf.loss_curve_[-1], clf.loss_)
    last = net(solver="lbfgs", max_iter=max_iter).fit(X, y)
    assert_array_equal(clf.coefs_[0], last.coefs_[0])


def test_features_beyond_those_of_initialize_are_refused():
    for n in 3, 5:
        with pytest.raises(ValueError, match=f"X has {n} features, .* expecting 4 features"):
            net().initialize(4, [0, 1]).partial_fit(np.ones((2, n)), [0, 1])


def test_repr_shows_what_was_changed():
    assert repr(BackpropClassifier(alpha=1.0)) == "BackpropClassifier(alpha=1.0)"


def test_lists_of_words():
    lists = [[], ["a"], ["a", "b"], ["a", "b", "c"]]
    assert [_joined(words) for words in lists] == ["", "a", "a and b", "a, b and c"]
