"""Files: what is in them, that skops loads them, and that those of earlier releases are read.

``python -m tests.test_saved`` writes the files of the present format; run it with the oldest
versions, before a release that changes `FORMAT`.
"""

import copy
import importlib
import os
import pickle
import pickletools
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix
from sklearn import model_selection
from sklearn.datasets import load_iris
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

import skbackprop
from skbackprop import (
    TRUSTED_TYPES,
    BackpropClassifier,
    BackpropRegressor,
    Checkpoint,
    TabularClassifier,
    TabularRegressor,
)
from skbackprop.activations import ELU
from skbackprop.ensemble import FoldEnsembleClassifier, FoldEnsembleRegressor
from skbackprop.estimators import state
from skbackprop.estimators.choices import CHOICES, choices
from skbackprop.optimizers import Optimizer
from skbackprop.optimizers.base import State
from skbackprop.schedules import Cosine
from skbackprop.tabular import RobustSmoothClip, TabularEncoder, TreeBins

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_iris(return_X_y=True)
X = (X - X.mean(axis=0)) / X.std(axis=0)
FOLDER = Path(__file__).parent / "saved"


def fitted():
    """Estimators that hold everything that a file can hold."""
    small = {"hidden_layer_sizes": (5,), "max_iter": 3, "random_state": 0}
    exact = {**small, "warm_start": "exact", "dropout": 0.2, "early_stopping": True}
    labels = np.c_[y > 0, y > 1].astype(int)
    return {
        "classifier": BackpropClassifier(**small).fit(X, np.array(["a", "b", "c"])[y]),
        "exact": BackpropClassifier(
            **exact, normalization="batch", learning_rate=Cosine(epochs=9), solver="nadam"
        ).fit(X, y),
        "binary": BackpropClassifier(**small, solver="amsgrad", input_scale=2.0).fit(X, y > 0),
        "labels": BackpropClassifier(**small, solver="lbfgs").fit(X, csr_matrix(labels)),
        "initialized": BackpropClassifier(**small).initialize(4, ["a", "b"]),
        "groups": BackpropClassifier(
            **{**exact, "validation_split": model_selection.GroupShuffleSplit(n_splits=1)},
        ).fit(X, y, groups=np.arange(150) // 5),
        "regressor": BackpropRegressor(
            **small, loss="huber", activation=[ELU(alpha=0.5)], solver="rmsprop"
        ).fit(X, X[:, :2]),
        "ensemble": FoldEnsembleClassifier(BackpropClassifier(**small), cv=2, random_state=0).fit(
            X, y
        ),
    }


def table():
    """Columns of numbers with gaps, of few and of many categories, and of two."""
    rng, many = np.random.default_rng(0), [f"k{i % 40}" for i in range(150)]
    gaps = np.where(rng.uniform(size=150) < 0.1, None, X[:, 0])
    words = [*"uvw"] * 50, [*"ab"] * 75
    return np.array([gaps, X[:, 1].round(), many, *words], dtype=object).T


def fitted_tables():
    """The estimators and transformers for tables, and pipelines."""
    classifier = BackpropClassifier((5,), max_iter=3)
    regressor = BackpropRegressor(hidden_layer_sizes=(5,), max_iter=3)
    encoder = TabularEncoder(max_one_hot=10, n_quantile_bins=4)
    own = make_pipeline(make_pipeline(RobustSmoothClip(), "passthrough"), TreeBins(4), classifier)
    return {
        "classes": TabularClassifier(classifier, cv=2, random_state=0).fit(table(), y),
        "numbers": TabularRegressor(regressor, encoder=encoder, cv=2, random_state=0).fit(
            table(), X[:, 0]
        ),
        "encoder": encoder.fit(table()),
        "pipelines": FoldEnsembleClassifier([own, classifier], cv=2, random_state=0).fit(X, y),
        "pipeline": FoldEnsembleClassifier(own, cv=2, random_state=0).fit(X, y),
    }


def predict(model):
    if isinstance(model, TabularEncoder):
        return model.set_params(sparse_output=False).transform(table())
    method = getattr(model, "predict_proba", model.predict)
    return np.asarray(method(table() if hasattr(model, "encoder_") else X))


# skops


def options():
    """One estimator for each option of every registry."""
    for name, choice in CHOICES.items():
        for string in choice.registry:
            yield f"{name}={string}", BackpropClassifier(**{name: string})
            yield (
                f"{name}={string}, object",
                BackpropClassifier(**{name: choice.registry[string]()}),
            )
    for cls in BackpropClassifier, BackpropRegressor:
        for string in choices(cls._losses)["loss"].registry:
            yield f"{cls.__name__} {string}", cls(loss=string)


OPTIONS = dict(options())


@pytest.mark.parametrize("model", OPTIONS.values(), ids=OPTIONS)
def test_skops_loads_every_option(model):
    io = pytest.importorskip("skops.io")
    target = np.arange(150.0) % 7 if isinstance(model, BackpropRegressor) else y
    model = copy.deepcopy(model).set_params(hidden_layer_sizes=(4,), max_iter=2, random_state=0)
    data = io.dumps(model.fit(X, target))
    assert set(io.get_untrusted_types(data=data)) <= set(TRUSTED_TYPES)
    loaded = io.loads(data, trusted=TRUSTED_TYPES)
    assert_array_equal(predict(loaded), predict(model))


def test_skops_loads_what_a_file_can_hold():
    io = pytest.importorskip("skops.io")
    for name, model in {**fitted(), **fitted_tables()}.items():
        pipeline = make_pipeline(StandardScaler().fit(X), model) if name == "classifier" else model
        data = io.dumps(pipeline)
        assert set(io.get_untrusted_types(data=data)) <= set(TRUSTED_TYPES), name
        loaded = io.loads(data, trusted=TRUSTED_TYPES)
        assert_array_equal(predict(loaded), predict(pipeline))
        if name == "exact":  # goes on to the same end
            assert_array_equal(predict(loaded.fit(X, y)), predict(model.fit(X, y)))


@pytest.mark.parametrize("cls", [TabularClassifier, TabularRegressor])
def test_skops_loads_tabular_estimators(cls):
    io = pytest.importorskip("skops.io")
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "number": np.where(rng.uniform(size=200) < 0.1, np.nan, rng.standard_normal(200)),
            "few": rng.integers(0, 5, 200),
            "word": rng.choice(["x", "y", "z"], 200),
            "kind": pd.Categorical(rng.choice(["u", "v"], 200)),
            "many": [f"k{i % 60}" for i in range(200)],
            "flag": rng.uniform(size=200) < 0.5,
            "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(200), unit="D"),
        }
    )
    estimator = (BackpropClassifier if cls is TabularClassifier else BackpropRegressor)(
        hidden_layer_sizes=(4,), max_iter=2
    )
    model = cls(estimator, cv=3, random_state=0).fit(frame, (frame["few"] > 2) * 1)
    data = io.dumps(model)
    assert set(io.get_untrusted_types(data=data)) <= set(TRUSTED_TYPES)
    loaded = io.loads(data, trusted=TRUSTED_TYPES)
    assert_array_equal(loaded.predict(frame), model.predict(frame))


