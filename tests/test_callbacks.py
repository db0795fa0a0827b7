"""scikit-learn's callbacks on our `fit`, alone and inside of others."""

import importlib.util
import inspect
import io
import sys
from contextlib import redirect_stdout
from copy import deepcopy

import numpy as np
import pytest
import sklearn
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.fixes import parse_version

from skbackprop import BackpropClassifier, TabularClassifier
from skbackprop.ensemble import FoldEnsembleClassifier
from skbackprop.estimators import callback_protocol, compat
from skbackprop.network import Network

HAS_CALLBACKS = parse_version(sklearn.__version__) >= parse_version("1.9")
if HAS_CALLBACKS:
    from sklearn.callback import ProgressBar, ScoringMonitor

needs_callbacks = pytest.mark.skipif(not HAS_CALLBACKS, reason="callbacks are new in 1.9")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_iris(return_X_y=True)


def net(**params):
    params = {"hidden_layer_sizes": (5,), "max_iter": 6, "random_state": 0, **params}
    return BackpropClassifier(**params)


class Log:
    """Notes every call of a hook; stops after an epoch, or fails in a hook."""

    def __init__(self, stop_after=None, fail_in=None):
        self.stop_after, self.fail_in = stop_after, fail_in
        self.events, self.copies, self.begun = [], [], 0

    def note(self, event, context):
        self.events.append((event, context.task_name, context.task_id))
        if self.fail_in == (event, context.task_name, context.task_id):
            raise RuntimeError("a callback that fails")

    def setup(self, estimator, context):
        self.events.append(("setup", "", 0))

    def teardown(self, estimator, context):
        self.events.append(("teardown", "", 0))

    def on_fit_task_begin(self, estimator, context, *, X=None, y=None, metadata=None):
        self.begun += 1
        self.data = X, y, metadata
        self.note("begin", context)

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        self.begun -= 1
        self.copies.append(fitted_estimator)
        self.note("end", context)
        return self.stop_after is not None and len(self.epochs("end")) >= self.stop_after

    def epochs(self, event):
        return [i for what, name, i in self.events if what == event and name == "epoch"]


@needs_callbacks
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_one_task_per_epoch(solver):
    log = Log()
    net(solver=solver).set_callbacks(log).fit(X, y)
    epochs = [(event, "epoch", i) for i in range(6) for event in ("begin", "end")]
    assert log.events == [
        ("setup", "", 0),
        ("begin", "fit", 0),
        *epochs,
        ("end", "fit", 0),
        ("teardown", "", 0),
    ]


@needs_callbacks
def test_an_epoch_begins_before_its_training_and_ends_after_it(monkeypatch):
    log, original = Log(), Network.data_loss_and_gradient

    def data_loss_and_gradient(self, batch):
        log.events.append(("batch", "", 0))
        return original(self, batch)

    monkeypatch.setattr(Network, "data_loss_and_gradient", data_loss_and_gradient)
    net(batch_size=50, max_iter=2).set_callbacks(log).fit(X, y)
    names = [event for event, *_ in log.events]
    epoch = ["begin", *["batch"] * 3, "end"]
    assert names == ["setup", "begin", *epoch, *epoch, "end", "teardown"]


@needs_callbacks
def test_callbacks_get_what_fit_got():
    log, weight = Log(), np.ones(len(X))
    net().set_callbacks(log).fit(X, y, sample_weight=weight)
    assert log.data[0] is X
    assert log.data[1] is y
    assert log.data[2] == {"sample_weight": weight}


@needs_callbacks
def test_callbacks_change_no_numbers():
    a, b = net().fit(X, y), net().set_callbacks(Log()).fit(X, y)
    assert a.loss_curve_ == b.loss_curve_
    assert_array_equal(a.coefs_[0], b.coefs_[0])
    assert not hasattr(b, "_callback_fit_ctx")


@needs_callbacks
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_callback_may_stop_the_training(solver):
    log = Log(stop_after=3)
    clf = net(solver=solver, max_iter=50).set_callbacks(log).fit(X, y)
    assert clf.n_iter_ == len(clf.history_["loss"]) == 3
    assert log.epochs("begin") == log.epochs("end") == [0, 1, 2]
    three = net(solver=solver, max_iter=3).fit(X, y)
    assert_array_equal(clf.coefs_[0], three.coefs_[0])


