"""BLAS limits are held while needed, and put back. Long arrays are shared by threads."""

import itertools
import os
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack
from time import sleep

import numpy as np
import pytest
import scipy.linalg  # noqa: F401  (loads SciPy's BLAS)
from numpy.testing import assert_allclose, assert_array_equal
from threadpoolctl import threadpool_info, threadpool_limits

from skbackprop import BackpropClassifier, vectors
from skbackprop.activations import FunctionPair
from skbackprop.batches import Minibatches, Samples
from skbackprop.blas import LARGE_PRODUCT, POOLS, blas_threads
from skbackprop.layers import Dense
from skbackprop.network import Network
from skbackprop.optimizers import OPTIMIZERS, Adam, Optimizer, RunningMean
from skbackprop.threads import HELPERS, cuts, helpers, share, shared
from tests.benchmarks.workloads import random_csr

X, y = np.random.default_rng(0).standard_normal((50, 4)), np.arange(50) % 2


def limits():
    return {i["filepath"]: i["num_threads"] for i in threadpool_info() if i["user_api"] == "blas"}


pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(autouse=True)
def two_threads():
    with threadpool_limits(2, user_api="blas"):
        if 2 not in limits().values():
            pytest.skip("this BLAS has one thread")
        yield


def test_small_products_have_one_thread():
    before = limits()
    with blas_threads(LARGE_PRODUCT - 1):
        assert set(limits().values()) == {1}
    assert limits() == before


def test_large_products_leave_numpy_its_threads():
    with blas_threads(LARGE_PRODUCT):
        for path, n in limits().items():
            assert n == (1 if "scipy.libs" in path else 2)


@pytest.mark.parametrize("order", itertools.permutations(range(3)))
@pytest.mark.parametrize("sizes", itertools.product([1, LARGE_PRODUCT], repeat=3))
def test_fits_that_overlap_put_back_what_the_first_found(order, sizes):
    before, stacks = limits(), [ExitStack() for _ in sizes]
    for stack, size in zip(stacks, sizes):
        stack.enter_context(blas_threads(size))
    going_on = dict(enumerate(sizes))
    for i in order:
        stacks[i].close()
        del going_on[i]
        if 1 in going_on.values():
            assert set(limits().values()) == {1}
    assert limits() == before


RACE = """
import threading
import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits
from skbackprop import BackpropClassifier
import scipy.linalg

def limits():
    return [i["num_threads"] for i in threadpool_info() if i["user_api"] == "blas"]

X, y = np.random.default_rng(0).standard_normal((50, 4)), np.arange(50) % 2
start = threading.Barrier(4)

def fit():
    start.wait()
    BackpropClassifier(tol=10).fit(X, y)

with threadpool_limits(2, user_api="blas"):
    before = limits()
    threads = [threading.Thread(target=fit) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert limits() == before, limits()
"""


def test_the_first_fits_of_a_process_may_start_together():
    subprocess.run([sys.executable, "-c", RACE], check=True)


def test_a_limit_of_the_users_that_ends_first_is_not_put_back():
    theirs = threadpool_limits(1, user_api="blas")
    with blas_threads(1):
        theirs.restore_original_limits()
    assert 2 in limits().values()


def test_a_sparse_layer_is_no_blas_product():
    X = random_csr((400, 20_000), density=0.001)
    network = BackpropClassifier((50,), max_iter=1, tol=10).fit(X, np.arange(400) % 2)._network
    batches = Minibatches(Samples(X, np.zeros((400, 1))), network, 200)
    assert batches.largest_product(network) == 200 * 50


def test_the_largest_product_of_a_dense_network():
    network = BackpropClassifier((7, 30)).initialize(20, [0, 1])._network
    batches = Minibatches(Samples(np.zeros((99, 20)), np.zeros((99, 1))), network, 50)
    assert batches.largest_product(network) == 50 * 7 * 30


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_limits_are_put_back_after_an_error(monkeypatch, error):
    before, seen = limits(), []

    def fails(self, batch):
        seen.append(limits())
        raise error("as told")

    monkeypatch.setattr(Network, "data_loss_and_gradient", fails)
    raises, warns = (
        pytest.raises(ValueError, match="as told"),
        pytest.warns(UserWarning, match="interrupted"),
    )
    with raises if error is ValueError else warns:
        BackpropClassifier().fit(X, y)
    assert set(seen[0].values()) == {1}
    assert limits() == before


# Long arrays


#: Numbers that make an array long in these tests.
LONG = 2**17