def test_the_list_names_public_types():
    others = {"numpy.dtype", "scipy.sparse._csr.csr_matrix"}
    others |= {
        f"{cls.__module__}.{cls.__qualname__}"
        for cls in vars(model_selection).values()
        if isinstance(cls, type) and hasattr(cls, "split") and not cls.__name__.startswith("Base")
    }
    for name in TRUSTED_TYPES:
        module, _, cls = name.rpartition(".")
        assert isinstance(getattr(importlib.import_module(module), cls), type)
    ours = {name for name in TRUSTED_TYPES if name.startswith("skbackprop.")}
    assert set(TRUSTED_TYPES) - ours == others
    assert len(set(TRUSTED_TYPES)) == len(TRUSTED_TYPES)
    registered = {
        f"{cls.__module__}.{cls.__qualname__}"
        for choice in [*CHOICES.values(), choices(BackpropRegressor._losses)["loss"]]
        for cls in choice.registry.values()
    }
    assert registered < ours
    machinery = "architecture", "network", "training", "resume", "labels", "estimators.numbers"
    assert not [name for name in ours if any(part in name for part in machinery)]


def test_functions_are_still_asked_about():
    io = pytest.importorskip("skops.io")
    model = BackpropClassifier(activation=(os.system, os.system))
    data = io.dumps(model)
    asked = set(io.get_untrusted_types(data=data)) - set(TRUSTED_TYPES)
    assert any("system" in name for name in asked)
    with pytest.raises(Exception, match="system"):
        io.loads(data, trusted=TRUSTED_TYPES)


