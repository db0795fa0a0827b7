"""Found by attack: interrupts, huge numbers, odd weights, odd scorers, odd containers."""

import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array, csr_matrix
from sklearn import config_context
from sklearn.datasets import load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning
from sklearn.metrics import make_scorer, max_error, roc_auc_score
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop import blas as the_module
from skbackprop.activations import ReLU, Tanh
from skbackprop.estimators import build
from skbackprop.initializers import HeNormal
from skbackprop.inspection import check_gradients
from skbackprop.layers import Dense
from skbackprop.network import Network
from skbackprop.optimizers import SGD, Adam
from skbackprop.schedules import Cosine

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_iris(return_X_y=True)
HUGE = 10**400


def net(**params):
    params = {"hidden_layer_sizes": (5,), "max_iter": 3, "random_state": 0, **params}
    return BackpropClassifier(**params)


# BLAS limits


class Blas:
    """A BLAS pool of two threads that may fail once when its limit is set."""

    filepath = "scipy.libs"

    def __init__(self, error=None):
        self.num_threads, self.error = 2, error

    def set_num_threads(self, n):
        error, self.error = self.error, None
        if error:
            raise error
        self.num_threads = n


@pytest.fixture
def pools(monkeypatch):
    def of(*controllers):
        pools = the_module.Pools()
        pools.pools = [the_module.Pool(c) for c in controllers]
        monkeypatch.setattr(the_module, "POOLS", pools)
        return pools

    return of


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("as told")], ids=repr)
@pytest.mark.parametrize("fails", [0, 1])
def test_an_interrupted_limit_is_no_holder(pools, error, fails):
    """The second pool is never reached, or its limit fails: nobody holds anything afterwards."""
    blas = [Blas(error if i == fails else None) for i in range(2)]
    held = pools(*blas)
    with pytest.raises(type(error)), the_module.blas_threads(1):
        pytest.fail("the body must not run")
    assert [b.num_threads for b in blas] == [2, 2]
    assert not any(pool.holders for pool in held.pools)
    held.after_fork()  # ends
    with the_module.blas_threads(1):
        assert [b.num_threads for b in blas] == [1, 1]
    assert [b.num_threads for b in blas] == [2, 2]


def test_an_interrupted_release_is_done_again(pools):
    blas = [Blas(), Blas()]
    held = pools(*blas)
    with pytest.raises(KeyboardInterrupt), the_module.blas_threads(1):
        blas[1].error = KeyboardInterrupt()
    assert [b.num_threads for b in blas] == [2, 2]
    assert not any(pool.holders for pool in held.pools)


FORK = """
import os, sys, threading
import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits
from skbackprop.blas import POOLS, blas_threads

def limits():
    return {i["num_threads"] for i in threadpool_info() if i["user_api"] == "blas"}

with threadpool_limits(2, user_api="blas"):
    before = limits()
    if before != {2}:
        sys.exit(0)  # this threadpoolctl doesn't know this BLAS, or it has one thread
    go, done = threading.Event(), threading.Event()
    def hold():
        with blas_threads(1):
            go.set()
            done.wait()
    other = threading.Thread(target=hold)
    other.start()
    go.wait()
    with blas_threads(1):
        pid = os.fork()
        if pid == 0:
            ok = limits() == before and not any(p.holders for p in POOLS.pools)
            with blas_threads(1):
                ok = ok and limits() == {1}
            os._exit(0 if ok and limits() == before else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        assert limits() == {1}
        done.set()
        other.join()
        assert limits() == {1}
    assert limits() == before, limits()
"""


def test_a_limit_that_could_not_be_lifted_is_lifted_by_the_next(pools):
    """OpenBLAS 0.3.31: what the main thread limits, other threads can't raise."""
    blas = Blas()
    pools(blas)
    with the_module.blas_threads(1):
        blas.set_num_threads, usual = lambda n: None, blas.set_num_threads
    assert blas.num_threads == 1
    blas.set_num_threads = usual
    with the_module.blas_threads(1):
        pass
    assert blas.num_threads == 2


def test_a_limit_that_a_user_sets_meanwhile_counts(pools):
    blas = Blas()
    pools(blas)
    with the_module.blas_threads(1):
        blas.set_num_threads, usual = lambda n: None, blas.set_num_threads
    blas.set_num_threads = usual
    blas.num_threads = 5  # somebody else's
    with the_module.blas_threads(1):
        assert blas.num_threads == 1
    assert blas.num_threads == 5


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_has_no_limit_of_its_parents_fits():
    subprocess.run([sys.executable, "-W", "ignore", "-c", FORK], check=True, timeout=60)


