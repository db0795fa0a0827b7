"""A fit that is killed goes on where it was, and ends with the numbers of one that wasn't."""

import errno
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, GroupShuffleSplit, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier, BackpropRegressor, Checkpoint, TabularClassifier
from skbackprop.losses import CrossEntropy
from skbackprop.network import Network
from skbackprop.optimizers import OPTIMIZERS
from skbackprop.schedules import Constant, Cosine, OneCycle, ReduceOnPlateau
from tests.test_callbacks import HAS_CALLBACKS
from tests.test_exact import assert_same

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_digits(return_X_y=True)
X, y = X[:240] / 16, y[:240]
EPOCHS = 7
STOCHASTIC = [name for name, solver in OPTIMIZERS.items() if solver.stochastic]

CASES = {
    **{name: {"solver": name} for name in STOCHASTIC},
    "dropout": {"dropout": 0.3, "input_dropout": 0.1},
    "batch normalisation": {"normalization": "batch"},
    "input scale": {"input_scale": 3.0},
    "early stopping": {"early_stopping": True, "dropout": 0.2},
    "early stopping that ends it": {
        "early_stopping": True,
        "n_iter_no_change": 1,
        "learning_rate_init": 0.1,
    },
    "split in time": {"early_stopping": True, "validation_split": TimeSeriesSplit()},
    "best weights": {"restore_best_weights": True, "learning_rate_init": 0.3},
    "cosine": {"learning_rate": "cosine"},
    "cosine of its own length": {"learning_rate": Cosine(epochs=4)},
    "one cycle, everything": {
        "learning_rate": OneCycle(),
        "solver": "adamw",
        "dropout": 0.2,
        "normalization": "batch",
        "early_stopping": True,
        "scoring": "neg_log_loss",
    },
    "warm up": {"learning_rate": Constant(warmup=0.5)},
    "plateau": {"learning_rate": ReduceOnPlateau(patience=1), "n_iter_no_change": 1, "tol": 0.3},
    "adaptive": {
        "solver": "sgd",
        "learning_rate": "adaptive",
        "learning_rate_init": 0.5,
        "tol": 0.2,
        "n_iter_no_change": 1,
    },
    "converged": {"tol": 0.5, "n_iter_no_change": 1},
    "no shuffle": {"shuffle": False},
    "class weights": {"class_weight": {0: 2.0, 1: 0.5}},
}


def net(**params):
    params = {"hidden_layer_sizes": (8, 6), "batch_size": 50, "random_state": 0, **params}
    return BackpropClassifier(**{"max_iter": EPOCHS, **params})


class Killed(BaseException):
    """In place of SIGKILL: no handler of ours catches it."""


class KilledAfter(Checkpoint):
    """Leaves a fit after so many calls of the hook, as SIGKILL would."""

    def __init__(self, path, calls, **params):
        super().__init__(path, **params)
        self.calls = calls

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        super().on_fit_task_end(estimator, context, fitted_estimator=fitted_estimator)
        self.calls -= 1
        if not self.calls:
            raise Killed


def killed(clf, path, calls, *data, every=1, **fit_params):
    """The estimator as a new process has it, after a fit in another one was killed."""
    other = clone(clf).set_callbacks(KilledAfter(path, calls, every=every))
    with pytest.raises(Killed):
        other.fit(*(data or (X, y)), **fit_params)
    return clone(clf).set_callbacks(Checkpoint(path, every=every))


@pytest.mark.parametrize("params", CASES.values(), ids=CASES)
def test_a_killed_fit_ends_as_if_it_had_not_been(params, tmp_path):
    whole = net(**params).fit(X, y)
    for calls in range(1, whole.n_iter_ + 2):  # the last one is the end of the fit
        clf = killed(net(**params), tmp_path / f"{calls}", calls).fit(X, y)
        assert_same(whole, clf)
        assert clf.outcome_ == whole.outcome_
        assert len(clf.history_["seconds"]) == whole.n_iter_


