"""W8: what a fresh process waits for, from the interpreter's start to its end."""

from __future__ import annotations

import subprocess
import sys
from statistics import median
from time import perf_counter

FIT = "from sklearn.datasets import load_iris; clf.fit(*load_iris(return_X_y=True))"
SNIPPETS = {
    "import sklearn.base": "import sklearn.base",
    "import skbackprop": "import skbackprop",
    "import of the classifier": "from skbackprop import BackpropClassifier",
    "skbackprop, import and fit": "from skbackprop import BackpropClassifier as C; "
    "clf = C(tol=1e-2); " + FIT,
    "scikit-learn, import and fit": "from sklearn.neural_network import MLPClassifier as C; "
    "clf = C(tol=1e-2); " + FIT,
}


def start_times(repeats: int) -> dict[str, list[float]]:
    """Milliseconds of each snippet in a process of its own, in turn."""
    times: dict[str, list[float]] = {}
    for i in range(repeats + 1):
        for name, code in SNIPPETS.items():
            start = perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            if i:  # the first round fills the disk's cache
                times.setdefault(name, []).append(1e3 * (perf_counter() - start))
    return times


def table(times: dict[str, list[float]]) -> str:
    return "\n".join(f"W8 {name:<34}{median(t):>10,.0f} ms" for name, t in times.items())
