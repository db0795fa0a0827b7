"""The page in a real browser, offline: every step, no error, the trace's numbers.

It needs the extra `browser` and a Chromium or Chrome: one on the path, or the one that
SKBACKPROP_BROWSER names.
"""

import os
import re
import shutil

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.datasets import load_diabetes, load_digits, load_iris

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.activations import ACTIVATIONS
from skbackprop.datasets import make_spirals
from skbackprop.inspection import trace_backprop, trace_training
from skbackprop.inspection.walk import scene_of
from skbackprop.losses import LOSSES, REGRESSION_LOSSES, CrossEntropy, Focal
from skbackprop.optimizers import SGD, AdamW

sync_api = pytest.importorskip(
    "playwright.sync_api", reason='the tests in a browser need the extra "browser"'
)
NAMES = "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"
BROWSER = os.environ.get("SKBACKPROP_BROWSER") or next(filter(None, map(shutil.which, NAMES)), None)
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.skipif(BROWSER is None, reason=f"no browser among {', '.join(NAMES)}"),
]

X, y = load_iris(return_X_y=True)
DESKTOP, PHONE = {"width": 1400, "height": 900}, {"width": 390, "height": 844}
SETTINGS = {
    "adam": {},
    "plain descent": {"solver": SGD(momentum=0.0), "alpha": 0, "activation": "tanh"},
    "momentum": {"solver": "sgd", "clip_norm": 0.1, "activation": "logistic"},
    "decay": {"solver": AdamW(weight_decay=0.1), "alpha": 0.5, "l1_ratio": 0.5},
    "nadam": {"solver": "nadam"},
    "amsgrad": {"solver": "amsgrad"},
    "rmsprop": {"solver": "rmsprop", "clip_norm": 0.1},
    "adagrad": {"solver": "adagrad"},
    "limited norms": {"max_norm": 0.5},
    "batch": {"normalization": "batch"},
    "layer": {"normalization": "layer", "input_scale": 2.0},
    "lbfgs": {"solver": "lbfgs"},
    "linear": {"hidden_layer_sizes": ()},
    "quadratic": {"loss": "squared_error"},
}


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(browser, tmp_path):
    """Open a page offline; at the end, there must have been no message in the console."""
    messages, contexts = [], []

    def visit(page, **options):
        path = tmp_path / "page.html"
        path.write_text(page, encoding="utf-8")
        context = browser.new_context(offline=True, **{"viewport": DESKTOP, **options})
        contexts.append(context)
        tab = context.new_page()
        tab.on("console", lambda message: messages.append(message.text))
        tab.on("pageerror", lambda error: messages.append(str(error)))
        tab.on("request", lambda r: None if r.url.startswith("file:") else messages.append(r.url))
        tab.goto(path.as_uri())
        return tab

    yield visit
    for context in contexts:
        context.close()
    assert messages == []


def fitted(X=X, y=y, **params):
    params = {"hidden_layer_sizes": (6, 4), "max_iter": 3, "random_state": 0, **params}
    return BackpropClassifier(**params).fit(X, y)


def cells(tab):
    """Name, row and column of every number that is shown, and the number."""
    found = tab.evaluate(
        "[...document.querySelectorAll('#arrays td[data-name]')]"
        ".map(td => [td.dataset.name, +td.dataset.i, +td.dataset.j, td.textContent])"
    )
    return [(name, i, j, float(text.replace("\u2212", "-"))) for name, i, j, text in found]


@pytest.mark.parametrize("name", SETTINGS)
def test_the_page_shows_the_traces_numbers_and_works_them_out(visit, name):
    trace = trace_backprop(fitted(**SETTINGS[name]), X, y)
    scene = scene_of(trace.walk.passes[0])
    tab = visit(trace.to_html())
    for k, step in enumerate(scene.steps):
        assert tab.inner_text("#position") == f"{k + 1} / {len(scene.steps)}"
        assert tab.inner_text("#card h2") == step.title
        shown = cells(tab)
        assert {name for name, *_ in shown} == {*step.ins, *step.outs}
        for array, i, j, number in shown:
            values = np.asarray(scene.arrays[array].values)
            if values.ndim == 1:
                values = values[:, None] if scene.arrays[array].axes == ("m",) else values[None]
            np.testing.assert_allclose(number, values[i, j], rtol=0.051, err_msg=array)
        agree, differ, untold, _ = tab.evaluate("checkStep(DATA.steps[state.step], RUNS[0])")
        assert differ == untold == 0
        assert agree
        assert "✓" in tab.inner_text("#card .check")
        tab.click("#next") if k + 1 < len(scene.steps) else None
    assert tab.is_disabled("#next")


