"""Every activation: its formula, its slope, its limits, its buffers; and a user's own ones."""

import pickle
from dataclasses import dataclass
from math import erf, exp, log1p, pi, sqrt, tanh
from typing import ClassVar

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import load_iris

from skbackprop import BackpropClassifier
from skbackprop.activations import (
    ACTIVATIONS,
    ELU,
    GELU,
    SELU,
    Activation,
    FunctionPair,
    GELUTanh,
    HardTanh,
    LeakyReLU,
    Mish,
    ReLU,
    SiLU,
    Softplus,
    Softsign,
    Tanh,
    check_activation,
)
from skbackprop.activations.check import POINTS
from tests.conftest import named

DTYPES = [np.float32, np.float64]
VARIANTS = [
    *(cls() for cls in ACTIVATIONS.values()),
    *(LeakyReLU(slope) for slope in (0.0, 0.3, 1.0)),
    *(ELU(alpha) for alpha in (0.3, 1.7, 20.0)),
]


def apply(f, z, dA=1.0):
    """f(z) and dA f'(z), by way of the passes with the buffers that a workspace gives them."""
    Z, before = z.copy(), z.copy()
    A = np.full_like(z, np.nan) if f.needs_z else Z
    f.forward(Z, A)
    if f.needs_z:
        assert_array_equal(Z, before)
    value = A.copy()
    dZ = np.full_like(z, dA)
    f.backward(dZ, Z, A)
    assert value.dtype == dZ.dtype == z.dtype
    return value, dZ


# Formulas, one number at a time and by another way than in the package

NORMAL = 0.5, sqrt(0.5)
C = sqrt(2 / pi)
LAMBDA, ALPHA = 1.0507009873554804934, 1.6732632423543772848


def elu(alpha):
    return (
        lambda z: z if z > 0 else alpha * (exp(z) - 1),
        lambda z: 1.0 if z > 0 else alpha * exp(z),
    )


def mish_slope(z):
    """Of the composition z tanh(softplus(z)), by the chain rule."""
    t = tanh(log1p(exp(z)))
    return t + z * (1 - t * t) / (1 + exp(-z))


def gelu_tanh_slope(z):
    t = tanh(C * (z + 0.044715 * z**3))
    return 0.5 * (1 + t) + 0.5 * z * (1 - t * t) * C * (1 + 0.134145 * z * z)


FORMULAS = [
    (LeakyReLU(), lambda z: z if z > 0 else 0.01 * z, lambda z: 1.0 if z > 0 else 0.01),
    (LeakyReLU(0.2), lambda z: z if z > 0 else 0.2 * z, lambda z: 1.0 if z > 0 else 0.2),
    (ELU(), *elu(1.0)),
    (ELU(0.5), *elu(0.5)),
    (ELU(2.5), *elu(2.5)),
    (
        SELU(),
        lambda z: LAMBDA * elu(ALPHA)[0](z),
        lambda z: LAMBDA * elu(ALPHA)[1](z),
    ),
    (
        SiLU(),
        lambda z: z / (1 + exp(-z)),
        lambda z: (1 + exp(-z) + z * exp(-z)) / (1 + exp(-z)) ** 2,
    ),
    (
        GELU(),
        lambda z: 0.5 * z * (1 + erf(z / sqrt(2))),
        lambda z: 0.5 * (1 + erf(z / sqrt(2))) + z * exp(-z * z / 2) / sqrt(2 * pi),
    ),
    (GELUTanh(), lambda z: 0.5 * z * (1 + tanh(C * (z + 0.044715 * z**3))), gelu_tanh_slope),
    (Softplus(), lambda z: log1p(exp(z)), lambda z: exp(z) / (1 + exp(z))),
    (Mish(), lambda z: z * tanh(log1p(exp(z))), mish_slope),
    (HardTanh(), lambda z: min(max(z, -1.0), 1.0), lambda z: float(abs(z) < 1)),
    (Softsign(), lambda z: z / (1 + abs(z)), lambda z: (1 + abs(z)) ** -2),
]


@pytest.mark.parametrize(("f", "function", "derivative"), FORMULAS, ids=named)
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_formula(f, function, derivative, dtype):
    z = np.linspace(-9, 9, 101)[:, None].astype(dtype)  # 0, where ReLUs have a kink, is in it
    z = z[z != 0][:, None]
    value, slope = apply(f, z, dA=-3.0)
    tolerance = {"rtol": 1e-5, "atol": 1e-6} if dtype == np.float32 else {"atol": 1e-13}
    assert_allclose(value, [[function(float(x))] for (x,) in z], **tolerance)
    assert_allclose(slope, [[-3.0 * derivative(float(x))] for (x,) in z], **tolerance)


