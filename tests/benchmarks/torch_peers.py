"""The peers that use PyTorch: an eager loop, a compiled one, and skorch."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse import issparse

from tests.benchmarks.workloads import ALPHA, LEARNING_RATE, Run, Workload


def network_of(w: Workload) -> Any:
    import torch

    layers: list[torch.nn.Module] = []
    for fan_in, fan_out in w.shapes:
        layers += [torch.nn.Linear(fan_in, fan_out, dtype=getattr(torch, w.dtype)), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def eager(w: Workload) -> Run | None:
    """A loop with the fused Adam."""
    return _run(w, lambda function: function)


def compiled(w: Workload) -> Run | None:
    """The same loop; batch, network, loss and their gradient are compiled, once for each size."""
    import torch

    if w.density < 1:
        return None
    torch.compiler.reset()
    return _run(w, lambda function: torch.compile(function, dynamic=False))


def _run(w: Workload, transform: Callable[[Any], Any]) -> Run | None:
    if w.kind == "lbfgs" or not w.is_array:
        return None
    network = network_of(w)
    return (_predictions if w.kind == "predict" else _training)(w, network, transform)


def _predictions(w: Workload, network: Any, transform: Callable[[Any], Any]) -> Run:
    """From a NumPy array to a NumPy array."""
    import torch

    asked = w.asked
    probabilities = transform(lambda rows: network(rows).softmax(dim=1))

    @torch.inference_mode()
    def predict() -> None:
        for _ in range(w.epochs):
            probabilities(torch.from_numpy(asked)).numpy()

    return predict


def _training(w: Workload, network: Any, transform: Callable[[Any], Any]) -> Run:
    import torch

    X, y = w.data
    binary = w.n_outputs == 1
    Y = torch.from_numpy(y[:, None].astype(w.dtype) if binary else y.astype(np.int64))
    loss_of = torch.nn.BCEWithLogitsLoss() if binary else torch.nn.CrossEntropyLoss()
    adam = torch.optim.Adam(
        network.parameters(), lr=LEARNING_RATE, weight_decay=ALPHA / w.batch_size, fused=True
    )
    dense = None if issparse(X) else torch.from_numpy(X)

    def loss(rows: Any) -> Any:
        Z = _sparse_scores(network, X[rows.numpy()]) if dense is None else network(dense[rows])
        return loss_of(Z, Y[rows])

    loss = transform(loss)

    def train() -> None:
        for _ in range(w.epochs):
            for rows in torch.randperm(w.n_samples).split(w.batch_size):
                adam.zero_grad()
                loss(rows).backward()
                adam.step()

    return train


def _sparse_scores(network: Any, batch: Any) -> Any:
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # sparse CSR is in beta
        csr = torch.sparse_csr_tensor(batch.indptr, batch.indices, batch.data, batch.shape)
    first, *rest = network
    Z = torch.sparse.mm(csr, first.weight.T) + first.bias
    for layer in rest:
        Z = layer(Z)
    return Z


def skorch(w: Workload) -> Run | None:
    import torch
    from skorch import NeuralNetBinaryClassifier, NeuralNetClassifier

    if w.kind != "train" or w.density < 1:
        return None
    X, y = w.data
    binary = w.n_outputs == 1
    network = network_of(w)
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
