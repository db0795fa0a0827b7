"""Versions that stand in two places agree."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_pre_commit_calls_the_same_ruff():
    """pyproject.toml's dev extra and .pre-commit-config.yaml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (pin,) = (r for r in project["optional-dependencies"]["dev"] if r.startswith("ruff=="))
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    (rev,) = re.findall(r"ruff-pre-commit\n\s+rev: v(\S+)", hooks)
    assert pin == f"ruff=={rev}"