# Memory and numbers


@pytest.mark.parametrize("name", ["allocate", "overflow"])
def test_only_an_allocation_blames_the_layers(name):
    error = MemoryError("as told") if name == "allocate" else OverflowError("as told")

    class Fails(ReLU):
        def forward(self, Z, out):
            if len(Z) > 60:  # not in its trial
                raise error
            super().forward(Z, out)

    activation = dataclass(frozen=True)(Fails)()
    with pytest.raises(type(error), match="as told"):
        net(activation=activation).fit(X, y)
    with pytest.raises(ValueError, match=r"hidden_layer_sizes=.* can't be allocated"):
        net(hidden_layer_sizes=(10**9, 10**9)).fit(X, y)
    with pytest.raises(ValueError, match=r"hidden_layer_sizes=.* can't be allocated"):
        net(hidden_layer_sizes=(HUGE,)).fit(X, y)


def test_an_error_of_an_initializer_is_its_own():
    class Fails(HeNormal):
        def weights(self, rng, fan_in, fan_out):
            if fan_in == X.shape[1]:  # not in its trial
                raise OverflowError("as told")
            return super().weights(rng, fan_in, fan_out)

    with pytest.raises(OverflowError, match="as told"):
        net(weight_init=dataclass(frozen=True)(Fails)()).fit(X, y)


@pytest.mark.parametrize("going_on", [False, True])
def test_memory_that_ends_in_a_copy_or_an_optimizer_blames_the_layers(monkeypatch, going_on):
    clf = net(warm_start=True).fit(X, y)
    before = [W.copy() for W in clf.coefs_]

    def fails(*args):
        raise MemoryError("as told")

    if going_on:
        monkeypatch.setattr(build, "aligned_copy", fails)
    else:
        monkeypatch.setattr(SGD, "init", fails)
        clf.solver = "sgd"
    with pytest.raises(ValueError, match=r"hidden_layer_sizes=.* can't be allocated"):
        clf.fit(X, y)
    for W, expected in zip(clf.coefs_, before, strict=True):
        assert_array_equal(W, expected)


BEYOND = [HUGE, 10**10_000]
if np.finfo(np.longdouble).max > np.finfo(float).max:
    BEYOND.append(np.longdouble("1e4000"))


@pytest.mark.parametrize("value", BEYOND, ids=["1e400", "1e10000", "longdouble"][: len(BEYOND)])
@pytest.mark.parametrize(
    "name", ["learning_rate_init", "tol", "clip_norm", "max_norm", "power_t", "epsilon", "alpha"]
)
def test_a_number_too_large_for_a_float_is_named(name, value):
    clf = net(solver="adam", learning_rate="invscaling", **{name: value})
    with pytest.raises(ValueError, match=rf"^{name}\b.* below 1.8e\+308"):
        clf.fit(X, y)
    assert not hasattr(clf, "coefs_")


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"solver": Adam(epsilon=HUGE)}, "epsilon of Adam"),
        ({"solver": SGD(weight_decay=HUGE)}, "weight_decay of SGD"),
        ({"learning_rate": Cosine(epochs=HUGE)}, "epochs of Cosine"),
        ({"max_iter": HUGE, "learning_rate": "cosine"}, "max_iter"),
        ({"learning_rate": lambda fraction: HUGE}, "learning_rate=FunctionSchedule"),
        ({"dropout": [HUGE]}, "dropout"),
        ({"class_weight": {0: HUGE}}, "class_weight"),
        ({"class_weight": [{0: 1, 1: HUGE}, {}]}, "class_weight"),
    ],
    ids=lambda p: p if isinstance(p, str) else "",
)
def test_so_is_one_in_an_option(params, words):
    with pytest.raises(ValueError, match=words):
        net(**params).fit(X, y)


# The best weights without early stopping


def loss_of(clf, X, y):
    """Data loss and penalty of the fitted weights, for batches of all samples."""
    data_loss = -np.mean(clf.predict_log_proba(X)[np.arange(len(y)), y])
    return data_loss + clf.alpha / 2 / len(y) * sum((W**2).sum() for W in clf.coefs_)