def test_killed_again_and_again(tmp_path):
    params = CASES["one cycle, everything"]
    clf = net(**params, max_iter=20)
    for _ in range(6):
        killed(clf, tmp_path / "file", 3)
    assert_same(clf.fit(X, y), clone(clf).set_callbacks(Checkpoint(tmp_path / "file")).fit(X, y))


def test_every_tenth_epoch(tmp_path):
    clf = killed(net(max_iter=25), tmp_path / "file", 17, every=10)
    assert Checkpoint(tmp_path / "file").load().n_iter_ == 10
    assert_same(net(max_iter=25).fit(X, y), clf.fit(X, y))
    assert Checkpoint(tmp_path / "file").load().n_iter_ == 25


def test_every_so_many_seconds(tmp_path, monkeypatch):
    now = {"seconds": 0.0}
    monkeypatch.setattr(time, "monotonic", lambda: now["seconds"])
    saved, original = [], Checkpoint._save

    class AnEpochASecond(Checkpoint):
        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
            now["seconds"] += context.task_name == "epoch"
            super().on_fit_task_end(estimator, context, fitted_estimator=fitted_estimator)

        def _save(self, fitted):
            saved.append(fitted.n_iter_)
            original(self, fitted)

    checkpoint = AnEpochASecond(tmp_path / "file", every=timedelta(seconds=3))
    net(max_iter=8).set_callbacks(checkpoint).fit(X, y)
    assert saved == [3, 6, 8]  # and the end of the fit


@pytest.mark.parametrize("seed", [lambda: 3, lambda: np.random.RandomState(3)])
def test_the_random_state_goes_on_too(seed, tmp_path):
    whole = net(random_state=seed(), dropout=0.2, early_stopping=True).fit(X, y)
    other = net(random_state=seed(), dropout=0.2, early_stopping=True)
    other.set_callbacks(KilledAfter(tmp_path / "file", 3))
    with pytest.raises(Killed):
        other.fit(X, y)
    own = seed()
    clf = net(random_state=own, dropout=0.2, early_stopping=True)
    assert_same(whole, clf.set_callbacks(Checkpoint(tmp_path / "file")).fit(X, y))
    if isinstance(own, np.random.RandomState):
        assert own.randint(1 << 30) == whole.random_state.randint(1 << 30)


def test_weights_groups_and_given_validation_samples(tmp_path):
    rng = np.random.default_rng(0)
    weight, groups = rng.uniform(0.5, 2, len(y)), rng.integers(0, 20, len(y))
    clf = net(early_stopping=True, validation_split=GroupShuffleSplit(random_state=0))
    for name, given in {
        "groups": {"groups": groups, "sample_weight": weight},
        "val": {"X_val": X[::4], "y_val": y[::4], "sample_weight_val": weight[::4]},
    }.items():
        whole = clone(clf).fit(X, y, **given)
        rest = killed(clf, tmp_path / name, 3, X, y, **given).fit(X, y, **given)
        assert_same(whole, rest)


def test_initial_weights_may_be_given_again(tmp_path):
    first = net().fit(X, y)
    given = {"coefs_init": first.coefs_, "intercepts_init": first.intercepts_}
    rest = killed(net(), tmp_path / "file", 3, X, y, **given).fit(X, y, **given)
    assert_same(net().fit(X, y, **given), rest)


def test_a_regressor_in_a_pipeline(tmp_path):
    def pipeline(*callbacks):
        reg = BackpropRegressor(hidden_layer_sizes=(8,), max_iter=6, random_state=0).set_callbacks(
            *callbacks
        )
        return make_pipeline(StandardScaler(), reg)

    whole = pipeline().fit(X, y * 1.0)
    with pytest.raises(Killed):
        pipeline(KilledAfter(tmp_path / "file", 3)).fit(X, y * 1.0)
    rest = pipeline(Checkpoint(tmp_path / "file")).fit(X, y * 1.0)
    assert_array_equal(whole.predict(X), rest.predict(X))


