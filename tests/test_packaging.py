"""Versions that stand in two places agree."""

import re
import tomllib
from pathlib import Path

import skbackprop

ROOT = Path(__file__).parents[1]


def test_pre_commit_calls_the_same_ruff():
    """pyproject.toml's dev extra and .pre-commit-config.yaml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (pin,) = (r for r in project["optional-dependencies"]["dev"] if r.startswith("ruff=="))
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    (rev,) = re.findall(r"ruff-pre-commit\n\s+rev: v(\S+)", hooks)
    assert pin == f"ruff=={rev}"


def test_citation_says_what_the_package_says():
    """CITATION.cff has the version, the addresses and the names that stand elsewhere."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = (ROOT / "CITATION.cff").read_text(encoding="utf-8").splitlines()
    citation = dict(line.split(": ", 1) for line in lines if re.match(r"\w[\w-]*: ", line))
    assert citation["version"] == skbackprop.__version__
    assert citation["title"] == project["name"]
    assert citation["abstract"] == project["description"]
    assert citation["license"] == project["license"]
    assert citation["url"] == project["urls"]["Documentation"]
    assert citation.get("repository-code") == project["urls"].get("Repository")
    (author,) = re.findall(r"^  - name: (.+)$", "\n".join(lines), re.M)
    assert [author] == [person["name"] for person in project["authors"]]
