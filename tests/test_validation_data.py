"""Scoring, given validation samples, `restore_best_weights`."""

import warnings
from copy import deepcopy

import numpy as np
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import coo_array, csc_array, csr_array
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits, make_multilabel_classification
from sklearn.metrics import f1_score, log_loss, make_scorer, max_error, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier, BackpropRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_digits(return_X_y=True)
X, y = X[:400] / 16, y[:400]
X_val, y_val = X[300:], y[300:]
w_val = np.random.default_rng(0).uniform(0.5, 2, 100)
VAL = {"X_val": X_val, "y_val": y_val}
X_two, y_two = load_breast_cancer(return_X_y=True)
X_two = StandardScaler().fit_transform(X_two)


def net(**params):
    params = {"hidden_layer_sizes": (10,), "max_iter": 8, "random_state": 0, **params}
    return BackpropClassifier(**params)


def fit(X=X[:300], y=y[:300], fit_params=VAL, **params):
    return net(**params).fit(X, y, **fit_params)


def f1_of(estimator, X, y):
    return f1_score(y, estimator.predict(X), average="macro")


def assert_same_weights(a, b):
    for one, other in zip(a.coefs_ + a.intercepts_, b.coefs_ + b.intercepts_):
        assert_array_equal(one, other)


# Scoring


@pytest.mark.parametrize(
    ("scoring", "score"),
    [
        ("roc_auc", lambda c, X, y: roc_auc_score(y, c.decision_function(X))),
        ("neg_log_loss", lambda c, X, y: -log_loss(y, c.predict_proba(X))),
        ("f1", lambda c, X, y: f1_score(y, c.predict(X))),
        (f1_of, f1_of),
        (make_scorer(f1_score, average="macro"), f1_of),
        ("loss", lambda c, X, y: -log_loss(y, c.predict_proba(X))),
        (None, lambda c, X, y: c.score(X, y)),
    ],
)
@pytest.mark.parametrize("early_stopping", [False, True])
def test_score_of_every_epoch(scoring, score, early_stopping):
    data = {"X_val": X_two[::3], "y_val": y_two[::3]}
    params = {"scoring": scoring, "early_stopping": early_stopping, "restore_best_weights": False}
    train = X_two[1::3], y_two[1::3]
    expected = []
    for k in range(1, 6):
        clf = fit(*train, data, max_iter=k, **params)
        expected.append(score(clf, X_two[::3], y_two[::3]))
    assert_allclose(clf.history_["validation_score"], expected, rtol=1e-10)
    if early_stopping:
        assert clf.validation_scores_ == clf.history_["validation_score"]
        assert clf.best_validation_score_ == max(clf.validation_scores_)
        assert clf.best_loss_ is None
    else:
        assert clf.validation_scores_ is None


@pytest.mark.parametrize("scoring", ["roc_auc_ovr", "neg_log_loss", "loss", f1_of])
def test_early_stopping_by_any_metric(scoring):
    """It stops where the metric does, on the best of its epochs."""
    params = {"early_stopping": True, "learning_rate_init": 0.02, "max_iter": 200}
    clf = fit(X, y, {}, scoring=scoring, n_iter_no_change=5, **params)
    scores = clf.validation_scores_
    assert clf.n_iter_ == len(scores) < 200
    best = int(np.argmax(scores))
    assert clf.best_validation_score_ == scores[best]
    at_best = net(scoring=scoring, **params | {"max_iter": best + 1}).fit(X, y)
    assert_same_weights(clf, at_best)
    assert clf.score(X, y) > 0.95


def test_the_metric_decides_which_epoch_is_best():
    params = {"learning_rate_init": 0.3, "early_stopping": True, "max_iter": 30}
    best = {}
    for scoring in ("accuracy", "loss"):
        clf = fit(scoring=scoring, **params)
        best[scoring] = int(np.argmax(clf.validation_scores_))
    assert best["accuracy"] != best["loss"]


def test_none_is_accuracy():
    a, b = (fit(early_stopping=True, scoring=scoring) for scoring in (None, "accuracy"))
    assert a.validation_scores_ == b.validation_scores_


