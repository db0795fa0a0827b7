"""On Dask: the same numbers as locally, and the same after workers were killed."""

import gc
import importlib
import os
import pickle
import signal
import sys
import time
from concurrent.futures import CancelledError
from copy import deepcopy
from inspect import signature
from threading import Timer

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV

from skbackprop import BackpropClassifier, BackpropRegressor, Checkpoint
from skbackprop.batches import Samples
from skbackprop.blas import POOLS
from skbackprop.estimators.samples import Dataset
from skbackprop.threads import HELPERS, helpers
from tests.test_callbacks import HAS_CALLBACKS  # noqa: F401
from tests.test_exact import assert_same

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
dd = pytest.importorskip("dask.dataframe")
sizeof = pytest.importorskip("dask.sizeof").sizeof
distributed = pytest.importorskip("distributed")
pandas = pytest.importorskip("pandas")

from skbackprop.dask import (  # noqa: E402
    DaskBackpropClassifier,
    DaskBackpropRegressor,
    partitions,
)
from skbackprop.dask import batches as dask_batches  # noqa: E402

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:Sending large graph"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

X, y = load_digits(return_X_y=True)
X, y = X[:600] / 16, y[:600]
ROWS = (150, 100, 200, 150)
WEIGHT = np.random.default_rng(0).uniform(0.2, 2.0, len(y))


@pytest.fixture(scope="module")
def cluster():
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50
    ) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def client(cluster):
    with distributed.Client(cluster) as client:
        client.wait_for_workers(2)
        client.run(importlib.import_module, "skbackprop.dask")  # slow on a busy machine
        yield client


def on_dask(*arrays, rows=ROWS):
    return [
        da.from_array(a, chunks=(rows, *a.shape[1:]) if a.ndim > 1 else (rows,)) for a in arrays
    ]


def net(**params):
    params = {"hidden_layer_sizes": (8, 6), "batch_size": 90, "random_state": 0, **params}
    return DaskBackpropClassifier(**{"max_iter": 3, **params})


def local(**params):
    params = {"hidden_layer_sizes": (8, 6), "batch_size": 90, "random_state": 0, **params}
    return BackpropClassifier(**{"max_iter": 3, **params})


# The same estimator


@pytest.mark.parametrize(
    ("cls", "like"),
    [(DaskBackpropClassifier, BackpropClassifier), (DaskBackpropRegressor, BackpropRegressor)],
)
def test_the_parameters_are_those_of_the_local_class_and_draws(cls, like):
    own, theirs = signature(cls).parameters, signature(like).parameters
    assert [name for name in own if name != "draws"] == list(theirs)
    assert all(own[name].default == theirs[name].default for name in theirs)
    assert own["draws"].default == "partition"
    assert "client" not in own
    fit, local_fit = signature(cls.fit).parameters, signature(like.fit).parameters
    assert [name for name in fit if name != "classes"] == list(local_fit)


def test_what_is_not_installed_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(sys.modules, "skbackprop.dask")
    with pytest.raises(ImportError, match=r'Install the extra "dask"'):
        importlib.import_module("skbackprop.dask")


def test_the_client_is_no_parameter(client):
    clf = net()
    clf.client = client
    assert clf.client is client
    for copied in clone(clf), deepcopy(clf), pickle.loads(pickle.dumps(clf)):
        assert copied.client is distributed.get_client()
        assert "_client" not in vars(copied)
    assert net().client is client  # the current one
    with pytest.raises(TypeError, match=r"client must be a distributed.Client.*got str"):
        clf.client = "tcp://127.0.0.1:8786"
    assert clf.client is client


# The same numbers


SAME = {
    "lbfgs": {"solver": "lbfgs", "max_iter": 8},
    "adam": {},
    "sgd": {"solver": "sgd", "learning_rate": "invscaling", "momentum": 0.5},
    "full batches": {"batch_size": 600},
    "layer normalisation": {"normalization": "layer", "activation": "gelu"},
    "no shuffle": {"shuffle": False},
    "one cycle": {"learning_rate": "one_cycle", "solver": "adamw"},
    "balanced": {"class_weight": "balanced"},
    "dict": {"class_weight": {0: 3.0}},
    "best weights": {"restore_best_weights": True, "learning_rate_init": 0.1},
    "clipped": {"clip_norm": 0.1, "max_norm": 1.0, "l1_ratio": 0.5},
    "input scale": {"input_scale": 3.0},
}


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
@pytest.mark.parametrize("params", SAME.values(), ids=SAME)
def test_global_draws_are_those_of_a_local_fit(params, weight, client):
    dX, dy, dw = on_dask(X, y, WEIGHT)
    remote = net(draws="global", **params).fit(dX, dy, None if weight is None else dw)
    alone = local(**params).fit(X, y, weight)
    assert_allclose(remote.loss_curve_, alone.loss_curve_, rtol=1e-9)
    assert_allclose(remote.coefs_[0], alone.coefs_[0], rtol=1e-6, atol=1e-9)
    assert (remote.n_iter_, remote.outcome_) == (alone.n_iter_, alone.outcome_)
    assert remote.best_loss_ == pytest.approx(alone.best_loss_, rel=1e-9)


