"""Random valid settings have the properties of an estimator; random invalid ones fail and say why.

SKBACKPROP_EXAMPLES sets how many are tried; `nox -s soak` takes 10,000 of each.
"""

import copy
import os
import pickle
import warnings

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy.sparse import csc_array, csr_array
from sklearn.base import clone

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.activations import ACTIVATIONS
from skbackprop.initializers import INITIALIZERS
from skbackprop.losses import LOSSES, REGRESSION_LOSSES
from skbackprop.normalization import NORMALIZATIONS
from skbackprop.optimizers import OPTIMIZERS
from skbackprop.schedules import SCHEDULES

EXAMPLES = int(os.environ.get("SKBACKPROP_EXAMPLES", "60"))
search = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES < 1000,
    suppress_health_check=list(HealthCheck),
)

RNG = np.random.default_rng(0)
N, D = 40, 6
X = RNG.standard_normal((N, D)) * (RNG.random((N, D)) < 0.7)
LABELS = {
    "binary": np.array(["no", "yes"])[RNG.integers(2, size=N)],
    "multiclass": RNG.integers(4, size=N) * 3,
    "multilabel": RNG.integers(2, size=(N, 3)),
    "one class": np.full(N, 7),
}
NUMBERS = {"one": RNG.random(N), "three": RNG.random((N, 3))}
FORMS = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "rows": lambda X: np.repeat(X, 2, axis=0)[::2],
    "csr": csr_array,
    "csc": csc_array,
    "list": lambda X: X.tolist(),
    "float32": lambda X: X.astype(np.float32),
    "int": lambda X: (4 * X).astype(np.int16),
}


def names(registry):
    return st.sampled_from(sorted(registry))


@st.composite
def params(draw, losses):
    """Parameters that go together."""
    hidden = draw(st.lists(st.integers(1, 6), max_size=3))
    p = {
        "hidden_layer_sizes": tuple(hidden),
        "activation": draw(
            st.one_of(names(ACTIVATIONS), st.tuples(*[names(ACTIVATIONS)] * len(hidden)))
        ),
        "loss": draw(names(losses)),
        "solver": draw(names(OPTIMIZERS)),
        "weight_init": draw(names(INITIALIZERS)),
        "alpha": draw(st.sampled_from([0.0, 1e-4, 1.0])),
        "l1_ratio": draw(st.sampled_from([0.0, 0.5, 1.0])),
        "learning_rate_init": draw(st.sampled_from([1e-3, 1e-2])),
        "max_iter": draw(st.integers(1, 4)),
        "random_state": draw(st.integers(0, 5)),
        "tol": draw(st.sampled_from([0.0, 0.1])),
        "input_scale": draw(st.sampled_from([0.0, 0.5, 6.0])),
    }
    if not isinstance(p["activation"], str) and len(hidden) == 0:
        p["activation"] = "relu"
    if p["solver"] == "lbfgs":
        return {**p, "normalization": draw(st.sampled_from([None, "layer"]))}
    return p | {
        "normalization": draw(st.sampled_from([None, *sorted(NORMALIZATIONS)])),
        "dropout": draw(st.sampled_from([0.0, 0.3])),
        "input_dropout": draw(st.sampled_from([0.0, 0.2])),
        "learning_rate": draw(names(set(SCHEDULES) - {"reduce_on_plateau"})),
        "batch_size": draw(st.sampled_from(["auto", 7, 20])),
        "shuffle": draw(st.booleans()),
        "clip_norm": draw(st.sampled_from([None, 1.0])),
        "max_norm": draw(st.sampled_from([None, 2.0])),
        "restore_best_weights": draw(st.sampled_from(["auto", True, False])),
    }


def fit(estimator, X, y, weight=None):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return estimator.fit(X, y, weight)


def failure(estimator, *data):
    """The message of the error of a fit that may fail; None if it doesn't."""
    try:
        fit(estimator, *data)
    except (ValueError, TypeError) as error:
        return str(error)
    return None


def same(a, b):
    """Fitted alike, to the bit."""
    assert a.loss_curve_ == b.loss_curve_
    for one, other in zip([*a.coefs_, *a.intercepts_], [*b.coefs_, *b.intercepts_], strict=True):
        assert_array_equal(one, other)


@search
@given(
    params=params(LOSSES),
    kind=st.sampled_from(sorted(LABELS)),
    form=st.sampled_from(sorted(FORMS)),
    weighted=st.booleans(),
)
def test_properties_of_a_classifier(params, kind, form, weighted):
    data, y = FORMS[form](X), LABELS[kind]
    weight = RNG.uniform(0.1, 2, N) if weighted else None
    before = copy.deepcopy((data, y, weight))
    clf = fit(BackpropClassifier(**params), data, y, weight)
    p, Z = clf.predict_proba(data), clf.decision_function(data)
    predicted = clf.predict(data)

    assert p.shape == (N, len(clf.classes_))
    assert np.isfinite(clf.predict_log_proba(data)).all()
    assert np.isfinite(Z).all()
    if kind == "multilabel":
        assert_array_equal(predicted, (Z > 0).astype(int))
    else:
        eps = np.finfo(p.dtype).eps
        np.testing.assert_allclose(p.sum(axis=1), 1.0, atol=10 * eps * len(clf.classes_))
        # the scores decide; probabilities of nearly equal ones can be equal when rounded
        chosen = p[np.arange(N), np.searchsorted(clf.classes_, predicted)]
        assert_array_equal(chosen, p.max(axis=1))
    if kind != "one class":
        assert ((p > 0) & (p < 1)).all()

    for one, other in zip(before, (data, y, weight), strict=True):
        one, other = (getattr(a, "toarray", lambda a=a: a)() for a in (one, other))
        assert_array_equal(one, other)
    same(fit(clone(clf), data, y, weight), clf)
    again = pickle.loads(pickle.dumps(clf))
    same(again, clf)
    assert_array_equal(again.predict_proba(data), p)
    assert clone(clf).get_params(deep=False).keys() == clf.get_params(deep=False).keys()