def test_skops_loads_a_network_with_its_checkpoint(tmp_path):
    io = pytest.importorskip("skops.io")
    for every in 3, timedelta(minutes=5):
        checkpoint = Checkpoint(tmp_path / f"{every}", every=every)
        model = BackpropClassifier((5,), max_iter=2).set_callbacks(checkpoint).fit(X, y)
        data = io.dumps(model)
        assert set(io.get_untrusted_types(data=data)) <= set(TRUSTED_TYPES)
        (loaded,) = io.loads(data, trusted=TRUSTED_TYPES)._skl_callbacks
        assert repr(loaded) == repr(checkpoint)


# States of a user's own optimizer


@dataclass(frozen=True)
class Momentum(Optimizer):
    """Keeps its velocity in a state of some kind."""

    kind: Any = None

    def init(self, theta):
        return self.kind(np.zeros_like(theta))

    def step(self, theta, grad, state, lr):
        state.v = 0.9 * state.v - lr * grad
        theta += state.v


class Plain(State):
    def __init__(self, v):
        self.v = v

    def copy(self):
        return Plain(self.v.copy())


class Other:
    def __init__(self, v):
        self.v = v

    def copy(self):
        return Other(self.v.copy())


@dataclass
class Late(State):
    v: Any
    n: int = field(default=0, init=False)

    def copy(self):
        return Late(self.v.copy())


@pytest.mark.parametrize("kind", [Plain, Other, Late])
def test_a_state_of_a_users_own_stays_as_it_is(kind):
    model = BackpropClassifier((5,), solver=Momentum(kind), max_iter=3, random_state=0).fit(X, y)
    for other in pickle.loads(pickle.dumps(model)), copy.deepcopy(model):
        one = copy.deepcopy(model).partial_fit(X, y)
        assert_array_equal(other.partial_fit(X, y).coefs_[0], one.coefs_[0])
        assert np.any(other._progress.optimizer_state.v)


# What is in a file


def names_in(model):
    """The classes and functions that a pickle names."""
    return {
        value.replace(" ", ".")
        for op, value, _ in pickletools.genops(pickle.dumps(model, protocol=2))
        if op.name == "GLOBAL"
    }


def test_a_pickle_names_public_classes_only():
    for name, model in {**fitted(), **fitted_tables()}.items():
        ours = {n for n in names_in(model) if n.startswith("skbackprop")}
        assert ours <= set(TRUSTED_TYPES), name


def test_a_pickle_holds_nothing_of_scikit_learn():
    """Its objects, but for splitters, may not load with another version."""
    for name, model in {**fitted(), **fitted_tables()}.items():
        theirs = {n for n in names_in(model) if n.startswith("sklearn")}
        assert theirs <= set(TRUSTED_TYPES), name


def test_pipelines_are_rebuilt():
    own = make_pipeline(StandardScaler(), BackpropClassifier((5,), max_iter=3), verbose=False)
    model = FoldEnsembleClassifier((own, own[-1]), cv=2, random_state=0).fit(X, y)
    loaded = pickle.loads(pickle.dumps(model))
    assert repr(loaded.estimator) == repr(model.estimator)
    assert [type(member) for member in loaded.members_] == [Pipeline, BackpropClassifier]
    assert_array_equal(predict(loaded.fit(X, y)), predict(model))
    # one that knows more than its parameters stays as it is
    own.note = "mine"
    assert pickle.loads(pickle.dumps(model)).estimator[0].note == "mine"