def test_batches_without_weight_are_left_out_as_locally(client, monkeypatch):
    few = np.zeros(600)
    few[::10] = 1.0
    dX, dy, dw = on_dask(X, y, few)
    params = {"batch_size": 10, "learning_rate_init": 0.01}
    remote = net(draws="global", **params).fit(dX, dy, dw)
    assert_allclose(remote.loss_curve_, local(**params).fit(X, y, few).loss_curve_, rtol=1e-9)
    # drawn by the partitions, and each without a sample that counts in another batch
    few[:590] = 0.0
    (dw,) = on_dask(few)
    asked, one = [], dask_batches.RemoteBatch.backpropagate
    monkeypatch.setattr(
        dask_batches.RemoteBatch, "backpropagate", lambda *a: asked.append(one(*a)) or asked[-1]
    )
    drawn = net(**params).fit(dX, dy, dw)
    assert np.all(np.isfinite([*asked, *drawn.loss_curve_]))
    assert 3 <= len(asked) <= 3 * 10 < 3 * 60  # of three epochs of 60 batches


def test_lbfgs_is_exact_whoever_draws(client):
    dX, dy = on_dask(X, y)
    a, b = (net(solver="lbfgs", draws=draws).fit(dX, dy) for draws in ("partition", "global"))
    assert_array_equal(a.coefs_[0], b.coefs_[0])


def test_a_partition_may_have_no_weight_at_all(client):
    """Its samples' weights, or those of its only class, are zero; they count over all samples."""
    order = np.argsort(y, kind="stable")
    dX, dy, dw = on_dask(X[order], y[order], np.repeat([0.0, 1.0], [50, 550]), rows=(50, 550))
    assert set(y[order][:50]) == {0}
    for class_weight, weight in ({0: 0.0}, None), ("balanced", dw):
        params = {"draws": "global", "class_weight": class_weight}
        remote = net(**params).fit(dX, dy, weight)
        alone = local(class_weight=class_weight)
        alone.fit(X[order], y[order], None if weight is None else dw.compute())
        assert_allclose(remote.loss_curve_, alone.loss_curve_, rtol=1e-9)
    refused(
        "sample_weight times class_weight must add up", dX, dy, class_weight=dict.fromkeys(y, 0.0)
    )


def test_regression_with_several_outputs(client):
    Y = X[:, 10:12] ** 2
    dX, dY = on_dask(X, Y)
    params = {"hidden_layer_sizes": (8,), "max_iter": 4, "random_state": 0, "loss": "huber"}
    remote = DaskBackpropRegressor(**params, draws="global").fit(dX, dY)
    alone = BackpropRegressor(**params).fit(X, Y)
    assert_allclose(remote.loss_curve_, alone.loss_curve_, rtol=1e-9)
    assert_allclose(remote.predict(dX).compute(), alone.predict(X), rtol=1e-6)
    assert remote.score(dX, dY) == pytest.approx(alone.score(X, Y), rel=1e-6)


def test_labels_and_two_classes(client):
    for target in np.c_[y > 3, y % 2].astype(int), np.where(y > 4, "high", "low"):
        dX, dy = on_dask(X, target)
        remote, alone = net(draws="global").fit(dX, dy), local().fit(X, target)
        assert_allclose(remote.loss_curve_, alone.loss_curve_, rtol=1e-9)
        assert_array_equal(remote.predict(dX).compute(), alone.predict(X))
        assert_array_equal(remote.classes_, alone.classes_)


def test_float32_and_sparse_blocks(client):
    S = csr_matrix(X.astype(np.float32))
    dX, dy = on_dask(X.astype(np.float32), y)
    blocks = dX.map_blocks(csr_matrix)
    remote, alone = net(draws="global").fit(blocks, dy), local().fit(S, y)
    assert remote.coefs_[0].dtype == np.float32
    assert_allclose(remote.loss_curve_, alone.loss_curve_, rtol=1e-5)
    assert_allclose(remote.predict_proba(blocks).compute(), alone.predict_proba(S), atol=1e-4)