def test_scores_are_weighted():
    weighted = {**VAL, "sample_weight_val": w_val}
    for scoring in (None, "accuracy", "neg_log_loss"):
        clf = fit(fit_params=weighted, scoring=scoring)
        last = clf.history_["validation_score"][-1]
        if scoring == "neg_log_loss":
            expected = -log_loss(y_val, clf.predict_proba(X_val), sample_weight=w_val)
        else:
            expected = clf.score(X_val, y_val, w_val)
        assert_allclose(last, expected, rtol=1e-10)
    # a function of three arguments can't be told of weights
    clf = fit(fit_params=weighted, scoring=f1_of)
    assert_allclose(clf.history_["validation_score"][-1], f1_of(clf, X_val, y_val))


def share_right(y_true, y_pred):
    return np.mean(y_true == y_pred)


@pytest.mark.parametrize("weighted", [False, True])
def test_a_metric_without_weights_scores_without_them(weighted):
    data = {**VAL, "sample_weight_val": w_val} if weighted else VAL
    clf = fit(fit_params=data, scoring=make_scorer(share_right))
    assert_allclose(clf.history_["validation_score"][-1], clf.score(X_val, y_val))
    reg = BackpropRegressor(hidden_layer_sizes=(5,), scoring="neg_max_error", max_iter=2)
    reg.fit(X, X[:, 20], X_val=X_val, y_val=X_val[:, 20], sample_weight_val=w_val)
    expected = -max_error(X_val[:, 20], reg.predict(X_val))
    assert_allclose(reg.history_["validation_score"][-1], expected)


def test_a_metrics_own_type_error_is_told():
    def fails(y_true, y_pred, sample_weight=None):
        raise TypeError("not my type")

    params = {"scoring": make_scorer(fails)}
    data = {**VAL, "sample_weight_val": w_val}
    assert_refused("scoring=.*TypeError: not my type", X, y, params=params, **data)


@pytest.mark.parametrize("form", [np.asarray, csr_array])
def test_scores_of_labels(form):
    X, Y = make_multilabel_classification(200, random_state=0)
    clf = net(early_stopping=True, scoring="f1_macro", restore_best_weights=False)
    clf.fit(X, form(Y), X_val=X[:50], y_val=form(Y[:50]))
    expected = f1_score(Y[:50], np.asarray(clf.predict_proba(X[:50]) > 0.5), average="macro")
    assert_allclose(clf.validation_scores_[-1], expected)


def test_a_score_that_is_not_defined_is_no_improvement():
    clf = fit(scoring=lambda *_: np.nan, early_stopping=True, n_iter_no_change=3, max_iter=50)
    assert clf.n_iter_ == 4
    assert np.isnan(clf.validation_scores_).all()
    assert np.isfinite(clf.coefs_[0]).all()


def assert_refused(words, *data, call="fit", error=ValueError, params=(), **fit_params):
    """The error comes, and changes neither a new estimator nor a fitted one."""
    new = net(**dict(params))
    with pytest.raises(error, match=f"(?s){words}"):
        getattr(new, call)(*data, **fit_params)
    assert not [name for name in vars(new) if name.endswith("_") or name.startswith("_net")]
    clf = net(max_iter=2).fit(X, y)
    before, p = deepcopy(clf), clf.predict_proba(X)
    with pytest.raises(error, match=f"(?s){words}"):
        getattr(clf.set_params(**dict(params)), call)(*data, **fit_params)
    assert vars(clf).keys() == vars(before).keys()
    assert_array_equal(clf.predict_proba(X), p)
    assert clf.loss_curve_ == before.loss_curve_


@pytest.mark.parametrize("fit_params", [{}, VAL])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_an_unknown_metric(fit_params, early_stopping):
    """Told at once, also where nothing would be scored."""
    params = {"scoring": "foo", "early_stopping": early_stopping}
    assert_refused("'foo' is not a valid scoring value", X, y, params=params, **fit_params)


def test_scores_that_are_no_numbers():
    params = {"scoring": lambda *_: {"a": 1.0}}
    assert_refused("scoring=.*must return a number.*'a'", X, y, params=params, **VAL)


def test_a_failing_scorer_changes_nothing():
    def fails(estimator, X, y):
        raise RuntimeError("no score today")

    words = "scoring=.*fails.*RuntimeError: no score today"
    assert_refused(words, X, y, params={"scoring": fails}, **VAL)


