"""Who is measured. A peer turns a workload into a function that runs it once.

``None`` in place of the function means that the peer can't do this workload.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
from scipy.sparse import issparse
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from skbackprop import BackpropClassifier
from tests.benchmarks.workloads import ALPHA, LEARNING_RATE, Workload

Run = Callable[[], object]


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
    clf.fit(X, y)
    rows = np.resize(X, (w.rows, w.n_features))

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
    return None if w.density < 1 else products(w)


def floor_one_thread(w: Workload) -> Run | None:
    """The floor again: for small products one BLAS thread is faster than two."""
    if w.density < 1:
        return None
    run = products(w)

    def limited() -> None:
        with threadpool_limits(1, user_api="blas"):
            run()

    return limited


def _torch_network(w: Workload):
    import torch

    layers: list[torch.nn.Module] = []
    for fan_in, fan_out in w.shapes:
        layers += [torch.nn.Linear(fan_in, fan_out, dtype=getattr(torch, w.dtype)), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def pytorch(w: Workload) -> Run | None:
    """An eager training loop with the fused Adam."""
    import torch

    if w.kind == "lbfgs":
        return None
    X, y = w.data
    network = _torch_network(w)
    if w.kind == "predict":
        rows = torch.from_numpy(np.resize(X, (w.rows, w.n_features)))

        @torch.inference_mode()
        def predict() -> None:
            for _ in range(w.epochs):
                network(rows).softmax(dim=1).numpy()

        return predict

    binary = w.n_outputs == 1
    Y = torch.from_numpy(y[:, None].astype(w.dtype) if binary else y.astype(np.int64))
    loss_of = torch.nn.BCEWithLogitsLoss() if binary else torch.nn.CrossEntropyLoss()
    adam = torch.optim.Adam(
        network.parameters(), lr=LEARNING_RATE, weight_decay=ALPHA / w.batch_size, fused=True
    )
    dense = None if issparse(X) else torch.from_numpy(X)

    def scores(rows):
        if dense is not None:
            return network(dense[rows])
        batch = X[rows.numpy()]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # sparse CSR is in beta
            csr = torch.sparse_csr_tensor(batch.indptr, batch.indices, batch.data, batch.shape)
        first, *rest = network
        Z = torch.sparse.mm(csr, first.weight.T) + first.bias
        for layer in rest:
            Z = layer(Z)
        return Z

    def train() -> None:
        for _ in range(w.epochs):
            for rows in torch.randperm(w.n_samples).split(w.batch_size):
                adam.zero_grad()
                loss_of(scores(rows), Y[rows]).backward()
                adam.step()

    return train


def skorch(w: Workload) -> Run | None:
    import torch
    from skorch import NeuralNetBinaryClassifier, NeuralNetClassifier

    if w.kind != "train" or w.density < 1:
        return None
    X, y = w.data
    binary = w.n_outputs == 1
    network = _torch_network(w)
    net = (NeuralNetBinaryClassifier if binary else NeuralNetClassifier)(
        torch.nn.Sequential(network, torch.nn.Flatten(0)) if binary else network,
        criterion=torch.nn.BCEWithLogitsLoss if binary else torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        optimizer__fused=True,
        optimizer__weight_decay=ALPHA / w.batch_size,
        lr=LEARNING_RATE,
        max_epochs=w.epochs,
        batch_size=w.batch_size,
        iterator_train__shuffle=True,
        train_split=None,
        callbacks="disable",
        verbose=0,
    )
    target = y.astype(w.dtype if binary else np.int64)
    return lambda: net.fit(X, target)


PEERS: dict[str, Callable[[Workload], Run | None]] = {
    "skbackprop": skbackprop,
    "scikit-learn": scikit_learn,
    "pytorch": pytorch,
    "skorch": skorch,
    "floor": floor,
    "floor, 1 thread": floor_one_thread,
}
NEEDS = {"pytorch": "torch", "skorch": "skorch"}


def available(names: list[str]) -> list[str]:
    """The peers that are installed; a line about each that isn't."""
    missing = [n for n in names if n in NEEDS and find_spec(NEEDS[n]) is None]
    for name in missing:
        print(f"{name} is not installed and is left out: pip install -e '.[bench]'")
    return [n for n in names if n not in missing]
