"""Bad input gets one clear error that says what came, and an error changes nothing."""

import re
import warnings
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.activations import LeakyReLU, ReLU
from skbackprop.estimators import build as _setup
from skbackprop.estimators import choices as _options
from skbackprop.estimators import compat as _compat
from skbackprop.estimators.choices import CHOICES, Choice
from skbackprop.initializers import Normal
from skbackprop.losses import LOSSES, CrossEntropy, LogLoss, Loss
from skbackprop.network import Network
from skbackprop.normalization import LayerNorm
from skbackprop.optimizers import LBFGS, SGD, Adam, AdamW, RMSprop
from skbackprop.schedules import Adaptive, Constant, InvScaling

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.default_rng(0)
X, y = rng.standard_normal((40, 4)), np.arange(40) % 3
Y_labels = np.stack([y > 0, y > 1, y == 0], axis=1).astype(int)
X.flags.writeable = y.flags.writeable = False


def net(**params):
    """4 features, 3 hidden units, 3 classes."""
    return BackpropClassifier(
        **{"hidden_layer_sizes": (3,), "max_iter": 3, "random_state": 0, **params}
    )


def but(array, index, value):
    """A copy of the array with one entry replaced."""
    array = np.array(array, dtype=float)
    array[index] = value
    return array


def raises(*words, error=ValueError):
    """The error's message has all of the words, in this order."""
    return pytest.raises(error, match="(?s)" + ".*".join(re.escape(word) for word in words))


# X


@pytest.mark.parametrize(("value", "name"), [(np.nan, "NaN"), (np.inf, "inf"), (-np.inf, "inf")])
@pytest.mark.parametrize("method", ["fit", "partial_fit", "predict", "predict_proba"])
def test_non_finite_x(method, value, name):
    clf = net().fit(X, y)
    arguments = (y,) if method.endswith("fit") else ()
    with raises("Input X contains", name):
        getattr(clf, method)(but(X, (5, 1), value), *arguments)


@pytest.mark.parametrize(
    "method",
    ["partial_fit", "predict", "predict_proba", "predict_log_proba", "decision_function"],
)
def test_wrong_number_of_features(method):
    clf = net().fit(X, y)
    arguments = (y,) if method.endswith("fit") else ()
    with raises("X has 3 features", "expecting 4 features"):
        getattr(clf, method)(X[:, :3], *arguments)


def test_wrong_number_of_features_in_a_warm_start():
    with raises("X has 3 features", "expecting 4 features"):
        net(warm_start=True).fit(X, y).fit(X[:, :3], y)


def test_lengths_of_x_and_y():
    with raises("inconsistent numbers of samples", "40", "39"):
        net().fit(X, y[:39])


@pytest.mark.parametrize("method", ["predict", "predict_proba", "coefs_", "intercepts_"])
def test_not_fitted(method):
    with raises("not fitted", error=NotFittedError):
        getattr(net(), method)(X)


# y and classes


def test_non_finite_y():
    with raises("Input y contains NaN"):
        net().fit(X, but(y, 0, np.nan))


def test_continuous_y():
    with raises("continuous"):
        net().fit(X, X[:, 0])


def test_several_classes_per_sample():
    with raises("y must", "multiclass-multioutput", "(40, 2)"):
        net().fit(X, np.stack([y, y], axis=1))


def test_first_partial_fit_needs_classes():
    with raises("classes must be passed on the first call to partial_fit"):
        net().partial_fit(X, y)


@pytest.mark.parametrize("fitted", [False, True])
def test_unknown_labels_in_partial_fit(fitted):
    clf = net().fit(X, y) if fitted else net()
    with raises("`y` has classes not in", "[0 1 2]", "[0 1 2 7]"):
        clf.partial_fit(X, but(y, 3, 7).astype(int), classes=[0, 1, 2])


def test_labels_of_another_type_in_partial_fit():
    with raises("`y` has classes not in", "['a' 'b']", "[0 1 2]"):
        net().partial_fit(X, y, classes=np.array(["a", "b"], dtype=object))


def test_other_classes_in_a_later_partial_fit():
    clf = net().partial_fit(X, y, classes=[0, 1, 2])
    with raises("classes=[0, 1, 5]", "not the same as on last call", "[0, 1, 2]"):
        clf.partial_fit(X, y, classes=[0, 1, 5])


@pytest.mark.parametrize(
    "classes", [[0, 1, 2, np.nan], [[0, 1, 2]], [0, 1, 2.5], 3, "abc", []], ids=str
)
def test_classes_that_are_no_list_of_classes(classes):
    with raises("classes"):
        net().partial_fit(X, y, classes=classes)