@needs_callbacks
def test_the_fitted_estimator_is_that_of_its_epoch_and_stays_so():
    log = Log()
    clf = net().set_callbacks(log).fit(X, y)
    for k, one in enumerate(log.copies[:-1], start=1):
        alone = net(max_iter=k).fit(X, y)
        assert_array_equal(one.predict_proba(X), alone.predict_proba(X))
        assert (one.n_iter_, one.loss_) == (k, alone.loss_)
        assert one.loss_curve_ == alone.loss_curve_
        # it is an estimator of its own: it trains on, the other one doesn't
        assert_array_equal(one.partial_fit(X, y).coefs_[0], alone.partial_fit(X, y).coefs_[0])
    p, last = clf.predict_proba(X), log.copies[-1]
    last.coefs_[0][:] = 0
    assert_array_equal(clf.predict_proba(X), p)
    clf.set_callbacks().partial_fit(X, y)
    assert not last.coefs_[0].any()


@needs_callbacks
def test_a_warm_start_shows_the_whole_history():
    clf = net(warm_start=True).fit(X, y)
    log = Log()
    clf.set_callbacks(log).fit(X, y)
    assert [len(one.loss_curve_) for one in log.copies[:2]] == [7, 8]
    assert len(clf.loss_curve_) == 12


@needs_callbacks
@pytest.mark.parametrize(
    "where", [("begin", "fit", 0), ("begin", "epoch", 1), ("end", "epoch", 1), ("end", "fit", 0)]
)
def test_an_erroring_callback_leaves_the_estimator_as_it_was(where):
    clf = net(random_state=np.random.RandomState(0))
    clf.fit(X, y)
    before, p = deepcopy(clf), clf.predict_proba(X)
    log = Log(fail_in=where)
    with pytest.raises(RuntimeError, match="a callback that fails"):
        clf.set_callbacks(log).fit(X, y == 1)
    assert log.events[-1][0] == "teardown"
    clf.set_callbacks()
    assert vars(clf).keys() == vars(before).keys()
    assert_array_equal(clf.classes_, before.classes_)
    assert_array_equal(clf.predict_proba(X), p)
    assert_array_equal(clf.fit(X, y).coefs_[0], before.fit(X, y).coefs_[0])


@needs_callbacks
def test_bad_parameters_are_told_before_a_callback_hears_of_the_call():
    log = Log()
    with pytest.raises(ValueError, match="max_iter"):
        net(max_iter="many").set_callbacks(log).fit(X, y)
    assert not log.events


@needs_callbacks
def test_every_task_that_began_ends(monkeypatch):
    """After divergence, Ctrl-C, and with lbfgs that ends inside a line search."""
    log = Log()
    clf = net(solver="sgd", learning_rate_init=1e3, activation="identity", early_stopping=True)
    clf.set_params(alpha=0, max_iter=200, batch_size=10, n_iter_no_change=np.inf)
    with np.errstate(all="ignore"):
        clf.set_callbacks(log).fit(X * 1e5, y)
    assert clf._progress.outcome == "diverged"
    assert log.begun == 0
    assert len(log.epochs("begin")) == clf.n_iter_

    original, calls = Network.data_loss_and_gradient, iter(range(100))

    def data_loss_and_gradient(self, batch):
        if next(calls) == 4:
            raise KeyboardInterrupt
        return original(self, batch)

    log = Log()
    with monkeypatch.context() as patch:
        patch.setattr(Network, "data_loss_and_gradient", data_loss_and_gradient)
        with pytest.warns(UserWarning, match="interrupted"):
            net().set_callbacks(log).fit(X, y)
    assert log.begun == 0
    assert log.copies[-2] is None  # the epoch that was broken off has nothing to show

    clf = net(solver="lbfgs", tol=0, alpha=1e-9, max_iter=3000, activation="tanh")
    clf.set_callbacks(log := Log()).fit(X[:60], y[:60])
    assert log.begun == 0
    assert len(log.epochs("begin")) - clf.n_iter_ in (0, 1)


@needs_callbacks
def test_progress_bar():
    pytest.importorskip("rich")
    for estimator in (
        net(),
        make_pipeline(StandardScaler(), net()),
        GridSearchCV(net(), {"alpha": [0.1, 1.0]}, cv=2),
    ):
        with redirect_stdout(io.StringIO()):
            estimator.set_callbacks(ProgressBar())
            assert estimator.fit(X, y).score(X, y) > 0.3


