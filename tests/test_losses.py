"""Every loss, registry by registry: formula, gradient, precision, and the trial of a user's own."""

import re
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, log_expit, log_softmax, softmax
from sklearn.metrics import (
    mean_absolute_error,
    mean_pinball_loss,
    mean_poisson_deviance,
    mean_squared_error,
)
from sklearn.neural_network import MLPRegressor

from skbackprop import BackpropClassifier
from skbackprop.activations import ACTIVATIONS
from skbackprop.architecture import Architecture
from skbackprop.batches import Minibatches, Samples
from skbackprop.losses import (
    LOSSES,
    REGRESSION_LOSSES,
    CrossEntropy,
    Focal,
    Huber,
    IdentitySquaredError,
    LogLoss,
    Loss,
    OutputLoss,
    Quantile,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    SquaredError,
    check_loss,
)
from skbackprop.network import Network

OUTPUTS = {"binary": 1, "multiclass": 3, "multilabel": 4, "regression": 2}
CLASSES = [kind for kind in OUTPUTS if kind != "regression"]
OPTIONS = {
    **{(name, kind): cls() for name, cls in LOSSES.items() for kind in CLASSES},
    **{("cross_entropy 0.3", kind): CrossEntropy(0.3) for kind in CLASSES},
    **{("focal 0.5", kind): Focal(0.5) for kind in CLASSES},
    **{(name, "regression"): cls() for name, cls in REGRESSION_LOSSES.items()},
    ("huber 0.3", "regression"): Huber(0.3),
    ("quantile 0.9", "regression"): Quantile(0.9),
}
each_loss = pytest.mark.parametrize(("name", "kind"), OPTIONS)


def batch(name, kind, m=7, seed=0, dtype=np.float64):
    """The loss, scores in Fortran order as in training, targets and shares."""
    rng = np.random.default_rng(seed)
    loss, K = OPTIONS[name, kind].on(kind), OUTPUTS[kind]
    Z = np.asfortranarray(rng.standard_normal((m, K)), dtype)
    if kind == "regression":
        Y = rng.uniform(0, 2, (m, K)).astype(dtype)
        Y[0] = 0
    elif kind == "multiclass":
        Y = rng.integers(K, size=m)
        Y = Y if loss.integer_targets else np.eye(K, dtype=dtype)[Y]
    else:
        Y = rng.integers(2, size=(m, K)).astype(dtype)
    weight = rng.uniform(0.1, 1, m)
    return loss, Z, Y, (weight / weight.sum()).astype(dtype)


def run(loss, Z, Y, weight):
    """The value and dZ; Z stays."""
    dZ = Z.copy(order="K")
    return loss.value_and_gradient(dZ, Y, weight, loss.scratch(dZ)), dZ


# Formulas


def of_classes(name, Y, A, kind):
    """A sample's loss from its probabilities, label by label where there are several."""
    K = A.shape[1] if kind == "multiclass" else 2
    if Y.ndim == 1:
        Y = np.eye(K)[Y]
    base, _, number = name.partition(" ")
    if base == "squared_error":
        return 0.5 * ((Y - A) ** 2).sum(axis=1)
    gamma = float(number or 2) if base == "focal" else 0.0
    eps = float(number or 0) if base == "cross_entropy" else 0.0
    Y = (1 - eps) * Y + eps / K
    if kind == "multiclass":
        return -(Y * (1 - A) ** gamma * np.log(A)).sum(axis=1)
    positive, negative = (1 - A) ** gamma * np.log(A), A**gamma * np.log(1 - A)
    return -(Y * positive + (1 - Y) * negative).sum(axis=1)


def of_numbers(name, Y, A):
    base, _, number = name.partition(" ")
    e = np.abs(Y - A)
    delta, q = float(number or 1), float(number or 0.5)
    return {
        "squared_error": lambda: (e**2).mean(axis=1) / 2,
        "absolute_error": lambda: e.sum(axis=1),
        "huber": lambda: np.where(e <= delta, e**2 / 2, delta * (e - delta / 2)).sum(axis=1),
        "quantile": lambda: np.where(Y > A, q * e, (1 - q) * e).sum(axis=1),
        "poisson": lambda: (A - Y + Y * np.log(np.where(Y > 0, Y, 1) / A)).sum(axis=1),
    }[base]()