def test_lbfgs_goes_on_from_its_weights_and_says_so(tmp_path):
    clf = net(solver="lbfgs", max_iter=30)
    rest = killed(clf, tmp_path / "file", 10)
    at_ten = Checkpoint(tmp_path / "file").load()
    with pytest.warns(UserWarning, match="L-BFGS goes on from the checkpoint's weights"):
        rest.fit(X, y)
    assert rest.n_iter_ == len(rest.loss_curve_) == 30
    assert rest.loss_curve_[:10] == at_ten.loss_curve_
    assert rest.loss_curve_[10] < at_ten.loss_curve_[9]
    # a finished one is finished
    again = clone(clf).set_callbacks(Checkpoint(tmp_path / "file")).fit(X, y)
    assert_same(again, rest)


# What a file holds


def test_it_is_a_pickle_of_the_fitted_estimator(tmp_path):
    killed(net(), tmp_path / "file", 4)
    loaded = pickle.loads((tmp_path / "file").read_bytes())
    assert_array_equal(loaded.predict_proba(X), net(max_iter=4).fit(X, y).predict_proba(X))
    assert not hasattr(loaded, "_skl_callbacks")
    assert not [name for name in vars(loaded) if "callback" in name]
    # and may go on by itself
    loaded.set_params(warm_start="exact", max_iter=3).fit(X, y)
    assert_same(loaded, net(max_iter=7).fit(X, y))


def test_its_size_does_not_grow_with_the_samples(tmp_path):
    sizes = []
    for copies in 1, 20:
        many = np.tile(X, (copies, 1)), np.tile(y, copies)
        clf = net(early_stopping=True, max_iter=2)
        clf.set_callbacks(Checkpoint(tmp_path / f"{copies}")).fit(*many)
        sizes.append((tmp_path / f"{copies}").stat().st_size)
        exact = net(early_stopping=True, max_iter=2, warm_start="exact").fit(*many)
        sizes[-1] += len(pickle.dumps(exact))
    assert sizes[1] < sizes[0] + 200


def test_a_finished_fit_is_the_result(tmp_path, monkeypatch):
    checkpoint = Checkpoint(tmp_path / "file")
    whole = net().set_callbacks(checkpoint).fit(X, y)
    monkeypatch.setattr(Network, "data_loss_and_gradient", None)  # nothing is trained
    assert_same(net().set_callbacks(checkpoint).fit(X, y), whole)
    assert_same(whole.fit(X, y), whole)


def test_more_epochs_go_on(tmp_path):
    checkpoint = Checkpoint(tmp_path / "file")
    net(early_stopping=True).set_callbacks(checkpoint).fit(X, y)
    more = net(early_stopping=True, max_iter=2 * EPOCHS)
    assert_same(clone(more).fit(X, y), more.set_callbacks(checkpoint).fit(X, y))


def test_more_epochs_go_on_after_the_end_of_a_schedule(tmp_path):
    checkpoint, schedule = Checkpoint(tmp_path / "file"), Cosine(epochs=4)
    clf = net(learning_rate=schedule).set_callbacks(checkpoint).fit(X, y)
    assert clf.outcome_ == "completed"
    more = net(learning_rate=schedule, max_iter=2 * EPOCHS)
    assert_same(clone(more).fit(X, y), more.set_callbacks(checkpoint).fit(X, y))


class StopAfter:
    """Stops training after so many epochs."""

    def __init__(self, epochs):
        self.epochs = epochs

    def setup(self, estimator, context): ...

    def teardown(self, estimator, context): ...

    def on_fit_task_begin(self, estimator, context): ...

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        return fitted_estimator is not None and fitted_estimator.n_iter_ == self.epochs


def test_a_stopped_fit_is_finished(tmp_path):
    checkpoint = Checkpoint(tmp_path / "file")
    clf = net().set_callbacks(StopAfter(3), checkpoint).fit(X, y)
    assert (clf.outcome_, clf.n_iter_) == ("stopped", 3)
    again = net().set_callbacks(StopAfter(3), checkpoint).fit(X, y)
    assert_same(again, clf)
    assert again.outcome_ == "stopped"
    more = checkpoint.load().set_params(warm_start="exact", max_iter=4).fit(X, y)
    assert_same(more, net().fit(X, y))