@pytest.mark.parametrize("rate", [0.5, 50, 1e3])
@pytest.mark.parametrize("normalization", [None, "batch"])
def test_the_restored_weights_have_the_best_loss(rate, normalization):
    X, y = load_wine(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    clf = BackpropClassifier(
        (8,),
        solver="sgd",
        learning_rate_init=rate,
        restore_best_weights=True,
        normalization=normalization,
        dropout=0.2,
        max_iter=30,
        random_state=0,
    ).fit(X, y)
    assert_allclose(loss_of(clf, X, y), clf.best_loss_)
    again = BackpropClassifier(**{**clf.get_params(), "max_iter": 1}).fit(X, y)
    assert clf.best_loss_ <= again.best_loss_


def test_the_measured_loss_counts_weights_and_batches():
    weight = np.random.default_rng(0).uniform(0.5, 3, len(X))
    clf = net(restore_best_weights=True, batch_size=40, alpha=3.0, max_iter=20)
    for form in (X, np.asfortranarray(X), csr_array(X)):
        clf.fit(form, y, weight)
        data_loss = -np.average(clf.predict_log_proba(form)[np.arange(len(y)), y], weights=weight)
        penalty = 1.5 * sum((W**2).sum() for W in clf.coefs_) / (weight.sum() / 4)
        assert_allclose(clf.best_loss_, data_loss + penalty)


@pytest.mark.parametrize("params", [{"restore_best_weights": True}, {"early_stopping": True}])
def test_weights_beyond_use_are_not_the_best(params):
    """Their loss isn't finite, so they aren't kept: training failed, and it says so."""
    X, y = load_wine(return_X_y=True)
    clf = BackpropClassifier((8,), solver="sgd", learning_rate_init=1e200, random_state=0, **params)
    with pytest.raises(ValueError, match="non-finite"):
        clf.fit(StandardScaler().fit_transform(X), y)
    assert not hasattr(clf, "coefs_")


# Scorers


def test_a_type_error_in_a_scorer_is_not_swallowed():
    calls = []

    def scorer(estimator, X, y, sample_weight=None):
        calls.append(sample_weight)
        raise TypeError("as told")

    with pytest.raises(ValueError, match=r"scoring=.* TypeError: as told"):
        net(early_stopping=True, scoring=scorer).fit(X, y, np.ones(len(y)))
    assert len(calls) == 1
    assert calls[0] is not None


def weighs(y_true, y_pred, sample_weight=None):
    SEEN.append(sample_weight is not None)
    return 0.5


def plain(y_true, y_pred):
    SEEN.append(False)
    return 0.5


SEEN = []


@pytest.mark.parametrize("asked", [None, True, False])
@pytest.mark.parametrize("metric", [weighs, plain])
def test_who_gets_the_weights(asked, metric):
    del SEEN[:]
    scorer = make_scorer(metric)
    with config_context(enable_metadata_routing=asked is not None):
        if asked is not None:
            scorer.set_score_request(sample_weight=asked)
        if asked and metric is plain:
            with pytest.raises(ValueError, match=r"scoring=.*sample_weight"):
                net(early_stopping=True, scoring=scorer).fit(X, y, np.ones(len(y)))
            return
        net(early_stopping=True, scoring=scorer).fit(X, y, np.ones(len(y)))
    assert set(SEEN) == {metric is weighs and asked is not False}


def test_an_alias_asks_for_another_argument():
    with config_context(enable_metadata_routing=True):
        scorer = make_scorer(weighs).set_score_request(sample_weight="other")
        del SEEN[:]
        net(early_stopping=True, scoring=scorer).fit(X, y, np.ones(len(y)))
    assert set(SEEN) == {False}


def test_weights_are_passed_by_name():
    def takes_none(estimator, X, y):
        return 0.5

    net(early_stopping=True, scoring=takes_none).fit(X, y, np.ones(len(y)))

    def by_position(estimator, X, y, sample_weight=None, /):
        assert sample_weight is None
        return 0.5

    net(early_stopping=True, scoring=by_position).fit(X, y, np.ones(len(y)))


def test_scorers_without_a_signature_or_weights():
    class Opaque:
        __signature__ = "none"

        def __call__(self, *args):
            return 0.5

    net(early_stopping=True, scoring=Opaque()).fit(X, y, np.ones(len(y)))
    reg = BackpropRegressor(hidden_layer_sizes=(5,), max_iter=2, early_stopping=True)
    reg.set_params(scoring=make_scorer(max_error, greater_is_better=False))
    assert reg.fit(X, X[:, 0], np.ones(len(y))).best_validation_score_ < 0


def test_a_scorer_that_misses_a_class():
    scorer = make_scorer(roc_auc_score, response_method="predict_proba", multi_class="ovr")
    rare = np.where(np.arange(150) < 2, 2, y > 0)
    with pytest.raises(
        ValueError, match=r"scoring=.*\. The part .* no sample of class 2\. Give X_val"
    ):
        net(early_stopping=True, scoring=scorer).fit(X, rare)
    given = {"X_val": X[y < 2], "y_val": y[y < 2]}
    with pytest.raises(ValueError, match=r"\. X_val has no sample of class 2\. Add some"):
        net(early_stopping=True, scoring=scorer).fit(X, y, **given)
    many = np.arange(150) % 10
    given = {"X_val": X[:2], "y_val": many[:2]}
    with pytest.raises(ValueError, match=r"no sample of class 2, 3, 4, 5, 6, \.\.\.\. Add"):
        net(early_stopping=True, scoring=scorer).fit(X, many, **given)

    def fails(estimator, X, y):
        raise OSError("another reason")

    with pytest.raises(ValueError, match=r"another reason$"):
        net(early_stopping=True, scoring=fails).fit(X, rare)


# Probabilities, weights, y


def test_every_seed_has_its_own_dropout():
    clf = net(dropout=0.5).initialize(4, [0, 1, 2])
    architecture = clf._network.architecture
    seeds = {
        build.dropout_generator(architecture, np.random.RandomState(i)).integers(2**60)
        for i in range(100)
    }
    assert len(seeds) == 100


@pytest.mark.parametrize(("dtype", "score"), [(np.float32, 1e7), (np.float64, 1e16)])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_no_probability_is_zero(dtype, score, n_classes):
    clf = BackpropClassifier(()).initialize(1, range(n_classes), dtype=dtype)
    clf.coefs_ = [np.linspace(1, 2, clf.n_outputs_)[None].astype(dtype)]
    for x in (score, -score, 3e4 * score):
        p = clf.predict_proba(np.array([[x]], dtype))
        assert p.dtype == dtype
        assert (p > 0).all()
        assert (p < 1).all()


@pytest.mark.parametrize(
    "weight",
    [["a"] * 150, [], [None] * 150, [[1.0], [2.0, 3.0]], [{}] * 150, "a", HUGE, [HUGE] * 150],
    ids=lambda weight: f"{weight!r:.9}",
)
def test_bad_weights_are_named(weight):
    for name in "sample_weight", "sample_weight_val":
        given = {name: weight}
        if name.endswith("val"):
            given |= {"X_val": X, "y_val": y}
        with pytest.raises((ValueError, TypeError), match="sample_weight"):
            net().fit(X, y, **given)


@pytest.mark.parametrize("estimator", [BackpropClassifier, BackpropRegressor])
def test_the_warning_about_a_column_y_points_at_the_users_line(estimator):
    with pytest.warns(DataConversionWarning, match="column-vector") as caught:
        estimator(hidden_layer_sizes=(3,), max_iter=1).fit(X, y[:, None])
    assert {w.filename for w in caught if w.category is DataConversionWarning} == {__file__}


# Gradient checks that are right to be calm


@pytest.mark.parametrize("scale", [1e-1, 1e-3, 1e-4, 1e-5])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("seed", range(4))
def test_no_alarm_for_stiff_networks(scale, activation, seed):
    """Scores that hardly differ: layer normalisation is then steep and strongly curved."""
    clf = net(normalization="layer", activation=activation, hidden_layer_sizes=(6, 5))
    clf.set_params(random_state=seed).fit(X, y)
    clf.coefs_ = [scale * W for W in clf.coefs_]
    clf.intercepts_ = [scale * b for b in clf.intercepts_]
    report = check_gradients(clf, X[:40], y[:40])
    assert report.ok, str(report)


@pytest.mark.parametrize("width", [6, 400])
@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "hard_tanh"])
def test_no_alarm_on_a_kink(width, activation):
    """Empty rows and intercepts of zero: all units of such a row are on the kink exactly."""
    rows = np.vstack([X, np.zeros((30, 4))])
    if activation == "hard_tanh":
        rows[-30:, 0] = 1.0
    target = np.r_[y, np.zeros(30, int)]
    clf = BackpropClassifier((width,), activation, weight_init="he_normal", random_state=0)
    clf.initialize(4, [0, 1, 2])
    if activation == "hard_tanh":
        clf.coefs_[0][0] = 1.0  # the scores of these rows are 1, where it bends
    report = check_gradients(clf, rows, target)
    assert report.ok, str(report)


