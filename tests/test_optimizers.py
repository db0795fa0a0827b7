"""Every optimizer against its paper, written out anew, and down to a parabola's minimum."""

import pickle
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_iris
from sklearn.preprocessing import scale

from skbackprop import BackpropClassifier
from skbackprop.optimizers import (
    OPTIMIZERS,
    SGD,
    Adagrad,
    Adam,
    AdamW,
    AMSGrad,
    NAdam,
    Optimizer,
    RMSprop,
    check_optimizer,
)

STOCHASTIC = {name: cls for name, cls in OPTIMIZERS.items() if cls.stochastic}
quiet = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, y = load_iris(return_X_y=True)
X = scale(X)


# The papers' algorithms. Each is given theta_0 and the gradients, and yields every theta_t.


def sgd(theta, gradients, lr, momentum=0.9, nesterovs_momentum=True):
    v = 0.0
    for g in gradients:
        v = momentum * v - lr * g
        theta = theta + (momentum * v - lr * g if nesterovs_momentum else v)
        yield theta


def adam(theta, gradients, lr, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    """In the order of the end of section 2, as MLPClassifier has it."""
    m = v = 0.0
    for t, g in enumerate(gradients, start=1):
        m, v = beta_1 * m + (1 - beta_1) * g, beta_2 * v + (1 - beta_2) * g**2
        lr_t = lr * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
        theta = theta - lr_t * m / (np.sqrt(v) + epsilon)
        yield theta


def adamw(theta, gradients, lr, beta_1=0.9, beta_2=0.999, epsilon=1e-8, weight_decay=0.01):
    m = v = 0.0
    for t, g in enumerate(gradients, start=1):
        m, v = beta_1 * m + (1 - beta_1) * g, beta_2 * v + (1 - beta_2) * g**2
        m_hat, v_hat = m / (1 - beta_1**t), v / (1 - beta_2**t)
        theta = theta - lr * (m_hat / (np.sqrt(v_hat) + epsilon) + weight_decay * theta)
        yield theta


def amsgrad(theta, gradients, lr, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    m = v = largest = 0.0
    for t, g in enumerate(gradients, start=1):
        m, v = beta_1 * m + (1 - beta_1) * g, beta_2 * v + (1 - beta_2) * g**2
        largest = np.maximum(largest, v)
        m_hat, v_hat = m / (1 - beta_1**t), largest / (1 - beta_2**t)
        theta = theta - lr * m_hat / (np.sqrt(v_hat) + epsilon)
        yield theta


def nadam(theta, gradients, lr, beta_1=0.9, beta_2=0.999, epsilon=1e-8, momentum_decay=0.004):
    gradients = list(gradients)
    t = np.arange(1, len(gradients) + 2)
    mu = beta_1 * (1 - 0.96 ** (t * momentum_decay) / 2)
    p = np.cumprod(mu)
    m = v = 0.0
    for i, g in enumerate(gradients):  # i = t - 1
        m, v = mu[i] * m + (1 - mu[i]) * g, beta_2 * v + (1 - beta_2) * g**2
        m_hat = mu[i + 1] * m / (1 - p[i + 1]) + (1 - mu[i]) * g / (1 - p[i])
        theta = theta - lr * m_hat / (np.sqrt(v / (1 - beta_2 ** t[i])) + epsilon)
        yield theta


def rmsprop(theta, gradients, lr, rho=0.9, epsilon=1e-8):
    v = 0.0
    for g in gradients:
        v = rho * v + (1 - rho) * g**2
        theta = theta - lr * g / (np.sqrt(v) + epsilon)
        yield theta


def adagrad(theta, gradients, lr, epsilon=1e-8, initial_accumulator=0.0):
    seen = []
    for g in gradients:
        seen.append(g)
        s = np.sqrt(initial_accumulator + np.sum(np.square(seen), axis=0))
        theta = theta - lr * g / (s + epsilon)
        yield theta


PAPERS = {
    SGD: sgd,
    Adam: adam,
    AdamW: adamw,
    AMSGrad: amsgrad,
    NAdam: nadam,
    RMSprop: rmsprop,
    Adagrad: adagrad,
}
FIELDS = [
    (SGD, {"momentum": 0.8}),
    (SGD, {"momentum": 0.8, "nesterovs_momentum": False}),
    *((cls, {"epsilon": 1e-3}) for cls in PAPERS if cls is not SGD),
    *(
        (cls, {"beta_1": beta_1, "beta_2": beta_2, "epsilon": 1e-2})
        for cls in (Adam, AdamW, AMSGrad, NAdam)
        for beta_1, beta_2 in ((0.8, 0.95), (0.0, 0.5), (0.5, 0.0))
    ),
    (AdamW, {"weight_decay": 2.0}),
    (NAdam, {"momentum_decay": 0.5}),
    (RMSprop, {"rho": 0.0, "epsilon": 0.1}),
    (RMSprop, {"rho": 0.99}),
    (Adagrad, {"initial_accumulator": 3.0}),
]


def take_step(opt, theta, g, state, lr):
    """As in the training loop, all entries being weights."""
    opt.decay(theta, lr)
    opt.step(theta, g.copy(), state, lr)


def test_every_optimizer_has_its_paper():
    assert set(PAPERS) == set(STOCHASTIC.values())


@pytest.mark.parametrize(("cls", "fields"), [(cls, {}) for cls in PAPERS] + FIELDS)
def test_steps_are_the_papers(cls, fields):
    """Also after many steps, where the scales of the running means have returned to 1."""
    rng = np.random.default_rng(0)
    ours = rng.standard_normal(5)
    # gradients that grow and fall, so that maximum, mean and sum differ
    gradients = rng.standard_normal((400, 5)) * (1.5 + np.sin(np.arange(400) / 40))[:, None]
    opt, lr = cls(**fields), 0.01
    state = opt.init(ours)
    for g, expected in zip(gradients, PAPERS[cls](ours.copy(), gradients, lr, **fields)):
        take_step(opt, ours, g, state, lr)
        assert_allclose(ours, expected, rtol=1e-11, atol=1e-13)


def test_fields_of_an_option_are_not_without_effect():
    """Every field, changed, changes the steps: no test above compares defaults alone."""
    changed = {(cls, name) for cls, fields in FIELDS for name in fields}
    assert changed >= {
        (cls, name)
        for cls in PAPERS
        for name in cls().get_params()
        if (cls, name) != (SGD, "weight_decay")  # next test
    }


def test_sgd_with_weight_decay_is_sgdw():
    """Loshchilov and Hutter's algorithm 1: theta - m - lr lambda theta."""
    rng = np.random.default_rng(0)
    ours, opt = rng.standard_normal(5), SGD(0.8, nesterovs_momentum=False, weight_decay=0.3)
    expected, m, state = ours.copy(), 0.0, opt.init(ours)
    for g in rng.standard_normal((200, 5)):
        take_step(opt, ours, g, state, 0.1)
        m = 0.8 * m + 0.1 * g
        expected = expected - m - 0.1 * 0.3 * expected
        assert_allclose(ours, expected, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("name", STOCHASTIC)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_optimizer_reaches_the_minimum_of_a_parabola(name, dtype):
    opt = STOCHASTIC[name]()
    theta, curvature = np.ones(4, dtype), np.array([0.1, 0.5, 1, 2], dtype)
    state = opt.init(theta)
    first = 1.0 if name == "adagrad" else 0.05  # its rate falls on its own
    for i in range(3000):
        opt.step(theta, curvature * theta, state, first * 0.998**i)
    assert theta.dtype == dtype
    assert np.abs(theta).max() < 1e-3


@pytest.mark.parametrize("name", STOCHASTIC)
def test_float32_is_not_widened(name):
    """In float32 the steps are those in float64 to its rounding; no vector changes its type."""
    rng = np.random.default_rng(0)
    opt, theta = STOCHASTIC[name](), rng.standard_normal(50)
    narrow = theta.astype(np.float32)
    state, narrow_state = opt.init(theta), opt.init(narrow)
    for g in rng.standard_normal((300, 50)):
        take_step(opt, theta, g, state, 1e-2)
        take_step(opt, narrow, g.astype(np.float32), narrow_state, 1e-2)
    assert_allclose(narrow, theta, atol=1e-3)
    vectors = list(vectors_of(narrow_state))
    assert vectors
    assert {v.dtype for v in [narrow, *vectors]} == {np.dtype(np.float32)}


def vectors_of(state):
    for value in vars(state).values():
        if isinstance(value, np.ndarray):
            yield value
        elif hasattr(value, "copy"):
            yield from vectors_of(value)


@pytest.mark.parametrize("name", STOCHASTIC)
@pytest.mark.parametrize("copied", [lambda s: s.copy(), lambda s: pickle.loads(pickle.dumps(s))])
def test_copies_of_a_state_go_on_alike_and_apart(name, copied):
    rng = np.random.default_rng(0)
    gradients = rng.standard_normal((40, 6))
    opt, theta = STOCHASTIC[name](), rng.standard_normal(6)
    state = opt.init(theta)
    for g in gradients[:20]:
        take_step(opt, theta, g, state, 0.1)
    twin, other = copied(state), theta.copy()
    assert type(twin) is type(state)
    for a, b in zip(vectors_of(state), vectors_of(twin)):
        assert not np.shares_memory(a, b)
    for g in gradients[20:]:
        take_step(opt, theta, g, state, 0.1)
    for g in gradients[20:]:
        take_step(opt, other, g, twin, 0.1)
    assert_array_equal(theta, other)


# Weight decay


@quiet
@pytest.mark.parametrize("cls", [SGD, AdamW])
def test_decay_is_of_weights_alone_whatever_the_batch(cls):
    """Without a gradient, since X is 0 and the classes balance, W shrinks by 1 - lr decay a step.

    The L2 penalty that alpha adds is divided by the batch's size; the decay is not.
    """
    n, lr, decay = 60, 0.1, 0.5
    rng = np.random.default_rng(0)
    coefs = [np.abs(rng.standard_normal((4, 3)))]
    zeros, balanced = np.zeros((n, 4)), np.tile([0, 1, 2], n // 3)
    for batch_size in (30, 60):
        clf = BackpropClassifier(
            (),
            solver=cls(weight_decay=decay),
            learning_rate_init=lr,
            alpha=0.0,
            batch_size=batch_size,
            shuffle=False,
            max_iter=5,
        )
        clf.fit(zeros, balanced, coefs_init=coefs, intercepts_init=[np.full(3, 7.0)])
        shrunk = (1 - lr * decay) ** (5 * n // batch_size)
        assert_allclose(clf.coefs_[0], shrunk * coefs[0], rtol=1e-12)
        assert_allclose(clf.intercepts_[0], 7.0, rtol=1e-6)


@quiet
@pytest.mark.parametrize("cls", [SGD, AdamW])
def test_decay_follows_the_schedule(cls):
    """Without a gradient, as above, a step leaves 1 - rate decay of W, its own rate."""
    coefs = [np.abs(np.random.default_rng(0).standard_normal((4, 3)))]
    clf = BackpropClassifier(
        (),
        solver=cls(weight_decay=0.5),
        learning_rate=lambda done: 1.0 - done,
        learning_rate_init=0.1,
        alpha=0.0,
        batch_size=30,
        shuffle=False,
        max_iter=5,
    )
    zeros, balanced = np.zeros((60, 4)), np.tile([0, 1, 2], 20)
    clf.fit(zeros, balanced, coefs_init=coefs, intercepts_init=[np.full(3, 7.0)])
    rates = 0.1 * (1.0 - (np.arange(10) + 0.5) / 10)
    assert_allclose(clf.coefs_[0], np.prod(1.0 - 0.5 * rates) * coefs[0], rtol=1e-12)


@quiet
def test_decay_is_not_l2_for_adam():
    """Adam divides the penalty's gradient by its own size; AdamW's decay stays in proportion."""
    zeros, target = np.zeros((40, 2)), np.tile([0, 1], 20)
    coefs = np.array([[4.0], [0.25]])
    fits = {}
    for name, params in {
        "decay": {"solver": AdamW(weight_decay=0.5), "alpha": 0.0},
        "penalty": {"solver": "adam", "alpha": 20.0},
    }.items():
        clf = BackpropClassifier((), **params, learning_rate_init=0.01, max_iter=10)
        fits[name] = clf.fit(zeros, target, coefs_init=[coefs]).coefs_[0]
    assert_allclose(fits["decay"][0] / fits["decay"][1], 16.0)
    assert fits["penalty"][0] / fits["penalty"][1] > 20
    assert_allclose(coefs - fits["penalty"], 0.1, rtol=0.1)


def test_no_decay_by_default_but_in_adamw():
    decays = {name: cls().weight_decay for name, cls in STOCHASTIC.items()}
    assert {name: d for name, d in decays.items() if d} == {"adamw": 0.01}


# In the estimator


@quiet
@pytest.mark.parametrize("name", STOCHASTIC)
def test_every_optimizer_trains_and_goes_on(name):
    rate = {"sgd": 0.1, "adagrad": 0.1}.get(name, 0.01)
    params = {"solver": name, "learning_rate_init": rate, "random_state": 0, "shuffle": False}
    clf = BackpropClassifier((10,), **params, max_iter=60).fit(X, y)
    assert clf.score(X, y) > 0.93
    parts = BackpropClassifier((10,), **params, max_iter=20).fit(X, y)
    for _ in range(40):
        parts.partial_fit(X, y)
    for a, b in zip(clf.coefs_, parts.coefs_):
        assert_array_equal(a, b)


@quiet
@pytest.mark.parametrize("name", ["adamw", "nadam", "amsgrad", "rmsprop", "adagrad"])
def test_strings_take_the_flat_parameters(name):
    flat = {"beta_1": 0.7, "beta_2": 0.9, "epsilon": 1e-2}
    cls = OPTIMIZERS[name]
    own = {k: v for k, v in flat.items() if k in cls().get_params()}
    a, b, default = (
        BackpropClassifier((4,), max_iter=3, random_state=0, **params).fit(X, y).coefs_[0]
        for params in ({"solver": name, **flat}, {"solver": cls(**own)}, {"solver": name})
    )
    assert_array_equal(a, b)
    assert not np.allclose(a, default, atol=1e-6)


# A user's own


@dataclass(frozen=True)
class Plain(Optimizer):
    """theta <- theta - lr g, without a state."""

    def init(self, theta):
        return None

    def step(self, theta, grad, state, lr):
        np.multiply(grad, lr, out=grad)
        np.subtract(theta, grad, out=theta)


class HeavyBall(Plain):
    """With an array as its state, which has a copy()."""

    def init(self, theta):
        return np.zeros_like(theta)

    def step(self, theta, grad, state, lr):
        state *= 0.9
        state -= lr * grad
        theta += state


@pytest.mark.parametrize("opt", [*(cls() for cls in STOCHASTIC.values()), Plain(), HeavyBall()])
def test_sound_optimizers_pass_the_check(opt):
    check_optimizer(opt)


@quiet
def test_a_users_own_optimizer_trains():
    ours = BackpropClassifier(solver=SGD(momentum=0), max_iter=5, random_state=0).fit(X, y)
    own = BackpropClassifier(solver=Plain(), max_iter=5, random_state=0).fit(X, y)
    assert_allclose(own.coefs_[0], ours.coefs_[0], atol=1e-14)
    heavy = BackpropClassifier(solver=HeavyBall(), max_iter=5, random_state=0).fit(X, y)
    ours = SGD(nesterovs_momentum=False)
    ours = BackpropClassifier(solver=ours, max_iter=5, random_state=0).fit(X, y)
    assert_allclose(heavy.coefs_[0], ours.coefs_[0], atol=1e-14)


@dataclass(frozen=True)
class NoInit(Optimizer):
    pass


@dataclass(frozen=True)
class NoStep(Optimizer):
    def init(self, theta):
        return None


class ElsewhereStep(Plain):
    def step(self, theta, grad, state, lr):
        theta = theta - lr * grad


class NaNStep(Plain):
    def step(self, theta, grad, state, lr):
        theta -= lr * np.log(-grad)


class WritesInInit(Plain):
    def init(self, theta):
        theta.fill(0)


class NoCopy(Plain):
    def init(self, theta):
        return {"copy": None}.items()


class Shared(HeavyBall):
    """The copy is the state itself."""

    class State:
        def __init__(self, v):
            self.v = v

        def copy(self):
            return self

    def init(self, theta):
        return self.State(np.zeros_like(theta))

    def step(self, theta, grad, state, lr):
        super().step(theta, grad, state.v, lr)


class Forgetful(Shared):
    """The copy begins anew."""

    class State(Shared.State):
        def copy(self):
            return type(self)(np.zeros_like(self.v))


@pytest.mark.parametrize(
    ("cls", "words"),
    [
        (NoInit, "float64: NotImplementedError"),
        (NoStep, "float64: NotImplementedError"),
        (ElsewhereStep, "float64: step must overwrite theta"),
        (NaNStep, r"float64: step.* must give finite numbers, got \[nan"),
        (WritesInInit, "init.theta. must leave theta as it is"),
        (NoCopy, "a state with copy.., got dict_items"),
        (Shared, "copy.. must be complete and independent"),
        (Forgetful, "copy.. must be complete and independent"),
    ],
)
def test_unsound_optimizers_are_told_apart(cls, words):
    with pytest.raises(ValueError, match=rf"solver=.*{cls.__name__}.*{words}"):
        BackpropClassifier(solver=cls()).fit(X, y)


class NarrowOverflows(Plain):
    """Sound in float64, infinite in float32."""

    def step(self, theta, grad, state, lr):
        theta -= lr * grad * (theta.dtype.type(1e60) / theta.dtype.type(1e60))


def test_the_check_is_also_in_float32():
    with pytest.raises(ValueError, match=r"in float32: step.* must give finite numbers"):
        check_optimizer(NarrowOverflows())