@each_loss
def test_value_of_every_loss_from_its_units(name, kind):
    loss, Z, Y, weight = batch(name, kind, m=40)
    A = loss.link(Z)
    losses = of_numbers(name, Y, A) if kind == "regression" else of_classes(name, Y, A, kind)
    value, _ = run(loss, Z, Y, weight)
    assert type(value) is float
    assert_allclose(value, weight @ losses, rtol=1e-12)


def test_units():
    Z = np.random.default_rng(0).standard_normal((5, 3))
    for (_, kind), option in OPTIONS.items():
        loss = option.on(kind)
        expected = {
            "identity": Z,
            "exp": np.exp(Z),
            "logistic": expit(Z),
            "softmax": softmax(Z, axis=1),
        }[loss.link_name]
        assert_allclose(loss.link(Z), expected, rtol=1e-14)
    links = {name: c().on("regression").link_name for name, c in REGRESSION_LOSSES.items()}
    assert links == {name: "exp" if name == "poisson" else "identity" for name in links}


@each_loss
@pytest.mark.parametrize("seed", range(3))
def test_gradient_of_every_loss(name, kind, seed):
    loss, Z, Y, weight = batch(name, kind, m=9, seed=seed)
    _, dZ = run(loss, Z, Y, weight)
    numeric, h = np.empty_like(Z), 1e-5
    for i in np.ndindex(Z.shape):
        up, down = Z.copy(), Z.copy()
        up[i] += h
        down[i] -= h
        numeric[i] = (run(loss, up, Y, weight)[0] - run(loss, down, Y, weight)[0]) / (2 * h)
    outputs = Z.shape[1] if loss.mean_over_outputs else 1
    assert_allclose(dZ, outputs * numeric, rtol=1e-6, atol=1e-9)


@each_loss
def test_every_loss_in_either_memory_order(name, kind):
    loss, Z, Y, weight = batch(name, kind)
    value, dZ = run(loss, Z, Y, weight)
    other_value, other_dZ = run(loss, np.ascontiguousarray(Z), Y, weight)
    assert_allclose(other_value, value, rtol=1e-13)
    assert_allclose(other_dZ, dZ, rtol=1e-13)


@each_loss
def test_float32_stays(name, kind):
    loss, Z, Y, weight = batch(name, kind, dtype=np.float32)
    value, dZ = run(loss, Z, Y, weight)
    assert dZ.dtype == loss.link(Z).dtype == loss.proba(Z).dtype == np.float32
    scratch = loss.scratch(Z)
    buffers = vars(scratch).values() if hasattr(scratch, "__dict__") else scratch
    assert not [b for b in buffers if isinstance(b, np.ndarray) and b.dtype == np.float64]
    wide = [a if a.dtype.kind == "i" else a.astype(np.float64) for a in (Z, Y, weight)]
    exact, exact_dZ = run(loss, *wide)
    assert_allclose(value, exact, rtol=1e-5)
    assert_allclose(dZ, exact_dZ, rtol=1e-4, atol=1e-6)


@each_loss
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_nothing_is_allocated_per_batch(name, kind, dtype):
    loss, Z, Y, weight = batch(name, kind, m=20_000, dtype=dtype)
    scratch = loss.scratch(Z)
    loss.value_and_gradient(Z, Y, weight, scratch)
    tracemalloc.start()
    try:
        for _ in range(3):
            loss.value_and_gradient(Z, Y, weight, scratch)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Broadcasting takes NumPy's own buffer of 8,192 numbers; one per sample would be 20,000.
    assert peak < 20_000 * np.dtype(dtype).itemsize


@each_loss
def test_a_weight_is_a_number_of_copies(name, kind):
    loss, Z, Y, _ = batch(name, kind)
    copies = np.array([1, 3, 2, 1, 5, 2, 1])
    value, dZ = run(loss, Z, Y, copies / copies.sum())
    rows = np.repeat(np.arange(7), copies)
    again, again_dZ = run(loss, Z[rows], Y[rows], np.full(len(rows), 1 / len(rows)))
    assert_allclose(value, again, rtol=1e-13)
    assert_allclose(dZ, np.stack([again_dZ[rows == i].sum(axis=0) for i in range(7)]), rtol=1e-12)