def test_blocks_of_the_library_sparse(client):
    sparse = pytest.importorskip("sparse")
    dX, dy = on_dask(X, y)
    blocks = dX.map_blocks(sparse.COO)
    params = {"early_stopping": True}
    remote = net(draws="global", **params).fit(blocks, dy, X_val=blocks[:100], y_val=dy[:100])
    S = csr_matrix(X)
    alone = local(**params).fit(S, y, X_val=S[:100], y_val=y[:100])
    assert_allclose(remote.loss_curve_, alone.loss_curve_, rtol=1e-9)
    assert_array_equal(remote.predict(blocks).compute(), alone.predict(X))
    assert remote.score(blocks, dy) == alone.score(X, y)


def test_data_frames(client):
    pd = pandas
    frame = pd.DataFrame(X, columns=[f"p{k}" for k in range(64)])
    dX = dd.from_pandas(frame, npartitions=3)
    dy = dd.from_pandas(pd.Series(y, name="digit"), npartitions=3)
    remote = net(draws="global").fit(dX, dy)
    alone = local().fit(frame, y)
    assert_allclose(remote.loss_curve_, alone.loss_curve_, rtol=1e-9)
    assert_array_equal(remote.feature_names_in_, alone.feature_names_in_)
    assert_array_equal(np.asarray(remote.predict(dX).compute()), alone.predict(frame))
    with pytest.raises(ValueError, match="feature names"):
        remote.set_params(warm_start=True).fit(dX.rename(columns={"p0": "other"}), dy)


# Draws by the partitions


@pytest.mark.parametrize("params", [{}, {"dropout": 0.3, "input_dropout": 0.1}])
def test_partitions_draw_the_same_on_any_workers(params, client, cluster):
    dX, dy = on_dask(X, y)
    two = net(**params).fit(dX, dy)
    assert_same(net(**params).fit(dX, dy), two)
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=3, dashboard_address=":0", silence_logs=50
        ) as other,
        distributed.Client(other, set_as_default=False) as another,
    ):
        clf = net(**params)
        clf.client = another
        assert_same(clf.fit(dX, dy), two)
    assert net(**params, random_state=1).fit(dX, dy).loss_ != two.loss_


def rows_of(n):
    """A partition of n rows."""
    return Dataset(Samples(np.empty((n, 1)), np.empty(n)), None, None)


def test_every_row_is_drawn_once_in_an_epoch():
    for split in None, 5:
        rows = [
            np.concatenate(
                [
                    partitions.Share(p, k, 7, p % 7, 3, split, 0.1).index(rows_of(n))
                    for k in range(7)
                ]
            )
            for p, n in enumerate(ROWS)
        ]
        for p, (own, n) in enumerate(zip(rows, ROWS)):
            assert_array_equal(np.sort(own), partitions.trained_on(split, p, 0.1, n))
            assert np.any(own != np.sort(own))
            if split:
                aside = partitions.validated_with(split, p, 0.1, n)
                assert len(aside) == np.ceil(0.1 * n)
                assert sorted([*own, *aside]) == list(range(n))


@pytest.mark.parametrize(
    ("rows", "batch_size"), [((3,) * 200, 100), ((1,) * 60, 7), ((50, 3, 9, 1), 8), (ROWS, 90)]
)
def test_batches_are_of_even_size(rows, batch_size):
    remote = dask_batches.Remote(None, [], np.array(rows))
    order = dask_batches.PartitionOrder(sum(rows), epoch=1)
    batches = list(dask_batches.RemoteBatches(remote, batch_size, order, None))
    sizes = [len(batch) for batch in batches]
    assert sum(sizes) == sum(rows)
    assert min(sizes) > 0.6 * batch_size - len(set(rows))
    assert max(sizes) < 1.4 * batch_size + len(set(rows))
    for batch in batches:
        drawn = [len(share.index(rows_of(n))) for share, n in zip(batch.rows, rows, strict=True)]
        assert sum(drawn) == len(batch)


def test_many_small_partitions(client):
    chunks = (3,) * 40
    dX, dy = on_dask(X[:120], y[:120], rows=chunks)
    clf = net(batch_size=20, max_iter=2).fit(dX, dy)
    assert clf.n_iter_ == 2
    whole = net(batch_size=20, max_iter=2, draws="global").fit(dX, dy)
    assert_allclose(
        whole.loss_curve_, local(batch_size=20, max_iter=2).fit(X[:120], y[:120]).loss_curve_
    )