@pytest.mark.parametrize("width", [6, 400])
def test_alarm_where_only_the_derivative_at_zero_is_wrong(width):
    """All units of an empty row are at 0, where tanh is smooth."""

    def wrong(A):
        return np.where(A == 0.0, 3.0, 1.0 - A**2)

    clf = BackpropClassifier((width,), "tanh", random_state=0).initialize(4, [0, 1, 2])
    clf.intercepts_[0] = np.zeros(width)
    rows, target = np.vstack([X, np.zeros((30, 4))]), np.r_[y, np.zeros(30, int)]
    assert check_gradients(clf, rows, target).ok
    activation = dataclass(frozen=True)(
        type(
            "Wrong",
            (Tanh,),
            {"backward": lambda self, dA, Z, A: np.multiply(dA, wrong(A), out=dA)},
        )
    )()
    network = clf._network
    clf._network = Network(
        replace(network.architecture, activations=(activation,)), network.values.copy()
    )
    assert not check_gradients(clf, rows, target).ok


# Interrupts


@pytest.fixture
def ctrl_c():
    """SIGINT interrupts, as in a terminal: processes in a shell's background ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_ends_a_loop_of_partial_fit():
    """A real SIGINT, in the middle of training."""
    clf = net(hidden_layer_sizes=(50,)).partial_fit(X, y, classes=[0, 1, 2])
    many, target = np.tile(X, (200, 1)), np.tile(y, 200)
    calls = []

    def loop():
        for _ in range(1000):
            clf.partial_fit(many, target)
            calls.append(clf.t_)

    timer = threading.Timer(0.3, lambda: signal.raise_signal(signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        loop()
    timer.join()
    assert 0 < len(calls) < 1000
    assert np.isfinite(clf.predict_log_proba(X)).all()
    clf.partial_fit(X, y)


def test_interrupted_partial_fit_keeps_what_it_learnt(monkeypatch):
    clf = net(batch_size=10).partial_fit(X, y, classes=[0, 1, 2])
    before, original, calls = clf.coefs_[0].copy(), Network.data_loss_and_gradient, []

    def interrupted(self, batch):
        calls.append(batch)
        if len(calls) > 3:
            raise KeyboardInterrupt
        return original(self, batch)

    with monkeypatch.context() as patch:
        patch.setattr(Network, "data_loss_and_gradient", interrupted)
        with pytest.raises(KeyboardInterrupt):
            clf.partial_fit(X, y)
    assert np.abs(clf.coefs_[0] - before).max() > 0
    assert clf.partial_fit(X, y).n_iter_ == 1


# Containers


def test_sparse_predictions_follow_the_configuration():
    Y = csr_matrix(np.stack([y > 0, y > 1], axis=1).astype(int))
    clf = net().fit(X, Y)
    assert isinstance(clf.predict(X), csr_matrix)
    try:
        context = config_context(sparse_interface="sparray")
    except TypeError:
        pytest.skip("an option of scikit-learn 1.9")
    with context:
        assert isinstance(clf.predict(X), csr_array)


X32 = X.astype(np.float32)


def polars():
    return pytest.importorskip("polars").DataFrame


def pyarrow():
    return pytest.importorskip("pyarrow").table


@pytest.mark.parametrize("frame", [lambda: pd.DataFrame, polars, pyarrow], ids=["pd", "pl", "pa"])
def test_float32_frames_stay_float32(frame):
    columns = {name: X32[:, i] for i, name in enumerate("abcd")}
    given, expected = frame()(columns), net().fit(X32, y)
    clf = net().fit(given, y)
    assert clf.coefs_[0].dtype == np.float32
    assert list(clf.feature_names_in_) == list("abcd")
    assert_array_equal(clf.predict_proba(given), expected.predict_proba(X32))
    assert clf.partial_fit(given, y).coefs_[0].dtype == np.float32
    if frame()({}).__class__ is pd.DataFrame:
        for dtype in "Float32", pd.SparseDtype("float32", 0.0):
            assert net().fit(given.astype(dtype), y).coefs_[0].dtype == np.float32
            assert clf.partial_fit(given.astype(dtype), y).coefs_[0].dtype == np.float32
    wide = frame()({**columns, "a": X[:, 0]})  # one column of float64
    assert net().fit(wide, y).coefs_[0].dtype == np.float64


@pytest.mark.parametrize("frame", [lambda: pd.DataFrame, polars, pyarrow], ids=["pd", "pl", "pa"])
def test_a_column_of_strings_is_named(frame):
    columns = {"length": X[:, 0], "colour": ["red", "blue"] * 75, "width": X[:, 1]}
    clf = net().fit(frame()({**columns, "colour": X[:, 2]}), y)
    for call in (lambda: net().fit(frame()(columns), y), lambda: clf.predict(frame()(columns))):
        with pytest.raises(ValueError, match="X must hold numbers in column 'colour', but"):
            call()


@pytest.mark.parametrize(
    "column",
    [
        pd.date_range("2026", periods=150),
        pd.date_range("2026", periods=150, tz="UTC"),
        pd.to_timedelta(np.arange(150), unit="s"),
        pd.period_range("2026", periods=150),
        [[1.0, 2.0]] * 150,
        [{}] * 150,
        [b"a"] * 150,
        pd.Categorical(["a", "b"] * 75),
    ],
    ids=["date", "zone", "delta", "period", "list", "dict", "bytes", "category"],
)
def test_a_column_of_no_numbers_is_named(column):
    frame = pd.DataFrame(X32, columns=list("abcd")).assign(odd=column)
    with pytest.raises((ValueError, TypeError), match="X must hold numbers in column 'odd', but"):
        net().fit(frame, y)


def test_rows_of_different_lengths_are_not_called_categories():
    for data, target in (([*X.tolist()[:-1], [1.0]], y), (X, [*([[0]] * 149), [0, 1]])):
        with pytest.raises(ValueError, match="inhomogeneous") as info:
            net().fit(data, target)
        assert "Encode categories" not in str(info.value)


def test_a_frame_that_cannot_be_asked_is_left_to_validation():
    class Frame:
        """An array-like that looks like a frame, but isn't one."""

        schema = None

        def slice(self, *args):
            raise RuntimeError("as told")

        def __array__(self, dtype=None, copy=None):
            return np.array(X, dtype)

        def __len__(self):
            return len(X)

        shape = X.shape

    assert_array_equal(net().fit(Frame(), y).coefs_[0], net().fit(X, y).coefs_[0])