@each_loss
@given(scores=st.lists(st.floats(-1e4, 1e4), min_size=4, max_size=4), true=st.integers(0, 2))
@settings(max_examples=50, deadline=None)
def test_every_loss_is_finite_for_any_scores(name, kind, scores, true):
    loss, K = OPTIONS[name, kind].on(kind), OUTPUTS[kind]
    for dtype in (np.float64, np.float32):
        Z = np.array([scores[:K]], dtype)
        if name == "poisson":
            np.minimum(Z, 50, out=Z)  # the true value is exp(z)
        if kind == "multiclass":
            Y = np.array([true]) if loss.integer_targets else np.eye(3, dtype=dtype)[[true]]
        else:
            Y = np.full(Z.shape, min(true, 1), dtype)
        value, dZ = run(loss, Z, Y, np.ones(1, dtype))
        assert np.isfinite(value)
        assert value >= (-1e-6 if name == "poisson" else 0)  # a - y rounds
        assert np.isfinite(dZ).all()
        if name == "log_loss" and kind == "multiclass":
            assert_allclose(value, -loss.log_proba(Z)[0, true], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_focal_loss_at_the_ends(gamma, dtype):
    """p = 1 costs nothing; at p = 0 the loss is cross-entropy, whatever gamma is."""
    one = np.ones(1, dtype)
    for size in (30.0, 200.0, 5000.0):
        for form, Z, right, wrong in (
            ("multiclass", np.array([[size, 0, -size]], dtype), np.array([0]), np.array([2])),
            ("binary", np.array([[size]], dtype), one[:, None], 0 * one[:, None]),
        ):
            loss, plain = Focal(gamma).on(form), LogLoss().on(form)
            value, dZ = run(loss, Z, right, one)
            assert value < 1e-6
            assert np.abs(dZ).max() < 1e-6
            value, dZ = run(loss, Z, wrong, one)
            expected, expected_dZ = run(plain, Z, wrong, one)
            assert_allclose(value, expected, rtol=1e-5)
            assert_allclose(dZ, expected_dZ, atol=1e-5)


# Special cases


@pytest.mark.parametrize("kind", CLASSES)
def test_without_smoothing_and_focus_it_is_cross_entropy(kind):
    _, Z, Y, weight = batch("log_loss", kind)
    value, dZ = run(LogLoss().on(kind), Z, Y, weight)
    same, same_dZ = run(CrossEntropy().on(kind), Z, Y, weight)
    assert type(CrossEntropy().on(kind)) is type(LogLoss().on(kind))
    assert same == value
    assert_array_equal(same_dZ, dZ)
    for option in (Focal(gamma=0.0), CrossEntropy(label_smoothing=1e-300)):
        close, close_dZ = run(option.on(kind), Z, Y, weight)
        assert_allclose(close, value, rtol=1e-13)
        assert_allclose(close_dZ, dZ, rtol=1e-12, atol=1e-16)


def test_smoothing_mixes_the_loss_with_that_of_every_class():
    eps, (loss, Z, Y, weight) = 0.3, batch("log_loss", "multiclass")
    classes = [run(loss, Z, np.full(7, k), weight) for k in range(3)]
    value, dZ = run(loss, Z, Y, weight)
    smooth, smooth_dZ = run(CrossEntropy(eps).on("multiclass"), Z, Y, weight)
    assert_allclose(smooth, (1 - eps) * value + eps / 3 * sum(v for v, _ in classes))
    assert_allclose(smooth_dZ, (1 - eps) * dZ + eps / 3 * sum(d for _, d in classes), atol=1e-16)


@pytest.mark.parametrize("option", [CrossEntropy(0.3), Focal(2.0), Focal(0.7)])
def test_one_logistic_unit_is_a_softmax_of_two(option):
    _, Z, Y, weight = batch("log_loss", "binary")
    value, dZ = run(option.on("binary"), Z, Y, weight)
    pair = np.hstack([np.zeros_like(Z), Z])
    as_two, dpair = run(option.on("multiclass"), pair, Y[:, 0].astype(int), weight)
    assert_allclose(value, as_two, rtol=1e-13)
    assert_allclose(dZ[:, 0], dpair[:, 1], rtol=1e-12)


def test_limits_of_huber_and_quantile():
    _, Z, Y, weight = batch("huber", "regression")
    forms = {name: cls().on("regression") for name, cls in REGRESSION_LOSSES.items()}
    squared, squared_dZ = run(forms["squared_error"], Z, Y, weight)
    absolute, absolute_dZ = run(forms["absolute_error"], Z, Y, weight)
    wide, wide_dZ = run(Huber(1e6).on("regression"), Z, Y, weight)
    narrow, narrow_dZ = run(Huber(1e-9).on("regression"), Z, Y, weight)
    median, median_dZ = run(forms["quantile"], Z, Y, weight)
    # of the squared error the value is the mean over the outputs
    squared = squared * Z.shape[1]
    assert_allclose([wide, narrow / 1e-9, 2 * median], [squared, absolute, absolute], rtol=1e-8)
    assert_allclose(wide_dZ, squared_dZ)
    assert_allclose(narrow_dZ / 1e-9, absolute_dZ)
    assert_allclose(2 * median_dZ, absolute_dZ)


@pytest.mark.parametrize("name", ["absolute_error", "huber", "quantile"])
def test_no_error_no_pull(name):
    loss, Z, _, weight = batch(name, "regression")
    value, dZ = run(loss, Z, Z.copy(), weight)
    assert value == 0
    assert not dZ.any()


@pytest.mark.parametrize(
    ("option", "metric"),
    [
        (SquaredError(), lambda y, a, w: mean_squared_error(y, a, sample_weight=w) / 2),
        (
            REGRESSION_LOSSES["absolute_error"](),
            lambda y, a, w: 2 * mean_absolute_error(y, a, sample_weight=w),
        ),
        (Quantile(0.8), lambda y, a, w: 2 * mean_pinball_loss(y, a, sample_weight=w, alpha=0.8)),
        (
            REGRESSION_LOSSES["poisson"](),
            lambda y, a, w: sum(
                mean_poisson_deviance(y[:, j], a[:, j], sample_weight=w) / 2 for j in range(2)
            ),
        ),
    ],
    ids=lambda case: getattr(type(case), "__name__", ""),
)
def test_values_are_those_of_the_metrics(option, metric):
    _, Z, Y, weight = batch("squared_error", "regression", m=30)
    loss = option.on("regression")
    assert_allclose(run(loss, Z, Y, weight)[0], metric(Y, loss.link(Z), weight), rtol=1e-12)


def flat(regressor):
    return np.concatenate([a.ravel() for a in regressor.coefs_ + regressor.intercepts_])


@pytest.mark.parametrize("name", ["squared_error", "poisson"])
@pytest.mark.parametrize("n_outputs", [1, 3])
@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_value_and_gradient_are_those_of_mlp_regressor(name, n_outputs, alpha):
    """One step of plain gradient descent tells the gradient, `loss_curve_` the value."""
    params = {} if name == "squared_error" else {"loss": name}
    if params and "loss" not in MLPRegressor().get_params():
        pytest.skip("this version of scikit-learn has no loss='poisson'")
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((20, 4)), rng.uniform(0, 2, (20, n_outputs))
    Y[0] = 0
    theirs = MLPRegressor(
        hidden_layer_sizes=(5,),
        activation="tanh",
        solver="sgd",
        learning_rate_init=1.0,
        momentum=0.0,
        alpha=alpha,
        batch_size=20,
        random_state=0,
        **params,
    )
    y = Y if n_outputs > 1 else Y[:, 0]
    theirs.partial_fit(X, y)
    theta = flat(theirs)
    theirs.partial_fit(X, y)

    loss = REGRESSION_LOSSES[name]().on("regression")
    architecture = Architecture((4, 5, n_outputs), (ACTIVATIONS["tanh"](),), loss, l2=alpha)
    network = Network(architecture, theta.copy())
    (whole,) = Minibatches(Samples(X, Y), network, 20)
    assert_allclose(network.value_and_gradient(whole), theirs.loss_curve_[-1], rtol=1e-12)
    assert_allclose(network.grad, theta - flat(theirs), rtol=1e-9, atol=1e-12)
    assert loss.link_name == theirs.out_activation_


# Options


@pytest.mark.parametrize("registry", [LOSSES, REGRESSION_LOSSES])
def test_every_loss_says_which_targets_it_takes(registry):
    for option in (cls() for cls in registry.values()):
        allowed = [kind for (_, kind), other in OPTIONS.items() if type(other) is type(option)]
        for kind in {*OUTPUTS, "ranking"}.difference(allowed):
            with pytest.raises(ValueError, match=re.escape(f"loss={option!r}")) as error:
                option.on(kind)
            message = str(error.value)
            assert f"{kind!r} target" in message
            for good in OUTPUTS:
                assert (repr(good) in message.partition("takes")[2]) == (good in allowed)


@pytest.mark.parametrize(
    ("loss", "field"), [(Focal(-1.0), "gamma"), (CrossEntropy(1.0), "label_smoothing")]
)
def test_hyperparameters_outside_of_their_interval(loss, field):
    with pytest.raises(ValueError, match=field):
        BackpropClassifier(loss=loss).fit([[0.0], [1.0]], [0, 1])


def test_only_poisson_minds_the_targets():
    bad = np.array([[0.0, 2.0], [-1.5, 1.0]])
    for name, cls in REGRESSION_LOSSES.items():
        loss = cls().on("regression")
        loss.check_targets(np.abs(bad))
        if name != "poisson":
            loss.check_targets(bad)
            continue
        with pytest.raises(ValueError, match=r"y must not be negative .*'poisson', got -1\.5"):
            loss.check_targets(bad)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("option", [Focal(), Focal(0.5), CrossEntropy(label_smoothing=0.2)])
@pytest.mark.parametrize("kind", CLASSES)
def test_the_new_losses_learn(option, kind):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((200, 2))
    labels = (X > 0).astype(int)
    y = {"binary": labels[:, 0], "multiclass": labels.sum(axis=1), "multilabel": labels}[kind]
    clf = BackpropClassifier((20,), loss=option, learning_rate_init=0.02, random_state=0)
    assert clf.fit(X, y).score(X, y) > 0.95


def test_smoothed_labels_bound_the_scores():
    """At the minimum A = Y': with eps = 0.2 no probability of two classes passes 0.9."""
    X, y = np.array([[-1.0], [1.0]]), [0, 1]
    smooth = CrossEntropy(label_smoothing=0.2)
    clf = BackpropClassifier((), loss=smooth, solver="lbfgs", alpha=0, tol=1e-8, random_state=0)
    assert_allclose(clf.fit(X, y).predict_proba(X), [[0.9, 0.1], [0.1, 0.9]], atol=1e-5)


# A user's own


@each_loss
def test_our_losses_pass_the_trial(name, kind):
    check_loss(OPTIONS[name, kind].on(kind), kind)


class Hinge(OutputLoss):
    """max(0, 1 - t z), with kinks."""

    link_name = "identity"

    def link(self, Z):
        return expit(Z)

    def value_and_gradient(self, Z, Y, weight, scratch):
        t = 2 * Y - 1
        inside = t * Z < 1
        value = float(weight @ np.where(inside, 1 - t * Z, 0).sum(axis=1))
        Z[:] = np.where(inside, -t, 0) * weight[:, None]
        return value


def test_a_loss_with_kinks_passes_the_trial():
    check_loss(Hinge(), "binary")
    check_loss(Hinge(), "multilabel")


class Broken(SigmoidCrossEntropy):
    """Does it right, then spoils something."""

    def value_and_gradient(self, Z, Y, weight, scratch):
        scores = Z.copy()
        value = super().value_and_gradient(Z, Y, weight, scratch)
        return self.spoil(value, scores, Z, Y, weight)


def broken(spoil):
    return type("Spoiled", (Broken,), {"spoil": staticmethod(spoil)})()


def returns(f):
    return broken(lambda value, Z, dZ, Y, w: f(value))


def writes(f):
    def spoil(value, Z, dZ, Y, w):
        f(Z, dZ, Y, w)
        return value

    return broken(spoil)


def with_mean(value, Z, dZ, Y, w):
    """Forgets the weights everywhere."""
    dZ[:] = (expit(Z) - Y) / len(Z)
    return float((np.logaddexp(0, Z) - Y * Z).sum(axis=1).mean())


def half_precise(Z, dZ, Y, w):
    if dZ.dtype == np.float32:
        dZ[:] = np.round(dZ, 2)


def overflowing(value, Z, dZ, Y, w):
    return value if Z.dtype == np.float64 else value * float("inf")


FAULTS = {
    "None": (returns(lambda value: None), "finite float, got None"),
    "float32 value": (returns(np.float32), r"finite float, got np.float32\("),
    "NaN": (returns(lambda value: float("nan")), "finite float, got nan"),
    "overflow": (broken(overflowing), "finite float, got inf"),
    "not in place": (writes(lambda Z, dZ, Y, w: np.copyto(dZ, Z)), "overwrite Z with dZ"),
    "Y": (writes(lambda Z, dZ, Y, w: Y.fill(0)), "must not write to Y"),
    "weight": (writes(lambda Z, dZ, Y, w: np.multiply(w, 2, out=w)), "must not write to weight"),
    "infinite dZ": (writes(lambda Z, dZ, Y, w: dZ[3].fill(np.inf)), "dZ must be finite, got inf"),
    "sign": (writes(lambda Z, dZ, Y, w: np.negative(dZ, out=dZ)), "gradient of the value"),
    "factor": (writes(lambda Z, dZ, Y, w: np.multiply(dZ, 1.001, out=dZ)), "of 20 entries"),
    "two entries": (writes(lambda Z, dZ, Y, w: dZ[4:6].fill(1)), r"2 of 20 .*dZ\[4, 0\] is 1,"),
    "weighted twice": (
        writes(lambda Z, dZ, Y, w: np.multiply(dZ, w[:, None], out=dZ)),
        "gradient of the value",
    ),
    "no weights": (broken(with_mean), "weight 0 must not count"),
    "float32": (writes(half_precise), "float32 must give what float64 does"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_trial_finds(fault):
    loss, message = FAULTS[fault]
    with pytest.raises(ValueError, match=f"^loss: Spoiled, for a 'binary' target: .*{message}"):
        check_loss(loss, "binary")


def test_an_intact_spoiled_loss_passes():
    check_loss(returns(lambda value: value), "binary")


@pytest.mark.parametrize("method", ["link", "proba"])
@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda self, Z: expit(Z, out=Z), "leave Z alone and return a new array"),
        (lambda self, Z: Z, "leave Z alone and return a new array"),
        (lambda self, Z: np.hstack([1 - expit(Z), expit(Z)]), r"shaped like Z, \(20, 1\); got"),
        (lambda self, Z: None, r"shaped like Z, \(20, 1\); got \(\)"),
    ],
    ids=["writes to Z", "Z itself", "two columns", "nothing"],
)
def test_the_trial_finds_a_broken_link(method, f, message):
    loss = type("Own", (SigmoidCrossEntropy,), {method: f})()
    if method == "link":
        loss.proba = expit
    with pytest.raises(ValueError, match=rf"{method}\(Z\) must (be )?{message}"):
        check_loss(loss, "binary")