def test_a_client_that_is_set_is_used_for_everything(client):
    with distributed.Client(
        processes=False, n_workers=1, dashboard_address=":0", set_as_default=False
    ) as own:
        dX, dy = on_dask(X, y)
        kept = own.persist(dX)
        clf = net()
        clf.client = own
        clf.fit(kept, dy, X_val=kept[:50], y_val=dy[:50])
        assert clf.score(kept, dy) == clf.to_local().score(X, y)
        assert_array_equal(own.compute(clf.predict(kept)).result(), clf.predict(X))


def test_strings_columns_and_scalar_weights(client):
    names = np.array([f"class {k}" for k in y], object)
    dX, dn, dc = on_dask(X, names, y[:, None] * 1.0)
    clf = net(draws="global").fit(dX, dn, 2.0)
    alone = local().fit(X, names, np.full(len(y), 2.0))
    assert_allclose(clf.loss_curve_, alone.loss_curve_, rtol=1e-9)
    assert_array_equal(clf.predict(dX).compute(), alone.predict(X))
    one = net(draws="global").fit(dX, dc)
    assert_allclose(one.loss_curve_, local().fit(X, y * 1.0).loss_curve_, rtol=1e-9)


def test_predictions_for_frames_of_every_making(client):
    frame = pandas.DataFrame(X, columns=[f"p{k}" for k in range(64)])
    dX, dy = dd.from_pandas(frame, npartitions=3), dd.from_pandas(pandas.Series(y), npartitions=3)
    clf = net().fit(dX, dy)
    expected = clf.predict_proba(frame)
    delayed = [dask.delayed(frame.iloc[:200]), dask.delayed(frame.iloc[200:])]
    for made in dX, dd.from_delayed(delayed, meta=frame.iloc[:0]), dX.persist():
        assert_allclose(clf.predict_proba(made).compute(), expected)
        assert_array_equal(clf.predict(made).compute(), clf.predict(frame))
        assert clf.score(made, y) == clf.to_local().score(frame, y)
    with pytest.raises(ValueError, match="feature names"):
        clf.predict(dX[dX.columns[::-1]]).compute()
    with pytest.raises(ValueError, match=r"X must have shape \(n_samples, 64\)"):
        clf.predict(dX["p0"])


def test_predictions_for_empty_blocks(client):
    dX, dy = on_dask(X, y)
    clf = net().fit(dX, dy)
    some = dX[dX[:, 20] > 0.9]
    rows = X[X[:, 20] > 0.9]
    assert_array_equal(clf.predict(some).compute(), clf.predict(rows))
    assert clf.predict_proba(dX[:0]).compute().shape == (0, 10)


def test_an_exact_resumption_notices_other_validation_samples(client):
    dX, dy = on_dask(X, y)
    clf = net(warm_start="exact").fit(dX, dy, X_val=X[:50], y_val=y[:50])
    with pytest.raises(ValueError, match="another X_val"):
        clf.fit(dX, dy, X_val=X[1:51], y_val=y[:50])


def test_a_fit_inside_of_a_task(client):
    def fit(seed):
        return net(random_state=seed).fit(*on_dask(X, y)).loss_

    futures = [client.submit(fit, seed, pure=False) for seed in range(2)]
    losses = [future.result(timeout=60) for future in futures]
    assert losses == [net(random_state=seed).fit(*on_dask(X, y)).loss_ for seed in range(2)]


def test_other_calls_inside_of_a_task():
    """A worker's only thread doesn't wait for tasks that need it."""

    def go_on():
        clf = net().partial_fit(*on_dask(X, y), classes=range(10))
        return clf.score(*on_dask(X, y))

    with distributed.Client(
        processes=False, n_workers=1, threads_per_worker=1, dashboard_address=":0"
    ) as own:
        assert 0 < own.submit(go_on, pure=False).result(timeout=60) < 1


def test_a_task_has_one_thread(client):
    """A worker runs as many tasks at once as it has threads."""
    seen = []

    class Watched(Dataset):
        def batches(self, *arguments):
            seen.append(
                (
                    min(HELPERS.keepers.values()),
                    [pool.controller.num_threads for pool in POOLS.all()],
                )
            )
            return super().batches(*arguments)

    clf = local().fit(X, y)
    data = Watched(Samples(X, y), y, None)
    model = partitions.Model(clf._network.architecture, clf._network.values)
    with helpers():
        partitions.gradient(data, model, partitions.Picked(None), None)
        partitions.loss(data, model)
    assert seen == [(1, [1] * len(POOLS.all()))] * 2


def test_nothing_is_left_on_the_cluster(client, tmp_path):
    dX, dy = on_dask(X, y)
    gc.collect()
    gc.disable()
    try:
        before = len(client.futures)
        net().set_callbacks(Checkpoint(tmp_path / "file")).fit(dX, dy)
        deadline = time.monotonic() + 10
        while len(client.futures) > before and time.monotonic() < deadline:
            time.sleep(0.01)  # they are released in another thread
        assert len(client.futures) == before
    finally:
        gc.enable()


