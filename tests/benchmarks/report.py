"""Showing: tables for the terminal, and what the figures depend on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_info

from tests.benchmarks.measure import Result

#: What a table shows, in this order; the floor is the faster of its two.
SHOWN = ["skbackprop", "scikit-learn", "PyTorch", "torch.compile", "JAX", "skorch", "floor"]
#: Okabe and Ito's colours, which colour-blind readers can tell apart.
COLOURS = {
    "skbackprop": "#0072B2",
    "scikit-learn": "#E69F00",
    "PyTorch": "#009E73",
    "JAX": "#D55E00",
}
PACKAGES = ["skbackprop", "numpy", "scipy", "scikit-learn", "torch", "jax", "optax", "skorch"]
Lines = list[list[str]]


def machine() -> dict[str, Any]:
    """What the figures depend on."""
    cpu = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        cpu = next((line.split(": ")[1] for line in lines if line.startswith("model name")), cpu)
    blas = {
        f"{i['internal_api']} {i['version']} ({i.get('architecture', '?')})"
        for i in threadpool_info()
        if i["user_api"] == "blas"
    }
    versions = {"Python": platform.python_version()}
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return {"cpu": cpu, "cores": os.cpu_count(), "versions": versions, "blas": sorted(blas)}


def in_words(found: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in found["versions"].items())
    return f"{found['cpu']}, {found['cores']} cores; {versions}; {', '.join(found['blas'])}"


def text(lines: Lines) -> str:
    """The first column to the left, the others to the right."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )


def measured(results: list[Result]) -> list[str]:
    """The columns that aren't empty."""
    return [p for p in SHOWN if any(r.microseconds(p) is not None for r in results)]


def times(results: list[Result]) -> Lines:
    peers = measured(results)
    lines = [["us per step or call", *peers]]
    for result in results:
        found = [result.microseconds(p) for p in peers]
        lines.append([result.workload.label, *("" if t is None else f"{t:,.1f}" for t in found)])
    return lines


def ratios(results: list[Result]) -> Lines:
    others = [p for p in measured(results) if p not in ("skbackprop", "floor")]
    lines = [["times as fast as", *others, "% of floor's speed"]]
    for result in results:
        found = [result.speedup(p) for p in others]
        share = result.speedup("floor")
        cells = ["" if r is None else f"{r:.2f}" for r in found]
        lines.append([result.workload.label, *cells, "" if share is None else f"{100 * share:.0f}"])
    return lines
