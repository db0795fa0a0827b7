"""W8: what a fresh process waits for, from the interpreter's start to its end."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from statistics import median
from time import perf_counter

FIT = "from sklearn.datasets import load_iris; C(random_state=0).fit(*load_iris(return_X_y=True))"
SNIPPETS = {
    "import sklearn.base": "import sklearn.base",
    "import BackpropClassifier": "from skbackprop import BackpropClassifier",
    "import torch": "import torch",
    "iris, BackpropClassifier": f"from skbackprop import BackpropClassifier as C; {FIT}",
    "iris, MLPClassifier": f"from sklearn.neural_network import MLPClassifier as C; {FIT}",
}
Times = dict[str, list[float]]


def start_times(repeats: int, warm_up: bool = True) -> Times:
    """Milliseconds of each snippet in a process of its own, in turn."""
    times: Times = {}
    for i in range(repeats + warm_up):
        for name, code in SNIPPETS.items():
            if "torch" in code and find_spec("torch") is None:
                continue
            start = perf_counter()
            subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)
            if i or not warm_up:  # the first round fills the disk's cache
                times.setdefault(name, []).append(1e3 * (perf_counter() - start))
    return times


def lines(times: Times) -> list[list[str]]:
    return [["start-up", "ms"], *([name, f"{median(t):,.0f}"] for name, t in times.items())]