#: For every run of a page: outcomes of the check, for arrays that steps make and those that they
#: are given.
TOLD = """
() => RUNS.map(run => {
  const counts = {};
  const given = Object.entries(DATA.given).map(([name, o]) => ({outs: [name], ...o}));
  for (const step of [...DATA.steps, ...given]) for (const name of step.outs) {
    const a = run.arrays[name];
    for (let i = 0; i < a.rows; i++) for (let j = 0; j < a.columns; j++)
      if (explain(step, run, name, i, j).ok !== true) counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
})
"""


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_is_worked_out(visit, activation):
    """And its slope, in every entry."""
    tab = visit(trace_backprop(fitted(activation=activation), X, y).to_html())
    assert tab.evaluate(TOLD) == [{}]
    tab.click("#chips button:text-is('dZ1')")
    name = f"{activation}'(Z1)"
    tab.hover(f'#arrays td[data-name="{name}"][data-i="3"][data-j="2"]')
    text = tab.inner_text("#explanation")
    assert text.startswith(f"{name}[3, 2] = ")
    assert "✓" in text


def test_an_activation_made_of_functions_has_their_name(visit):
    tab = visit(trace_backprop(fitted(activation=(np.sin, np.cos)), X, y).to_html())
    tab.click("#next")
    assert " = sin(" in tab.inner_text("#card .formula")
    assert "can't work" in tab.inner_text("#explanation .verdict")
    assert set(tab.evaluate(TOLD)[0]) == {"A1", "A2", "sin'(Z1)", "sin'(Z2)"}


@pytest.mark.parametrize("target", ["several classes", "two classes", "labels"])
@pytest.mark.parametrize("loss", [*LOSSES, Focal(gamma=0.5), CrossEntropy(label_smoothing=0.1)])
def test_every_loss_is_worked_out(visit, loss, target):
    """That of each sample, too, and its share."""
    labels = {"several classes": y, "two classes": y > 0, "labels": np.stack([y > 0, y > 1], 1)}
    classes = labels[target]
    tab = visit(trace_backprop(fitted(y=classes, loss=loss), X, classes).to_html())
    assert tab.evaluate(TOLD) == [{}]


@pytest.mark.parametrize("loss", REGRESSION_LOSSES)
def test_every_loss_of_numbers_is_worked_out(visit, loss):
    reg = BackpropRegressor(loss, (5,), max_iter=2, random_state=0).fit(X, X[:, :2])
    tab = visit(trace_backprop(reg, X, X[:, :2]).to_html())
    assert tab.evaluate(TOLD) == [{}]


@pytest.mark.parametrize("normalization", ["batch", "layer"])
def test_normalised_scores_are_worked_out_even_where_samples_or_units_are_cut(visit, normalization):
    digits, classes = load_digits(return_X_y=True)
    rows = slice(None) if normalization == "batch" else slice(40)
    digits, classes = digits[rows], classes[rows]
    units = 40 if normalization == "batch" else 600
    clf = fitted(digits, classes, hidden_layer_sizes=(units,), normalization=normalization)
    tab = visit(trace_backprop(clf, digits, classes).to_html())
    assert tab.evaluate("(({values, shape: [m, n]}) => values.length < m * n)(RUNS[0].arrays.Z1)")
    steps = (
        "DATA.steps.filter(s => /norm/.test(s.rule)).map(s => checkStep(s, RUNS[0]).slice(1, 3))"
    )
    assert tab.evaluate(steps) == [[0, 0], [0, 0]]


@pytest.mark.parametrize("loss", ["log_loss", "focal", CrossEntropy(label_smoothing=0.1)])
def test_softmax_is_worked_out_even_where_classes_are_cut(visit, loss):
    rng = np.random.default_rng(0)
    features, classes = rng.standard_normal((600, 5)), np.arange(600)
    clf = fitted(features, classes, hidden_layer_sizes=(4,), loss=loss)
    tab = visit(trace_backprop(clf, features[:30], classes[:30]).to_html())
    assert tab.evaluate("RUNS[0].arrays.A2.columns") == 512
    told = tab.evaluate(TOLD)[0]
    assert set(told) <= ({"L_i"} if isinstance(loss, CrossEntropy) else set())
    assert tab.locator("#explanation .term").count() <= 20


def test_dropout_of_sparse_features_is_worked_out(visit):
    clf = BackpropClassifier((6,), input_dropout=0.3, dropout=0.5, random_state=0)
    tab = visit(trace_training(clf, csr_array(X), y, steps=2).to_html())
    assert tab.evaluate(TOLD) == [{}, {}]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("spoiled", [np.nan, np.inf, 1e200])