def test_a_scorer_of_classes_on_numbers_is_named():
    regressor = BackpropRegressor(early_stopping=True, scoring="accuracy")
    with pytest.raises(ValueError, match=r"scoring='accuracy'.*ValueError: .*continuous") as info:
        regressor.fit(X, X[:, 20])
    assert isinstance(info.value.__cause__, ValueError)


# Data frames


def frames():
    pd = pytest.importorskip("pandas")
    names = [f"pixel {i}" for i in range(64)]
    return pd.DataFrame(X[:300], columns=names), pd.DataFrame(X_val, columns=names)


@pytest.mark.parametrize("scoring", ["accuracy", "neg_log_loss", f1_of, None])
def test_data_frames_bring_no_warnings(scoring):
    train, val = frames()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", sklearn.exceptions.ConvergenceWarning)
        a = fit(train, y[:300], {"X_val": val, "y_val": y_val}, scoring=scoring)
        fit(train, y[:300], {}, scoring=scoring, early_stopping=True)
        assert a.predict(val).shape == (100,)
    assert list(a.feature_names_in_) == list(train.columns)
    assert_allclose(a.coefs_[0], fit(scoring=scoring).coefs_[0], atol=1e-9)


def test_other_names_in_x_val():
    train, val = frames()
    clf = net()
    with pytest.raises(ValueError, match=r"(?s)X_val.*feature names should match"):
        clf.fit(train, y[:300], X_val=val.rename(columns={"pixel 0": "other"}), y_val=y_val)
    assert not hasattr(clf, "feature_names_in_")


# Given validation samples


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_they_are_looked_at_only(solver):
    a, b = fit(solver=solver), fit(solver=solver, fit_params={})
    assert_same_weights(a, b)
    assert a.loss_curve_ == b.loss_curve_
    assert a.t_ == b.t_
    assert np.isnan(b.history_["validation_loss"]).all()
    assert_allclose(
        a.history_["validation_loss"][-1], log_loss(y_val, a.predict_proba(X_val)), rtol=1e-10
    )
    assert_allclose(a.history_["validation_score"][-1], a.score(X_val, y_val))


def test_early_stopping_takes_them_in_place_of_a_part():
    clf = fit(early_stopping=True)
    assert clf.t_ == 300 * clf.n_iter_  # all of X is trained on
    assert fit(early_stopping=True, fit_params={}).t_ == 270 * clf.n_iter_
    assert_allclose(clf.best_validation_score_, clf.score(X_val, y_val))


def test_they_may_be_few_and_of_one_class():
    one = {"X_val": X_val[:1], "y_val": y_val[:1]}
    clf = fit(early_stopping=True, fit_params=one)
    assert set(clf.validation_scores_) <= {0.0, 1.0}


@pytest.mark.parametrize("form", [csr_array, csc_array, coo_array, np.asfortranarray])
@pytest.mark.parametrize("train_form", [np.asarray, csr_array])
def test_forms_of_x_val(form, train_form):
    other = fit(train_form(X[:300]), y[:300], {"X_val": form(X_val), "y_val": y_val})
    assert_allclose(other.history_["validation_loss"], fit().history_["validation_loss"], rtol=1e-9)


def test_x_val_takes_the_dtype_of_x():
    clf = fit(X[:300].astype(np.float32), y[:300])
    assert clf.coefs_[0].dtype == clf.predict_proba(X_val).dtype == np.float32


def test_names_of_classes():
    names = np.array(["zero", "one"])[y % 2]
    clf = fit(
        X[:300], names[:300], {"X_val": X_val, "y_val": names[300:]}, scoring="balanced_accuracy"
    )
    assert clf.history_["validation_score"][-1] > 0.5


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize(
    ("words", "fit_params"),
    [
        ("y_val.*not in.*classes_", {"X_val": X_val, "y_val": y_val + 1}),
        ("X_val.*3 features.*64 features", {"X_val": X_val[:, :3], "y_val": y_val}),
        ("X_val.*NaN", {"X_val": X_val * np.nan, "y_val": y_val}),
        ("X_val.*inconsistent numbers of samples", {"X_val": X_val, "y_val": y_val[1:]}),
        ("X_val and y_val belong together, but y_val is missing", {"X_val": X_val}),
        ("X_val and y_val belong together, but X_val is missing", {"y_val": y_val}),
        ("sample_weight_val was given without X_val", {"sample_weight_val": w_val}),
        ("sample_weight_val.*expected.*100", {**VAL, "sample_weight_val": w_val[1:]}),
        ("sample_weight_val.*non-zero", {**VAL, "sample_weight_val": 0 * w_val}),
    ],
)
def test_bad_validation_samples_change_nothing(words, fit_params, early_stopping):
    params = {"early_stopping": early_stopping}
    assert_refused(words, X, y, params=params, **fit_params)


