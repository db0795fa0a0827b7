"""Who is measured. A peer turns a workload into a function that runs it once.

``None`` in place of the function means that the peer can't do this workload.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from shutil import which

import numpy as np
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from skbackprop import BackpropClassifier
from tests.benchmarks import jax_peer, torch_peers
from tests.benchmarks.workloads import ALPHA, LEARNING_RATE, Run, Workload


def estimator_run(cls: type, w: Workload) -> Run:
    X, y = w.data
    clf = cls(
        hidden_layer_sizes=w.hidden,
        solver="lbfgs" if w.kind == "lbfgs" else "adam",
        alpha=ALPHA,
        batch_size=min(w.batch_size, w.n_samples),
        learning_rate_init=LEARNING_RATE,
        max_iter=1 if w.kind == "predict" else w.epochs,
        max_fun=10**9,
        tol=0,
        n_iter_no_change=10**9,
        random_state=0,
    )
    if w.kind != "predict":
        return lambda: clf.fit(X, y)
    rows = w.asked
    clf.fit(w.as_given(X), y)

    def predict() -> None:
        for _ in range(w.epochs):
            clf.predict_proba(rows)

    return predict


def skbackprop(w: Workload) -> Run:
    return estimator_run(BackpropClassifier, w)


def scikit_learn(w: Workload) -> Run:
    return estimator_run(MLPClassifier, w)


def batch_sizes(w: Workload) -> list[int]:
    """Rows of every step of a run."""
    if w.kind == "predict":
        return [w.rows] * w.epochs
    starts = range(0, w.n_samples, w.batch_size)
    return [min(w.batch_size, w.n_samples - start) for start in starts] * w.epochs


def products(w: Workload) -> Run:
    """The floor: the products of each step with `out=`, nothing else."""
    rng = np.random.default_rng(0)
    W = [rng.standard_normal(shape).astype(w.dtype) for shape in w.shapes]
    dW = [np.empty_like(array) for array in W]
    widths = [w.n_features, *(fan_out for _, fan_out in w.shapes)]

    def buffers(m: int) -> tuple[list[np.ndarray], ...]:
        A = [rng.standard_normal((m, width)).astype(w.dtype) for width in widths]
        return A, [np.empty_like(array) for array in A[1:]], [array.copy() for array in A]

    sizes = batch_sizes(w)
    by_size = {m: buffers(m) for m in set(sizes)}

    def run() -> None:
        for m in sizes:
            A, Z, dA = by_size[m]
            for i in range(len(W)):
                np.dot(A[i], W[i], out=Z[i])
            if w.kind == "predict":
                continue
            for i in reversed(range(len(W))):
                np.dot(A[i].T, dA[i + 1], out=dW[i])
                if i:
                    np.dot(dA[i + 1], W[i].T, out=Z[i - 1])

    return run


def floor(w: Workload) -> Run | None:
    return products(w) if w.is_plain else None


def floor_one_thread(w: Workload) -> Run | None:
    """The floor again: for small products one BLAS thread is faster than two."""
    if not w.is_plain:
        return None
    run = products(w)

    def limited() -> None:
        with threadpool_limits(1, user_api="blas"):
            run()

    return limited


PEERS: dict[str, Callable[[Workload], Run | None]] = {
    "skbackprop": skbackprop,
    "scikit-learn": scikit_learn,
    "PyTorch": torch_peers.eager,
    "torch.compile": torch_peers.compiled,
    "JAX": jax_peer.jitted,
    "skorch": torch_peers.skorch,
    "floor": floor,
    "floor, 1 thread": floor_one_thread,
}
NEEDS = {
    "PyTorch": ["torch"],
    "torch.compile": ["torch"],
    "JAX": ["jax", "optax"],
    "skorch": ["torch", "skorch"],
}


def lacking(name: str) -> str | None:
    """What isn't there and keeps a peer away."""
    for package in NEEDS.get(name, []):
        if find_spec(package) is None:
            return package
    if name == "torch.compile" and not any(map(which, ["c++", "g++", "clang++", "cl"])):
        return "a C++ compiler"
    return None


def available(names: list[str]) -> list[str]:
    """The peers that can be measured here; a line about each that can't."""
    lacks = {name: lacking(name) for name in names}
    for name, what in lacks.items():
        if what is not None:
            hint = "" if "compiler" in what else ": pip install -e '.[bench]'"
            print(f"{name} is left out, as {what} is not installed{hint}")
    return [name for name in names if lacks[name] is None]