def test_dask_knows_how_large_a_partition_is():
    """Else it would copy partitions to idle workers as if they weighed nothing, and never spill."""
    sparse = csr_matrix(X)
    assert sizeof(Dataset(Samples(sparse, y), y, None)) >= sparse.data.nbytes + y.nbytes
    assert sizeof(Dataset(Samples(X, y, WEIGHT), -y, WEIGHT)) >= X.nbytes + 3 * y.nbytes
    one = sizeof(Dataset(Samples(X, y), y, None))
    assert X.nbytes + y.nbytes <= one < X.nbytes + 2 * y.nbytes  # y counts once


def test_a_worker_keeps_one_order_of_each_partition():
    one = rows_of(50)
    before = len(partitions.ORDERS)
    orders = [partitions.Share(0, k, 2, 0, epoch, None, 0.0) for epoch in (1, 2) for k in (0, 1)]
    first, second = orders[0].index(one), orders[1].index(one)
    assert first.base is second.base is not None  # drawn once for an epoch
    assert_array_equal(np.sort(np.r_[first, second]), range(50))
    assert np.any(orders[2].index(one) != first)
    assert_array_equal(orders[0].index(one), first)
    assert len(partitions.ORDERS) == before + 1
    del one
    gc.collect()
    assert len(partitions.ORDERS) == before


def test_it_learns(client):
    order = np.argsort(y, kind="stable")  # partitions of a few classes each
    for one, other in (X, y), (X[order], y[order]):
        dX, dy = on_dask(one, other)
        clf = net(hidden_layer_sizes=(30,), max_iter=20, learning_rate_init=0.02).fit(dX, dy)
        assert clf.score(dX, dy) > 0.97


@pytest.mark.parametrize("draws", ["partition", "global"])
def test_early_stopping(draws, client):
    dX, dy, dw = on_dask(X, y, WEIGHT)
    params = {"early_stopping": True, "max_iter": 4, "draws": draws, "scoring": "neg_log_loss"}
    split = net(**params).fit(dX, dy, dw)
    assert len(split.validation_scores_) == 4
    assert_same(net(**params).fit(dX, dy, dw), split)
    given = net(**params).fit(dX, dy, X_val=dX[:100], y_val=dy[:100])
    alone = net(**params).fit(dX, dy, X_val=X[:100], y_val=y[:100])
    assert_same(given, alone)
    if draws == "global":
        params.pop("draws")
        assert_allclose(
            local(**params).fit(X, y, X_val=X[:100], y_val=y[:100]).validation_scores_,
            given.validation_scores_,
            rtol=1e-9,
        )


# Going on


@pytest.mark.parametrize("draws", ["partition", "global"])
def test_going_on(draws, client, tmp_path):
    dX, dy = on_dask(X, y)
    params = {"draws": draws, "dropout": 0.2, "early_stopping": True}
    whole = net(max_iter=5, **params).fit(dX, dy)
    parts = net(max_iter=2, warm_start="exact", **params).fit(dX, dy)
    parts = pickle.loads(pickle.dumps(parts)).set_params(max_iter=3).fit(dX, dy)
    assert_same(whole, parts)
    file = net(max_iter=2, **params).set_callbacks(Checkpoint(tmp_path / "file")).fit(dX, dy)
    rest = clone(file).set_params(max_iter=5).set_callbacks(Checkpoint(tmp_path / "file"))
    assert_same(whole, rest.fit(dX, dy))
    moved = dX + 1e-9
    with pytest.raises(ValueError, match="belongs to another fit, with another X"):
        clone(rest).set_callbacks(Checkpoint(tmp_path / "file")).fit(moved, dy)


def test_warm_start_partial_fit_and_initialize(client):
    dX, dy = on_dask(X, y)
    remote, alone = net(draws="global", warm_start=True), local(warm_start=True)
    for _ in range(2):
        remote.fit(dX, dy)
        alone.fit(X, y)
    assert_allclose(remote.loss_curve_, alone.loss_curve_, rtol=1e-9)
    remote, alone = net(draws="global"), local()
    for _ in range(2):
        remote.partial_fit(dX, dy, classes=range(10))
        alone.partial_fit(X, y, classes=range(10))
    assert_allclose(remote.loss_curve_, alone.loss_curve_, rtol=1e-9)
    assert net().initialize(64, range(10)).predict_proba(dX).compute().shape == (600, 10)