def interrupted(clf, step):
    """The estimator after a fit with Ctrl-C in this step; an epoch has five."""
    original, steps = Network.data_loss_and_gradient, iter(range(100))

    def data_loss_and_gradient(self, batch):
        if next(steps) == step:
            raise KeyboardInterrupt
        return original(self, batch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Network, "data_loss_and_gradient", data_loss_and_gradient)
        with pytest.warns(UserWarning, match="interrupted"):
            clf.fit(X, y)
    assert clf.outcome_ == "interrupted"
    return clf


@pytest.mark.parametrize("warm_start", [False, "exact"])
def test_ctrl_c(warm_start, tmp_path):
    checkpoint = Checkpoint(tmp_path / "file")
    clf = interrupted(net(warm_start=warm_start).set_callbacks(checkpoint), 13)
    assert checkpoint.load().n_iter_ == 2
    assert_same(clf.fit(X, y), net().fit(X, y))
    assert clf.outcome_ == "unfinished"


def test_ctrl_c_in_a_later_call(tmp_path):
    clf = net(warm_start="exact", max_iter=4).set_callbacks(Checkpoint(tmp_path / "file"))
    assert interrupted(clf.fit(X, y), 8).n_iter_ == 5
    assert [clf.fit(X, y).n_iter_, clf.fit(X, y).n_iter_] == [8, 12]
    assert_same(clf, net(max_iter=12).fit(X, y))
    # nothing of the later call is in the file: it begins again
    clf = net(warm_start="exact", max_iter=4).set_callbacks(Checkpoint(tmp_path / "end", every=99))
    assert interrupted(clf.fit(X, y), 8).n_iter_ == 5
    assert [clf.fit(X, y).n_iter_, clf.fit(X, y).n_iter_] == [8, 12]
    assert_same(clf, net(max_iter=12).fit(X, y))
    # the same call with a larger max_iter goes on to that
    clf = net(warm_start="exact", max_iter=14).set_callbacks(Checkpoint(tmp_path / "end", every=99))
    assert interrupted(clf, 8).n_iter_ == 13
    assert clf.fit(X, y).n_iter_ == 22
    # the weights alone go on from those in memory
    clf = interrupted(net(warm_start=True).set_callbacks(Checkpoint(tmp_path / "other")), 13)
    before = clf.coefs_[0].copy()
    other = BackpropClassifier(**clf.get_params()).fit(X, y)
    assert not np.array_equal(clf.fit(X, y).coefs_[0], other.coefs_[0])
    assert not np.array_equal(clf.coefs_[0], before)


@pytest.mark.parametrize("step", [3, 13])
def test_without_a_checkpoint_nothing_is_exact_after_ctrl_c(step):
    clf = interrupted(net(warm_start="exact"), step)
    with pytest.raises(ValueError, match=r"nothing to go on from: .*interrupted"):
        clf.fit(X, y)


def test_a_warm_start_goes_on_from_memory(tmp_path):
    checkpoint = Checkpoint(tmp_path / "file")
    clf = net(warm_start="exact", max_iter=3).set_callbacks(checkpoint)
    assert [clf.fit(X, y).n_iter_ for _ in range(3)] == [3, 6, 9]
    assert checkpoint.load().n_iter_ == 9
    # a new process begins where the last one was, in the middle of a call
    clf.set_callbacks(KilledAfter(tmp_path / "file", 2))
    with pytest.raises(Killed):
        clf.fit(X, y)
    rest = net(warm_start="exact", max_iter=3).set_callbacks(checkpoint)
    assert [rest.fit(X, y).n_iter_ for _ in range(2)] == [12, 15]
    assert_same(rest, net(max_iter=15).fit(X, y))


# How a fit ended


@pytest.mark.parametrize(
    ("params", "outcome"),
    [
        ({}, "unfinished"),
        ({"tol": 10.0, "n_iter_no_change": 2}, "converged"),
        ({"learning_rate": "cosine"}, "completed"),
        ({"solver": "lbfgs", "max_iter": 500}, "converged"),
        ({"solver": "lbfgs"}, "unfinished"),
    ],
    ids=str,
)
def test_outcome(params, outcome):
    assert net(**params).fit(X, y).outcome_ == outcome


