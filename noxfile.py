"""One session per habit. CI runs the same; versions stand in pyproject.toml alone."""

import tarfile
import zipfile
from pathlib import Path

import nox

nox.options.sessions = ["lint", "tests", "docs"]

PROJECT = nox.project.load_toml("pyproject.toml")["project"]
EXTRAS = PROJECT["optional-dependencies"]


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff and mypy, at the versions of the dev extra."""
    pins = [pin for pin in EXTRAS["dev"] if pin.startswith(("ruff==", "mypy=="))]
    session.install(*pins, "numpy")  # NumPy for its types
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("mypy")


@nox.session
def tests(session: nox.Session) -> None:
    """The tests, with the newest versions."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "pytest", "-n", "2", *session.posargs)


@nox.session
def tests_min(session: nox.Session) -> None:
    """The tests, with the oldest versions that pyproject.toml allows. Needs Python 3.11 or 3.12.

    All but those of the benchmark, which is for developers.
    """
    lowest = [r.replace(">=", "==") for r in PROJECT["dependencies"] + EXTRAS["test"]]
    session.install("-e", ".[test]", *lowest)
    options = ["-n", "2", "--ignore=tests/test_benchmarks.py"]
    session.run("python", "-m", "pytest", *options, *session.posargs)


@nox.session
def browser(session: nox.Session) -> None:
    """The pages of traces in a headless Chromium or Chrome; skipped where there is none."""
    session.install("-e", ".[test,browser]")
    session.run("python", "-m", "pytest", "tests/test_browser.py", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation as HTML; a warning is an error. Then links and, in Chromium, pages."""
    session.install("-e", ".[docs]")
    session.run("sphinx-build", "-W", "--keep-going", "-E", "docs", "docs/_build/html")
    session.run("python", "docs/_check", "docs/_build/html")


#: What an installed package must be able to do.
SMOKE = """
from sklearn.datasets import load_iris
from skbackprop import BackpropClassifier, TabularClassifier
X, y = load_iris(return_X_y=True)
assert BackpropClassifier(solver="lbfgs", random_state=0).fit(X, y).score(X, y) > 0.9
assert TabularClassifier(random_state=0).fit(X, y).score(X, y) > 0.9
from skbackprop.inspection import trace_backprop
assert "checkStep" in trace_backprop(BackpropClassifier(max_iter=500).fit(X, y), X, y).to_html()
"""


@nox.session
def package(session: nox.Session) -> None:
    """Wheel and sdist: built, checked, and the wheel installed and used."""
    session.install(*EXTRAS["package"])
    folder = Path(session.create_tmp()).resolve()
    for old in folder.glob("*"):
        old.unlink()
    session.run("python", "-m", "build", "--outdir", str(folder))
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    session.run("twine", "check", "--strict", str(wheel), str(sdist))
    with zipfile.ZipFile(wheel) as archive:
        inside = {name.split("/")[0] for name in archive.namelist()}
        names = set(archive.namelist())
    if inside != {"skbackprop", f"{wheel.stem.rsplit('-', 3)[0]}.dist-info"}:
        session.error(f"the wheel holds {sorted(inside)}")
    modules = {str(path) for path in Path("skbackprop").glob("**/*.py")} | {"skbackprop/py.typed"}
    modules |= {str(path) for path in Path("skbackprop/inspection/page").iterdir()}
    if modules - names:
        session.error(f"the wheel lacks {sorted(modules - names)}")
    with tarfile.open(sdist) as archive:
        inside = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    if wanted := {*modules, "tests/conftest.py", "docs/conf.py", "README.md", "LICENSE"} - inside:
        session.error(f"the sdist lacks {sorted(wanted)}")
    session.install(str(wheel))
    session.run("python", "-P", "-c", SMOKE)


@nox.session
def soak(session: nox.Session) -> None:
    """Long and rough use: 10,000 random settings of each kind, signals, kills, limits, forks."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "tests.soak", *session.posargs)
    env = {"SKBACKPROP_EXAMPLES": "10000"}
    session.run("python", "-m", "pytest", "-q", "tests/test_properties.py", env=env)
    env = {"SKBACKPROP_KILLS": "20"}
    session.run("python", "-m", "pytest", "-q", "tests/test_checkpoint.py", "-k", "kills", env=env)


#: What is mutated, and the tests, those first that notice most.
MUTATED = [
    "network.py",
    "batches.py",
    "workspace.py",
    "architecture.py",
    "vectors.py",
    "threads.py",
    "formulas.py",
    "onnx.py",
    "checkpoint.py",
]
MUTATED += ["layers", "training", "normalization", "optimizers", "schedules", "losses"]
MUTATED += ["activations", "estimators", "ensemble", "tabular", "dask"]
NOTICE_MOST = ["layers", "breaks", "exact", "training", "errors", "ensemble", "tabular"]


@nox.session
def mutants(session: nox.Session) -> None:
    """Mutants of the code: which do the tests notice? `nox -s mutants -- 150` draws so many."""
    count = session.posargs[0] if session.posargs else "150"
    clone = Path(session.create_tmp()).resolve() / "clone"
    session.run("rm", "-rf", str(clone), external=True)
    session.run("git", "clone", "-q", ".", str(clone), external=True)
    session.chdir(clone)
    session.install("-e", ".[test]", "cosmic-ray>=8.4")
    paths = [f"skbackprop/{name}" for name in MUTATED]
    tests = " ".join(f"tests/test_{name}.py" for name in NOTICE_MOST)
    Path("mutants.toml").write_text(
        f"[cosmic-ray]\nmodule-path = {paths}\ntimeout = 900.0\nexcluded-modules = []\n"
        f"test-command = 'python -m pytest -x -q --tb=no {tests} tests'\n"
        "[cosmic-ray.distributor]\nname = 'local'\n"
    )
    session.run("cosmic-ray", "init", "mutants.toml", "mutants.sqlite")
    session.run("python", "tests/mutants.py", "sample", "mutants.sqlite", count)
    session.run("cosmic-ray", "exec", "mutants.toml", "mutants.sqlite")
    session.run("python", "tests/mutants.py", "report", "mutants.sqlite")