def test_other_classes_in_a_warm_start():
    with raises("warm_start", "same classes", "[0 1 2]", "[0 1]"):
        net(warm_start=True).fit(X, y).fit(X, y % 2)


@pytest.mark.parametrize(("first", "then"), [(y, Y_labels), (Y_labels, y)])
def test_partial_fit_keeps_the_kind_of_target(first, then):
    clf = net().partial_fit(X, first, classes=[0, 1, 2])
    with raises("y must be a", "target"):
        clf.partial_fit(X, then)


@pytest.mark.parametrize(("first", "then"), [(y, Y_labels), (Y_labels, y)])
def test_warm_start_keeps_the_kind_of_target(first, then):
    with raises("y must be a", "target"):
        net(warm_start=True).fit(X, first).fit(X, then)


def test_classes_name_the_label_columns():
    with raises("classes must name the 3 columns of y", "[0, 1]"):
        net().partial_fit(X, Y_labels, classes=[0, 1])


@pytest.mark.parametrize("columns", [[0, 1], [0, 1, 2, 0]])
def test_number_of_label_columns_in_a_later_partial_fit(columns):
    clf = net().partial_fit(X, Y_labels, classes=[0, 1, 2])
    with raises("`y`"):
        clf.partial_fit(X, Y_labels[:, columns])


# Parameters


SIZES = [0, -1, (5, 0), (5, -1), 2.5, [10, 2.5], "abc", ["3"], True, [True, 3], None, [[1, 2]]]


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_hidden_layer_sizes(sizes):
    with raises("hidden_layer_sizes", "must be", "ot ", str(sizes).strip("[]()")):
        net(hidden_layer_sizes=sizes).fit(X, y)


@pytest.mark.parametrize(
    "sizes",
    [10**12, 10**18, 10**30, (10**7, 10**7), pytest.param(10**400, id="10**400")],
)
def test_absurd_hidden_layer_sizes(sizes):
    with raises("hidden_layer_sizes=", "parameters", "can't be allocated"):
        net(hidden_layer_sizes=sizes).fit(X, y)


def test_other_layers_in_a_warm_start():
    clf = net(warm_start=True).fit(X, y).set_params(hidden_layer_sizes=(3, 2))
    with raises("hidden_layer_sizes=(3, 2)", "(3,)"):
        clf.fit(X, y)


CHOICES_AND_LOSS = {**CHOICES, "loss": Choice(LOSSES, Loss)}


@pytest.mark.parametrize("name", CHOICES_AND_LOSS)
def test_unknown_string(name):
    registry, base, _ = CHOICES_AND_LOSS[name]
    with raises(f"'{name}' parameter of BackpropClassifier", base.__name__, "Got 'foo'") as info:
        net(**{name: "foo"}).fit(X, y)
    assert all(repr(allowed) in str(info.value) for allowed in registry)


@pytest.mark.parametrize("name", CHOICES_AND_LOSS)
@pytest.mark.parametrize("value", [ReLU(), Normal(), SGD(), Constant(), LogLoss(), Adam, 3, None])
def test_wrong_type_of_option(name, value):
    _, base, others = CHOICES_AND_LOSS[name]
    if isinstance(value, base) or value in others:
        net(**{name: value}).fit(X, y)
    elif callable(value) and callable in others:
        with raises(name, repr(value)):
            net(**{name: value}).fit(X, y)
    elif value is Adam and issubclass(Adam, base):
        with raises("solver=Adam is a class", "solver=Adam()"):
            net(solver=Adam).fit(X, y)
    else:
        with raises(f"'{name}' parameter of BackpropClassifier", base.__name__, "Got"):
            net(**{name: value}).fit(X, y)


@pytest.mark.parametrize(
    ("name", "cls"), [(name, c) for name, r in CHOICES_AND_LOSS.items() for c in r[0].values()]
)
def test_a_class_in_place_of_its_object(name, cls):
    with raises(f"{name}={cls.__name__} is a class", f"Instantiate it: {name}={cls.__name__}()"):
        net(**{name: cls}).fit(X, y)
    if name == "activation":
        with raises(f"Instantiate it: activation={cls.__name__}()"):
            net(activation=[cls]).fit(X, y)