def test_to_local(client):
    dX, dy = on_dask(X, y)
    remote = net(draws="global").fit(dX, dy)
    alone = remote.to_local()
    assert type(alone) is BackpropClassifier
    assert alone.get_params() == {k: v for k, v in remote.get_params().items() if k != "draws"}
    assert_array_equal(alone.predict_proba(X), remote.predict_proba(X))
    assert alone.history_ == remote.history_
    before = [W.copy() for W in remote.coefs_]
    alone.partial_fit(X, y)
    assert all(map(np.array_equal, before, remote.coefs_))
    one, other = local().partial_fit(X, y, classes=range(10)), net(draws="global")
    other.partial_fit(dX, dy, classes=range(10))
    assert_allclose(other.to_local().partial_fit(X, y).loss_, one.partial_fit(X, y).loss_)


def test_classes_may_be_given(client):
    dX, dy = on_dask(X[y < 5], y[y < 5], rows=(100, int((y < 5).sum()) - 100))
    clf = net().fit(dX, dy, classes=range(10))
    assert_array_equal(clf.classes_, range(10))
    assert clf.predict_proba(dX).shape[1] == 10


def test_predictions_are_lazy(client):
    dX, dy = on_dask(X, y)
    clf = net().fit(dX, dy)
    alone = clf.to_local()
    for method in "predict", "predict_proba", "predict_log_proba", "decision_function":
        lazy = getattr(clf, method)(dX)
        assert isinstance(lazy, da.Array)
        assert lazy.chunks[0] == ROWS
        expected = getattr(alone, method)(X)
        assert lazy.dtype == expected.dtype
        assert_array_equal(lazy.compute(), expected)
        assert_array_equal(getattr(clf, method)(X), expected)  # local data: at once
    wide = dX.rechunk((150, 10))
    assert_array_equal(clf.predict(wide).compute(), alone.predict(X))


# Errors


def refused(words, X, y, weight=None, error=ValueError, **params):
    clf = net(**params)
    before = dict(vars(clf))
    with pytest.raises(error, match=f"(?s){words}"):
        clf.fit(X, y, weight)
    assert vars(clf) == before


def test_bad_partitions_are_named(client):
    dX, dy, dw = on_dask(X, y, WEIGHT)

    def with_block(k, change):
        parts = [change(part) if i == k else part for i, part in enumerate(np.split(X, ENDS))]
        delayed = [distributed.get_client().submit(np.array, part, pure=False) for part in parts]
        return da.concatenate(
            [da.from_delayed(one, (n, 64), X.dtype) for one, n in zip(delayed, ROWS, strict=True)]
        )

    def nan(part):
        part = part.copy()
        part[3, 4] = np.nan
        return part

    refused(r"Partition 2 can't be used: .*NaN", with_block(2, nan), dy)
    refused(
        r"Partition 1 can't be used: .*5 columns, expected 64",
        with_block(1, lambda p: p[:, :5]),
        dy,
    )
    refused(r"Partition 3 can't be used: .*0 sample", with_block(3, lambda p: p[:0]), dy)
    refused(r"Partition 0 can't be used: .*inconsistent", with_block(0, lambda p: p[:9]), dy)
    bad = WEIGHT.copy()
    bad[300] = np.inf
    refused(r"Partition 2 can't be used: sample_weight", dX, dy, on_dask(bad)[0])
    refused(r"y has 2 partitions, but X has 4", dX, on_dask(y, rows=(300, 300))[0])
    mixed = y.astype(object)
    mixed[300] = "seven"
    refused(r"Partition 2 can't be used: y holds labels that", dX, on_dask(mixed)[0])
    refused(
        r"y has 2 columns of objects; they must hold numbers", dX, on_dask(np.c_[mixed, mixed])[0]
    )
    negative = y * 1.0
    negative[300] = -1.0
    poisson = DaskBackpropRegressor(loss="poisson", hidden_layer_sizes=(5,))
    with pytest.raises(ValueError, match=r"Partition 2 can't be used: y must not be negative"):
        poisson.fit(dX, on_dask(negative)[0])


ENDS = np.cumsum(ROWS)[:-1]


def slow(block):
    raise TimeoutError("the storage is slow")