def test_numbers_without_bounds_are_shown_as_such(visit, spoiled):
    """They aren't called wrong, and nothing else is."""
    clf = fitted()
    clf.coefs_[0][0, 0] = spoiled
    tab = visit(trace_backprop(clf, X, y).to_html())
    shown = tab.inner_text("#arrays td[data-name='W1'][data-i='0'][data-j='0']")
    assert shown == {"nan": "NaN", "inf": "∞", "1e+200": "huge"}[str(spoiled)]
    tab.hover("#arrays td[data-name='Z1'][data-i='0'][data-j='0']")
    assert "infinite, too large or NaN" in tab.inner_text("#explanation .verdict")
    for _ in range(tab.evaluate("DATA.steps.length") - 1):
        assert "✗" not in tab.inner_text("body")
        tab.click("#next")
    assert tab.evaluate("DATA.steps.every(s => checkStep(s, RUNS[0])[1] === 0)")


def test_the_keyboard_is_enough(visit):
    tab = visit(trace_backprop(fitted(), X, y).to_html())
    tab.keyboard.press("ArrowRight")
    assert tab.inner_text("#position").startswith("2 /")
    tab.keyboard.press("End")
    assert tab.is_disabled("#next")
    tab.keyboard.press("Home")
    assert tab.is_disabled("#back")
    tab.focus("#arrays .out td[tabindex='0']")
    for key in "Home", "ArrowDown", "ArrowRight":
        tab.keyboard.press(key)
    assert tab.inner_text("#position").startswith("1 /")  # the arrows move in the array
    focused = tab.evaluate("document.activeElement.getAttribute('aria-label')")
    assert re.match(r"Z1 row \d+, column \d+: ", focused)
    i, j = map(int, re.findall(r"\d+", focused)[1:3])
    assert tab.inner_text("#explanation h3").startswith(f"Z1[{i}, {j}] = ")
    # the tab key stops in each array, if it can at a number that is marked; pagers are on the way
    for before in f"b1 {j}: ", f"W1 row 0, column {j}: ":
        focused = ""
        while not focused.startswith(before[:2]):
            tab.keyboard.press("Shift+Tab")
            focused = tab.evaluate("document.activeElement.getAttribute('aria-label')")
        assert focused.startswith(before)
    tab.keyboard.press("Escape")
    tab.keyboard.press("ArrowRight")
    assert tab.inner_text("#position").startswith("2 /")
    tab.focus("#chips button:text-is('A1')")
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.textContent") == "A1"
    tab.focus("button[aria-label='later rows of A1']")
    tab.keyboard.press("Enter")
    assert "rows 10\u201319" in tab.inner_text("#arrays")
    assert tab.evaluate("document.activeElement.ariaLabel") == "later rows of A1"
    names = tab.evaluate(
        "[...document.querySelectorAll('button, select, input')].filter(e => e.offsetParent)"
        ".map(e => e.ariaLabel || e.textContent || e.labels?.[0]?.textContent)"
    )
    assert all(names)


def test_an_entry_of_dw1_is_written_out(visit):
    trace = trace_backprop(fitted(alpha=0), X, y)
    tab = visit(trace.to_html())
    tab.click("#chips button:text-is('dW1')")
    tab.hover("#arrays td[data-name='dW1'][data-i='2'][data-j='3']")
    text = tab.inner_text("#explanation")
    dW = trace.layers[0].dW[2, 3]
    assert "the sum over the samples of X[:, 2] times dZ1[:, 3]" in text
    assert "X[0, 2]" in text
    assert "dZ1[0, 3]" in text
    assert "✓" in text
    number = float(re.findall(r"stored number is (\S+)", text)[0].replace("\u2212", "-"))
    np.testing.assert_allclose(number, dW, rtol=1e-3)
    marked = tab.evaluate(
        "[...document.querySelectorAll('#arrays td.from')].map(t => t.dataset.name + t.dataset.j)"
    )
    assert set(marked) == {"X2", "dZ13"}


def test_a_number_can_be_held_and_followed(visit):
    """To the terms of a sum, and from dW1 to dZ1, dA1 and so on, with the mouse alone."""
    trace = trace_backprop(fitted(alpha=0), X, y)
    tab = visit(trace.to_html())
    tab.click("#chips button:text-is('dW1')")
    tab.click("#arrays td[data-name='dW1'][data-i='2'][data-j='3']")
    tab.hover("#arrays td[data-name='X'][data-i='0'][data-j='0']")
    assert tab.inner_text("#explanation h3").startswith("dW1[2, 3] = ")
    tab.click("#explanation summary")
    assert tab.locator("#explanation details .term").count() == len(X)
    for name, index in {"dZ1": "[1, 3]", "dA1": "[1, 3]"}.items():
        tab.click(f"#arrays td[data-name='{name}'][data-i='1'][data-j='3']")
        tab.click("#explanation .maker")
        assert tab.inner_text("#card h2").startswith("Back through")
        assert tab.inner_text("#explanation h3").startswith(f"{name}{index} = ")
    tab.hover("#arrays td[data-name='dZ2'][data-i='2'][data-j='1']")
    assert tab.inner_text("#explanation h3").startswith("dZ2[2, 1] = ")


