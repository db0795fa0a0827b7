"""The displays show what they are given, legibly, and say what is missing."""

import subprocess
import sys
from itertools import combinations, pairwise

import numpy as np
import pytest
from sklearn.datasets import load_digits, make_moons
from sklearn.exceptions import NotFittedError

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.inspection import ArrayErrors, GradientReport, check_gradients, trace_backprop
from skbackprop.plotting import GradientCheckDisplay, NetworkDisplay, TrainingHistoryDisplay

DISPLAYS = [GradientCheckDisplay, NetworkDisplay, TrainingHistoryDisplay]


@pytest.fixture(scope="module")
def plt():
    """pyplot without a window; skips where there is no matplotlib."""
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    return plt


@pytest.fixture(autouse=True)
def close(request):
    yield
    if "plt" in request.fixturenames:
        request.getfixturevalue("plt").close("all")


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X / 16, y


@pytest.fixture(scope="module")
def fitted(digits):
    """Early stopping, so that there is everything in the history."""
    clf = BackpropClassifier(
        (20,), learning_rate="cosine", early_stopping=True, n_iter_no_change=2, random_state=0
    )
    return clf.fit(*digits)


@pytest.fixture(scope="module")
def tiny():
    """2-3-2-1 units."""
    X, y = make_moons(60, noise=0.1, random_state=0)
    clf = BackpropClassifier((3, 2), activation=("tanh", "relu"), solver="lbfgs", random_state=0)
    return clf.fit(X, y), X, y


# History


def test_history_shows_every_column(plt, fitted):
    display = TrainingHistoryDisplay.from_estimator(fitted)
    columns = {"loss", "data_loss", "penalty", "validation_loss", "validation_score"}
    assert set(display.lines_) == columns | {"learning_rate"}
    for name, line in display.lines_.items():
        np.testing.assert_array_equal(line.get_xdata(), np.arange(1, fitted.n_iter_ + 1))
        np.testing.assert_array_equal(line.get_ydata(), fitted.history_[name])
    assert len(display.axes_) == 4
    assert all(axes.figure is display.figure_ for axes in display.axes_)
    assert display.axes_[-1].get_xlabel() == "epoch"


def test_history_marks_the_epoch_whose_weights_are_kept(plt, fitted):
    display = TrainingHistoryDisplay.from_estimator(fitted)
    scores = fitted.history_["validation_score"]
    assert scores[display.best_epoch - 1] == fitted.best_validation_score_
    (mark,) = (line for line in display.axes_[0].lines if line.get_label() == "best epoch")
    assert set(mark.get_xdata()) == {display.best_epoch}


def test_history_marks_the_lowest_loss_where_that_is_restored(plt, digits):
    """Steps that are too long, so that the loss also rises."""
    clf = BackpropClassifier(
        (5,), learning_rate_init=0.5, batch_size=50, n_iter_no_change=3, random_state=0
    )
    clf.set_params(restore_best_weights=True).fit(*digits)
    display = TrainingHistoryDisplay.from_estimator(clf)
    assert display.best_epoch == np.argmin(clf.loss_curve_) + 1 < clf.n_iter_
    clf.set_params(restore_best_weights="auto").fit(*digits)
    assert TrainingHistoryDisplay.from_estimator(clf).best_epoch is None


def test_history_leaves_out_what_is_not_there(plt, tiny, digits):
    clf, _, _ = tiny
    display = TrainingHistoryDisplay.from_estimator(clf)
    assert set(display.lines_) == {"loss", "data_loss", "penalty"}
    assert display.axes_[-1].get_xlabel() == "iteration"
    assert display.best_epoch is None

    plain = BackpropClassifier((5,), alpha=0, random_state=0).partial_fit(
        *digits, classes=range(10)
    )
    display = TrainingHistoryDisplay.from_estimator(plain)
    assert set(display.lines_) == {"loss", "learning_rate"}
    assert display.lines_["loss"].get_marker() == "o"  # a line through one point isn't seen


@pytest.mark.parametrize(
    ("scoring", "name"),
    [("loss", "minus validation loss"), ("f1_macro", "validation f1_macro"), (None, None)],
)
def test_history_names_the_score(plt, digits, scoring, name):
    clf = BackpropClassifier(
        (5,), early_stopping=True, scoring=scoring, n_iter_no_change=1, tol=1, random_state=0
    )
    display = TrainingHistoryDisplay.from_estimator(clf.fit(*digits))
    assert display.score_name == (name or "validation score")


