"""Ensembles over folds."""

import pickle
import warnings

import numpy as np
import pytest
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import coo_array, csr_array
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    make_multilabel_classification,
)
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.kernel_approximation import RBFSampler
from sklearn.metrics import accuracy_score, log_loss, r2_score
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    RepeatedStratifiedKFold,
    StratifiedKFold,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.ensemble import FoldEnsembleClassifier, FoldEnsembleRegressor
from skbackprop.ensemble.classifier import temperature_of

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_iris(return_X_y=True)
MEMBER = BackpropClassifier((8,), learning_rate_init=0.02, batch_size=50, max_iter=20)
REGRESSOR = BackpropRegressor(
    hidden_layer_sizes=(8,), learning_rate_init=0.02, batch_size=50, max_iter=20
)


def ensemble(member=MEMBER, **params):
    return FoldEnsembleClassifier(member, **{"random_state": 0, **params})


@parametrize_with_checks(
    [
        FoldEnsembleClassifier(
            BackpropClassifier((16,), learning_rate_init=0.01, max_iter=60), cv=3
        ),
        FoldEnsembleRegressor(
            BackpropRegressor(hidden_layer_sizes=(16,), learning_rate_init=0.01, max_iter=60), cv=3
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:.*least populated class:UserWarning")
@pytest.mark.filterwarnings("ignore:.*can't be split into folds:UserWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.DataConversionWarning")
def test_scikit_learn_estimator_checks(estimator, check):
    check(estimator)


def test_members_are_trained_on_all_folds_but_one():
    cv = StratifiedKFold(5)
    clf = ensemble(cv=cv, calibrate=False).fit(X, y)
    for member, (train, test) in zip(clf.members_, cv.split(X, y), strict=True):
        alone = clone(MEMBER).set_params(
            random_state=member.random_state,
            early_stopping=True,
            scoring="loss",
            n_iter_no_change=np.inf,
        )
        alone.fit(X[train], y[train], X_val=X[test], y_val=y[test])
        assert_array_equal(alone.predict_proba(X), member.predict_proba(X))
        assert_array_equal(clf.oof_decision_function_[test], member.predict_proba(X[test]))
        assert member.best_validation_score_ == max(member.validation_scores_)
    assert clf.oof_score_ == accuracy_score(y, clf.oof_decision_function_.argmax(axis=1))
    assert_allclose(clf.predict_proba(X), np.mean([m.predict_proba(X) for m in clf.members_], 0))
    assert len({member.random_state for member in clf.members_}) == 5


def test_the_temperature_is_the_best_one():
    cv = StratifiedKFold(5)
    raw, calibrated = ensemble(cv=cv, calibrate=False).fit(X, y), ensemble(cv=cv).fit(X, y)
    assert raw.temperature_ == 1
    T = calibrated.temperature_
    assert T != 1

    def loss(t):
        p = np.zeros((150, 3))
        for member, (_, rows) in zip(raw.members_, cv.split(X, y), strict=True):
            e = np.exp(member.decision_function(X[rows]) / t)
            p[rows] = e / e.sum(axis=1, keepdims=True)
        return log_loss(y, p)

    assert loss(T) < min(loss(1.0), loss(0.95 * T), loss(1.05 * T))
    assert_allclose(log_loss(y, calibrated.oof_decision_function_), loss(T), rtol=1e-6)
    for member, other in zip(calibrated.members_, raw.members_, strict=True):
        assert_array_equal(member.predict(X), other.predict(X))


@pytest.mark.parametrize("t", [0.2, 1.0, 5.0])
def test_temperature_of(t):
    """The maximum of -(log t - c)**2."""
    found = temperature_of(lambda s: -np.full(3, (np.log(s) - np.log(t)) ** 2), np.ones(3))
    assert_allclose(found, t, rtol=1e-4)
    assert temperature_of(lambda s: np.full(3, s), np.zeros(3)) == 1


def test_averages_beat_their_members_and_doubt_where_they_err():
    digits, target = load_digits(return_X_y=True)
    digits = digits / 16
    member = clone(MEMBER).set_params(hidden_layer_sizes=(30,), max_iter=15)
    clf = ensemble(member).fit(digits[:900], target[:900])
    test, truth = digits[900:], target[900:]
    alone = np.mean([accuracy_score(truth, m.predict(test)) for m in clf.members_])
    assert clf.score(test, truth) > alone
    p, std = clf.predict_proba(test, return_std=True)
    wrong = clf.classes_[p.argmax(axis=1)] != truth
    spread = std[np.arange(len(test)), p.argmax(axis=1)]
    assert spread[wrong].mean() > 2 * spread[~wrong].mean()
    assert abs(clf.oof_score_ - clf.score(test, truth)) < 0.05


def test_several_labels():
    data, Y = make_multilabel_classification(200, n_classes=3, random_state=0)
    clf = ensemble().fit(data, Y)
    assert clf.predict_proba(data).shape == (200, 3)
    assert clf.temperature_ != 1
    assert_array_equal(clf.predict(data), (clf.predict_proba(data) > 0.5).astype(int))
    assert 0.3 < clf.oof_score_ < 1


def test_two_classes_and_names():
    data, target = load_breast_cancer(return_X_y=True)
    names = np.where(target == 1, "good", "bad")
    clf = ensemble().fit((data - data.mean(axis=0)) / data.std(axis=0), names)
    assert clf.classes_.tolist() == ["bad", "good"]
    assert clf.oof_score_ > 0.93
    assert clf.temperature_ > 0


@pytest.mark.parametrize("loss", ["squared_error", "focal"])
def test_other_losses(loss):
    clf = ensemble(clone(MEMBER).set_params(loss=loss)).fit(X, y)
    assert (clf.temperature_ == 1) == (loss == "squared_error")
    assert np.isfinite(clf.predict_log_proba(X)).all()


def test_a_solver_without_epochs():
    clf = ensemble(BackpropClassifier((8,), "tanh", solver="lbfgs", max_iter=200)).fit(X, y)
    assert not clf.members_[0].early_stopping
    assert clf.oof_score_ > 0.9


def test_an_estimator_that_stops_early_keeps_its_own_way():
    member = clone(MEMBER).set_params(early_stopping=True, n_iter_no_change=3, max_iter=500)
    clf = ensemble(member).fit(X, y)
    assert clf.members_[0].scoring is None
    assert clf.members_[0].n_iter_ < 500


@pytest.mark.filterwarnings("ignore:.*least populated class:UserWarning")
def test_a_class_of_a_single_row():
    target = y.copy()
    target[0] = 7
    clf = ensemble().fit(X, target)
    assert clf.classes_.tolist() == [0, 1, 2, 7]
    without = [m for m in clf.members_ if 7 not in m.classes_]
    assert len(without) == 1
    p = clf.predict_proba(X)
    assert p.shape == (150, 4)
    assert_allclose(p.sum(axis=1), 1, rtol=1e-5)
    assert clf.oof_decision_function_[0, 3] == 0


def test_too_few_rows():
    member = clone(MEMBER).set_params(batch_size="auto")
    clf = ensemble(member).fit(X[48:52], y[48:52])
    assert len(clf.members_) == 2
    with pytest.warns(UserWarning, match=r"2 row\(s\) can't be split into folds"):
        clf = ensemble(member).fit(X[49:51], y[49:51])
    assert len(clf.members_) == 1
    assert np.isnan(clf.oof_score_)
    assert clf.temperature_ == 1
    assert clf.predict_proba(X).shape == (150, 2)


def test_repeats_are_averaged():
    cv = RepeatedStratifiedKFold(n_splits=3, n_repeats=2, random_state=0)
    clf = ensemble(cv=cv).fit(X, y)
    assert len(clf.members_) == 6
    expected = np.zeros((150, 3))
    for member, (_, test) in zip(clf.members_, cv.split(X, y), strict=True):
        expected[test] += member.predict_proba(X[test]) / 2
    assert_allclose(clf.oof_decision_function_, expected, rtol=1e-6)


def test_folds_as_lists_and_masks():
    folds = [(train, test) for train, test in StratifiedKFold(3).split(X, y)]
    expected = ensemble(cv=folds).fit(X, y).predict_proba(X)
    lists = [(train.tolist(), test.tolist()) for train, test in folds]
    masks = [tuple(np.isin(np.arange(150), part) for part in fold) for fold in folds]
    for cv in lists, masks:
        assert_array_equal(ensemble(cv=cv).fit(X, y).predict_proba(X), expected)


def test_groups_stay_together():
    groups = np.arange(150) // 5
    cv = GroupKFold(3)
    clf = ensemble(cv=cv, calibrate=False).fit(X, y, groups=groups)
    train, test = next(iter(cv.split(X, y, groups)))
    assert_array_equal(clf.oof_decision_function_[test], clf.members_[0].predict_proba(X[test]))
    assert not set(groups[train]) & set(groups[test])
    with pytest.raises(ValueError, match="groups"):
        ensemble(cv=cv).fit(X, y)
    with config_context(enable_metadata_routing=True):
        routed = ensemble(cv=cv).set_fit_request(groups=True)
        scores = cross_val_score(routed, X, y, cv=cv, params={"groups": groups})
    assert len(scores) == 3


def test_what_is_no_estimator_is_named_in_other_processes_too():
    wrong = pickle.loads(pickle.dumps(FoldEnsembleClassifier({"a": 1})))
    with pytest.raises(TypeError, match=r"estimator must be .* got {'a': 1}"):
        wrong.fit(X, y)


def test_groups_are_one_for_each_sample():
    cv, groups = GroupKFold(3), np.arange(150) // 5
    flat, column = (ensemble(cv=cv).fit(X, y, groups=g) for g in (groups, groups[:, None]))
    assert_array_equal(flat.predict_proba(X), column.predict_proba(X))
    for wrong in groups[1:], np.c_[groups, groups], 3:
        with pytest.raises(ValueError, match="groups must hold one group for each of the 150"):
            ensemble(cv=cv).fit(X, y, groups=wrong)


def test_weights():
    weight = np.r_[np.zeros(50), np.ones(100)]
    clf = ensemble().fit(X, y, weight)
    assert_array_equal(np.unique(clf.predict(X[50:])), [1, 2])
    known = y > 0
    accuracy = accuracy_score(y[known], clf.oof_decision_function_[known].argmax(axis=1))
    assert_allclose(clf.oof_score_, accuracy)
    assert clf.oof_score_ != ensemble().fit(X, y).oof_score_


def test_seeds_jobs_and_copies():
    clf = ensemble().fit(X, y)
    for other in (ensemble().fit(X, y), ensemble(n_jobs=2).fit(X, y)):
        assert_array_equal(other.predict_proba(X), clf.predict_proba(X))
    assert (ensemble(random_state=1).fit(X, y).predict_proba(X) != clf.predict_proba(X)).any()
    assert_array_equal(pickle.loads(pickle.dumps(clf)).predict_proba(X), clf.predict_proba(X))
    assert_array_equal(ensemble().fit(csr_array(X), y).predict(X), clf.predict(X))
    assert MEMBER.random_state is None
    assert not hasattr(MEMBER, "coefs_")


def test_threads_leave_the_filters_of_warnings_alone():
    with warnings.catch_warnings(), parallel_config("threading"):
        warnings.simplefilter("error", ConvergenceWarning)
        for _ in range(4):
            ensemble(n_jobs=2).fit(X, y)
        with pytest.raises(ConvergenceWarning):
            warnings.warn("still an error", ConvergenceWarning, stacklevel=1)


def test_a_member_that_diverges_says_so():
    steep = BackpropClassifier((8,), solver="sgd", learning_rate_init=1e30, max_iter=20)
    with pytest.warns(ConvergenceWarning, match="diverged in epoch"):
        ensemble(steep).fit(X, y)


def test_pipelines_are_fitted_on_the_rows_of_their_member():
    cv = StratifiedKFold(4)
    scaled = make_pipeline(StandardScaler(), MEMBER)
    clf = ensemble(scaled, cv=cv).fit(1000 * X, y)
    for member, (rows, left_out) in zip(clf.members_, cv.split(X, y), strict=True):
        assert_allclose(member[0].mean_, 1000 * X[rows].mean(axis=0))
        same = BackpropClassifier(**member[-1].get_params())
        scale = StandardScaler().fit(1000 * X[rows])
        E, E_val = scale.transform(1000 * X[rows]), scale.transform(1000 * X[left_out])
        same.fit(E, y[rows], X_val=E_val, y_val=y[left_out])
        assert_allclose(
            member.decision_function(1000 * X) * clf.temperature_,
            same.decision_function(scale.transform(1000 * X)),
        )
    assert_allclose(clf.predict_proba(1000 * X), ensemble(scaled, cv=cv).fit(X, y).predict_proba(X))
    assert clf.oof_score_ > 0.9
    assert not hasattr(scaled[0], "mean_")


def test_members_take_the_elements_of_a_list_in_turn():
    other = make_pipeline(PCA(2), clone(MEMBER).set_params(hidden_layer_sizes=(3,)))
    clf = ensemble([MEMBER, other], cv=3).fit(X, y)
    assert [isinstance(m, BackpropClassifier) for m in clf.members_] == [True, False, True]
    assert clf.members_[1][-1].coefs_[0].shape == (2, 3)
    single = np.mean([member.predict_proba(X) for member in clf.members_], axis=0)
    assert_allclose(clf.predict_proba(X), single)
    assert_array_equal(clone(clf).fit(X, y).predict_proba(X), clf.predict_proba(X))


def test_seeds_reach_the_transformers_too():
    member = make_pipeline(RBFSampler(n_components=20), MEMBER)
    first, second = (ensemble(member).fit(X, y).predict_proba(X) for _ in range(2))
    assert_array_equal(first, second)
    assert member[0].random_state is None


def test_sparse_samples_and_labels():
    member = make_pipeline(StandardScaler(with_mean=False), MEMBER)
    clf = ensemble(member).fit(coo_array(X), y)
    assert_array_equal(clf.predict(coo_array(X)), ensemble(member).fit(csr_array(X), y).predict(X))
    Y = np.stack([y > 0, y > 1], axis=1).astype(int)
    assert_array_equal(ensemble().fit(X, csr_array(Y)).predict(X), ensemble().fit(X, Y).predict(X))


def test_pipelines_take_what_their_first_step_takes():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=list("abcd"))
    frame["kind"] = np.where(X[:, 0] > 6, "big", "small")
    first = make_column_transformer((OneHotEncoder(), ["kind"]), remainder="passthrough")
    clf = ensemble(make_pipeline(first, MEMBER)).fit(frame, y)
    assert list(clf.feature_names_in_) == [*"abcd", "kind"]
    assert clf.score(frame, y) > 0.8
    assert clf.oof_decision_function_.shape == (150, 3)
    with pytest.raises(ValueError, match="feature names should match"):
        clf.predict(frame.rename(columns={"a": "A"}))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        clf.fit(frame, y[:-1])
    reg = FoldEnsembleRegressor(make_pipeline(first, REGRESSOR), random_state=0)
    assert reg.fit(frame, X[:, 0]).oof_score_ > 0.5


@pytest.mark.parametrize(
    ("params", "error", "words"),
    [
        ({"cv": 1}, ValueError, "cv must be an integer > 1 or a splitter, got 1"),
        ({"cv": [([], [1])]}, ValueError, "an empty part"),
        ({"cv": []}, ValueError, "made no folds"),
        ({"cv": [([0, 150], [1])]}, ValueError, "row numbers from 0 to 149 or masks"),
        ({"cv": [([0.5], [1])]}, ValueError, "row numbers from 0 to 149 or masks"),
        ({"member": BackpropRegressor()}, TypeError, "must be a BackpropClassifier, a Pipeline"),
        ({"member": "mlp"}, TypeError, "or None, got 'mlp'"),
        ({"member": make_pipeline(PCA())}, TypeError, "got Pipeline"),
        ({"member": [MEMBER, "mlp"]}, TypeError, "or None, got 'mlp'"),
        ({"member": []}, ValueError, "got an empty list"),
    ],
)
def test_what_is_refused(params, error, words):
    with pytest.raises(error, match=words):
        ensemble(**params).fit(X, y)


@pytest.mark.parametrize("outputs", [1, 2])
def test_regression(outputs):
    data, target = load_diabetes(return_X_y=True)
    target = target / 100
    Y = target if outputs == 1 else np.stack([target, -target], axis=1)
    cv = KFold(4)
    reg = FoldEnsembleRegressor(REGRESSOR, cv=cv, random_state=0).fit(data, Y)
    for member, (_, test) in zip(reg.members_, cv.split(data), strict=True):
        assert_array_equal(reg.oof_prediction_[test], member.predict(data[test]))
    assert_allclose(reg.oof_score_, r2_score(Y, reg.oof_prediction_))
    mean, std = reg.predict(data, return_std=True)
    each = [member.predict(data) for member in reg.members_]
    assert_allclose(mean, np.mean(each, axis=0))
    assert_allclose(std, np.std(each, axis=0))


@pytest.mark.parametrize("kind", [FoldEnsembleClassifier, FoldEnsembleRegressor])
def test_an_error_changes_nothing(kind):
    clf = kind(MEMBER if kind is FoldEnsembleClassifier else REGRESSOR, random_state=0).fit(X, y)
    before, p = dict(vars(clf)), clf.predict(X)
    with pytest.raises(ValueError, match="cv must be an integer"):
        clf.set_params(cv=1).fit(X[:, :2], y + 5)
    assert vars(clf) == {**before, "cv": 1}
    assert_array_equal(clf.predict(X), p)