def test_in_a_pipeline_x_val_is_transformed_too():
    params = {"early_stopping": True, "learning_rate_init": 0.02}
    offset = 50 + 20 * X  # a network on X as it is would see other values than on X_val scaled
    with sklearn.config_context(enable_metadata_routing=True):
        clf = net(**params).set_fit_request(X_val=True, y_val=True)
        pipe = make_pipeline(StandardScaler(), clf, transform_input=["X_val"])
        pipe.fit(offset[:300], y[:300], X_val=offset[300:], y_val=y_val)
        bare = make_pipeline(StandardScaler(), clone(clf)).fit(
            offset[:300], y[:300], X_val=offset[300:], y_val=y_val
        )
    scaler = StandardScaler().fit(offset[:300])
    train, val = scaler.transform(offset[:300]), scaler.transform(offset[300:])
    alone = net(**params).fit(train, y[:300], X_val=val, y_val=y_val)
    assert pipe[-1].history_["validation_loss"] == alone.history_["validation_loss"]
    assert pipe[-1].best_validation_score_ == pipe.score(offset[300:], y_val) > 0.7
    assert bare[-1].best_validation_score_ < 0.5  # without transform_input


# restore_best_weights


ROUGH = {"learning_rate_init": 0.5, "max_iter": 12}


def losses_after_epochs(**params):
    """The loss of all training samples after each epoch: what `restore_best_weights` goes by."""
    losses = []
    for k in range(1, params["max_iter"] + 1):
        clf = fit(**{**params, "max_iter": k})
        penalty = clf.alpha / 2 * sum((W**2).sum() for W in clf.coefs_) / 150  # batches of 200, 100
        losses.append(log_loss(y[:300], clf.predict_proba(X[:300])) + penalty)
    return losses


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("restore", [False, True, "auto"])
def test_restore_best_weights(early_stopping, restore):
    params = {**ROUGH, "early_stopping": early_stopping}
    clf = fit(restore_best_weights=restore, **params)
    losses = losses_after_epochs(**ROUGH)
    best = int(np.argmax(clf.validation_scores_) if early_stopping else np.argmin(losses))
    if restore is True and not early_stopping:
        assert_allclose(clf.best_loss_, min(losses))
    assert best < clf.n_iter_ - 1  # otherwise there is nothing to see
    restored = early_stopping if restore == "auto" else restore
    k = best + 1 if restored else clf.n_iter_
    assert_same_weights(clf, fit(restore_best_weights=False, **{**params, "max_iter": k}))


def test_by_loss_or_by_score():
    ends = [
        fit(restore_best_weights=True, **ROUGH, early_stopping=e, scoring=s)
        for e, s in [(False, None), (True, "accuracy"), (True, "loss")]
    ]
    losses = [clf.history_["validation_loss"] for clf in ends]
    assert_allclose(log_loss(y_val, ends[2].predict_proba(X_val)), min(losses[2]), rtol=1e-9)
    assert_allclose(ends[1].score(X_val, y_val), max(ends[1].validation_scores_))
    assert_allclose(ends[0].best_loss_, min(losses_after_epochs(**ROUGH)))


def test_lbfgs_ends_with_its_last_iterate_anyway():
    a, b = (fit(solver="lbfgs", restore_best_weights=r) for r in (True, False))
    assert_same_weights(a, b)


def test_restored_weights_bring_their_running_averages():
    rough = {**ROUGH, "learning_rate_init": 0.5}
    clf = fit(restore_best_weights=True, normalization="batch", **rough)
    best = int(np.argmin(losses_after_epochs(normalization="batch", **rough)))
    short = fit(normalization="batch", **{**rough, "max_iter": best + 1})
    assert best < clf.n_iter_ - 1
    assert_array_equal(clf.predict_proba(X_val), short.predict_proba(X_val))
