"""Every schedule against its formula, and the rate that a run really uses at each step."""

import pickle
from dataclasses import dataclass
from math import e

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import scale

from skbackprop import BackpropClassifier
from skbackprop.optimizers import SGD, Adam
from skbackprop.schedules import (
    SCHEDULES,
    Adaptive,
    Constant,
    Cosine,
    CosineLog4,
    Exponential,
    FunctionSchedule,
    InvScaling,
    OneCycle,
    ReduceOnPlateau,
    Schedule,
    Step,
    check_schedule,
)

quiet = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, y = load_iris(return_X_y=True)
X = scale(X)
N_BATCHES = 3  # of 50 samples


def net(**params):
    defaults = {"batch_size": 50, "random_state": 0, "tol": 0, "n_iter_no_change": np.inf}
    return BackpropClassifier((5,), **{**defaults, **params})


@pytest.fixture
def rates(monkeypatch):
    """The rates of all steps by SGD and Adam, in order."""
    log = []
    for cls in (SGD, Adam):
        original = cls.step

        def step(self, theta, grad, state, lr, original=original):
            assert type(lr) is float
            log.append(lr)
            original(self, theta, grad, state, lr)

        monkeypatch.setattr(cls, "step", step)
    return log


# Formulas


def middles(n_epochs, n_batches=N_BATCHES):
    """The fractions of training in the middle of each step."""
    n = n_epochs * n_batches
    return (np.arange(n) + 0.5) / n


S = middles(40)


def cosine(s, final):
    return final + (1 - final) * np.cos(np.pi * s / 2) ** 2


def waves(s):
    """In every wave, 1 + 15 s goes from one power of 2 to the next."""
    return np.sin(np.pi * np.log(1 + 15 * s) / np.log(2)) ** 2


CURVES = [
    (Cosine(), cosine(S, 0)),
    (Cosine(final=0.2), cosine(S, 0.2)),
    (Step(), np.select([S < 1 / 3, S < 2 / 3], [1, 0.1], 0.01)),
    (Step(drop=0.5, period=0.25), 0.5 ** np.floor(4 * S)),
    (Exponential(), np.exp(S * np.log(0.01))),
    (Exponential(final=0.5), 2**-S),
    (CosineLog4(), waves(S)),
    (FunctionSchedule(lambda s: np.float32(s**2)), S.astype(np.float32) ** 2),
    (OneCycle(warmup=0.0), cosine(S, 0)),
    (OneCycle(warmup=0.0, final=0.1), cosine(S, 0.1)),
]


@pytest.mark.parametrize(("schedule", "expected"), CURVES)
def test_formulas(schedule, expected):
    assert_allclose([schedule.factor_at(s) for s in S], expected, rtol=1e-6, atol=1e-12)
    assert schedule.moves


@pytest.mark.parametrize("schedule", [s for s, _ in CURVES if not isinstance(s, OneCycle)])
@pytest.mark.parametrize("warmup", [0.25, 0.1])
def test_a_warm_up_is_a_line_up_to_the_first_factor(schedule, warmup):
    warm = type(schedule)(**{**schedule.get_params(), "warmup": warmup})
    for s in S:
        if s < warmup:
            assert_allclose(warm.factor_at(s), schedule.at(0.0) * s / warmup)
        else:
            assert_allclose(warm.factor_at(s), schedule.at((s - warmup) / (1 - warmup)))


@pytest.mark.parametrize("warmup", [0.3, 0.1, 0.5])
def test_one_cycle_rises_from_its_start_and_falls(warmup):
    schedule = OneCycle(warmup=warmup, start=0.2, final=0.1)
    up, down = S[warmup > S], S[warmup <= S]
    rising = 0.2 + 0.8 * np.sin(np.pi * up / warmup / 2) ** 2
    falling = cosine((down - warmup) / (1 - warmup), 0.1)
    assert_allclose([schedule.factor_at(s) for s in S], np.r_[rising, falling])
    assert_allclose([schedule.factor_at(s) for s in (0.0, warmup, 1.0)], [0.2, 1.0, 0.1])


def test_one_cycle_warms_up_by_default():
    assert OneCycle().warmup == 0.3
    assert_allclose([OneCycle().factor_at(s) for s in (0, 0.3, 1)], [0.04, 1, 0], atol=1e-15)