def test_what_is_refused(client):
    dX, dy = on_dask(X, y)
    refused("normalization='batch'.*on several workers.*'layer'", dX, dy, normalization="batch")
    split = [(np.arange(9), np.arange(9, 20))]
    refused("On Dask give X_val", dX, dy, validation_split=split, early_stopping=True)
    refused("X must be a dask array.*ndarray.*BackpropClassifier", X, dy, error=TypeError)
    refused("y must be a dask array", dX, y, error=TypeError)
    refused("'draws' parameter", dX, dy, draws="worker")
    with pytest.raises(TypeError, match="a regressor has none"):
        DaskBackpropRegressor().fit(dX, dy, classes=range(10))
    refused("add up to more than zero", dX, dy, da.full(600, -1.0, chunks=(ROWS,)))
    refused("y must be a dask array", dX, None, error=TypeError)
    refused("two dimensions", dX[:, 0], dy)
    refused("X must be a dask array.*Delayed", dask.delayed(X), dy, error=TypeError)
    series = dd.from_pandas(pandas.Series(y), npartitions=4)
    refused("two dimensions", series, series)
    times_out = dX.map_blocks(slow, meta=dX._meta)
    refused("the storage is slow", times_out, dy, error=TimeoutError)
    frame = dd.from_pandas(pandas.DataFrame({"a": range(9), "b": range(9)}), npartitions=3)
    other = frame.map_partitions(
        lambda part: part[["b", "a"]] if part["a"].iloc[0] == 3 else part,
        meta=frame._meta,
        enforce_metadata=False,
    )
    target = dd.from_pandas(pandas.Series(np.arange(9) % 2), npartitions=3)
    refused(r"Partition 1 can't be used: X has the columns \['b', 'a'\]", other, target)
    refused("validation_fraction=0", dX, dy, early_stopping=True, validation_fraction=0.0)
    unknown = da.from_delayed(dask.delayed(X), (np.nan, np.nan), X.dtype)
    refused("known number of columns", unknown, dy)


# Failures


def process_ids(client):
    """Those of the workers; asked again if one is just starting."""
    for _ in range(20):
        try:
            return client.run(os.getpid)
        except Exception:  # whatever Dask says of a worker that isn't there yet
            time.sleep(0.5)
    return client.run(os.getpid)


class Killer:
    """Kills workers after epochs: the epoch, and which of the living ones."""

    def __init__(self, client, at):
        self.client, self.at, self.killed = client, dict(at), []

    def setup(self, estimator, context): ...

    def teardown(self, estimator, context): ...

    def on_fit_task_begin(self, estimator, context): ...

    def on_fit_task_end(self, estimator, context):
        which = self.at.pop(context.task_id, None) if context.task_name == "epoch" else None
        if which is not None:
            pids = sorted(process_ids(self.client).items())
            os.kill(pids[which][1], signal.SIGKILL)
            self.killed.append(pids[which][1])


@pytest.fixture
def fragile():
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        yield cluster, client


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
@pytest.mark.parametrize(
    "params",
    [
        {"solver": "lbfgs", "max_iter": 10},
        {"draws": "global", "max_iter": 6, "dropout": 0.2},
        {"draws": "partition", "max_iter": 6, "early_stopping": True, "solver": "adamw"},
    ],
    ids=["lbfgs", "global", "partition"],
)
def test_killed_workers_change_no_number(params, fragile, client):
    """One dies, then the other; a third one joins."""
    cluster, own = fragile
    dX, dy = on_dask(X, y)
    whole = net(**params).fit(dX, dy)
    clf = net(**params)
    clf.client, killer = own, Killer(own, {1: 0, 3: -1})
    clf.set_callbacks(killer)
    cluster.scale(3)
    assert_same(clf.fit(dX, dy), whole)
    assert len(set(killer.killed)) == 2


def test_a_cluster_without_workers_is_given_up(fragile, monkeypatch):
    cluster, own = fragile
    monkeypatch.setattr(dask_batches, "PATIENCE", 3.0)
    monkeypatch.setattr(dask_batches, "POLL", 1.0)

    class ScaleToNothing(Killer):
        def on_fit_task_end(self, estimator, context):
            if context.task_name == "epoch":
                cluster.scale(0)

    dX, dy = on_dask(X, y)
    clf = net(max_iter=50)
    clf.client = own
    before = dict(vars(clf))
    clf.set_callbacks(ScaleToNothing(own, {}))
    start = time.monotonic()
    with pytest.raises(RuntimeError, match=r"no workers for 3 seconds.*as it was before"):
        clf.fit(dX, dy)
    assert time.monotonic() - start < 60
    assert vars(clf.set_callbacks()) == before


def test_a_result_that_comes_when_the_wait_ends(client):
    class Late:
        def __init__(self, status):
            self.status, self.asked = status, 0

        def result(self, timeout=None):
            self.asked += 1
            if self.asked == 1:
                raise TimeoutError("of the wait")
            if self.status == "error":
                raise TimeoutError("of the task")
            return "numbers"

    assert dask_batches.wait_for(client, Late("finished")) == "numbers"
    with pytest.raises(TimeoutError, match="of the task"):
        dask_batches.wait_for(client, Late("error"))


