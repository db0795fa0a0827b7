"""Every example runs without a warning; those of the gallery draw."""

import runpy
import warnings
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
SCRIPTS = sorted(EXAMPLES.rglob("plot_*.py"))


@pytest.fixture
def pyplot(monkeypatch):
    """Matplotlib without a screen, as new, and closed afterwards."""
    matplotlib = pytest.importorskip("matplotlib")
    backend = matplotlib.get_backend()
    matplotlib.use("Agg")
    plt = pytest.importorskip("matplotlib.pyplot")
    monkeypatch.setattr(plt, "show", lambda: None)  # figures stay open for the test
    plt.close("all")
    with matplotlib.rc_context():
        yield plt
    plt.close("all")
    matplotlib.use(backend)


def test_the_gallery_is_found():
    assert len(SCRIPTS) > 10
    for folder in {script.parent for script in SCRIPTS}:
        assert (folder / "README.rst").exists()  # sphinx-gallery wants one


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_gallery_script(script, pyplot):
    code = script.read_text(encoding="utf-8")
    if "multiclass_colors" in code:  # DecisionBoundaryDisplay draws several classes since then
        pytest.importorskip("sklearn", "1.7")
    for module in "pandas", "onnxruntime", "skl2onnx", "distributed":
        if module in code:
            pytest.importorskip(module)
    with warnings.catch_warnings():  # a script may ignore some, for itself
        runpy.run_path(str(script), run_name="__main__")
    figures = [pyplot.figure(number) for number in pyplot.get_fignums()]
    assert figures
    for figure in figures:
        figure.canvas.draw()
        for ax in figure.axes:
            assert ax.has_data()
            named = [ax.get_title(), ax.get_xlabel(), ax.get_ylabel(), figure.get_suptitle()]
            assert any(named) or ax.texts


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_gallery_script_opens_with_its_title(script):
    """What sphinx-gallery reads: a docstring that begins with an underlined title."""
    title, line = script.read_text(encoding="utf-8").splitlines()[1:3]
    assert line == "=" * len(title)