@pytest.mark.parametrize("name", CHOICES_AND_LOSS)
def test_hyperparameters_of_a_string(name):
    for string, cls in CHOICES_AND_LOSS[name].registry.items():
        clf = net(**{name: string}, alpha=0.5)
        words = (
            f"{name}__foo can't be set",
            f"{name}={string!r} isn't an object",
            f"{cls.__name__}()",
        )
        with raises(*words):
            clf.set_params(**{"alpha": 1.0, f"{name}__foo": 0.1})
        assert clf.alpha == 0.5
    with raises("normalization=None isn't an object"):
        net().set_params(normalization__momentum=0.1)
    with raises("solver='no such' isn't an object", "Give one"):
        net(solver="no such").set_params(solver__weight_decay=0.1)
    both = net().set_params(solver__weight_decay=0.2, solver=AdamW())
    assert both.solver.weight_decay == 0.2
    with raises("'foo'"):
        net().set_params(foo__bar=1)


TRIALS = "activation", "initializer", "normalization", "optimizer", "schedule", "loss"


@pytest.fixture
def trials(monkeypatch):
    """How often each kind of option has had its trial."""
    counts = dict.fromkeys(TRIALS, 0)

    def counted(name, trial):
        def counting(*arguments):
            counts[name] += 1
            trial(*arguments)

        return counting

    for name in TRIALS:
        module, check = _setup if name == "loss" else _options, f"check_{name}"
        monkeypatch.setattr(module, check, counted(name, getattr(module, check)))
    monkeypatch.setattr(_options, "_PASSED", set())
    return counts


def own(cls):
    """A subclass of an option that isn't ours, though it does the same."""
    return dataclass(frozen=True)(type(f"My{cls.__name__}", (cls,), {}))


def test_own_options_have_one_trial_each(trials):
    classes = {
        "activation": own(LeakyReLU),
        "weight_init": own(Normal),
        "normalization": own(LayerNorm),
        "solver": own(Adam),
        "learning_rate": own(Adaptive),
        "loss": own(CrossEntropy),
    }
    options = {name: cls() for name, cls in classes.items()}
    clf = net(**options)
    for _ in range(3):
        clf.partial_fit(X, y, classes=[0, 1, 2])
    deepcopy(clf).partial_fit(X, y)
    clone(clf).fit(X, y)
    assert trials == dict.fromkeys(TRIALS, 1)
    net(**options).fit(X, y % 2)  # another form of the loss
    assert trials == {**dict.fromkeys(TRIALS, 1), "loss": 2}
    clf.set_params(activation__slope=0.2).partial_fit(X, y)
    assert trials["activation"] == 2
    options["activation"].set_params(slope=0.3)
    clf.partial_fit(X, y)
    assert trials["activation"] == 3


def test_a_failed_trial_is_repeated(trials):
    wrong = np.tanh, np.cos
    for k in 1, 2:
        with raises("activation", "derivative"):
            net(activation=wrong).fit(X, y)
        assert trials["activation"] == k


def test_what_may_change_is_tried_again(trials):
    @dataclass(frozen=True)
    class Listed(LeakyReLU):
        slopes: tuple = ()

    clf = net(activation=Listed(slopes=[0.1])).fit(X, y).fit(X, y)
    assert trials["activation"] == 2
    clf.set_params(activation=Listed(slopes=(0.1,))).fit(X, y).fit(X, y)
    assert trials["activation"] == 3


def test_the_defaults_are_allowed():
    """They aren't looked at in `fit`."""
    for cls in BackpropClassifier, BackpropRegressor:
        params = cls().get_params(deep=False)
        _compat.validate_parameter_constraints(cls._parameter_constraints, params, cls.__name__)
        assert params.keys() == cls._parameter_constraints.keys()


BAD_FIELDS = [
    ("solver", Adam(beta_1=2), "beta_1", "2"),
    ("solver", Adam(epsilon=0.0), "epsilon", "0.0"),
    ("solver", SGD(momentum=-0.1), "momentum", "-0.1"),
    ("solver", SGD(nesterovs_momentum="yes"), "nesterovs_momentum", "'yes'"),
    ("solver", LBFGS(memory=0), "memory", "0"),
    ("solver", LBFGS(max_fun=1.5), "max_fun", "1.5"),
    ("learning_rate", Adaptive(divisor=1.0), "divisor", "1.0"),
    ("learning_rate", InvScaling(power_t=-1), "power_t", "-1"),
    ("learning_rate", Constant(warmup=1.0), "warmup", "1.0"),
    ("solver", AdamW(weight_decay=-1.0), "weight_decay", "-1.0"),
    ("solver", RMSprop(rho=1.0), "rho", "1.0"),
    ("weight_init", Normal(scale=0), "scale", "0"),
    ("weight_init", Normal(scale="big"), "scale", "'big'"),
    ("weight_init", Normal(scale=np.nan), "scale", "nan"),
]