@needs_callbacks
def test_scoring_monitor():
    monitor = ScoringMonitor(scoring="accuracy")
    clf = net().set_callbacks(monitor).fit(X, y)
    rows = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    expected = [net(max_iter=k).fit(X, y).score(X, y) for k in range(1, 7)]
    assert [row["accuracy"] for row in rows] == expected
    assert expected[-1] == clf.score(X, y)


@needs_callbacks
def test_scoring_monitor_inside_a_grid_search_and_a_pipeline():
    monitor = ScoringMonitor(scoring="accuracy")
    pipe = make_pipeline(StandardScaler(), net().set_callbacks(monitor))
    pipe.fit(X, y)
    rows = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(rows) == 6
    assert rows[-1]["accuracy"] == pipe.score(X, y)

    monitor = ScoringMonitor(scoring="accuracy")
    grid = GridSearchCV(net().set_callbacks(monitor), {"alpha": [0.1, 1.0]}, cv=2)
    grid.fit(X, y)
    rows = [row for log in monitor.get_logs("all") for row in log.data]
    # two values in two folds, and the refit
    assert sum(row["task_name"] == "epoch" for row in rows) == 5 * 6


@needs_callbacks
def test_clone_keeps_callbacks_as_scikit_learn_does():
    log = Log()
    clone(net().set_callbacks(log)).fit(X, y)
    assert log.epochs("end") == [*range(6)]


def stand_in(**params):
    """The classifier as it is where scikit-learn has no callbacks."""

    class OnOldVersions(BackpropClassifier):
        set_callbacks = callback_protocol.CallbackSupportMixin.set_callbacks
        _init_callback_context = callback_protocol.CallbackSupportMixin._init_callback_context
        fit = callback_protocol.with_callbacks(inspect.unwrap(BackpropClassifier.fit))

    params = {"hidden_layer_sizes": (5,), "max_iter": 6, "random_state": 0, **params}
    return OnOldVersions(**params)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_older_versions_call_the_same_hooks(solver):
    log = Log()
    clf = stand_in(solver=solver).set_callbacks(log).fit(X, y)
    epochs = [(event, "epoch", i) for i in range(6) for event in ("begin", "end")]
    fit = ("setup", "", 0), ("begin", "fit", 0), *epochs, ("end", "fit", 0), ("teardown", "", 0)
    assert log.events == list(fit)
    assert log.data == (X, y, None) or log.data[0] is X
    for k, one in enumerate(log.copies[:-1], start=1):
        assert_array_equal(one.coefs_[0], net(solver=solver, max_iter=k).fit(X, y).coefs_[0])
    assert_array_equal(log.copies[-1].coefs_[0], clf.coefs_[0])
    assert not hasattr(clf, "_callback_fit_ctx")
    assert clf.set_callbacks().fit(X, y).n_iter_ == 6
    assert len(log.events) == len(fit)


def test_older_versions_stop_and_tear_down():
    assert stand_in().set_callbacks(Log(stop_after=2)).fit(X, y).n_iter_ == 2
    log = Log(fail_in=("end", "epoch", 1))
    with pytest.raises(RuntimeError, match="a callback that fails"):
        stand_in().set_callbacks(log).fit(X, y)
    assert log.events[-1] == ("teardown", "", 0)


@pytest.mark.parametrize("callback", [object(), Log, None])
def test_older_versions_say_what_a_callback_needs(callback):
    with pytest.raises(
        TypeError, match=r"on_fit_task_begin.*none of its own: they are new in 1\.9"
    ):
        stand_in().set_callbacks(callback)


def test_what_stands_in_on_older_versions(monkeypatch):
    """The same, wherever the tests run: import the module as if there were no callbacks."""
    monkeypatch.setitem(sys.modules, "sklearn.callback", None)
    spec = importlib.util.spec_from_file_location("without_callbacks", compat.__file__)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.CallbackSupportMixin is callback_protocol.CallbackSupportMixin
    assert module.with_callbacks is callback_protocol.with_callbacks


class Curves(Log):
    """Notes what the fitted estimator of every task says of its history."""

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        e = fitted_estimator
        self.copies.append(
            (context.task_name, len(e.loss_curve_), e.n_iter_, len(e.history_["loss"]))
        )