@pytest.mark.parametrize("type_", [">f4", "<f4"])
def test_float32_of_either_byte_order_stays_float32(type_):
    clf = net().fit(X.astype(type_), y)
    assert clf.coefs_[0].dtype == np.float32
    assert_array_equal(clf.predict_proba(X.astype(type_)), net().fit(X32, y).predict_proba(X32))
    assert net().fit(X.astype(">f8"), y).coefs_[0].dtype == np.float64


# Docstrings, as scikit-learn checks its own


@pytest.mark.parametrize("cls", [BackpropClassifier, BackpropRegressor])
def test_docstrings_are_numpydocs(cls):
    validate = pytest.importorskip("numpydoc.validate").validate
    path, ours = f"{cls.__module__}.{cls.__name__}", "skbackprop"
    members = [n for n in dir(cls) if not n.startswith("_")]
    for name in ["", *members]:
        result = validate(f"{path}.{name}" if name else path)
        if name and ours not in str(result["file"]):
            continue
        if name == "set_callbacks":  # a stand-in for scikit-learn's before 1.9
            continue
        ignored = {"RT02", "GL01", "GL02"} | ({"EX01", "SA01", "ES01"} if name else set())
        if isinstance(getattr(cls, name, None), property):
            ignored |= {"PR02", "GL08"}
        errors = [e for e in result["errors"] if e[0] not in ignored]
        assert not errors, (name, errors)
    assert "Defined only when `X` has feature names that are all strings." in cls.__doc__


def test_nobody_is_warned_of_what_a_product_drops(monkeypatch):
    """OpenBLAS's sgemv computes with registers that nobody has set, and NumPy sees the flag."""
    clf, multiply = net().fit(X, y), Dense.multiply
    expected = clf.predict_proba(X)

    def flagged(self, A, out):
        np.subtract(np.inf, np.inf)
        multiply(self, A, out)

    monkeypatch.setattr(Dense, "multiply", flagged)
    with pytest.warns(RuntimeWarning, match="invalid value"):
        clf._network.scores(X)
    assert_array_equal(clf.predict_proba(X), expected)


def test_nobody_is_warned_of_the_measured_loss(recwarn):
    """Batches of weight zero are left out of training and count nothing in the loss."""
    weight = np.r_[np.zeros(100), np.ones(50)]
    clf = net(restore_best_weights=True, shuffle=False, batch_size=50, max_iter=5)
    clf.fit(X, y, weight)
    assert np.isfinite(clf.best_loss_)
    assert not [w for w in recwarn if w.category is not ConvergenceWarning]