def test_history_draws_into_given_axes(plt, fitted):
    figure, axes = plt.subplots(4)
    display = TrainingHistoryDisplay.from_estimator(fitted, ax=axes, linewidth=5)
    assert display.figure_ is figure
    assert {line.get_linewidth() for line in display.lines_.values()} == {5}
    with pytest.raises(ValueError, match="4 axes, for loss, penalty, score, learning rate; got 2"):
        display.plot(axes[:2])


def test_history_needs_an_epoch(plt):
    clf = BackpropClassifier().initialize(3, [0, 1])
    with pytest.raises(ValueError, match="no epoch"):
        TrainingHistoryDisplay.from_estimator(clf)


# Network


def texts(display):
    return [text.get_text() for text in display.text_]


def test_network_draws_every_weight_of_a_small_one(plt, tiny):
    clf, _, _ = tiny
    display = NetworkDisplay.from_estimator(clf)
    assert [len(lines.get_segments()) for lines in display.lines_] == [6, 6, 2]
    for lines, W in zip(display.lines_, clf.coefs_):
        widths = np.array(lines.get_linewidths())
        np.testing.assert_array_equal(np.argsort(widths), np.argsort(np.abs(W).ravel()))
        blue = np.array([color[2] > color[0] for color in lines.get_colors()])
        np.testing.assert_array_equal(blue, W.ravel() >= 0)
    shown = texts(display)
    assert {"input\n2 features", "hidden: tanh\n3 units", "hidden: relu\n2 units"} < set(shown)
    assert {"output: logistic\n1 unit", "W 2 x 3\nb 3", "x1", "x2"} < set(shown)


def test_network_says_how_many_units_it_shows(plt, fitted):
    display = NetworkDisplay.from_estimator(fitted, max_units=5)
    extents(display)
    shown = texts(display)
    assert {"input\n64 features, 5 shown", "hidden: relu\n20 units, 5 shown"} < set(shown)
    assert shown.count("⋮") == 3
    assert [len(lines.get_segments()) for lines in display.lines_] == [25, 25]
    assert {"x1", "x2", "x3", "x63", "x64", "0", "1", "2", "8", "9"} < set(shown)
    with pytest.raises(ValueError, match="max_units"):
        NetworkDisplay.from_estimator(fitted, max_units=1)


def test_network_shows_the_numbers_of_a_trace(plt, tiny):
    clf, X, y = tiny
    trace = trace_backprop(clf, X[:1], y[:1])
    shown = texts(NetworkDisplay.from_estimator(clf, trace=trace))
    assert sum(text.startswith("dZ ") for text in shown) == 3 + 2 + 1
    for layer in trace.layers:
        for w, dw in zip(layer.W.ravel(), layer.dW.ravel()):
            assert any(_is_pair(*pair, w, dw) for pair in pairwise(shown))
    assert any("lines: W, below it dW" in text for text in shown)


def _is_pair(above, below, w, dw):
    """True for W over dW, to the digits shown."""
    try:
        a, b = float(above), float(below)
    except ValueError:  # another text
        return False
    return np.isclose(a, w, atol=5e-3, rtol=0.1) and np.isclose(b, dw, atol=5e-3, rtol=0.1)


def test_network_refuses_the_trace_of_another(plt, tiny, fitted):
    clf, X, y = tiny
    with pytest.raises(ValueError, match="another network"):
        NetworkDisplay.from_estimator(fitted, trace=trace_backprop(clf, X, y))


def test_a_trace_of_a_large_network_has_no_numbers_on_lines(plt, fitted, digits):
    X, y = digits
    shown = texts(NetworkDisplay.from_estimator(fitted, trace=trace_backprop(fitted, X[:3], y[:3])))
    assert any("mean of A and sum of dZ over 3 samples" in text for text in shown)
    assert not any("lines: W" in text for text in shown)


def test_network_takes_names_from_the_data(plt):
    pd = pytest.importorskip("pandas")
    X = pd.DataFrame(np.eye(4), columns=["a", "b", "c", "a very long feature name"])
    clf = BackpropClassifier((2,), solver="lbfgs").fit(X, ["no", "yes", "yes", "perhaps"])
    shown = texts(NetworkDisplay.from_estimator(clf))
    assert {"a", "b", "c", "a very long f…", "no", "perhaps", "yes"} < set(shown)