def test_outcome_of_other_calls():
    clf = net().initialize(64, range(10))
    assert clf.outcome_ == "unfinished"
    assert clf.partial_fit(X, y).outcome_ == "unfinished"


def test_a_loop_of_exact_calls_ends_without_a_warning(recwarn):
    clf = net(warm_start="exact", max_iter=2, tol=0.02)
    calls = 0
    while calls == 0 or (clf.outcome_ == "unfinished" and clf.n_iter_ < 400):
        clf.fit(X, y)
        calls += 1
    assert clf.outcome_ == "converged"
    assert calls > 2
    assert not recwarn.list
    assert_same(clf, net(max_iter=400, tol=0.02).fit(X, y))


# Errors


def refused(clf, path, words, *data, **fit_params):
    before = path.read_bytes()
    state = dict(vars(clf))
    with pytest.raises(ValueError, match=f"(?s){words}"):
        clf.set_callbacks(Checkpoint(path)).fit(*data, **fit_params)
    assert path.read_bytes() == before
    clf.set_callbacks()
    assert vars(clf) == state


def test_other_data(tmp_path):
    path, weight = tmp_path / "file", np.ones(len(y))
    killed(net(), path, 3, X, y, weight)
    moved, labels, heavy = X.copy(), y.copy(), weight.copy()
    moved[100, 3] += 1e-9
    labels[[0, 1]] = labels[[1, 0]]
    heavy[5] = 2
    refused(net(), path, r"another fit, with another X\..*delete the file", moved, y, weight)
    refused(net(), path, r"another fit, with another y\.", X, labels, weight)
    refused(net(), path, r"another fit, with another sample_weight\.", X, y, heavy)
    refused(net(), path, r"another fit, with another sample_weight\.", X, y)
    refused(net(), path, "another fit, with another X, y", X[::2], y[::2], weight[::2])
    refused(net(), path, "X_val", X, y, weight, X_val=X, y_val=y)
    rest = net().set_callbacks(Checkpoint(path)).fit(np.asfortranarray(X), y, weight)
    assert rest.n_iter_ == EPOCHS


@pytest.mark.parametrize(
    "change",
    [
        {"alpha": 0.1},
        {"learning_rate_init": 0.1},
        {"random_state": 1},
        {"solver": "sgd"},
        {"activation": "tanh"},
        {"hidden_layer_sizes": (8,)},
        {"class_weight": {0: 2.0}},
        {"dropout": 0.1},
        {"early_stopping": True},
    ],
    ids=str,
)
def test_other_parameters(change, tmp_path):
    killed(net(), tmp_path / "file", 3)
    words = f"another fit, with another {next(iter(change))}"
    refused(net(**change), tmp_path / "file", words, X, y)
    killed(net(**change), tmp_path / "other", 3)
    refused(net(), tmp_path / "other", words, X, y)


def test_other_initial_weights(tmp_path):
    first = net().fit(X, y)
    given = {"coefs_init": first.coefs_, "intercepts_init": first.intercepts_}
    killed(net(), tmp_path / "file", 3)
    refused(net(), tmp_path / "file", r"another fit, with another coefs_init", X, y, **given)


def test_another_state_of_a_users_generator(tmp_path):
    def seeded(seed):
        return net(random_state=np.random.RandomState(seed))

    seeded(0).set_callbacks(Checkpoint(tmp_path / "file")).fit(X, y)
    refused(seeded(1), tmp_path / "file", "another random_state", X, y)
    other = net(random_state=np.random.RandomState(np.random.PCG64(3)))
    refused(other, tmp_path / "file", "another random_state", X, y)


