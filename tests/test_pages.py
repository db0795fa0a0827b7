"""The page of a trace: what is in it, what is cut, and that all of it is the engine's."""

import base64
import copy
import json
import re
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.datasets import load_diabetes, load_digits, load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skbackprop
from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.activations import ACTIVATIONS, ReLU
from skbackprop.inspection import LayerTrace, Trace, trace_backprop, trace_training
from skbackprop.inspection.source import excerpt
from skbackprop.inspection.walk import scene_of
from skbackprop.layers import Dense
from skbackprop.losses import LOSSES, REGRESSION_LOSSES

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_iris(return_X_y=True)


def fitted(X=X, y=y, **params):
    params = {"hidden_layer_sizes": (6, 4), "max_iter": 3, "random_state": 0, **params}
    return BackpropClassifier(**params).fit(X, y)


def data_of(page):
    """The numbers inside a page."""
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    return json.loads(text)


def array(data, name, run=0):
    blob = data["blobs"][data["runs"][run]["arrays"][name]]
    return np.frombuffer(base64.b64decode(blob), "<f4").reshape(data["shapes"][name]["r"])


def test_a_page_holds_the_arrays_of_the_trace(tmp_path):
    trace = trace_backprop(fitted(), X, y)
    page = trace.to_html(tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == page
    data = data_of(page)
    assert_allclose(array(data, "X"), X, rtol=1e-6)
    for n, layer in enumerate(trace.layers, start=1):
        for name in "W", "b", "Z", "A", "dZ", "db":
            assert_allclose(array(data, f"{name}{n}"), getattr(layer, name), rtol=1e-6)
        assert_allclose(array(data, f"gW{n}"), layer.dW, rtol=1e-5, atol=1e-7)
    assert data["runs"][0]["numbers"]["loss"] == trace.loss
    assert data["outputs"] == ["0", "1", "2"]


def test_steps_follow_the_engine():
    scene = scene_of(trace_backprop(fitted(alpha=0), X, y).walk.passes[0])
    made = [name for step in scene.steps for name in step.outs]
    forward = ["Z1", "A1", "Z2", "A2", "Z3", "A3", "L"]
    backward = ["dZ3", "dW3", "db3", "dA2", "dZ2", "dW2", "db2", "dA1", "dZ1", "dW1", "db1"]
    assert made == forward + backward + ["W1'", "b1'", "W2'", "b2'", "W3'", "b3'"]
    kept = {name for step in scene.steps for name in step.store}
    assert kept == {name for step in scene.steps for name in step.use} == {*"XY", "A1", "A2", "A3"}
    for step in scene.steps:
        assert set(step.ins + step.outs) <= set(scene.arrays)


@pytest.mark.parametrize("solver", ["sgd", "adam", "adamw", "nadam", "rmsprop"])
@pytest.mark.parametrize(
    "more", [{}, {"clip_norm": 0.1, "max_norm": 0.5, "normalization": "batch"}]
)
def test_the_step_is_that_of_partial_fit(solver, more):
    clf = fitted(solver=solver, batch_size=150, alpha=0.1, shuffle=False, **more)
    scene = scene_of(trace_backprop(clf, X, y).walk.passes[0])
    after = copy.deepcopy(clf).partial_fit(X, y)
    for n, (W, b) in enumerate(zip(after.coefs_, after.intercepts_), start=1):
        assert_allclose(scene.arrays[f"W{n}'"].values, W, rtol=1e-12)
        assert_allclose(scene.arrays[f"b{n}'"].values, b, rtol=1e-12)


def test_lbfgs_has_no_step_to_show():
    page = trace_backprop(fitted(solver="lbfgs"), X, y).to_html()
    assert "L-BFGS makes a step from many passes" in page
    assert {step["phase"] for step in data_of(page)["steps"]} == {"forward", "backward"}


def test_losses_of_samples_add_up():
    weights = np.random.default_rng(0).uniform(0, 2, len(X))
    for loss in "cross_entropy", "focal", "squared_error":
        done = trace_backprop(fitted(loss=loss), X, y, weights).walk.passes[0]
        assert_allclose(done.weight @ done.losses(), done.data_loss)


def test_lines_are_found_in_the_source():
    folder = Path(skbackprop.__file__).parents[1]
    sources = data_of(trace_backprop(fitted(), X, y).to_html())["sources"]
    assert len(sources) > 6
    for source in sources:
        lines = (folder / source["file"]).read_text(encoding="utf-8").splitlines()
        assert lines[source["line"] - 1].strip() == source["code"].splitlines()[0].strip()
    assert excerpt(Dense.backward, "self.dW")["code"] == "A.T.dot(dZ, self.dW)"
    assert '"""' not in excerpt(ReLU.backward)["code"]
    assert excerpt(len) is None


@pytest.mark.parametrize("form", [np.asarray, csr_array])
def test_large_traces_are_cut_and_say_so(form):
    digits, target = load_digits(return_X_y=True)
    clf = fitted(digits, target, hidden_layer_sizes=(100,))
    trace = trace_backprop(clf, form(digits), target)
    page = trace.to_html()
    assert len(page) < 1_000_000
    data = data_of(page)
    m = array(data, "X").shape[0]
    assert 30 < m < 1797
    (note,) = [note for note in data["notes"] if "samples" in note]
    assert note.startswith(f"The page holds the first {m} of 1797 samples.")
    # sums are over all samples
    dW = array(data, "X").T @ array(data, "dZ1") + array(data, "rest:dW1")
    assert_allclose(dW, trace.walk.passes[0].arrays["dW1"], atol=1e-5)
    assert len(trace._repr_html_()) < 600_000


def test_wide_layers_are_cut():
    wide = np.random.default_rng(0).standard_normal((40, 784))
    clf = fitted(wide, np.arange(40) % 3, hidden_layer_sizes=(600, 300))
    page = trace_backprop(clf, wide, np.arange(40) % 3).to_html()
    data = data_of(page)
    assert len(page) < 1_000_000
    assert any("first units: " in note for note in data["notes"])
    Z = array(data, "A1") @ array(data, "W2") + array(data, "b2") + array(data, "rest:Z2")
    assert_allclose(Z, array(data, "Z2"), atol=1e-4)
    dA = array(data, "dZ2") @ array(data, "W2").T + array(data, "rest:dA1")
    assert_allclose(dA, array(data, "dA1"), atol=1e-5)


NASTY = '</script><script>alert("1")</script><!-- \' & \u2028'


def test_names_are_escaped():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=[NASTY, "b", "c", "d"])
    labels = np.array([NASTY, "two", "three"], dtype=object)[y]
    clf = make_pipeline(StandardScaler().set_output(transform="pandas"), fitted())
    clf.fit(frame, labels)
    trace = trace_backprop(clf, frame, labels)
    page = trace.to_html()
    assert "alert(" in page
    assert 'alert("1")</script>' not in page
    assert page.count("</script>") == 2
    data = data_of(page)
    assert data["inputs"][0] == NASTY
    assert NASTY in data["outputs"]
    framed = trace._repr_html_()
    assert "<script" not in framed
    assert re.findall(r'srcdoc="([^"]*)"', framed)