def test_displays_of_a_regressor(plt):
    X = np.random.default_rng(0).normal(size=(40, 3))
    reg = BackpropRegressor(hidden_layer_sizes=(4,), solver="lbfgs", random_state=0)
    reg.fit(X, X[:, 0] ** 2)
    display = NetworkDisplay.from_estimator(reg)
    shown = texts(display)
    extents(display)
    assert {"input\n3 features", "hidden: relu\n4 units", "output: identity\n1 unit"} < set(shown)
    assert "loss" in TrainingHistoryDisplay.from_estimator(reg).lines_
    assert GradientCheckDisplay.from_estimator(reg, X, X[:, 0] ** 2).report.ok


def extents(display):
    """Texts and the boxes that they take, all of them within the figure."""
    display.figure_.canvas.draw()
    boxes = [(t.get_text(), t.get_window_extent()) for t in display.text_ if t.get_text()]
    whole = display.figure_.bbox
    for text, box in boxes:
        assert whole.x0 <= box.x0, text
        assert box.x1 <= whole.x1, text
        assert whole.y0 <= box.y0, text
        assert box.y1 <= whole.y1, text
    return boxes


@pytest.mark.parametrize("samples", [1, 60])
@pytest.mark.parametrize("hidden", [(), (3,), (3, 2), (4, 4)])
def test_no_text_lies_on_another(plt, samples, hidden):
    """Three classes: up to 4 x 4 weights with two numbers each, 2 x 3 and more."""
    X, y = make_moons(60, noise=0.1, random_state=0)
    y = y + (X[:, 0] > 1.2)
    clf = BackpropClassifier(hidden, solver="lbfgs", random_state=0).fit(X, y)
    trace = trace_backprop(clf, X[:samples], y[:samples])
    for display in (
        NetworkDisplay.from_estimator(clf, trace=trace),
        NetworkDisplay.from_estimator(clf),
    ):
        boxes = extents(display)
        for (a, box), (b, other) in combinations(boxes, 2):
            # a pixel of the white border may be shared
            apart = (
                min(box.x1, other.x1) - max(box.x0, other.x0) <= 1
                or min(box.y1, other.y1) - max(box.y0, other.y0) <= 1
            )
            assert apart, (a, b)


# Gradients


def test_gradient_check_shows_the_report(plt, tiny):
    clf, X, y = tiny
    display = GradientCheckDisplay.from_estimator(clf, X, y)
    report = check_gradients(clf, X, y)
    assert display.report == report
    errors = [e for layer in report.layers for e in layer]
    points, tolerance = display.ax_.lines
    np.testing.assert_allclose(
        points.get_xdata(), np.maximum([e.max_rel_error for e in errors], np.finfo(float).eps)
    )
    labels = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert labels == [f"{e.name}  ({e.n_checked})" for e in errors]
    assert tolerance is display.tolerance_
    assert set(tolerance.get_xdata()) == {report.tol}
    assert display.ax_.get_xscale() == "log"


def test_gradient_check_tells_wrong_from_right(plt):
    layers = [(ArrayErrors("coefs_[0]", 4, 0.0, 0.0), ArrayErrors("intercepts_[0]", 2, 1.0, 0.5))]
    display = GradientCheckDisplay(GradientReport(layers, 1e-5)).plot()
    right, wrong, _ = display.ax_.lines
    assert (right.get_ydata(), wrong.get_ydata()) == ([0], [1])
    assert right.get_color() != wrong.get_color()
    assert right.get_marker() != wrong.get_marker()
    low, high = display.ax_.get_xlim()
    assert low < right.get_xdata()[0] < wrong.get_xdata()[0] < high


# All of them


@pytest.mark.parametrize("display", DISPLAYS)
def test_an_unfitted_estimator_is_refused(display):
    args = ([[0.0]], [0]) if display is GradientCheckDisplay else ()
    with pytest.raises(NotFittedError):
        display.from_estimator(BackpropClassifier(), *args)


@pytest.mark.parametrize("display", [GradientCheckDisplay, NetworkDisplay])
def test_given_axes_are_used(plt, tiny, display):
    clf, X, y = tiny
    _, ax = plt.subplots()
    args = (X, y) if display is GradientCheckDisplay else ()
    drawn = display.from_estimator(clf, *args, ax=ax)
    assert drawn.ax_ is ax
    assert drawn.figure_ is ax.figure


def test_without_matplotlib_the_extra_is_named(monkeypatch, tiny):
    clf, X, y = tiny
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    for display in DISPLAYS:
        args = (X, y) if display is GradientCheckDisplay else ()
        with pytest.raises(ImportError, match=r'pip install "skbackprop\[plot\]"'):
            display.from_estimator(clf, *args)


def test_importing_the_module_does_not_import_matplotlib():
    code = "import sys, skbackprop.plotting; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