@pytest.mark.parametrize(("name", "option", "field", "value"), BAD_FIELDS)
def test_bad_hyperparameter_of_an_option(name, option, field, value):
    with raises(f"'{field}' parameter of {type(option).__name__} must be", f"Got {value}"):
        net(**{name: option}).fit(X, y)


def test_unknown_hyperparameter_of_an_option():
    with raises("'beta_3'", "Adam", "beta_1"):
        net(solver=Adam()).set_params(solver__beta_3=0.5)


BAD_PARAMETERS = {
    "alpha": [-1, "a"],
    "batch_size": [0, -5, 2.5, "all"],
    "learning_rate_init": [0, -1.0],
    "max_iter": [0, 2.5],
    "tol": [-1],
    "validation_fraction": [-0.1, 1.0],
    "n_iter_no_change": [0, 1.5],
    "momentum": [2, -0.1],
    "beta_1": [1.0],
    "beta_2": [-0.1],
    "epsilon": [0],
    "power_t": [-1],
    "max_fun": [0],
    "shuffle": ["yes"],
    "warm_start": [None],
    "early_stopping": [2],
    "random_state": ["seed"],
}


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, values in BAD_PARAMETERS.items() for value in values],
)
def test_bad_parameter(name, value):
    with raises(f"'{name}' parameter of BackpropClassifier must be", f"Got {value!r}"):
        net(**{name: value}).fit(X, y)


def test_lbfgs_has_no_partial_fit():
    for solver in ("lbfgs", LBFGS()):
        assert not hasattr(net(solver=solver), "partial_fit")
    with pytest.raises(AttributeError, match="partial_fit") as info:
        _ = net(solver="lbfgs").partial_fit
    assert "lbfgs is not stochastic" in str(info.value.__cause__)


# The validation split


def test_partial_fit_has_no_early_stopping():
    with raises("partial_fit does not support early_stopping=True"):
        net(early_stopping=True).partial_fit(X, y, classes=[0, 1, 2])


@pytest.mark.parametrize("fraction", [0, 0.0, 0.01])
def test_empty_validation_split(fraction):
    with raises("validation set is too small", f"validation_fraction={fraction}", "40"):
        net(early_stopping=True, validation_fraction=fraction).fit(X, y)


@pytest.mark.parametrize("n", [1, 3, 8])
def test_validation_split_of_tiny_data(n):
    with raises("validation_fraction=0.1"):
        net(early_stopping=True).fit(X[:n], y[:n])


def test_empty_training_split():
    with raises("validation_fraction=0.99", "train set will be empty"):
        net(early_stopping=True, validation_fraction=0.99).fit(X, y)


def test_class_with_one_member_under_a_stratified_split():
    with raises("early_stopping=True", "only 1 member"):
        net(early_stopping=True).fit(X, np.arange(40) == 7)


def test_part_of_the_split_without_weight():
    errors = []
    for one in np.eye(40):  # the sample with a weight is in one of the parts
        with raises("sample_weight", "part", "more than zero") as info:
            net(early_stopping=True).fit(X, y, sample_weight=one)
        errors.append(str(info.value))
    assert sum("validation part" in error for error in errors) == 36
    assert sum("training part" in error for error in errors) == 4


# sample_weight


@pytest.mark.parametrize(("value", "name"), [(np.nan, "NaN"), (np.inf, "inf")])
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_non_finite_sample_weight(method, value, name):
    with raises("sample_weight contains", name):
        getattr(net().fit(X, y), method)(X, y, sample_weight=but(np.ones(40), 3, value))


WEIGHTS = {
    "zero": (np.zeros(40), ["non-zero"]),
    "zero for all": (0, ["non-zero"]),
    "negative": (-np.ones(40), ["sample_weight", "more than zero", "-40"]),
    "positive and negative": (np.repeat([1.0, -1.0], 20), ["sample_weight", "more than zero"]),
    "too short": (np.ones(39), ["sample_weight", "(39,)", "(40,)"]),
    "too long": (np.ones(41), ["sample_weight", "(41,)", "(40,)"]),
    "a column": (np.ones((40, 1)), ["ample", "weight", "1D", "2D"]),
    "infinite sum": (np.full(40, 1e308), ["sample_weight"]),
}


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
@pytest.mark.parametrize(("weight", "words"), WEIGHTS.values(), ids=WEIGHTS)
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_sample_weight(solver, weight, words):
    with raises(*words):
        net(solver=solver).fit(X, y, sample_weight=weight)


# First values