@needs_callbacks
@pytest.mark.parametrize("warm_start", [False, True, "exact"])
def test_histories_of_fitted_estimators(warm_start):
    log = Curves()
    clf = net(max_iter=2, warm_start=warm_start).set_callbacks(log)
    clf.fit(X, y)
    first = [("epoch", 1, 1, 1), ("epoch", 2, 2, 2), ("fit", 2, 2, 2)]
    assert log.copies == first
    log.copies.clear()
    clf.fit(X, y)
    second = {
        False: first,
        True: [("epoch", 3, 1, 3), ("epoch", 4, 2, 4), ("fit", 4, 2, 4)],
        "exact": [("epoch", 3, 3, 3), ("epoch", 4, 4, 4), ("fit", 4, 4, 4)],
    }
    assert log.copies == second[warm_start]
    assert len(clf.loss_curve_) == log.copies[-1][1]


@needs_callbacks
def test_parameters_that_a_callback_sets_are_checked_and_used():
    class Sets(Log):
        def __init__(self, **params):
            super().__init__()
            self.params = params

        def on_fit_task_begin(self, estimator, context, **kwargs):
            if context.task_name == "fit":
                estimator.set_params(**self.params)

    other = net(solver="sgd").fit(X, y)
    clf = net().set_callbacks(Sets(solver="sgd")).fit(X, y)
    assert_array_equal(clf.coefs_[0], other.coefs_[0])
    with pytest.raises(ValueError, match="'alpha' parameter"):
        net().set_callbacks(Sets(alpha=-1.0)).fit(X, y)


class Nested(Log):
    """Is handed on to what the estimator trains."""

    max_propagation_depth = None

    def note(self, event, context):
        names, at = [], context
        while at is not None:
            # an estimator's own task stands for the part of the task above
            names.append(getattr(at, "source_task_name", None) or at.task_name)
            at = at.parent
        self.events.append((event, *names[::-1], context.task_id))


@needs_callbacks
@pytest.mark.parametrize("kind", ["ensemble", "table"])
def test_members_and_their_epochs_are_tasks_of_an_ensemble(kind):
    log, member = Nested(), net(max_iter=2)
    if kind == "ensemble":
        FoldEnsembleClassifier(member, cv=2).set_callbacks(log).fit(X, y)
        path = ("fit",)
    else:
        TabularClassifier(member, cv=2).set_callbacks(log).fit(X, y)
        path = ("fit", "ensemble")
    begun = [event[1:] for event in log.events if event[0] == "begin"]
    ended = [event[1:] for event in log.events if event[0] == "end"]
    assert sorted(begun, key=str) == sorted(ended, key=str)
    for k in range(2):
        assert (*path, "member", k) in begun
    assert begun.count((*path, "member", "epoch", 0)) == 2
    assert begun.count((*path, "member", "epoch", 1)) == 2
    assert log.events[0][0] == "setup"
    assert log.events[-1][0] == "teardown"
    assert not hasattr(member, "_skl_callbacks")


@needs_callbacks
def test_an_ensemble_hands_its_callbacks_to_other_processes():
    out = io.StringIO()
    with redirect_stdout(out):
        ensemble = FoldEnsembleClassifier(net(), cv=2, n_jobs=2, random_state=0)
        ensemble.set_callbacks(ProgressBar(max_propagation_depth=None)).fit(X, y)
    assert "member" in out.getvalue()
    plain = FoldEnsembleClassifier(net(), cv=2, random_state=0).fit(X, y)
    assert_array_equal(ensemble.predict_proba(X), plain.predict_proba(X))
    assert not any(hasattr(member, "_skl_callbacks") for member in ensemble.members_)


@needs_callbacks
def test_callbacks_of_an_ensemble_that_fails():
    log = Nested()
    with pytest.raises(ValueError, match="cv must be"):
        FoldEnsembleClassifier(net(), cv=1).set_callbacks(log).fit(X, y)
    assert [event[0] for event in log.events] == ["setup", "begin", "teardown"]


@pytest.mark.parametrize("kind", [FoldEnsembleClassifier, TabularClassifier])
def test_a_line_for_each_member(kind, capsys):
    kind(net(), cv=3, verbose=True).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(",")[0] for line in lines] == [f"Member {k}: 6 epochs" for k in (1, 2, 3)]
    kind(net(), cv=3).fit(X, y)
    assert not capsys.readouterr().out
