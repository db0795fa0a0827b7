"""Showing: a table of microseconds and ratios, JSON, a bar chart."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

import numpy as np
import scipy
import sklearn
from threadpoolctl import threadpool_info

from tests.benchmarks.measure import Result

SHOWN = ["skbackprop", "scikit-learn", "pytorch", "skorch", "floor"]
#: Okabe and Ito's colours, which colour-blind readers can tell apart.
COLOURS = dict(zip(SHOWN, ["#0072B2", "#E69F00", "#009E73", "#D55E00", "#999999"], strict=True))


def machine() -> str:
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
    return (
        f"{cpu}, {os.cpu_count()} cores; Python {platform.python_version()},"
        f" NumPy {np.__version__}, SciPy {scipy.__version__}, scikit-learn {sklearn.__version__};"
        f" {', '.join(sorted(blas))}"
    )


def header(peers: list[str]) -> str:
    shown = [p for p in SHOWN if p in peers]
    ratios = ["x sklearn", "x pytorch", "floors"]
    return "".join([f"{'':<18}", *(f"{p:>14}" for p in shown), *(f"{r:>11}" for r in ratios)])


def row(result: Result, peers: list[str]) -> str:
    times = [result.microseconds(p) for p in SHOWN if p in peers]
    ratios = [result.speedup(p) for p in ("scikit-learn", "pytorch", "floor")]
    cells = [f"{'' if t is None else f'{t:,.1f} us':>14}" for t in times]
    cells += [f"{'' if r is None else f'{r:.2f}':>11}" for r in ratios]
    return f"{result.label:<18}" + "".join(cells)


def as_json(results: list[Result]) -> dict[str, Any]:
    return {"machine": machine(), "microseconds": {r.label: r.times for r in results}}


def plot(results: list[Result], path: Path) -> None:
    """Time per step over ours, for every workload; log scale."""
    import matplotlib.pyplot as plt

    peers = [p for p in SHOWN if any(r.microseconds(p) for r in results)]
    fig, ax = plt.subplots(figsize=(10, 0.45 * len(results) * 1.6 + 1.5), layout="constrained")
    height = 0.8 / len(peers)
    for k, peer in enumerate(peers):
        places, widths = [], []
        for i, result in enumerate(results):
            time, ours = result.microseconds(peer), result.microseconds("skbackprop")
            if time is not None and ours:
                places.append(i + (k - (len(peers) - 1) / 2) * height)
                widths.append(time / ours)
        ax.barh(places, widths, height, label=peer, color=COLOURS[peer])
    ax.set_yticks(range(len(results)), [r.label for r in results])
    ax.invert_yaxis()
    ax.axvline(1, color="black", linewidth=0.8)
    ax.set_xscale("log")
    ax.set_xlabel("time per step, skbackprop = 1 (further left is faster)")
    ax.legend(loc="lower right")
    fig.savefig(path, dpi=120)
    plt.close(fig)