@search
@given(
    params=params(REGRESSION_LOSSES),
    outputs=st.sampled_from(sorted(NUMBERS)),
    form=st.sampled_from(sorted(FORMS)),
)
def test_properties_of_a_regressor(params, outputs, form):
    data, y = FORMS[form](X), NUMBERS[outputs]
    diverges = (
        params["loss"] == "poisson"
    )  # exp has no bound, and X of large integers is not scaled
    try:
        reg = fit(BackpropRegressor(**params), data, y)
    except ValueError as error:
        if diverges and "non-finite" in str(error):
            return
        raise
    with np.errstate(over="ignore" if diverges else "warn"):
        predicted = reg.predict(data)
    assert predicted.shape == y.shape
    assert not np.isnan(predicted).any() if diverges else np.isfinite(predicted).all()
    same(fit(clone(reg), data, y), reg)
    with np.errstate(over="ignore" if diverges else "warn"):
        assert_array_equal(copy.deepcopy(reg).predict(data), predicted)


POISON = st.sampled_from(
    [-1, 2.5, "nonsense", None, np.nan, np.inf, [], {}, 10**400, object(), (1, "a"), np.ones(2)]
)
#: Parameters for which nothing of the above makes sense.
STRICT = [
    "hidden_layer_sizes",
    "activation",
    "solver",
    "learning_rate",
    "loss",
    "weight_init",
    "dropout",
    "batch_size",
    "max_iter",
    "learning_rate_init",
    "alpha",
    "l1_ratio",
    "tol",
    "validation_fraction",
    "beta_1",
    "momentum",
    "epsilon",
    "n_iter_no_change",
    "max_fun",
    "power_t",
]


def state(estimator):
    """What an error must leave alone."""
    kept = {k: v for k, v in vars(estimator).items() if k.endswith("_")}
    return pickle.dumps((kept, [W.copy() for W in estimator.coefs_]))


@search
@given(
    params=params(LOSSES),
    wrong=st.dictionaries(st.sampled_from(STRICT), POISON, min_size=1, max_size=2),
)
def test_invalid_parameters_are_named_and_change_nothing(params, wrong):
    y = LABELS["multiclass"]
    error = failure(BackpropClassifier(**{**params, **wrong}), X, y)
    if error is None:
        return  # it was allowed, such as tol=2.5
    assert any(name in error for name in (*wrong, *params, "non-finite")), error
    clf = fit(BackpropClassifier(**params), X, y)
    before = state(clf)
    assert failure(clf.set_params(**wrong), X, y) == error
    assert state(clf) == before


BAD_DATA = {
    "NaN": lambda X, y, w: (np.where(X > 1, np.nan, X), y, w),
    "inf": lambda X, y, w: (np.where(X > 1, np.inf, X), y, w),
    "strings": lambda X, y, w: (np.full(X.shape, "a"), y, w),
    "one dimension": lambda X, y, w: (X[0], y, w),
    "no rows": lambda X, y, w: (X[:0], y[:0], w[:0]),
    "no columns": lambda X, y, w: (X[:, :0], y, w),
    "lengths": lambda X, y, w: (X[1:], y, w),
    "three dimensions": lambda X, y, w: (X[None], y, w),
    "complex": lambda X, y, w: (X * 1j, y, w),
    "no y": lambda X, y, w: (X, None, w),
    "numbers for classes": lambda X, y, w: (X, np.linspace(0, 1, len(y)), w),
    "NaN in y": lambda X, y, w: (X, np.where(y == y[0], np.nan, 1.0), w),
    "negative weights": lambda X, y, w: (X, y, -w),
    "no weight": lambda X, y, w: (X, y, 0 * w),
    "weights' length": lambda X, y, w: (X, y, w[1:]),
    "weights' shape": lambda X, y, w: (X, y, w[:, None]),
    "NaN weights": lambda X, y, w: (X, y, w * np.nan),
}


@search
@given(params=params(LOSSES), bad=st.sampled_from(sorted(BAD_DATA)))
def test_bad_data_is_refused_and_changes_nothing(params, bad):
    y, weight = LABELS["multiclass"], np.ones(N)
    clf = fit(BackpropClassifier(**params), X, y, weight)
    before = state(clf)
    error = failure(clf, *BAD_DATA[bad](X, y, weight))
    words = ("X", "y", "weight", "sample", "array", "Unknown label type", "Complex", "inconsistent")
    assert any(word in error for word in words), error
    assert state(clf) == before