def test_other_classes_columns_and_precision(tmp_path):
    path = tmp_path / "file"
    killed(net(), path, 3)
    refused(net(), path, "another classes", X, y.astype(str))
    refused(net(), path, "another classes", X[y < 5], y[y < 5])
    refused(net(), path, "another X", X[:, :5], y)
    refused(net(), path, "another X", X.astype(np.float32), y)


def test_a_file_that_is_further_than_max_iter(tmp_path):
    net().set_callbacks(Checkpoint(tmp_path / "file")).fit(X, y)
    refused(net(max_iter=3), tmp_path / "file", "max_iter, smaller than its number", X, y)


def test_equal_data_in_another_form(tmp_path):
    pd = pytest.importorskip("pandas")
    groups = np.arange(len(y)) // 6
    clf = net(early_stopping=True, validation_split=GroupShuffleSplit(n_splits=1))
    clf.set_callbacks(Checkpoint(tmp_path / "file")).fit(X, y, groups=groups)
    for same in groups.tolist(), pd.Series(groups), groups * 1.0:
        other = clone(clf).set_callbacks(Checkpoint(tmp_path / "file"))
        assert_same(other.fit(pd.DataFrame(X).to_numpy(), y.tolist(), groups=same), clf)
    S = csr_array(X)
    wide = csr_array((S.data, S.indices.astype(np.int64), S.indptr.astype(np.int64)), S.shape)
    net().set_callbacks(Checkpoint(tmp_path / "sparse")).fit(S, y)
    net().set_callbacks(Checkpoint(tmp_path / "sparse")).fit(wide, y)
    equal = net(alpha=np.float64(1e-4), random_state=np.int64(0))
    equal.set_callbacks(Checkpoint(tmp_path / "sparse")).fit(S, y)


def test_what_the_user_has_set_stays(tmp_path):
    checkpoint = Checkpoint(tmp_path / "file")
    with config_context(enable_metadata_routing=True):
        net().set_fit_request(groups=False).set_callbacks(checkpoint).fit(X, y)
        clf = net().set_fit_request(sample_weight=True).set_callbacks(checkpoint)
        clf.note = "mine"
        clf.fit(X, y)
        requests = clf.get_metadata_routing().fit.requests
    assert clf.note == "mine"
    assert (requests["sample_weight"], requests["groups"]) == (True, True)


def test_a_network_that_is_only_initialized_has_no_state_of_its_own(tmp_path):
    def make():
        return net(warm_start=True).initialize(64, range(10))

    whole = make().fit(X, y)
    with pytest.raises(Killed):
        make().set_callbacks(KilledAfter(tmp_path / "file", 4)).fit(X, y)
    rest = make().set_callbacks(Checkpoint(tmp_path / "file")).fit(X, y)
    assert_array_equal(rest.coefs_[0], whole.coefs_[0])


@dataclass(frozen=True)
class Weighted(CrossEntropy):
    numbers: object = None


def test_an_option_that_holds_an_array(tmp_path):
    clf = net(loss=Weighted(numbers=np.ones(3)))
    assert_same(killed(clf, tmp_path / "file", 3).fit(X, y), clone(clf).fit(X, y))


def test_numpys_own_generator_is_left_alone(tmp_path):
    path = tmp_path / "file"
    killed(net(random_state=None), path, 3)
    np.random.seed(0)  # noqa: NPY002
    net(random_state=None).set_callbacks(Checkpoint(path)).fit(X, y)
    assert np.random.rand() == np.random.RandomState(0).rand()  # noqa: NPY002


def test_a_schedule_over_max_iter_keeps_it(tmp_path):
    killed(net(learning_rate="cosine"), tmp_path / "file", 3)
    more = net(learning_rate="cosine", max_iter=20)
    refused(more, tmp_path / "file", r"another fit, with another max_iter\.", X, y)


def test_another_estimator(tmp_path):
    BackpropRegressor(hidden_layer_sizes=(8,), max_iter=1).set_callbacks(
        Checkpoint(tmp_path / "file")
    ).fit(X, y)
    refused(net(), tmp_path / "file", "another type of estimator, BackpropRegressor", X, y)