def test_every_activation_has_a_formula_here_or_in_the_engines_tests():
    older = {"identity", "logistic", "tanh", "relu"}
    assert {type(f) for f, *_ in FORMULAS} == {ACTIVATIONS[n] for n in set(ACTIVATIONS) - older}


def test_the_constants_of_selu_keep_mean_and_variance():
    z, dz = np.linspace(-12, 12, 200_001, retstep=True)
    density = np.exp(-0.5 * z**2) / sqrt(2 * pi) * dz
    a, _ = apply(SELU(), z[:, None])
    assert_allclose([density @ a[:, 0], density @ a[:, 0] ** 2], [0, 1], atol=1e-8)


def test_gelu_and_its_tanh_form_are_close():
    z = np.linspace(-6, 6, 1000)[:, None]
    difference = np.abs(apply(GELU(), z)[0] - apply(GELUTanh(), z)[0]).max()
    assert 1e-4 < difference < 1e-3


# Slopes


@pytest.mark.parametrize("f", VARIANTS, ids=repr)
def test_gradient_along_random_directions(f):
    rng, h = np.random.default_rng(0), 1e-6
    Z, dA = rng.standard_normal((2, 7, 9)) * 3
    _, dZ = apply(f, Z, dA)
    for _ in range(5):
        D = rng.standard_normal(Z.shape)
        up, down = (apply(f, Z + step * D)[0] for step in (h, -h))
        assert_allclose((dA * (up - down)).sum() / (2 * h), (dZ * D).sum(), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("f", [SiLU(), GELU(), Mish(), Softplus()], ids=repr)
def test_small_values_far_left_are_right_to_the_last_digits(f, dtype):
    """There f(z) is nearly z exp(z) and the like, which 1 - (1 - x) would round away."""
    z = np.array([[-12.0, -13.0]], dtype)
    x = z.astype(float)
    tail = np.exp(x)
    if isinstance(f, GELU):  # Mills' ratio
        density = np.exp(-0.5 * x**2) / sqrt(2 * pi)
        a, slope = x * density / np.abs(x), x * density
    else:
        a, slope = {
            SiLU: (x * tail, (1 + x) * tail),
            Mish: (x * tail, (1 + x) * tail),
            Softplus: (tail, tail),
        }[type(f)]
    value, dZ = apply(f, z)
    rtol = 1e-2 if isinstance(f, GELU) else 1e-4
    assert_allclose(value, a, rtol=rtol)
    assert_allclose(dZ, slope, rtol=rtol)


# Extremes

#: f(-x), f(x) over x; then f'(-x) and f'(x), for huge x.
LIMITS = {
    "identity": (-1, 1, 1, 1),
    "logistic": (0, 0, 0, 0),
    "tanh": (0, 0, 0, 0),
    "relu": (0, 1, 0, 1),
    "leaky_relu": (-0.01, 1, 0.01, 1),
    "elu": (0, 1, 0, 1),
    "selu": (0, LAMBDA, 0, LAMBDA),
    "silu": (0, 1, 0, 1),
    "gelu": (0, 1, 0, 1),
    "gelu_tanh": (0, 1, 0, 1),
    "softplus": (0, 1, 0, 1),
    "mish": (0, 1, 0, 1),
    "hard_tanh": (0, 0, 0, 0),
    "softsign": (0, 0, 0, 0),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_limits_without_a_warning(name, dtype):
    largest = float(np.finfo(dtype).max) * 0.9  # SELU makes it larger
    for x in (1e4, 1e20, largest):
        z = np.array([[-x, x]], dtype)
        value, dZ = apply(ACTIVATIONS[name](), z, dA=5.0)
        left, right, slope_left, slope_right = LIMITS[name]
        assert_allclose(value / z, [[-left, right]], rtol=1e-6, atol=2e-4)
        assert_allclose(dZ, [[5 * slope_left, 5 * slope_right]], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
def test_values_of_the_gates_and_of_softplus_vanish_far_left(dtype):
    z = np.array([[-1e4, -float(np.finfo(dtype).max)]], dtype)
    for f in (SiLU(), GELU(), GELUTanh(), Mish(), Softplus()):
        assert_array_equal(apply(f, z)[0], 0)
    assert_array_equal(apply(Softplus(), -z)[0], -z)
    assert_array_equal(apply(ELU(2.0), z)[0], -2)
    assert_array_equal(apply(ELU(2.0), -z)[0], -z)


@pytest.mark.parametrize("f", VARIANTS, ids=repr)
@pytest.mark.parametrize("dtype", DTYPES)
def test_finite_for_any_number(f, dtype):
    largest = np.finfo(dtype).max * 0.9
    x = np.geomspace(np.finfo(dtype).tiny, largest, 2000).astype(dtype)
    z = np.concatenate([-x, [-0.0, 0.0], x]).astype(dtype)[None]
    for out in apply(f, z):
        assert np.isfinite(out).all()


# Buffers


@pytest.mark.parametrize("f", VARIANTS, ids=repr)
@pytest.mark.parametrize("dtype", DTYPES)
def test_z_and_a_in_one_buffer_or_in_two(f, dtype):
    rng = np.random.default_rng(0)
    z = 3 * rng.standard_normal((30, 7)).astype(dtype)
    value, dZ = apply(f, z, dA=2.0)
    apart = np.full_like(z, np.nan)
    f.forward(z.copy(), apart)
    assert_array_equal(apart, value)
    again = np.full_like(z, 2.0)
    f.backward(again, z.copy(), apart)
    assert_array_equal(again, dZ)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_predictions_are_those_of_the_formula(activation):
    X, y = load_iris(return_X_y=True)
    clf = BackpropClassifier((6, 5), activation=activation, random_state=0, max_iter=3)
    with pytest.warns(Warning, match="Maximum iterations"):
        clf.fit(X, y)
    A = X
    for W, b in list(zip(clf.coefs_, clf.intercepts_))[:-1]:
        A, _ = apply(ACTIVATIONS[activation](), A @ W + b)
    scores = A @ clf.coefs_[-1] + clf.intercepts_[-1]
    assert_allclose(clf.decision_function(X), scores, rtol=1e-12)


# A user's own pair


def bend(z):
    return np.where(z > 0, z, 0.1 * z)


def bend_slope(z):
    return np.where(z > 0, 1.0, 0.1)


def test_a_pair_trains_like_the_class():
    X, y = load_iris(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    params = {"hidden_layer_sizes": (8,), "solver": "lbfgs", "random_state": 0}
    pair = FunctionPair(bend, bend_slope)
    ours = BackpropClassifier(activation=LeakyReLU(0.1), **params).fit(X, y)
    theirs = BackpropClassifier(activation=pair, **params).fit(X, y)
    assert_allclose(theirs.predict_proba(X), ours.predict_proba(X), atol=1e-6)
    for copy in (clone(theirs), pickle.loads(pickle.dumps(theirs))):
        assert copy.activation == pair
    assert theirs.get_params()["activation__function"] is bend
    assert pair.get_params() == {"function": bend, "derivative": bend_slope}


def test_a_pair_keeps_to_the_networks_dtype():
    wide = FunctionPair(
        lambda z: np.tanh(z.astype(float)), lambda z: 1 - np.tanh(z.astype(float)) ** 2
    )
    z = np.linspace(-2, 2, 10, dtype=np.float32)[:, None]
    for got, expected in zip(apply(wide, z, 2.0), apply(Tanh(), z, 2.0)):
        assert_allclose(got, expected, rtol=1e-5)


# check_activation


@pytest.mark.parametrize("f", VARIANTS, ids=repr)
def test_our_own_pass_the_check(f):
    check_activation(f)


def at(kink):
    return FunctionPair(lambda z: np.maximum(z, kink), lambda z: (z > kink) * 1.0)


GOOD = {
    "kinks": at(0.0),
    "kink at a point": at(float(POINTS[7])),
    "steps": FunctionPair(np.floor, np.zeros_like),
    "boolean slope": FunctionPair(lambda z: np.maximum(z, 0), lambda z: z > 0),
    "sine": FunctionPair(np.sin, np.cos),
    "steep": FunctionPair(lambda z: np.tanh(50 * z), lambda z: 50 / np.cosh(50 * z) ** 2),
    "wide": FunctionPair(lambda z: z * np.float64(3), lambda z: np.full(z.shape, 3)),
}


@pytest.mark.parametrize("name", GOOD)
def test_right_pairs_pass_the_check(name):
    check_activation(GOOD[name])


def changes_its_argument(z):
    z *= 2
    return z


SLOPE = "gives f'\\(z\\) = .* at z = .*rises by .* per unit.*`derivative` must be that"
SHAPE = "must return an array of real numbers shaped like its argument"
BAD_PAIRS = {
    "1 %": ((np.tanh, lambda z: 1.01 / np.cosh(z) ** 2), SLOPE),
    "sign": ((np.tanh, lambda z: -1 / np.cosh(z) ** 2), SLOPE),
    "of a, not z": ((np.tanh, lambda a: 1 - a**2), SLOPE),
    "no slope": ((np.tanh, np.zeros_like), SLOPE),
    "one side of a kink": ((np.abs, np.ones_like), SLOPE),
    "not elementwise": ((lambda z: z - z.mean(), np.ones_like), SLOPE),
    "by row": ((lambda z: z - z.mean(axis=1, keepdims=True), np.ones_like), SLOPE),
    "by place": ((lambda z: z + np.arange(z.shape[1]), np.ones_like), "function .*elementwise"),
    "slope by place": (
        (lambda z: z, lambda z: 1.0 + (z.shape[0] == 1)),
        SHAPE,
    ),
    "slope by shape": (
        (lambda z: z, lambda z: np.full(z.shape, 1.0 + (len(z) == 1))),
        "derivative .*elementwise",
    ),
    "scalar": ((np.sum, np.ones_like), SHAPE),
    "row": ((lambda z: z.sum(axis=0), np.ones_like), SHAPE),
    "column": ((np.sin, lambda z: np.cos(z)[:, :1]), SHAPE),
    "complex": ((lambda z: z + 0j, np.ones_like), "complex128"),
    "nan": ((np.log, np.reciprocal), "function gives nan at z = -.*must be finite"),
    "infinite slope": ((np.abs, lambda z: np.sign(z) / 0), "derivative gives .*inf at z = "),
    "argument": ((changes_its_argument, lambda z: 2 * np.ones_like(z)), "changed its argument Z"),
    "raises": ((np.tanh, lambda z: z.nonsense), "backward raised AttributeError.*nonsense"),
    "no function": ((3, np.cos), "forward raised TypeError.*not callable"),
}


@pytest.mark.parametrize("name", BAD_PAIRS)
def test_wrong_pairs_fail_the_check(name):
    functions, message = BAD_PAIRS[name]
    with pytest.raises(ValueError, match=f"^activation=FunctionPair.*trained with: .*{message}"):
        check_activation(FunctionPair(*functions))


@dataclass(frozen=True)
class Good(Activation):
    """tanh, read from A."""

    def forward(self, Z, out):
        np.tanh(Z, out=out)

    def backward(self, dA, Z, A):
        dA *= 1 - A**2


class NoBackward(Good):
    backward = Activation.backward


class WritesNothing(Good):
    def forward(self, Z, out):
        return np.tanh(Z)


class ReturnsTheGradient(Good):
    def backward(self, dA, Z, A):
        return dA * (1 - A**2)


class ForgetsTheUpstream(Good):
    def backward(self, dA, Z, A):
        np.copyto(dA, 1 - A**2)


class ReadsZ(Good):
    def backward(self, dA, Z, A):
        dA *= 1 - np.tanh(Z) ** 2


class OverwritesZ(Good):
    needs_z: ClassVar[bool] = True

    def forward(self, Z, out):
        np.tanh(Z, out=Z)
        np.copyto(out, Z)


class ReadsWhatItOverwrote(Good):
    def forward(self, Z, out):
        np.abs(Z, out=out)
        np.add(out, 1, out=out)
        np.divide(Z, out, out=out)

    def backward(self, dA, Z, A):
        dA *= (1 - np.abs(A)) ** 2


class WrongInFloat32(Good):
    def backward(self, dA, Z, A):
        dA *= (1 - A**2) * (1 if A.itemsize == 8 else 2)


BAD_CLASSES = [
    (NoBackward, "backward raised NotImplementedError"),
    (WritesNothing, "forward gives nan at z = .*must write f\\(Z\\) into out"),
    (ReturnsTheGradient, "backward gives f'\\(z\\) = .*must multiply dA by f'"),
    (ForgetsTheUpstream, "backward gives f'\\(z\\) = .*must multiply dA by f'"),
    (ReadsZ, "backward gives f'\\(z\\) = .*read Z only if needs_z"),
    (OverwritesZ, "forward changed its argument Z.*Write to out only"),
    (ReadsWhatItOverwrote, "forward gives other values when out is Z.*Set needs_z = True"),
    (WrongInFloat32, "backward gives .*float32.*float64.*keep to the dtype"),
]


@pytest.mark.parametrize(("cls", "message"), BAD_CLASSES)
def test_wrong_classes_fail_the_check(cls, message):
    check_activation(Good())
    with pytest.raises(ValueError, match=f"^activation={cls.__name__}.*trained with: {message}"):
        check_activation(cls())


def test_the_estimator_checks_before_it_trains():
    X, y = load_iris(return_X_y=True)
    wrong = BackpropClassifier(activation=FunctionPair(np.sin, np.sin), max_iter=1)
    with pytest.raises(ValueError, match="activation=FunctionPair"):
        wrong.fit(X, y)
    assert not hasattr(wrong, "coefs_")
    unchecked = config_context(skip_parameter_validation=True)
    with unchecked, pytest.warns(Warning, match="Maximum iterations"):
        wrong.fit(X, y)


def test_the_estimator_doesnt_check_ours(monkeypatch):
    calls = []
    monkeypatch.setattr("skbackprop.estimators.choices.check_activation", calls.append)
    X, y = load_iris(return_X_y=True)
    for activation in (ReLU(), "elu", LeakyReLU(0.3), Good()):
        BackpropClassifier((2,), activation=activation, solver="lbfgs", tol=1.0).fit(X, y)
    assert calls == [Good()]