@pytest.fixture(autouse=True)
def arrays_are_long_sooner(monkeypatch):
    monkeypatch.setattr("skbackprop.threads.LONG", LONG)
    monkeypatch.setattr("skbackprop.threads.PIECE", LONG // 2)


def ours():
    threads = threading.enumerate()  # those too whose start was interrupted
    return [t for t in threads if t.name.startswith("skbackprop") and t.is_alive()]


@pytest.fixture
def allow(monkeypatch):
    """Let there be so many threads, whatever this machine has."""
    return lambda n: monkeypatch.setattr(POOLS, "allowed", lambda: n)


@pytest.mark.parametrize("rows", [2**17, 2**17 + 1, 3 * 2**17 - 7, 2**20 + 12345])
def test_pieces_cover_a_vector_once(rows):
    pieces = cuts(np.empty(rows, np.float32))
    assert len(pieces) > 1
    assert pieces[0].start == 0
    assert pieces[-1].stop == rows
    assert all(p.stop == q.start for p, q in itertools.pairwise(pieces))
    assert all(p.start % 1024 == 0 for p in pieces)


@pytest.mark.parametrize("n", [1, 2, 3, 8])
def test_results_come_in_the_order_of_the_pieces(allow, n):
    allow(n)
    seen = set()

    def work(piece):
        seen.add(threading.current_thread().name)
        sleep(0.01)
        return piece.start

    with helpers():
        assert share(work, [slice(i, i + 1) for i in range(20)]) == list(range(20))
        assert len(seen) == n
        assert len(ours()) == n - 1
    assert not ours()
    assert share(work, [slice(0, 1), slice(1, 2)]) == [0, 1]  # nobody keeps helpers
    assert not ours()


def test_helpers_stay_until_the_last_keeper_leaves(allow):
    allow(3)
    with helpers():
        with helpers():
            share(lambda piece: sleep(0.01), [slice(i) for i in range(6)])
            kept = ours()
        assert kept == ours() != []
        with helpers(LARGE_PRODUCT - 1):
            pass
        assert kept == ours()
    assert not ours()


@pytest.mark.parametrize("error", [ValueError, MemoryError, KeyboardInterrupt])
@pytest.mark.parametrize("raises_in", ["helper", "caller"])
def test_an_error_in_any_thread_reaches_the_caller_when_all_have_stopped(allow, error, raises_in):
    allow(2)
    caller, working, done = threading.current_thread(), [], []
    both = threading.Barrier(2)

    def work(piece):
        me = threading.current_thread()
        working.append(piece)
        if piece.start < 2:
            both.wait()  # each has one
            if (me is caller) == (raises_in == "caller"):
                raise error("as told")
            sleep(0.05)
        done.append(piece)

    with helpers():
        with pytest.raises(error, match="as told"):
            share(work, [slice(i, i + 1) for i in range(100)])
        assert len(done) == len(working) - 1 < 10
    assert not ours()


def test_helpers_have_the_callers_error_state(allow):
    allow(2)
    both = threading.Barrier(2)

    def work(piece):
        both.wait()
        return np.divide(np.ones(3), 0.0)[0]

    with helpers():
        with np.errstate(divide="ignore"):
            assert share(work, [slice(1), slice(2)]) == [np.inf, np.inf]
        with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
            share(work, [slice(1), slice(2)])


def test_what_pieces_return_is_added_up(allow):
    allow(2)
    x = np.random.default_rng(0).standard_normal(5 * LONG)
    with helpers():
        assert shared(np.dot, x)(x, x) == pytest.approx(x @ x, rel=1e-12)
    short = x[: LONG - 1]
    assert shared(np.dot, short) is np.dot


SHARED = {
    **{name: {"solver": make()} for name, make in OPTIMIZERS.items() if make.stochastic},
    "sgd without nesterov": {"solver": OPTIMIZERS["sgd"](nesterovs_momentum=False)},
    "l1": {"l1_ratio": 0.5, "alpha": 0.1},
    "norms": {"clip_norm": 0.1, "max_norm": 1.0},
    "layer norm": {"normalization": "layer", "activation": "gelu"},
    "dropout": {"dropout": 0.2, "activation": "elu"},
    "parts": {"batch_size": 9000},
    "lbfgs": {"solver": "lbfgs"},
}
LONG_X = np.random.default_rng(0).standard_normal((9000, 60), dtype=np.float32)
LONG_Y = np.arange(9000) % 3


def trained(options, dtype):
    options = {"batch_size": 600, **options}
    clf = BackpropClassifier((500, 300), max_iter=1, random_state=0, **options)
    rows = slice(None) if options["batch_size"] > 600 else slice(1800)
    return clf.fit(LONG_X[rows].astype(dtype), LONG_Y[rows])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("options", SHARED.values(), ids=SHARED)
def test_no_bit_depends_on_the_number_of_threads(allow, options, dtype):
    results = []
    for n in 1, 2, 3, 8:
        allow(n)
        clf = trained(options, dtype)
        assert clf._network.theta.size >= LONG
        results.append((clf._network.values.tobytes(), clf.loss_curve_))
    assert all(result == results[0] for result in results)
    assert not ours()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", [n for n, make in OPTIMIZERS.items() if make.stochastic])
def test_pieces_make_the_step_of_the_whole_vector(name, dtype):
    n, rng, solver = LONG + 77, np.random.default_rng(0), OPTIMIZERS[name]()
    whole = rng.standard_normal(n).astype(dtype)
    cut = whole.copy()
    states = solver.init(whole), solver.init(cut)
    gradient = np.empty_like(cut)
    step = solver.step_for(cut, gradient, states[1])
    assert step != solver.step
    with blas_threads(1):
        for _ in range(80):  # the scale of a running mean is reset in between
            grad = rng.standard_normal(n).astype(dtype)
            solver.step(whole, grad.copy(), states[0], 1e-3)
            np.copyto(gradient, grad)
            step(cut, gradient, states[1], 1e-3)
    assert_array_equal(whole, cut)
    assert repr(states[0]) == repr(states[1])


def test_a_step_of_ones_own_is_not_cut():
    class Normalized(Adam):
        def step(self, theta, grad, state, lr):
            grad /= np.linalg.norm(grad)
            super().step(theta, grad, state, lr)

    class Same(Adam):
        pass

    theta = np.zeros(2 * LONG)
    assert not Optimizer.elementwise
    for solver, whole in (Normalized(), True), (Same(), False):
        step = solver.step_for(theta, theta.copy(), solver.init(theta))
        assert (step == solver.step) == whole


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_long_vectors_have_scipys_routines_where_its_integers_are_others(monkeypatch, dtype):
    x = np.zeros(vectors.LONG_VECTOR, dtype)
    assert vectors.axpy_for(x) is not vectors.AXPY[x.dtype]
    monkeypatch.setattr(vectors, "_routine", lambda *types: None)
    vectors._long_routines.cache_clear()
    try:
        assert vectors.axpy_for(x) is vectors.AXPY[x.dtype]
        assert vectors.dot(x + 1, x + 2) == 2 * len(x)
    finally:
        vectors._long_routines.cache_clear()


def test_a_fit_leaves_no_thread_behind(allow):
    allow(3)
    during = []

    def function(Z):
        if len(Z) > 100:  # the first ones are a check of the functions
            during.append(len(ours()))
            if len(during) > 6:
                raise RuntimeError("as told")
        return Z

    clf = BackpropClassifier((500, 300), activation=FunctionPair(function, np.ones_like))
    before = limits()
    with pytest.raises(RuntimeError, match="as told"):
        clf.set_params(batch_size=600).fit(LONG_X[:1800], LONG_Y[:1800])
    assert max(during) == 2
    assert not ours()
    assert limits() == before


def test_as_many_as_blas_may_have(monkeypatch):
    monkeypatch.setattr("skbackprop.blas.cpu_count", lambda: 64)
    assert POOLS.allowed() == 2
    with blas_threads(1):
        assert POOLS.allowed() == 2  # the limit is ours
    with threadpool_limits(1, user_api="blas"):
        assert POOLS.allowed() == 1
    monkeypatch.setattr("skbackprop.blas.cpu_count", lambda: 1)
    assert POOLS.allowed() == 1  # a container has less than its host


IN_WORKER = """
import sys
from joblib import Parallel, delayed

def seen():
    import scipy.linalg
    from skbackprop.blas import POOLS
    return POOLS.allowed()

if __name__ == "__main__":
    assert Parallel(n_jobs=2)(delayed(seen)() for _ in range(2)) == [1, 1]
"""


def test_a_worker_of_joblib_has_its_share(tmp_path):
    (tmp_path / "worker.py").write_text(IN_WORKER)
    env = {**os.environ, "LOKY_MAX_CPU_COUNT": "2"}
    subprocess.run([sys.executable, "worker.py"], check=True, timeout=120, cwd=tmp_path, env=env)


CHILD = """
import os, threading, warnings
import numpy as np
from skbackprop import BackpropClassifier, threads
from skbackprop.blas import POOLS
from skbackprop.threads import HELPERS

threads.LONG = 2**17
warnings.simplefilter("ignore")
POOLS.allowed = lambda: 3
X = np.random.default_rng(0).standard_normal((1800, 60))
y = np.arange(1800) % 3

def fit(scoring=None):
    clf = BackpropClassifier((500, 300), batch_size=600, max_iter=2, random_state=0)
    return clf.set_params(scoring=scoring).fit(X, y, X_val=X[:50], y_val=y[:50]).loss_curve_

expected, children = fit(), []

def fork(*args):
    if not children:
        assert HELPERS.executor
        children.append(os.fork())
        if children[0] == 0 and (HELPERS.executor or HELPERS.keepers):
            os._exit(2)  # they are the parent's
    return 0.0

def check(condition):
    if children[0] == 0:
        os._exit(0 if condition else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(children.pop(), 0)[1]) == 0
    assert condition

# in the thread that fits, between two epochs: the child finishes the fit, and makes another
check(fit(scoring=fork) == fit() == expected)

# in another thread, in the midst of a fit, but of no product: OpenBLAS itself can't be forked there
reached, forked = threading.Event(), threading.Event()

def wait(*args):
    reached.set()
    forked.wait()
    return 0.0

fits = threading.Thread(target=fit, args=(wait,))
fits.start()
reached.wait()
fork()
if children[0]:
    forked.set()
    fits.join()
check(fit() == expected)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_child_that_is_forked_in_a_fit_can_fit():
    subprocess.run([sys.executable, "-W", "ignore", "-c", CHILD], check=True, timeout=60)


def at_once(*functions):
    callers = [threading.Thread(target=function) for function in functions]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()


def test_predictions_in_several_threads_at_once(allow):
    allow(3)
    clf, rows, results = trained({}, np.float32), np.resize(LONG_X, (3000, 60)), []
    expected = clf.predict_proba(rows)
    at_once(*[lambda: results.extend(clf.predict_proba(rows) for _ in range(9))] * 4)
    assert len(results) == 36
    for result in results:
        assert_array_equal(result, expected)
    assert not ours()


def test_fits_beside_predictions(allow):
    """While a prediction holds BLAS to one thread, products of a fit may be rounded differently."""
    allow(3)
    before, results, clf = limits(), [], trained({}, np.float64)
    expected = clf.predict_proba(LONG_X)

    def fit():
        results.append(trained({}, np.float64).predict_proba(LONG_X))

    at_once(fit, lambda: results.extend(clf.predict_proba(LONG_X) for _ in range(5)), fit)
    assert len(results) == 7
    for result in results:
        assert_allclose(result, expected, rtol=1e-9)
    assert not ours()
    assert limits() == before


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("options", [{}, {"normalization": "layer"}, {"normalization": "batch"}])
def test_predictions_do_not_depend_on_the_number_of_threads(allow, options, dtype):
    clf = trained(options, dtype)
    rows = LONG_X[:2345].astype(dtype)
    results = []
    for n in 1, 2, 3, 8:
        allow(n)
        results.append(clf.predict_proba(rows).tobytes())
    assert len(set(results)) == 1


def test_where_scipy_shares_numpys_blas_predictions_leave_it_its_threads(monkeypatch):
    for pool in POOLS.all():
        monkeypatch.setattr(pool, "is_scipys", False)
    assert POOLS.allowed() == 1
    clf, before = trained({}, np.float32), limits()
    seen = []
    monkeypatch.setattr(
        Dense, "predict", lambda self, A, free: seen.append(limits()) or A.dot(self.W)
    )
    clf.predict_proba(np.resize(LONG_X, (3000, 60)))
    assert seen
    assert all(found == before for found in seen)
    assert not ours()


def test_predictions_of_csr_are_shared(allow):
    X = random_csr((4000, 3000), density=0.01)
    clf = BackpropClassifier((50,), max_iter=1, tol=10, batch_size=500).fit(X, np.arange(4000) % 2)
    allow(1)
    expected = clf.predict_proba(X)
    allow(3)
    assert_array_equal(clf.predict_proba(X), expected)
    assert_allclose(clf.predict_proba(X[:100]), expected[:100])


def test_what_subclasses_change_is_not_cut():
    class Decays(OPTIMIZERS["adamw"]):
        def decay(self, W, lr):
            W /= np.linalg.norm(W)

    class Roots(Adam):
        def root(self, state, out):
            out.fill(np.sqrt(state.v.vector.mean()))
            return 1.0

    class Centred:
        def step(self, theta, grad, state, lr):
            grad -= grad.mean()
            super().step(theta, grad, state, lr)

    class Mixed(Centred, Adam):
        pass

    class Says(Decays):
        elementwise = True

    theta = np.zeros(2 * LONG)
    for solver in Decays(), Roots(), Mixed():
        assert solver.step_for(theta, theta.copy(), solver.init(theta)) == solver.step
        assert solver.decay_for(theta) == solver.decay
    for solver in Says(), OPTIMIZERS["adamw"]():
        assert solver.decay_for(theta) != solver.decay


def test_helpers_work_in_the_callers_context(allow):
    allow(2)
    both, called = threading.Barrier(2), []

    def work(piece):
        both.wait()
        np.divide(np.ones(3), 0.0)

    with helpers(), np.errstate(divide="call", call=lambda *args: called.append(args)):
        share(work, [slice(1), slice(2)])
    assert len(called) == 2


@pytest.mark.parametrize("starts", [0, 1])
def test_a_system_without_more_threads_leaves_the_work_to_the_caller(allow, monkeypatch, starts):
    allow(4)
    start, started = threading.Thread.start, []

    def few(thread):
        if len(started) == starts:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", few)
    with helpers():
        for _ in range(3):
            assert share(lambda i: sleep(0.001) or i, range(20)) == list(range(20))
    assert len(started) == starts
    assert not ours()


AFTER_MAIN = """
import threading, time, warnings
import numpy as np
from skbackprop import BackpropClassifier, threads
from skbackprop.blas import POOLS

threads.LONG = 2**17
POOLS.allowed = lambda: 3

def fit():
    threading.main_thread().join()
    time.sleep(0.3)
    X, y = np.ones((1800, 60)), np.arange(1800) % 3
    clf = BackpropClassifier((500, 300), batch_size=600, max_iter=1).fit(X, y)
    clf.predict(X)
    print("done")

threading.Thread(target=fit).start()
"""


def test_a_fit_may_outlast_the_main_thread():
    command = [sys.executable, "-W", "ignore", "-c", AFTER_MAIN]
    done = subprocess.run(command, check=True, timeout=60, capture_output=True, text=True)
    assert done.stdout == "done\n", done.stderr


def test_the_smallest_limit_counts(allow):
    allow(3)
    with helpers():
        allow(1)  # somebody lowers BLAS's limit
        with helpers():
            assert (
                share(lambda piece: threading.current_thread(), range(9))
                == [threading.current_thread()] * 9
            )


def test_a_limit_that_is_owed_is_void_once_somebody_sets_another(monkeypatch):
    monkeypatch.setattr("skbackprop.blas.cpu_count", lambda: 64)
    for pool in POOLS.all():
        monkeypatch.setattr(pool, "found", 64)
        monkeypatch.setattr(pool, "owed", True)
    assert POOLS.allowed() == 2


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timer here")
def test_ctrl_c_at_any_moment_leaves_nothing(allow):
    allow(3)
    clf, rng, before, n = trained({}, np.float32), np.random.default_rng(0), limits(), 0
    rows = np.resize(LONG_X, (3000, 60))

    def interrupt(*args):
        raise KeyboardInterrupt

    handler = signal.signal(signal.SIGALRM, interrupt)
    try:
        for _ in range(40):
            try:
                # Again after a second: Python drops one that comes in a weak reference's callback.
                signal.setitimer(signal.ITIMER_REAL, rng.uniform(0.001, 0.03), 1)
                while True:
                    clf.predict_proba(rows)
            except KeyboardInterrupt:
                signal.setitimer(signal.ITIMER_REAL, 0)
                n += 1
            assert not HELPERS.keepers
            assert HELPERS.executor is None
            assert limits() == before
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
    assert n == 40
    for _ in range(500):  # one whose start was interrupted ends by itself
        if ours():
            sleep(0.01)
    assert not ours()


@pytest.mark.parametrize(
    "x", [np.ones(LONG), np.ones(2 * LONG, "f4"), np.ones(2 * LONG, "f4")[::2]]
)
def test_a_running_mean_takes_no_long_vector_of_another_kind(x):
    mean = RunningMean.zero(np.ones(LONG, np.float32))
    with pytest.raises(ValueError, match="contiguous and alike"):
        mean.take_in(x, 0.9)