def test_a_shallow_copy_shares_and_a_deep_one_does_not():
    model = fitted()["classifier"]
    assert copy.copy(model)._network is model._network
    assert not np.shares_memory(copy.deepcopy(model).coefs_[0], model.coefs_[0])


def test_saving_changes_nothing():
    for model in fitted().values():
        before = dict(vars(model))
        pickle.dumps(model)
        assert vars(model) == before


# Formats


MODELS = {
    "unfitted": BackpropClassifier(),
    "tabular": TabularClassifier(),
    "regressors": FoldEnsembleRegressor(),
    "encoder": TabularEncoder(),
}


@pytest.mark.parametrize("name", ["classifier", "ensemble", *MODELS])
def test_a_newer_format_says_which_version_reads_it(name, monkeypatch):
    model = MODELS[name] if name in MODELS else fitted()[name]
    with monkeypatch.context() as patch:
        patch.setattr(state, "FORMAT", state.FORMAT + 1)
        patch.setattr(state, "__version__", "7.1.0")
        patch.setattr(type(model), "_pack", lambda self, attributes: {"all": attributes})
        data = pickle.dumps(model)
    words = rf"format {state.FORMAT + 1} by skbackprop 7\.1\.0.*with skbackprop 7\.1\.0"
    with pytest.raises(ValueError, match=words):
        pickle.loads(data)


def test_a_file_from_before_the_formats(monkeypatch):
    model = fitted()["classifier"]
    old = {k: v for k, v in model.__getstate__().items() if k not in ("_format", "_version")}
    old |= {"_network": model._network, "_progress": model._progress}  # as it was then
    with pytest.raises(ValueError, match="before files had a format number"):
        BackpropClassifier().__setstate__(old)


def test_a_file_says_which_version_wrote_it():
    assert fitted()["regressor"].__getstate__()["_version"] == skbackprop.__version__


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.pickle")), ids=lambda path: path.stem)
def test_files_of_released_formats_are_read(path):
    saved = pickle.loads(path.read_bytes())
    assert set(saved) == {"models", "before", "after"}
    for name, model in saved["models"].items():
        assert_allclose(predict(model), saved["before"][name], rtol=1e-9, err_msg=name)
        if name in saved["after"]:
            assert_allclose(predict(go_on(name, model)), saved["after"][name], rtol=1e-6)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.skops")), ids=lambda path: path.stem)
def test_skops_files_of_released_formats_are_read(path):
    io = pytest.importorskip("skops.io")
    saved = pickle.loads(path.with_suffix(".pickle").read_bytes())
    loaded = io.load(path, trusted=TRUSTED_TYPES)
    assert_allclose(predict(loaded), saved["before"]["exact"], rtol=1e-9)


def test_there_are_files_of_the_present_format():
    for name in "", "_tables":
        assert (FOLDER / f"format_{state.FORMAT}{name}.pickle").exists()


def go_on(name, model):
    """Train a saved model further."""
    if name == "exact":
        return model.fit(X, y)
    if name == "initialized":
        return model.partial_fit(X, np.array(["a", "b"])[(y > 0) * 1])
    return model.partial_fit(X, X[:, :2])  # the regressor


def write_tables():
    models = fitted_tables()
    saved = {"models": models, "before": {k: predict(m) for k, m in models.items()}, "after": {}}
    path = FOLDER / f"format_{state.FORMAT}_tables.pickle"
    path.write_bytes(pickle.dumps(saved, protocol=5))


def write_files():
    import skops.io

    all_of_them = fitted()
    before = {name: predict(model) for name, model in all_of_them.items()}
    path = FOLDER / f"format_{state.FORMAT}.pickle"
    untouched = copy.deepcopy(all_of_them)
    after = {
        name: predict(go_on(name, all_of_them[name]))
        for name in ("exact", "initialized", "regressor")
    }
    with_less = {"compression": ZIP_DEFLATED, "compresslevel": 9}
    skops.io.dump(untouched["exact"], path.with_suffix(".skops"), **with_less)
    saved = {"models": untouched, "before": before, "after": after}
    path.write_bytes(pickle.dumps(saved, protocol=5))


if __name__ == "__main__":
    write_files()
    write_tables()