def test_the_end_is_no_period_of_its_own():
    for period, last in ((1 / 3, 0.01), (0.25, 0.001), (0.5, 0.1), (1.0, 1.0), (0.3, 0.001)):
        assert_allclose(Step(period=period).at(1.0), last)
        assert Step(period=period).at(0.0) == 1.0


@pytest.mark.parametrize("name", SCHEDULES)
def test_factors_are_floats_of_at_least_zero(name):
    schedule = SCHEDULES[name]()
    factors = [schedule.factor_at(s) for s in np.linspace(0, 1, 101).tolist()]
    assert {type(f) for f in factors} == {float}
    assert min(factors) >= 0
    assert max(factors) <= 1
    check_schedule(schedule)


def test_only_what_moves_is_evaluated_at_every_step():
    still = {"constant", "invscaling", "adaptive", "reduce_on_plateau"}
    assert {name for name, cls in SCHEDULES.items() if not cls().moves} == still
    assert Constant(warmup=0.1).moves
    assert Adaptive(warmup=0.1).moves


def test_hooks_after_an_epoch():
    assert Constant().after_epoch(1.0, 100, 3) == 1.0
    assert Constant().on_plateau(1.0, 0.1) is None
    assert_allclose(InvScaling(power_t=0.25).after_epoch(0.5, 8, 0), 1 / 9**0.25)
    assert InvScaling().on_plateau(1.0, 0.1) is None
    assert_allclose(Adaptive().on_plateau(1.0, 0.1), 0.2)
    assert_allclose(Adaptive(divisor=2).on_plateau(1.0, 0.1), 0.5)
    assert Adaptive().on_plateau(1e-3, 1e-6) is None
    assert ReduceOnPlateau().on_plateau(1.0, 0.1) is None


def test_reduce_on_plateau_counts_the_epochs_without_improvement():
    schedule, factor, factors = ReduceOnPlateau(divisor=2, patience=3, min_factor=0.2), 1.0, []
    for waited in (0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3):
        factor = schedule.after_epoch(factor, 100, waited)
        factors.append(factor)
    assert factors == [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 0.2]


# The rate of every step


@quiet
@pytest.mark.parametrize("solver", ["sgd", "adam"])
@pytest.mark.parametrize(
    ("schedule", "factors"),
    [
        ("constant", np.ones(120)),
        (Constant(warmup=0.25), np.minimum(1, 4 * S)),
        ("cosine", cosine(S, 0)),
        ("exponential", 0.01**S),
        (FunctionSchedule(lambda s: 1 + s), 1 + S),
    ],
)
def test_the_rate_of_every_step(solver, schedule, factors, rates):
    net(solver=solver, learning_rate=schedule, learning_rate_init=0.02, max_iter=40).fit(X, y)
    assert_allclose(rates, 0.02 * factors)


@quiet
def test_a_horizon_in_epochs(rates):
    net(learning_rate=Cosine(epochs=10, final=0.1), learning_rate_init=1.0, max_iter=15).fit(X, y)
    assert_allclose(rates, np.r_[cosine(middles(10), 0.1), np.full(5 * N_BATCHES, 0.1)])


@quiet
def test_a_horizon_beyond_max_iter(rates):
    net(learning_rate=Cosine(epochs=10), learning_rate_init=1.0, max_iter=5).fit(X, y)
    assert_allclose(rates, cosine(middles(10), 0)[: 5 * N_BATCHES])


@quiet
@pytest.mark.parametrize("params", [{"max_iter": 8}, {"learning_rate": Cosine(epochs=8)}])
def test_partial_fit_goes_along_the_curve(params, rates):
    clf = net(**{"learning_rate": Cosine(), "learning_rate_init": 1.0, **params})
    for _ in range(10):
        clf.partial_fit(X, y, classes=[0, 1, 2])
    assert_allclose(rates, np.r_[cosine(middles(8), 0), np.zeros(2 * N_BATCHES)], atol=1e-12)


@quiet
def test_calls_with_fewer_samples_never_go_back(rates):
    """A call of partial_fit is an epoch, whatever its number of batches."""
    clf = net(learning_rate=Exponential(final=1 / e), learning_rate_init=1.0, max_iter=4)
    for n in (150, 50, 100, 150):
        clf.partial_fit(X[:n], y[:n], classes=[0, 1, 2])
    done = [0, 1, 2, 0, 0, 1, 0, 1, 2], [3, 3, 3, 1, 2, 2, 3, 3, 3]
    epoch = np.repeat([0, 1, 2, 3], [3, 1, 2, 3])
    assert_allclose(-np.log(rates), (epoch + (np.array(done[0]) + 0.5) / done[1]) / 4)