@pytest.mark.parametrize(
    "content", [b"", b"no pickle", pickle.dumps([1]), pickle.dumps(BackpropClassifier())], ids=len
)
def test_no_checkpoint(content, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(content)
    refused(net(), path, "file' (can't be read as|isn't) a checkpoint", X, y)


def test_half_a_file(tmp_path):
    killed(net(), tmp_path / "file", 3)
    whole = (tmp_path / "file").read_bytes()
    (tmp_path / "file").write_bytes(whole[: len(whole) // 2])
    refused(net(), tmp_path / "file", "can't be read as a checkpoint", X, y)


def test_what_cannot_be_saved_is_refused_before_training(tmp_path):
    clf = net(learning_rate=lambda s: 1 - s).set_callbacks(Checkpoint(tmp_path / "file"))
    with pytest.raises(ValueError, match=r"can't hold learning_rate=.*Define functions"):
        clf.fit(X, y)
    clf = net().set_callbacks(Checkpoint(tmp_path / "nowhere" / "file"))
    with pytest.raises(ValueError, match=r"no folder .*nowhere"):
        clf.fit(X, y)


def test_a_class_that_cannot_be_saved_is_refused_before_training(tmp_path):
    class Mine(BackpropClassifier):
        pass

    with pytest.raises(ValueError, match=r"can't hold type=.*Define functions and classes"):
        Mine().set_callbacks(Checkpoint(tmp_path / "file")).fit(X, y)


@pytest.mark.skipif(not HAS_CALLBACKS, reason="before 1.9 clone drops callbacks")
def test_not_inside_of_a_search(tmp_path):
    clf = net().set_callbacks(Checkpoint(tmp_path / "file"))
    with pytest.raises(ValueError, match=r"GridSearchCV has several.*or in a Pipeline"):
        GridSearchCV(clf, {}, cv=3, error_score="raise").fit(X, y)


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(ValueError, match="must be a file, not a folder"):
        net().set_callbacks(Checkpoint(tmp_path)).fit(X, y)


def test_only_networks(tmp_path):
    clf = TabularClassifier().set_callbacks(Checkpoint(tmp_path / "file"))
    with pytest.raises(TypeError, match=r"Checkpoint saves.*got TabularClassifier.*in a Pipeline"):
        clf.fit(X, y)


@pytest.mark.parametrize("every", [0, -1, timedelta(0), timedelta(seconds=-1)])
def test_every_must_be_positive(every):
    with pytest.raises(ValueError, match="every must be positive"):
        Checkpoint("file", every=every)


def test_every_may_be_an_integer_of_numpy():
    assert repr(Checkpoint("/file", every=np.int64(3))).endswith("every=3)")


@pytest.mark.parametrize("every", [1.5, "10", None, True])
def test_every_must_be_a_number_or_a_time(every):
    with pytest.raises(TypeError, match="every must be an integer or a timedelta"):
        Checkpoint("file", every=every)


# The disk


def test_a_full_disk_ends_nothing(tmp_path, monkeypatch):
    path, calls = tmp_path / "file", iter(range(100))
    original = os.fsync

    def fsync(descriptor):
        if next(calls) > 3:  # a file and its folder, for each of two epochs
            raise OSError(errno.ENOSPC, "No space left on device")
        original(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        with pytest.warns(UserWarning, match=r"epoch 3: .*No space left.*Training goes on"):
            clf = net().set_callbacks(Checkpoint(path)).fit(X, y)
    assert_same(clf, net().fit(X, y))
    assert os.listdir(tmp_path) == ["file"]
    assert Checkpoint(path).load().n_iter_ == 2
    assert_same(net().set_callbacks(Checkpoint(path)).fit(X, y), clf)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_file_that_cannot_grow_ends_nothing(tmp_path, monkeypatch):
    import builtins

    original = builtins.open

    def on_full_disk(file, mode="r", **params):
        return original("/dev/full" if str(file).endswith(".part") else file, mode, **params)

    monkeypatch.setattr(builtins, "open", on_full_disk)
    with pytest.warns(UserWarning, match=r"No space left.*Training goes on"):
        clf = net().set_callbacks(Checkpoint(tmp_path / "file")).fit(X, y)
    assert clf.n_iter_ == EPOCHS
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["file", "a[1].file", "run"])
def test_parts_of_a_killed_write_are_removed(name, tmp_path):
    others = [".other.12.3.part", ".run.2.12.3.part", ".a1.file.12.3.part"]
    for part in [f".{name}.12.3.part", *others]:
        (tmp_path / part).write_bytes(b"half")
    net().set_callbacks(Checkpoint(tmp_path / name)).fit(X, y)
    assert sorted(os.listdir(tmp_path)) == sorted([*others, name])


def test_parts_of_this_process_are_kept_while_their_thread_lives(tmp_path):
    """A new container's process has the number of the one that was killed."""
    running, done = threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: (running.set(), done.wait(60)))
    thread.start()
    running.wait(60)
    kept, *left = [
        f".file.{os.getpid()}.{number}.part" for number in (thread.ident, threading.get_ident(), 1)
    ]
    for part in kept, *left:
        (tmp_path / part).write_bytes(b"half")
    net().set_callbacks(Checkpoint(tmp_path / "file")).fit(X, y)
    done.set()
    thread.join()
    assert sorted(os.listdir(tmp_path)) == sorted([kept, "file"])


def test_threads_at_one_path_leave_a_whole_file(tmp_path):
    def fit(_):
        return net(max_iter=30).set_callbacks(Checkpoint(tmp_path / "file")).fit(X, y)

    with ThreadPoolExecutor(3) as pool:
        fitted = list(pool.map(fit, range(3)))
    assert os.listdir(tmp_path) == ["file"]
    assert Checkpoint(tmp_path / "file").load().n_iter_ == fitted[0].n_iter_ == 30


def test_another_folder_later_is_not_where_it_writes(tmp_path, monkeypatch):
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path)
    checkpoint = Checkpoint("file")
    monkeypatch.chdir(tmp_path / "other")
    net().set_callbacks(checkpoint).fit(X, y)
    assert os.listdir(tmp_path / "other") == []
    assert checkpoint.path == tmp_path / "file"


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "other" / "file")
    net().set_callbacks(Checkpoint(tmp_path / "link")).fit(X, y)
    assert (tmp_path / "link").is_symlink()
    assert os.listdir(tmp_path / "other") == ["file"]