def test_a_lost_scheduler_is_reported(fragile):
    cluster, own = fragile

    class Close(Killer):
        def on_fit_task_end(self, estimator, context):
            if context.task_name == "epoch" and not self.killed:
                self.killed.append(0)
                cluster.close()

    dX, dy = on_dask(X, y)
    clf = net(max_iter=50)
    clf.client = own
    clf.set_callbacks(Close(own, {}))
    start = time.monotonic()
    with pytest.raises(RuntimeError, match=r"connection to the Dask scheduler is lost"):
        clf.fit(dX, dy)
    assert time.monotonic() - start < 60


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_scattered_data_end_in_an_error_or_in_the_same_numbers(fragile, client):
    """They have no graph, but another worker may have a copy."""
    cluster, own = fragile
    workers = list(own.scheduler_info()["workers"])
    blocks = [
        own.scatter(part, workers=[workers[k % 2]], hash=False)
        for k, part in enumerate(np.split(X, ENDS))
    ]
    dX = da.concatenate(
        [da.from_delayed(one, (n, 64), X.dtype) for one, n in zip(blocks, ROWS, strict=True)]
    )
    whole = net(max_iter=10).fit(*on_dask(X, y))
    clf, killer, start = net(max_iter=10), Killer(own, {1: 0}), time.monotonic()
    clf.client = own
    clf.set_callbacks(killer)
    error = None
    try:
        clf.fit(dX, *on_dask(y))
    except RuntimeError as caught:
        error = str(caught)
    if error is None:
        assert_same(clf, whole)
    else:
        assert "died with data that can't be made again" in error
        assert not hasattr(clf, "coefs_")
    assert killer.killed
    assert time.monotonic() - start < 60


def test_what_is_lost_is_said_in_words(client):
    for error in distributed.client.FutureCancelledError("key", "lost"), CancelledError():
        with (
            pytest.raises(RuntimeError, match=r"can't be made again.*from_array"),
            dask_batches.connected(client),
        ):
            raise error
    with pytest.raises(KeyError), dask_batches.connected(client):
        raise KeyError


# Searches and streams: nothing of ours


def test_a_search_on_dask_is_the_serial_one_though_a_worker_dies(fragile):
    """joblib scatters its arguments. If those die with a worker, the search is run again."""
    cluster, own = fragile
    grid = {"alpha": [1e-4, 1e-2, 1.0], "hidden_layer_sizes": [(5,), (8,)]}
    search = GridSearchCV(local(max_iter=30), grid, cv=3)
    serial = clone(search).fit(X, y)
    with own.as_current(), joblib.parallel_config("dask", client=own):
        pids = process_ids(own)
        if hasattr(signal, "SIGKILL"):
            Timer(0.3, os.kill, (next(iter(pids.values())), signal.SIGKILL)).start()
        try:
            search.fit(X, y)
        except Exception:  # joblib's words for what was lost
            search.fit(X, y)
    for name in "mean_test_score", "split0_test_score":
        assert_array_equal(search.cv_results_[name], serial.cv_results_[name])
    assert_array_equal(search.best_estimator_.coefs_[0], serial.best_estimator_.coefs_[0])


@pytest.mark.filterwarnings("ignore:The `_safe_tags`:FutureWarning")  # old dask-ml
def test_dask_ml_wrappers(client):
    wrappers = pytest.importorskip("dask_ml.wrappers")
    dX, dy = on_dask(X, y)
    stream = wrappers.Incremental(local(), shuffle_blocks=False, random_state=0)
    stream.fit(dX, dy, classes=range(10))
    alone = local()
    for part, target in zip(np.split(X, ENDS), np.split(y, ENDS)):
        alone.partial_fit(part, target, classes=range(10))
    assert_array_equal(stream.coefs_[0], alone.coefs_[0])
    assert_array_equal(stream.predict(dX).compute(), alone.predict(X))
    # its searches weight the splits by their size in the mean: compare the splits
    model_selection = pytest.importorskip("dask_ml.model_selection")
    grid = {"alpha": [1e-4, 1.0]}
    search = model_selection.GridSearchCV(local(), grid, cv=3).fit(X, y)
    serial = GridSearchCV(local(), grid, cv=3).fit(X, y)
    for split in range(3):
        name = f"split{split}_test_score"
        assert_array_equal(search.cv_results_[name], serial.cv_results_[name])
    served = wrappers.ParallelPostFit(local()).fit(X, y)
    expected = local().fit(X, y).predict_proba(X)
    assert_allclose(served.predict_proba(dX).compute(), expected)