def test_factors_lead_to_where_they_come_from(visit):
    """From dW1 down to the loss and back, with the keyboard alone."""
    tab = visit(trace_backprop(fitted(alpha=0), X, y).to_html())
    tab.click("#chips button:text-is('dW1')")
    tab.focus("#arrays td[data-name='dW1'][data-i='2'][data-j='3']")
    tab.click("#explanation summary")
    way = ["dW1[2, 3]"]
    for label in "dZ1[47, 3]", "relu'(Z1)[47, 3]":
        tab.focus(f'#explanation button.factor:has(small:text-is("{label}")) >> nth=-1')
        tab.keyboard.press("Enter")
        assert tab.inner_text("#explanation h3").startswith(f"{label} = ")
        chosen = tab.inner_text("#arrays td.chosen")
        assert chosen == tab.evaluate("document.activeElement.textContent")  # its rows were turned
        way.append(label)
    for label in way[-2::-1]:
        tab.focus(f"#explanation button:text-is('Back to {label}')")
        tab.keyboard.press("Enter")
        assert tab.inner_text("#explanation h3").startswith(f"{label} = ")
    assert tab.inner_text("#card h2") == "Gradient of the weights into layer 1"
    assert tab.locator("#explanation button:has-text('Back to')").count() == 0


def test_a_number_of_dw1_can_be_followed_to_the_data(visit):
    """All the way back through the backward pass, the loss and the forward pass."""
    trace = trace_backprop(fitted(alpha=0, activation="tanh"), X, y)
    tab = visit(trace.to_html(), viewport=PHONE)
    tab.click("#chips button:text-is('dW1')")
    tab.click("#arrays td[data-name='dW1'][data-i='2'][data-j='3']")
    way = ["dZ1", "dA1", "dZ2", "dA2", "dZ3", "A3", "Z3", "A2", "Z2", "A1", "Z1"]
    for name in way:
        buttons = tab.locator(f"#explanation button.factor:has(small:text('{name}['))")
        buttons.first.click()
        assert tab.inner_text("#explanation h3").startswith(f"{name}[")
        assert "✓" in tab.inner_text("#explanation .verdict")
    assert tab.locator("#explanation button.factor").count() == 0  # X, W1 and b1
    for name in [*way[-2::-1], "dW1"]:
        tab.click("#explanation button:has-text('Back to')")
        assert tab.inner_text("#explanation h3").startswith(f"{name}[")


def test_new_weights_lead_to_their_gradients(visit):
    tab = visit(trace_backprop(fitted(), X, y).to_html())
    tab.click('#chips button:has-text("W1\'")')
    tab.click("#arrays td[data-name=\"W1'\"][data-i='1'][data-j='2']")
    for label in "gW1[1, 2]", "dW1[1, 2]":
        tab.click(f'#explanation button.factor:has(small:text-is("{label}"))')
        assert tab.inner_text("#explanation h3").startswith(f"{label} = ")


def test_pointing_turns_the_pages_of_the_other_arrays(visit):
    digits, classes = load_digits(return_X_y=True)
    trace = trace_backprop(fitted(digits, classes, hidden_layer_sizes=(30,)), digits, classes)
    tab = visit(trace.to_html())
    tab.click("#chips button:text-is('dW1')")
    for i, j in (2, 3), (9, 1), (5, 0):
        tab.hover(f"#arrays td[data-name='dW1'][data-i='{i}'][data-j='{j}']")
        assert tab.inner_text("#explanation h3").startswith(f"dW1[{i}, {j}] = ")
        marked = tab.evaluate(
            "[...document.querySelectorAll('#arrays td.from')]"
            ".map(t => t.dataset.name + ' ' + t.dataset.j)"
        )
        assert set(marked) == {f"X {i}", f"dZ1 {j}"}