W1, W2, b1, b2 = np.ones((4, 3)), np.ones((3, 3)), np.ones(3), np.ones(3)
ARRAYS = {
    "too few": ([W1], "must be a list of 2 arrays", "got 1"),
    "too many": ([W1, W2, W2], "must be a list of 2 arrays", "got 3"),
    "transposed": ([W1.T, W2], "[0] must have shape (4, 3)", "got (3, 4)"),
    "wrong last": ([W1, W2[:2]], "[1] must have shape (3, 3)", "got (2, 3)"),
    "NaN": ([W1, but(W2, (0, 0), np.nan)], "[1] must hold finite numbers", "NaN"),
    "inf": ([but(W1, (0, 0), np.inf), W2], "[0] must hold finite numbers", "inf"),
    "strings": ([W1, np.full((3, 3), "a")], "[1] must hold finite numbers", "<U1"),
    "complex": ([W1, W2 * 1j], "[1]", "complex"),
    "objects": ([W1, W2.astype(object)], "[1] must hold finite numbers", "object"),
    "ragged": ([[[1.0], [2.0, 3.0]], W2], "[0]", ""),
    "None in it": ([W1, None], "[1] must have shape (3, 3)", ""),
    "a number": (5, "must be a list of 2 arrays", ""),
    "a string": ("abc", "must be a list of 2 arrays", ""),
}
each_list = pytest.mark.parametrize(("arrays", "allowed", "got"), ARRAYS.values(), ids=ARRAYS)


@each_list
def test_coefs_init(arrays, allowed, got):
    with raises("coefs_init", allowed, got):
        net().fit(X, y, coefs_init=arrays)


@each_list
def test_coefs_setter(arrays, allowed, got):
    clf = net().fit(X, y)
    before = clf._network.theta.copy()
    with raises("coefs_", allowed, got):
        clf.coefs_ = arrays
    assert_array_equal(clf._network.theta, before)


BIASES = {
    "too few": ([b1], "must be a list of 2 arrays", "got 1"),
    "a row": ([b1[None, :], b2], "[0] must have shape (3,)", "got (1, 3)"),
    "NaN": ([b1, but(b2, 0, np.nan)], "[1] must hold finite numbers", "NaN"),
    "strings": ([b1, ["a", "b", "c"]], "[1] must hold finite numbers", "<U1"),
}
each_bias = pytest.mark.parametrize(("arrays", "allowed", "got"), BIASES.values(), ids=BIASES)


@each_bias
def test_intercepts_init(arrays, allowed, got):
    with raises("intercepts_init", allowed, got):
        net().partial_fit(X, y, classes=[0, 1, 2], intercepts_init=arrays)


@each_bias
def test_intercepts_setter(arrays, allowed, got):
    clf = net().fit(X, y)
    before = clf._network.theta.copy()
    with raises("intercepts_", allowed, got):
        clf.intercepts_ = arrays
    assert_array_equal(clf._network.theta, before)


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
def test_values_that_overflow_in_float32():
    clf = net().fit(X.astype(np.float32), y)
    with raises("coefs_", "[1]", "finite"):
        clf.coefs_ = [W1, W2 * 1e300]
    assert np.all(np.isfinite(clf.coefs_[1]))
    with raises("coefs_init", "[1]", "finite"):
        net().fit(X.astype(np.float32), y, coefs_init=[W1, W2 * 1e300])


def test_setters_and_first_values_copy():
    coefs, intercepts = [W1.copy(), W2.copy()], [b1.copy(), b2.copy()]
    clf = net(learning_rate_init=0.1).fit(X, y, coefs_init=coefs, intercepts_init=intercepts)
    for array, start in zip(coefs + intercepts, [W1, W2, b1, b2], strict=True):
        assert_array_equal(array, start)
    clf.coefs_, clf.intercepts_ = coefs, intercepts
    assert_array_equal(clf._network.theta, np.ones(27))
    for array in coefs + intercepts:
        array[...] = 5.0
    assert_array_equal(clf._network.theta, np.ones(27))


@pytest.mark.parametrize(
    ("name", "arrays"), [("coefs_init", [W1, W2]), ("intercepts_init", [b1, b2])]
)
def test_first_values_only_come_first(name, arrays):
    with raises(name):
        net().fit(X, y).partial_fit(X, y, **{name: arrays})
    with raises(name):
        net(warm_start=True).fit(X, y).fit(X, y, **{name: arrays})
    net().fit(X, y).fit(X, y, **{name: arrays})


# Divergence


NON_FINITE = "Solver produced non-finite parameter weights"