@quiet
def test_partial_fit_goes_on_along_the_curve_of_fit():
    params = {"learning_rate": Cosine(epochs=6), "shuffle": False}
    whole = net(**params, max_iter=6).fit(X, y)
    parts = net(**params, max_iter=2).fit(X, y)
    for _ in range(4):
        parts.partial_fit(X, y)
    assert_array_equal(whole.coefs_[0], parts.coefs_[0])


@quiet
def test_fit_begins_the_curve_anew(rates):
    clf = net(learning_rate="cosine", learning_rate_init=1.0, max_iter=4, warm_start=True)
    clf.fit(X, y).fit(X, y)
    assert_allclose(rates, np.tile(cosine(middles(4), 0), 2))


@quiet
def test_a_warm_up_multiplies_the_factor_of_the_epoch(rates):
    schedule = InvScaling(0.25, warmup=0.5)
    net(learning_rate=schedule, learning_rate_init=1.0, max_iter=4).fit(X, y)
    factor = np.repeat([1, *(np.array([150, 300, 450]) + 1) ** -0.25], N_BATCHES)
    assert_allclose(rates, factor * np.minimum(1, 2 * middles(4)))


@quiet
def test_batches_without_weight_are_no_steps(rates):
    w = np.repeat([1.0, 0.0, 1.0], 50)
    clf = net(learning_rate="cosine", learning_rate_init=1.0, max_iter=2, shuffle=False)
    clf.fit(X, y, sample_weight=w)
    assert_allclose(rates, cosine(middles(2), 0)[[0, 1, 3, 4]])


# Every stochastic solver follows the schedule


@quiet
@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_invscaling_with_every_solver(solver, rates):
    clf = net(solver=solver, learning_rate="invscaling", power_t=0.3, max_iter=4)
    clf.fit(X, y)
    expected = 1e-3 * np.array([1, 151, 301, 451]) ** -0.3
    assert_allclose(rates, np.repeat(expected, N_BATCHES))


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_adaptive_with_every_solver(solver, rates):
    """The first epoch improves on nothing; then there is a plateau every second epoch."""
    clf = net(solver=solver, learning_rate=Adaptive(10, 2e-5), tol=1e3, n_iter_no_change=1)
    clf.fit(X, y)
    assert_allclose(rates, np.repeat([1e-3, 1e-4, 1e-5], np.array([3, 2, 2]) * N_BATCHES))


def test_reduce_on_plateau_reduces_and_leaves_the_end_to_n_iter_no_change(rates):
    digits, labels = load_digits(return_X_y=True)
    clf = BackpropClassifier(
        (20,),
        learning_rate=ReduceOnPlateau(divisor=4, patience=2),
        learning_rate_init=0.05,
        n_iter_no_change=6,
        max_iter=500,
        random_state=0,
    ).fit(digits, labels)
    used = np.array(rates).reshape(clf.n_iter_, -1)
    assert (used == used[:, :1]).all()
    best, waited, factor = np.inf, 0, 1.0
    for loss, rate in zip(clf.loss_curve_, used[:, 0]):
        assert_allclose(rate, 0.05 * factor)
        waited = waited + 1 if loss > best - clf.tol else 0
        best = min(best, loss)
        if waited and waited % 2 == 0:
            factor /= 4
    assert factor <= 4**-3
    assert waited == 7  # more than n_iter_no_change
    assert clf.n_iter_ < 500


@quiet
@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_trains(name):
    clf = net(learning_rate=name, learning_rate_init=0.1, max_iter=60).fit(X, y)
    if name == "invscaling":  # 0.1 / sqrt(9000) at the end
        assert clf.loss_curve_[-1] < clf.loss_curve_[0]
    else:
        assert clf.score(X, y) > 0.95


def test_lbfgs_has_no_rate():
    fits = [net(solver="lbfgs", learning_rate=s, tol=1e-2).fit(X, y) for s in SCHEDULES]
    for clf in fits:
        assert_array_equal(clf.coefs_[0], fits[0].coefs_[0])