def test_a_regressor():
    features, target = load_diabetes(return_X_y=True)
    reg = BackpropRegressor("squared_error", (8,), max_iter=3).fit(features, target)
    data = data_of(trace_backprop(reg, features, target).to_html())
    assert data["outputs"] == ["y0"]
    assert data["runs"][0]["targets"][0] == "151"


def test_a_trace_made_by_hand_has_no_page():
    layer = LayerTrace(*np.ones((8, 1, 1)))
    trace = Trace(X, [layer], X, 1.0)
    with pytest.raises(ValueError, match="made by trace_backprop"):
        trace.to_html()
    assert trace._repr_html_().startswith("<table>")


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_numbers_without_bounds():
    """Infinite stays infinite, NaN stays NaN, and what float32 can't hold is cut."""
    clf = fitted(solver="sgd")
    for W in clf.coefs_:
        W *= 1e200
    trace = trace_backprop(clf, X, y)
    data = data_of(trace.to_html())
    assert_array_equal(np.abs(array(data, "W1")), np.float32(3e38))
    Z = trace.layers[-1].Z
    assert not np.isfinite(Z).all()
    assert_array_equal(np.isnan(array(data, "Z3")), np.isnan(Z))
    assert_array_equal(np.isinf(array(data, "Z3")), np.isinf(Z))
    assert float(data["runs"][0]["numbers"]["loss"]) == pytest.approx(trace.loss, nan_ok=True)


