"""Signals, kills, limits, forks and threads, for `nox -s soak`. Prints figures.

Each part raises if an estimator was left unusable, or a limit or a file behind.
"""

from __future__ import annotations

import errno
import os
import pickle
import random
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from threadpoolctl import threadpool_info

from skbackprop import BackpropClassifier

X, y = load_digits(return_X_y=True)
X = X / 16
SOLVERS = ["adam", "sgd", "nadam", "rmsprop", "lbfgs"]


def net(**params):
    return BackpropClassifier(**{"hidden_layer_sizes": (20,), "random_state": 0, **params})


def usable(clf) -> None:
    """The estimator predicts, and trains on."""
    assert np.isfinite(clf.predict_log_proba(X[:50])).all()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pickle.loads(pickle.dumps(clf)).set_params(max_iter=1).fit(X[:200], y[:200])


def limits() -> list[int]:
    return [i["num_threads"] for i in threadpool_info() if i["user_api"] == "blas"]


def interrupts(count: int) -> str:
    """SIGINT at random times: `fit` returns a usable estimator, or leaves the old one."""
    before, ends = limits(), {"returned": 0, "raised": 0}
    for i in range(count):
        clf = net(solver=SOLVERS[i % len(SOLVERS)], max_iter=500, tol=0.0, n_iter_no_change=10**6)
        clf.set_params(max_iter=2)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            clf.fit(X, y)
            clf.set_params(max_iter=500)
            timer = threading.Timer(
                random.Random(i).uniform(0.0, 0.3), signal.raise_signal, [signal.SIGINT]
            )
            timer.start()
            try:
                clf.fit(X, y)
                ends["returned"] += 1
                timer.join()
                time.sleep(0.01)
            except KeyboardInterrupt:
                ends["raised"] += 1
            timer.join()
        usable(clf)
        assert limits() == before, limits()
    return f"{count} interrupts, {ends}"


TRAIN = """
import pickle, sys, warnings
from pathlib import Path
from sklearn.datasets import load_digits
from skbackprop import BackpropClassifier
warnings.simplefilter("ignore")
X, y = load_digits(return_X_y=True)
path, epochs = Path(sys.argv[1]), int(sys.argv[2])
clf = pickle.loads(path.read_bytes()) if path.exists() else BackpropClassifier(
    (20,), warm_start="exact", max_iter=1, dropout=0.1, normalization="batch", random_state=0,
    tol=0.0, n_iter_no_change=10**6)
while getattr(clf, "n_iter_", 0) < epochs:
    clf.fit(X / 16, y)
    new = path.with_suffix(".new")
    new.write_bytes(pickle.dumps(clf))
    new.replace(path)
print(clf.loss_curve_[-1])
"""


def kills(count: int, epochs: int = 150) -> str:
    """SIGKILL at random times: training resumed from the last file ends on the same loss."""
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole"
        command = [sys.executable, "-c", TRAIN]
        start = time.perf_counter()
        expected = subprocess.run(
            [*command, whole, str(epochs)], check=True, capture_output=True, text=True
        ).stdout
        seconds, killed = time.perf_counter() - start, 0
        rng = random.Random(0)
        for i in range(count):
            path, done = Path(folder) / f"{i}", ""
            while not done:
                process = subprocess.Popen(
                    [*command, path, str(epochs)], stdout=subprocess.PIPE, text=True
                )
                try:
                    done, _ = process.communicate(timeout=seconds * rng.uniform(0.5, 1.1))
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.communicate()
                    killed += 1
            assert done == expected, (done, expected)
    return f"{killed} kills in {count} trainings of {epochs} epochs, all ended alike"


def little_memory(count: int) -> str:
    """RLIMIT_AS: a network that doesn't fit raises ValueError, and the estimator is kept."""
    code = """
import resource, sys
import numpy as np
from skbackprop import BackpropClassifier
X, y = np.zeros((50, 10)), np.arange(50) % 2
clf = BackpropClassifier((5,), max_iter=1, tol=10).fit(X, y)
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + int(sys.argv[1]) * 2**20,) * 2)
refused = 0
for units in (10**3, 10**5, 10**6, 10**7, 10**8):
    try:
        clf.set_params(hidden_layer_sizes=(units, units)).fit(X, y)
    except ValueError as error:
        assert "hidden_layer_sizes" in str(error), error
        refused += 1
    clf.predict(X)
assert refused
"""
    for i in range(count):
        megabytes = str(50 + 50 * i)
        subprocess.run([sys.executable, "-W", "ignore", "-c", code, megabytes], check=True)
    return f"{count} limits of memory"


def full_disk() -> str:
    """A file that can't be written whole raises, and the estimator is as before."""
    clf = net(max_iter=3, tol=10).fit(X, y)
    proba = clf.predict_proba(X)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with tempfile.TemporaryFile() as file:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
        try:
            pickle.dump(clf, file)
            file.flush()
            raise AssertionError("more was written than allowed")
        except OSError:
            pass
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            file.truncate(0)
    if os.path.exists("/dev/full"):  # every write to it finds no space left
        try:
            with open("/dev/full", "wb") as full:
                pickle.dump(clf, full)
            raise AssertionError("something was written to a full device")
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
    assert np.array_equal(clf.predict_proba(X), proba)
    return "a full disk, and a file that must not grow"


def forks(count: int) -> str:
    """Children that train while their parent does."""
    before = limits()
    background = threading.Thread(target=lambda: net(max_iter=150, tol=10).fit(X, y))
    background.start()
    for _ in range(count):
        pid = os.fork()
        if pid == 0:
            try:
                net(max_iter=1, tol=10).fit(X[:100], y[:100])
                os._exit(0)
            except BaseException:
                os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    background.join()
    assert limits() == before
    return f"{count} forks"


def threads(count: int) -> str:
    """Predictions while others predict and train, equal to those alone."""
    clf = net(normalization="layer", max_iter=5, tol=10).fit(X, y)
    expected, wrong = clf.predict_proba(X), []

    def work():
        for _ in range(count):
            if not np.array_equal(clf.predict_proba(X), expected):
                wrong.append(1)
        net(max_iter=2, tol=10).fit(X, y)

    workers = [threading.Thread(target=work) for _ in range(8)]
    [worker.start() for worker in workers]
    [worker.join() for worker in workers]
    assert not wrong
    return f"{8 * count} predictions in 8 threads"


def main() -> None:
    short = "--short" in sys.argv
    warnings.simplefilter("ignore")
    # as in a terminal: processes in a shell's background ignore it
    signal.signal(signal.SIGINT, signal.default_int_handler)
    parts = [
        lambda: interrupts(5 if short else 200),
        lambda: kills(1 if short else 20),
        lambda: little_memory(1 if short else 10),
        full_disk,
        lambda: forks(3 if short else 100),
        lambda: threads(5 if short else 200),
    ]
    for part in parts:
        start = time.perf_counter()
        print(f"{part():<70} {time.perf_counter() - start:8.1f} s", flush=True)


if __name__ == "__main__":
    main()