@pytest.mark.parametrize("params", [{}, {"momentum": 0.0}, {"batch_size": 7}], ids=str)
def test_huge_learning_rate_diverges(params):
    with raises(NON_FINITE):
        net(solver="sgd", learning_rate_init=1e308, max_iter=20, **params).fit(X, y)


def test_x_near_the_float_maximum_diverges():
    with raises(NON_FINITE):
        net(solver="sgd", max_iter=20).fit(X * 1e307, y)


def test_early_stopping_keeps_the_best_epoch_before_divergence():
    clf = net(solver="sgd", learning_rate_init=1e50, early_stopping=True, max_iter=20)
    with pytest.warns(ConvergenceWarning, match="diverged in epoch"):
        clf.fit(X, y)
    assert all(np.all(np.isfinite(W)) for W in clf.coefs_ + clf.intercepts_)
    assert clf.n_iter_ < 20
    assert clf.outcome_ == "diverged"


def test_diverging_first_fit_leaves_an_unfitted_estimator():
    clf = net(solver="sgd", learning_rate_init=1e308)
    before = vars(clf).copy()
    with raises(NON_FINITE):
        clf.fit(X, y)
    assert vars(clf) == before


# An error changes nothing


def with_params(call, **params):
    """A call under parameters that are put back after it."""

    def changed(clf):
        before = clf.get_params(deep=False)
        try:
            call(clf.set_params(**params))
        finally:
            clf.set_params(**{name: before[name] for name in params})

    return changed


ones = np.ones(40)
FAILING_CALLS = {
    "fit, NaN in X": lambda c: c.fit(but(X, (0, 0), np.nan), y),
    "fit, other features, bad y": lambda c: c.fit(X[:, :2], X[:, 0]),
    "fit, other classes, bad weight": lambda c: c.fit(X, y % 2, sample_weight=-ones),
    "fit, labels, bad weight": lambda c: c.fit(X, Y_labels, sample_weight=ones[1:]),
    "fit, bad coefs_init": lambda c: c.fit(X, y, coefs_init=[W1, W2 * np.nan]),
    "fit, bad intercepts_init": lambda c: c.fit(X, y, intercepts_init=[b1]),
    "fit, unknown string": with_params(lambda c: c.fit(X, y), loss="foo"),
    "fit, absurd sizes": with_params(lambda c: c.fit(X, y), hidden_layer_sizes=10**12),
    "fit, empty split": with_params(
        lambda c: c.fit(X, y), early_stopping=True, validation_fraction=0
    ),
    "fit, one member": with_params(lambda c: c.fit(X, np.arange(40) == 7), early_stopping=True),
    "fit, divergence": with_params(
        lambda c: c.fit(X, y), solver="sgd", learning_rate_init=1e308, max_iter=20
    ),
    "warm start, other classes": with_params(lambda c: c.fit(X, y % 2), warm_start=True),
    "warm start, other layers": with_params(
        lambda c: c.fit(X, y), warm_start=True, hidden_layer_sizes=(4,)
    ),
    "warm start, divergence": with_params(
        lambda c: c.fit(X, y), warm_start=True, solver="sgd", learning_rate_init=1e308, max_iter=20
    ),
    "partial_fit, NaN in X": lambda c: c.partial_fit(but(X, (0, 0), np.nan), y),
    "partial_fit, features": lambda c: c.partial_fit(X[:, :3], y),
    "partial_fit, unknown label": lambda c: c.partial_fit(X, y + 1),
    "partial_fit, classes": lambda c: c.partial_fit(X, y, classes=[0, 1]),
    "partial_fit, labels": lambda c: c.partial_fit(X, Y_labels),
    "partial_fit, weight": lambda c: c.partial_fit(X, y, sample_weight=0 * ones),
    "partial_fit, coefs_init": lambda c: c.partial_fit(X, y, coefs_init=[W1, W2]),
    "partial_fit, early stopping": with_params(lambda c: c.partial_fit(X, y), early_stopping=True),
    # the last batches diverge, after good steps in the first ones
    "partial_fit, divergence": with_params(
        lambda c: c.partial_fit(np.vstack([X, X * 1e307]), np.tile(y, 2)),
        shuffle=False,
        batch_size=10,
        learning_rate_init=1e10,
        solver=SGD(),
    ),
    "predict, features": lambda c: c.predict(X[:, :3]),
    "predict_proba, NaN": lambda c: c.predict_proba(but(X, (0, 0), np.nan)),
    "coefs_, shape": lambda c: setattr(c, "coefs_", [W1, W1]),
    "intercepts_, NaN": lambda c: setattr(c, "intercepts_", [b1, b2 * np.nan]),
}


