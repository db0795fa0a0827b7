"""The peer that uses JAX: an epoch is one jitted `lax.scan` over the batches, with optax's Adam."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from tests.benchmarks.workloads import ALPHA, LEARNING_RATE, Run, Workload


def jitted(w: Workload) -> Run | None:
    if w.kind == "lbfgs" or not w.is_array:
        return None
    import jax

    build = _predictions if w.kind == "predict" else _training
    with jax.enable_x64(w.dtype == "float64"):
        run = build(w, _parameters(w))

    def in_precision() -> None:
        with jax.enable_x64(w.dtype == "float64"):
            run()

    return in_precision


def _parameters(w: Workload) -> list[tuple[Any, Any]]:
    """W and b of each layer, on the device."""
    import jax.numpy as jnp

    rng = np.random.default_rng(0)
    Ws = [np.sqrt(2 / sum(shape)) * rng.standard_normal(shape) for shape in w.shapes]
    return [(jnp.asarray(W, w.dtype), jnp.zeros(W.shape[1], w.dtype)) for W in Ws]


def scores(parameters: Any, X: Any) -> Any:
    """Z of the last layer; a sparse X is a pair, columns and values of each row's entries."""
    import jax
    import jax.numpy as jnp

    (W, b), *rest = parameters
    Z = (jnp.einsum("mk,mkh->mh", X[1], W[X[0]]) if isinstance(X, tuple) else X @ W) + b
    for W, b in rest:
        Z = jax.nn.relu(Z) @ W + b
    return Z


def _predictions(w: Workload, parameters: Any) -> Run:
    """From a NumPy array to a NumPy array."""
    import jax

    asked = w.asked
    probabilities = jax.jit(lambda parameters, X: jax.nn.softmax(scores(parameters, X)))

    def predict() -> None:
        for _ in range(w.epochs):
            np.asarray(probabilities(parameters, asked))

    return predict


def _training(w: Workload, parameters: Any) -> Run:
    """The host shuffles: a permutation by JAX takes longer than by NumPy."""
    import jax
    import jax.numpy as jnp
    import optax

    X, y = w.data
    X = jax.device_put(X if w.density == 1 else _entries(X))
    Y = jnp.asarray(y.astype(w.dtype if w.n_outputs == 1 else np.int32))
    k, m = w.n_samples // w.batch_size, w.batch_size
    adam = optax.chain(optax.add_decayed_weights(ALPHA / m), optax.adam(LEARNING_RATE))

    def loss(parameters: Any, X: Any, Y: Any) -> Any:
        Z = scores(parameters, X)
        if w.n_outputs == 1:
            return optax.sigmoid_binary_cross_entropy(Z[:, 0], Y).mean()
        return optax.softmax_cross_entropy_with_integer_labels(Z, Y).mean()

    @partial(jax.jit, donate_argnums=(0,))
    def epoch(carry: Any, X: Any, Y: Any, order: Any) -> Any:
        def step(carry: Any, rows: Any) -> Any:
            parameters, state = carry
            batch = jax.tree.map(lambda array: array[rows], X)
            value, gradient = jax.value_and_grad(loss)(parameters, batch, Y[rows])
            updates, state = adam.update(gradient, state, parameters)
            return (optax.apply_updates(parameters, updates), state), value

        carry, _ = jax.lax.scan(step, carry, order[: k * m].reshape(k, m))
        return step(carry, order[k * m :])[0] if w.n_samples > k * m else carry

    rng = np.random.default_rng(0)
    carry = parameters, jax.jit(adam.init)(parameters)

    def train() -> None:
        nonlocal carry
        for _ in range(w.epochs):
            carry = epoch(carry, X, Y, rng.permutation(w.n_samples).astype(np.int32))
        jax.block_until_ready(carry)

    return train


def _entries(X: Any) -> tuple[np.ndarray, np.ndarray]:
    """Columns and values of each row's entries of a CSR array, filled up with zeros."""
    counts = np.diff(X.indptr)
    mask = np.arange(counts.max()) < counts[:, None]
    columns, values = np.zeros(mask.shape, np.int32), np.zeros(mask.shape, X.dtype)
    columns[mask], values[mask] = X.indices, X.data
    return columns, values