def test_the_trial_wants_an_output_loss():
    class Forgot(Loss):
        def on(self, target):
            return None

    with pytest.raises(ValueError, match=r"`on` that returns an OutputLoss .*'binary'.* got None"):
        check_loss(Forgot().on("binary"), "binary")


def test_the_trial_finds_a_value_that_counts_a_sample_of_weight_zero():
    class CountingError(IdentitySquaredError):
        def value_and_gradient(self, Z, Y, weight, scratch):
            extra = 1e-3 * float(np.square(Z[weight == 0]).sum())
            return super().value_and_gradient(Z, Y, weight, scratch) + extra

    with pytest.raises(ValueError, match="weight 0 must not count"):
        check_loss(CountingError(), "regression")


def test_the_trial_finds_a_mean_over_the_outputs():
    class MeanError(IdentitySquaredError):
        mean_over_outputs = False

    with pytest.raises(ValueError, match="`mean_over_outputs` tells of a mean"):
        check_loss(MeanError(), "regression")


def test_the_trial_finds_an_error_in_one_class():
    class OneClass(SoftmaxCrossEntropy):
        def value_and_gradient(self, Z, Y, weight, scratch):
            value = super().value_and_gradient(Z, Y, weight, scratch)
            Z[:, 2] *= 1.1
            return value

    with pytest.raises(ValueError, match=r"dZ\[\d+, 2\]"):
        check_loss(OneClass(), "multiclass")


def test_logarithms_of_probabilities():
    Z = np.random.default_rng(0).standard_normal((5, 3))
    for (name, kind), option in OPTIONS.items():
        if kind == "regression":
            continue
        exclusive = kind == "multiclass"
        log_A = log_expit(Z) if name == "squared_error" else Z
        expected = log_softmax(log_A, axis=1) if exclusive else log_expit(Z)
        assert_allclose(option.on(kind).log_proba(Z), expected, rtol=1e-12)