def fitted_state(clf):
    """Every fitted attribute, copied, and what the estimator says of X."""
    state = {name: getattr(clf, name) for name in vars(clf) if name.endswith("_")}
    if "history_" in state:
        state["history_"] = {k: v for k, v in state["history_"].items() if k != "seconds"}
    state |= {"coefs_": clf.coefs_, "intercepts_": clf.intercepts_, "p": clf.predict_proba(X)}
    return deepcopy({"params": clf.get_params(), **state})


def assert_same_state(a, b):
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_equal(a[name], b[name], err_msg=name)


@pytest.mark.parametrize("call", FAILING_CALLS.values(), ids=FAILING_CALLS)
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_a_failed_call_changes_nothing(solver, call):
    clf = net(solver=solver, learning_rate="invscaling").fit(X, y)
    twin = deepcopy(clf)
    state = fitted_state(clf)
    with pytest.raises(ValueError, match=r"\w"):
        call(clf)
    assert_same_state(fitted_state(clf), state)
    for trained in clf, twin:
        trained.partial_fit(X, y).partial_fit(X, y)
        trained.set_params(warm_start=True).fit(X, y)
    assert_same_state(fitted_state(clf), fitted_state(twin))


# Ctrl-C


def interrupt_after(k, monkeypatch):
    """Ctrl-C arrives in the k-th call (from 0) for loss and gradient."""
    original, calls = Network.data_loss_and_gradient, iter(range(10**6))

    def data_loss_and_gradient(self, batch):
        if next(calls) >= k:
            raise KeyboardInterrupt
        return original(self, batch)

    monkeypatch.setattr(Network, "data_loss_and_gradient", data_loss_and_gradient)


# four batches in an epoch, also where four of the samples are set aside
INTERRUPTIBLE = [
    {"solver": "adam", "batch_size": 10},
    {"solver": "sgd", "batch_size": 10, "early_stopping": True},
    {"solver": "lbfgs"},
]


@pytest.mark.parametrize("k", [0, 1, 6, 9])
@pytest.mark.parametrize("params", INTERRUPTIBLE, ids=lambda params: params["solver"])
def test_ctrl_c_leaves_a_usable_model(params, k, monkeypatch):
    clf = net(max_iter=50, **params)
    with monkeypatch.context() as patch:
        interrupt_after(k, patch)
        with pytest.warns(UserWarning, match=r"Training interrupted by user\."):
            clf.fit(X, y)
    finished = net(**params).fit(X, y)
    assert vars(clf).keys() == vars(finished).keys()
    assert all(np.all(np.isfinite(array)) for array in clf.coefs_ + clf.intercepts_)
    assert clf.n_iter_ == len(clf.loss_curve_)
    assert clf.predict(X).shape == (40,)
    assert np.all(np.isfinite(clf.predict_log_proba(X)))


@pytest.mark.parametrize("params", INTERRUPTIBLE, ids=lambda params: params["solver"])
def test_ctrl_c_before_the_first_step_keeps_the_first_values(params, monkeypatch):
    clf = net(**params)
    interrupt_after(0, monkeypatch)
    with pytest.warns(UserWarning, match="interrupted"):
        clf.fit(X, y, coefs_init=[W1, W2], intercepts_init=[b1, b2])
    assert_array_equal(clf._network.theta, np.ones(27))
    assert clf.n_iter_ == 0
    assert np.isnan(clf.loss_)


def test_ctrl_c_keeps_what_was_learned(monkeypatch):
    interrupt_after(8, monkeypatch)  # two full epochs
    with pytest.warns(UserWarning, match="interrupted"):
        clf = net(batch_size=10, max_iter=50).fit(X, y)
    monkeypatch.undo()
    two_epochs = net(batch_size=10, max_iter=2).fit(X, y)
    assert_same_state(
        {"theta": clf._network.theta, "t_": clf.t_, "loss_curve_": clf.loss_curve_},
        {"theta": two_epochs._network.theta, "t_": 80, "loss_curve_": two_epochs.loss_curve_},
    )


@pytest.mark.parametrize("k", range(2, 12, 3))
def test_ctrl_c_in_lbfgs_keeps_the_last_iterate(k, monkeypatch):
    """Not the point that the line search was about to try."""
    with monkeypatch.context() as patch:
        interrupt_after(k, patch)
        with pytest.warns(UserWarning, match="interrupted"):
            clf = net(solver="lbfgs", max_iter=50).fit(X, y)
    shorter = net(solver="lbfgs", max_iter=clf.n_iter_).fit(X, y)
    assert_array_equal(clf._network.theta, shorter._network.theta)
    assert clf.loss_ == shorter.loss_


