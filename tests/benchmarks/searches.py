"""W10: a grid search with two processes: time, memory and BLAS threads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from statistics import median
from time import perf_counter, sleep
from typing import Any

from threadpoolctl import threadpool_info

GRID = {
    "hidden_layer_sizes": [(50,), (100,)],
    "alpha": [1e-4, 1e-2, 1.0],
    "learning_rate_init": [1e-3, 1e-2],
    "batch_size": [100, 200],
}
FOLDS, JOBS, EPOCHS = 5, 2, 20
#: Seconds between two looks at the memory.
INTERVAL = 0.05


def score_and_threads(estimator: Any, X: Any, y: Any) -> dict[str, float]:
    """Accuracy, and the threads that the largest BLAS pool of this worker would use."""
    pools = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    return {"accuracy": estimator.score(X, y), "threads": max(pools, default=1)}


def search(name: str, toy: str = "") -> None:
    """Run one search in this process, and print what it took as JSON."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import GridSearchCV

    if name == "skbackprop":
        from skbackprop import BackpropClassifier as Estimator
    else:
        from sklearn.neural_network import MLPClassifier as Estimator
    X, y = load_digits(return_X_y=True)
    grid: dict[str, list[Any]] = {"alpha": [1e-4, 1e-2]} if toy else GRID
    estimator = Estimator(max_iter=2 if toy else EPOCHS, random_state=0)
    folds = 2 if toy else FOLDS
    found = GridSearchCV(
        estimator, grid, cv=folds, n_jobs=JOBS, scoring=score_and_threads, refit=False
    )
    start = perf_counter()
    found.fit(X / 16, y)
    seconds = perf_counter() - start
    results = found.cv_results_
    threads = max(max(results[f"split{i}_test_threads"]) for i in range(folds))
    fits = folds * len(results["params"])
    accuracy = max(results["mean_test_accuracy"])
    print(
        json.dumps({"seconds": seconds, "fits": fits, "threads": threads, "accuracy": accuracy}),
        flush=True,
    )


def measure(repeats: int, toy: bool) -> dict[str, dict[str, list[float]]]:
    """Ours and scikit-learn's in turn, each search in a process of its own."""
    found: dict[str, dict[str, list[float]]] = {}
    for _ in range(repeats):
        for name in ("skbackprop", "scikit-learn"):
            for key, value in _fresh(name, toy).items():
                found.setdefault(name, {}).setdefault(key, []).append(value)
    return found


def _fresh(name: str, toy: bool) -> dict[str, float]:
    code = f"from tests.benchmarks.searches import search; search({name!r}, {'toy' * toy!r})"
    command = [sys.executable, "-W", "ignore", "-c", code]
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}  # for the workers
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as child:
        peak = max(_memory(child), default=0.0)
        out = child.stdout.read() if child.stdout else ""
    if child.returncode:
        raise RuntimeError(f"the search of {name} failed")
    taken = json.loads(out.splitlines()[-1])
    return {**taken, "peak_mib": peak} if peak else taken


def _memory(child: subprocess.Popen[str]) -> Iterator[float]:
    """MiB of the process and its descendants now and again; nothing without psutil.

    What processes share is counted once where the system tells (PSS), else in each of them.
    """
    if find_spec("psutil") is None:
        return
    import psutil

    parent = psutil.Process(child.pid)
    while child.poll() is None:
        total = 0
        try:
            for process in [parent, *parent.children(recursive=True)]:
                memory = process.memory_full_info()
                total += getattr(memory, "pss", memory.rss)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            pass
        else:
            yield total / 2**20
        sleep(INTERVAL)


def lines(found: dict[str, dict[str, list[float]]]) -> list[list[str]]:
    head = ["search", "seconds", "peak MiB", "BLAS threads a worker", "fits", "best accuracy"]
    table = [head]
    for name, of in found.items():
        peak = f"{median(of['peak_mib']):,.0f}" if "peak_mib" in of else "-"
        table.append(
            [
                name,
                f"{median(of['seconds']):.2f}",
                peak,
                f"{max(of['threads']):.0f}",
                f"{of['fits'][0]:.0f}",
                f"{of['accuracy'][0]:.3f}",
            ]
        )
    return table