def test_the_horizon_and_the_warm_up_are_checked():
    for schedule, name in (
        (Cosine(epochs=-1), "epochs"),
        (Cosine(epochs=1.5), "epochs"),
        (Constant(warmup=1.0), "warmup"),
        (OneCycle(start=2.0), "start"),
        (Step(period=0.0), "period"),
        (FunctionSchedule(abs, warmup=-0.1), "warmup"),
    ):
        with pytest.raises(ValueError, match=f"'{name}' parameter of {type(schedule).__name__}"):
            net(learning_rate=schedule).fit(X, y)


# A user's own


def halves(s):
    return 0.5 if s > 0.5 else 1


@quiet
def test_a_function_in_a_search_and_in_a_pickle(rates):
    clf = net(learning_rate=FunctionSchedule(halves, epochs=4), learning_rate_init=1.0)
    twin = clone(clf).set_params(learning_rate__epochs=2, max_iter=3)
    assert clf.learning_rate.epochs == 4
    pickle.loads(pickle.dumps(twin)).fit(X, y)
    assert_array_equal(rates, np.repeat([1.0, 0.5, 0.5], N_BATCHES))


class Linear(Schedule):
    """A class without fields of its own needs no decorator."""

    def at(self, fraction):
        return 1 - fraction


@dataclass(frozen=True)
class PerEpoch(Schedule):
    """With NumPy's numbers, which would widen float32."""

    base: float = 0.5

    def after_epoch(self, factor, t, waited):
        return np.float64(self.base) * factor


@quiet
def test_a_users_own_schedules(rates):
    net(learning_rate=Linear(warmup=0.5), learning_rate_init=1.0, max_iter=4).fit(X, y)
    s = middles(4)
    assert_allclose(rates, np.where(s < 0.5, 2 * s, 2 - 2 * s))
    rates.clear()
    clf = net(learning_rate=PerEpoch(0.1), max_iter=3).fit(X.astype(np.float32), y)
    assert_allclose(rates, np.repeat([1e-3, 1e-4, 1e-5], N_BATCHES))
    assert clf.coefs_[0].dtype == np.float32


class Raises(Schedule):
    def at(self, fraction):
        raise RuntimeError("no idea")


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        (FunctionSchedule(lambda s: "fast"), r"at 0\.005 it gives 'fast'\.$"),
        (FunctionSchedule(lambda s: None), r"it gives None\.$"),
        (FunctionSchedule(lambda s: 1j), r"it gives 1j\.$"),
        (FunctionSchedule(lambda s: np.array([s])), r"it gives array\(\[0\.005\]\)\.$"),
        (FunctionSchedule(lambda s: 0.5 - s), r"at 0\.505 it gives -0\.00"),
        (FunctionSchedule(lambda s: np.inf if s > 0.9 else 1), r"at 0\.905 it gives inf\.$"),
        (FunctionSchedule(lambda s: np.nan), r"it gives nan\.$"),
        (FunctionSchedule(lambda s, t: s), r"at 0\.005 it fails: TypeError"),
        (FunctionSchedule(lambda s: 1 / s, warmup=0.1), r"at 0\.005 it fails: ZeroDivisionError"),
        (FunctionSchedule(3), r"it fails: TypeError"),
        (Raises(), r"at 0\.005 it fails: RuntimeError\('no idea'\)$"),
    ],
)
def test_a_bad_schedule_is_told_before_training(schedule, words, rates):
    with pytest.raises(ValueError, match=rf"^learning_rate=.* a finite float >= 0 .*{words}"):
        net(learning_rate=schedule).fit(X, y)
    assert not rates


def test_a_completed_curve_is_no_lack_of_convergence():
    X, y = load_iris(return_X_y=True)
    params = {"tol": 0.0, "max_iter": 3, "random_state": 0}
    BackpropClassifier(**params, learning_rate="cosine").fit(X, y)  # warnings are errors
    for schedule in (Cosine(epochs=4), "constant", Constant(warmup=0.1)):
        with pytest.warns(ConvergenceWarning, match="Maximum iterations"):
            BackpropClassifier(**params, learning_rate=schedule).fit(X, y)


def test_arguments_by_position():
    """The fields of a schedule's own come first; those that all have are keywords."""
    assert ReduceOnPlateau(2.0, 7, 0.1) == ReduceOnPlateau(divisor=2.0, patience=7, min_factor=0.1)
    assert repr(ReduceOnPlateau()).startswith("ReduceOnPlateau(epochs=0, warmup=0.0, divisor=10.0")