def test_ctrl_c_with_early_stopping_keeps_the_best_epoch(monkeypatch):
    params = {"early_stopping": True, "batch_size": 36, "learning_rate_init": 0.05, "max_iter": 30}
    full = net(n_iter_no_change=30, **params).fit(X, y)
    best = int(np.argmax(full.validation_scores_)) + 1
    interrupt_after(best + 3, monkeypatch)
    with pytest.warns(UserWarning, match="interrupted"):
        clf = net(n_iter_no_change=30, **params).fit(X, y)
    assert clf.n_iter_ == best + 3
    assert_array_equal(clf._network.theta, full._network.theta)


def test_ctrl_c_during_partial_fit(monkeypatch):
    clf = net(batch_size=10).fit(X, y)
    with monkeypatch.context() as patch:
        interrupt_after(2, patch)
        with pytest.raises(KeyboardInterrupt):
            clf.partial_fit(X, y)
    assert clf.n_iter_ == 0
    assert clf.partial_fit(X, y).n_iter_ == 1


def files_of_warnings(method):
    """Where the warnings of a call on X and y point to."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        method(X, y)
    assert caught
    return {w.filename for w in caught}


@pytest.mark.parametrize("batch_size", ["auto", 1000], ids=["not converged", "clipped"])
def test_warnings_point_at_the_users_line(batch_size):
    clf = net(max_iter=2, batch_size=batch_size)
    pipeline = make_pipeline(StandardScaler(), clf)
    search = GridSearchCV(pipeline, {"backpropclassifier__alpha": [0.1]}, cv=2)
    for estimator in clf, pipeline, search:
        assert files_of_warnings(estimator.fit) == {__file__}
    if batch_size != "auto":
        assert files_of_warnings(clf.partial_fit) == {__file__}


def test_a_warning_where_the_caller_has_no_name():
    clf = net(max_iter=2)
    with pytest.warns(ConvergenceWarning):
        exec("clf.fit(X, y)", {"clf": clf, "X": X, "y": y})
    assert clf.n_iter_ == 2


def test_ctrl_c_elsewhere_changes_nothing(monkeypatch):
    """Outside of training there is no half-trained model to keep: the interrupt goes on."""
    clf = net().fit(X, y)
    state = fitted_state(clf)

    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("skbackprop.estimators.samples.Minibatches", interrupt)
        with pytest.raises(KeyboardInterrupt):
            clf.fit(X[:, :2], y % 2)
    assert_same_state(fitted_state(clf), state)


def test_one_array_of_coefs_can_be_assigned():
    clf = net().fit(X, y)
    before = clf._network.theta.copy()
    with raises("coefs_[1]", "must have shape (3, 3)", "(4, 3)"):
        clf.coefs_[1] = W1
    assert_array_equal(clf._network.theta, before)
    clf.coefs_[1] = W2
    clf.intercepts_[:1] = [b1]
    assert_array_equal(clf.coefs_[1], W2)
    assert_array_equal(clf.intercepts_[0], b1)
    assert np.shares_memory(clf.coefs_[1], clf._network.theta)


def test_a_subclass_may_have_fewer_parameters():
    class Small(BackpropClassifier):
        def __init__(self, hidden_layer_sizes=(5,), random_state=None):
            super().__init__(hidden_layer_sizes, random_state=random_state)

    assert Small().fit(X, y).n_layers_ == 3


@dataclass(eq=False, repr=False)
class Other(BackpropClassifier):
    """A dataclass as its base is one: another default, and a parameter more."""

    alpha: float = 0.5
    extra: object = "anything"


def test_a_subclass_may_be_a_dataclass():
    clf = Other((3,), max_iter=2).fit(X, y)
    assert clf.alpha == 0.5
    assert clone(clf.set_params(extra=10)).get_params()["extra"] == 10
    with raises("'alpha' parameter of Other", "-1"):
        Other(alpha=-1).fit(X, y)
    assert clone(clf).partial_fit(X, y, classes=[0, 1, 2]).n_iter_ == 1


def test_the_parameter_warm_start_is_checked_first():
    clf = net().fit(X, y).set_params(warm_start=np.ones(2))
    with raises("'warm_start' parameter of BackpropClassifier"):
        clf.fit(X, y)


def test_a_schedule_without_patience():
    class Ready(Constant):
        patience = None

    net(learning_rate=dataclass(frozen=True)(Ready)()).fit(X, y)