def test_the_page_knows_every_formula():
    """What a test in a browser tries is there for all that the registries hold."""
    folder = Path(skbackprop.__file__).parent / "inspection" / "page"
    functions, costs = ((folder / f"{name}.js").read_text() for name in ("functions", "losses"))
    for name in ACTIVATIONS:
        assert re.search(rf"^  {name}: \[", functions, re.M), name
    forms = [loss().on(t) for loss in LOSSES.values() for t in ("binary", "multiclass")]
    forms += [loss().on("regression") for loss in REGRESSION_LOSSES.values()]
    for form in forms:
        assert type(form).__name__ in costs


def test_nothing_of_the_users_is_changed():
    clf, before = fitted(solver="adam"), X.copy()
    weights, memory = [W.copy() for W in clf.coefs_], clf._progress.optimizer_state.copy()
    trace = trace_backprop(clf, X, y)
    trace.to_html()
    trace._repr_html_()
    assert_array_equal(X, before)
    for W, old in zip(clf.coefs_, weights):
        assert_array_equal(W, old)
    assert_array_equal(clf._progress.optimizer_state.m.vector, memory.m.vector)
    assert clf._progress.optimizer_state.t == memory.t


def test_a_page_says_that_nothing_is_dropped():
    trace = trace_backprop(fitted(dropout=0.5), X, y)
    (note,) = [n for n in data_of(trace.to_html())["notes"] if "Dropout" in n]
    assert "trace_training" in note
    assert not any(
        "Dropout" in n for n in data_of(trace_backprop(fitted(), X, y).to_html())["notes"]
    )


def test_the_loss_of_one_sample_in_words():
    def words(estimator, y):
        steps = scene_of(trace_backprop(estimator.fit(X, y), X, y).walk.passes[0]).steps
        return next(step.words for step in steps if step.title == "The loss")

    clf = BackpropClassifier((3,), max_iter=1)
    assert words(clf, y).startswith("Each sample has a loss: L_i = -log A_y. ")
    reg = BackpropRegressor("squared_error", (3,), max_iter=1)
    assert "L_i = 1/2 e**2, e = A - Y. " in words(reg, X[:, 0])
    assert "e = A - Y, averaged over the outputs. " in words(reg, X[:, :2])


def test_the_gradient_of_several_outputs_in_words():
    """It's that of the sum, while the loss is the mean."""
    reg = BackpropRegressor("squared_error", (3,), max_iter=1)
    for y, told in (X[:, 0], False), (X[:, :2], True):
        steps = scene_of(trace_backprop(reg.fit(X, y), X, y).walk.passes[0]).steps
        words = next(step.words for step in steps if step.title == "Gradient of the scores")
        assert ("mean over the 2 outputs, but the gradient is that of their sum" in words) == told


def test_long_names_and_deep_trainings_stay_below_a_megabyte():
    labels = np.array(["a" * 5000, "b" * 5000, "c"], dtype=object)[y]
    page = trace_backprop(fitted(y=labels), X, labels).to_html()
    assert len(page) < 2e5
    assert "a" * 59 + "…" in data_of(page)["outputs"]
    deep = BackpropClassifier((16,) * 10, batch_size=64, max_iter=1, random_state=0)
    page = trace_training(deep, X[:, :2], y, steps=60).to_html()
    assert len(page) < 1e6
    data = data_of(page)
    assert data["every"] > 1
    assert data["made"] == 60
    assert len(data["runs"]) == len(data["plane"]["frames"]) == -(-60 // data["every"])