def test_one_sample(visit):
    trace = trace_backprop(fitted(alpha=0), X, y)
    tab = visit(trace.to_html())
    tab.select_option("#sample", "7")
    tab.click("#chips button:text-is('dW2')")
    shares = {(i, j): v for name, i, j, v in cells(tab) if "share" in name}
    hidden, layer = trace.layers[:2]
    expected = np.outer(hidden.A[7], layer.dZ[7])
    assert len(shares) == expected.size
    for (i, j), number in shares.items():
        np.testing.assert_allclose(number, expected[i, j], rtol=0.051)
    assert {i for name, i, *_ in cells(tab) if name in ("A1", "dZ2")} == {7}


def test_what_is_kept_is_marked(visit):
    tab = visit(trace_backprop(fitted(), X, y).to_html())
    assert "X stored now" in " ".join(tab.inner_text("#memo").split())
    tab.click("#chips button:text-is('dW1')")
    assert "X used now" in " ".join(tab.inner_text("#memo").split())


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_it_fits_and_can_be_read(visit, size, scheme):
    """No sideways scrolling, no tiny text, contrast of at least 4.5 to 1 in the heat maps."""
    tab = visit(trace_backprop(fitted(), X, y).to_html(), viewport=size, color_scheme=scheme)
    for _ in range(8):
        assert tab.evaluate("document.documentElement.scrollWidth") <= size["width"]
        smallest, contrast = tab.evaluate(
            """() => {
            const bright = text => brightness(text.match(/[\\d.]+/g).slice(0, 3).map(Number));
            const cells = [...document.querySelectorAll('#arrays tbody td[data-name]')];
            return [Math.min(...[...document.querySelectorAll('main p, main td, main th, button')]
                .filter(e => e.textContent).map(e => parseFloat(getComputedStyle(e).fontSize))),
              Math.min(...cells.map(td => {
                const s = getComputedStyle(td);
                const [p, q] = [bright(s.color), bright(s.backgroundColor)].sort((a, b) => b - a);
                return (p + 0.05) / (q + 0.05); }))];
            }"""
        )
        assert smallest >= 10
        assert contrast >= 4.5
        tab.click("#next")


def test_names_are_shown_and_not_run(visit):
    pd = pytest.importorskip("pandas")
    nasty = "</script><img src=x onerror=\"console.log('run')\">'"
    frame = pd.DataFrame(X, columns=[nasty, '"', "&amp;", "d"])
    labels = np.array([nasty, "<b>", "three"], dtype=object)[y]
    tab = visit(trace_backprop(fitted(frame, labels), frame, labels).to_html())
    titles = tab.evaluate("[...document.querySelectorAll('#arrays th')].map(e => e.title)")
    assert nasty in titles
    assert "&amp;" in titles
    assert tab.locator("img").count() == 0


def test_a_regressor_and_a_large_network(visit):
    features, target = load_diabetes(return_X_y=True)
    reg = BackpropRegressor("squared_error", (8,), max_iter=3).fit(features, target)
    digits, classes = load_digits(return_X_y=True)
    for trace in (
        trace_backprop(reg, features, target),
        trace_backprop(fitted(digits, classes, hidden_layer_sizes=(100,)), digits, classes),
    ):
        tab = visit(trace.to_html())
        for _ in range(tab.evaluate("DATA.steps.length") - 1):
            tab.click("#next")
            assert "✓" in tab.inner_text("#card .check")


def test_in_a_notebook(visit):
    trace = trace_backprop(fitted(), X, y)
    tab = visit(f"<!doctype html><title>notebook</title>{trace._repr_html_()}")
    frame = tab.frame_locator("iframe")
    frame.locator("#next").click()
    assert frame.locator("#position").inner_text().startswith("2 /")


def test_a_training(visit):
    """The second slider: every step's numbers, the plane, and buttons that play."""
    points, arm = make_spirals(random_state=0)
    clf = BackpropClassifier((8,), learning_rate_init=0.05, batch_size=300, random_state=0)
    training = trace_training(clf, points, arm, steps=6)
    tab = visit(training.to_html(), viewport=PHONE)
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    assert tab.locator("#charts figure").count() == 3
    pictures = set()
    tab.focus("#run")
    for k, trace in enumerate(training):
        text = tab.inner_text("#run-label")
        assert text == f"{k + 1} of 6, loss {trace.loss:.4g}"
        pictures.add(tab.evaluate("document.querySelector('canvas').toDataURL()"))
        for name, i, j, number in cells(tab):
            if name == "W1":
                np.testing.assert_allclose(number, trace.layers[0].W[i, j], rtol=0.051)
        assert tab.evaluate("DATA.steps.every(s => checkStep(s, RUNS[state.run])[1] === 0)")
        tab.keyboard.press("ArrowRight")
    assert len(pictures) == 6
    tab.click("#train")
    tab.wait_for_function("state.run === 2")
    tab.click("#train")
