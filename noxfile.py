"""One session per habit. CI runs the same; versions stand in pyproject.toml alone."""

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
    session.install("-e", ".[test,plot]")
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session
def tests_min(session: nox.Session) -> None:
    """The tests, with the oldest versions that pyproject.toml allows. Needs Python 3.11 or 3.12."""
    lowest = [r.replace(">=", "==") for r in PROJECT["dependencies"] + EXTRAS["test"]]
    session.install("-e", ".[test]", *lowest)
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation as HTML; a warning is an error."""
    session.install("-e", ".[docs]")
    session.run("sphinx-build", "-W", "--keep-going", "-E", "docs", "docs/_build/html")