SCRIPT = textwrap.dedent(
    """
    import sys, warnings
    warnings.simplefilter("ignore")
    from tests.test_checkpoint import X, y, everything
    from skbackprop import Checkpoint
    clf = everything(sys.argv[2])
    clf.set_callbacks(Checkpoint(sys.argv[1])).fit(X, y)
    """
)


def everything(solver):
    """Dropout, batch normalisation, early stopping and a schedule, with any solver."""
    return net(**{**CASES["one cycle, everything"], "solver": solver}, max_iter=250)


def killed_at_random(solver, path, kills, rng):
    """Run the script until it ends, and kill it some times on the way; the number of kills."""
    done = 0
    while True:
        process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(path), solver])
        try:
            if done < kills:
                before = path.stat().st_mtime_ns if path.exists() else 0
                while process.poll() is None:
                    if path.exists() and path.stat().st_mtime_ns != before:
                        break  # this process has saved something
                    time.sleep(0.001)
                time.sleep(rng.uniform(0, 0.03))
                process.send_signal(signal.SIGKILL)
            code = process.wait(60)
        finally:
            process.kill()
        if code == 0:
            return done
        assert code == -signal.SIGKILL
        done += 1


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
@pytest.mark.parametrize("solver", STOCHASTIC)
def test_real_kills(solver, tmp_path):
    """`nox -s soak` kills each twenty times."""
    kills = int(os.environ.get("SKBACKPROP_KILLS", "1"))
    seed = STOCHASTIC.index(solver)
    assert killed_at_random(solver, tmp_path / "file", kills, np.random.default_rng(seed)) == kills
    assert_same(everything(solver).fit(X, y), Checkpoint(tmp_path / "file").load())
