"""What workers do: each function takes one partition of the data.

Workers call these functions as tasks. Whatever they return depends on their arguments alone, so
that a task can be run again on another worker if the first one dies.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil
from typing import Any, NamedTuple, Protocol
from weakref import WeakKeyDictionary

import numpy as np
from dask.sizeof import sizeof
from scipy.sparse import issparse
from sklearn.utils import check_X_y

from skbackprop.architecture import Architecture
from skbackprop.estimators.checks import naming_what_is_no_number
from skbackprop.estimators.resume import checksum
from skbackprop.estimators.samples import Dataset, Encoding
from skbackprop.network import Network
from skbackprop.threads import one_thread


class Problem(NamedTuple):
    """Why a partition can't be used."""

    words: str


class Checked(NamedTuple):
    """A partition's samples: X as CSR or a dense array, y as given, weights or None."""

    X: Any
    y: np.ndarray
    weight: np.ndarray | None


class Summary(NamedTuple):
    """What the client has to know of a partition.

    `y` has one row for each distinct target and `total` their weights; for numbers only the first
    one.
    """

    n_samples: int
    y: np.ndarray
    total: np.ndarray


@dataclass(frozen=True)
class Wanted:
    """What every partition must be.

    Parameters
    ----------
    n_features : int
        Columns of X.
    names : list or None
        Their names, if X is a data frame.
    dtype : dtype
        That X is converted to.
    has_classes : bool
        Whether y holds classes.
    """

    n_features: int
    names: list[Any] | None
    dtype: np.dtype
    has_classes: bool


def as_scipys(X: Any) -> Any:
    """A block of the library sparse as SciPy's matrix; others as they are."""
    return X.to_scipy_sparse() if hasattr(X, "to_scipy_sparse") else X


def check(X: Any, y: Any, weight: Any, wanted: Wanted) -> Checked | Problem:
    """Check one partition as `fit` checks all samples."""
    X = as_scipys(X)
    if wanted.names is not None and list(X.columns) != wanted.names:
        return Problem(f"X has the columns {list(X.columns)}, expected {wanted.names}.")
    try:
        with naming_what_is_no_number(X):
            X, y = check_X_y(
                X, y, accept_sparse=["csr", "csc"], multi_output=True, dtype=wanted.dtype
            )
        if X.shape[1] != wanted.n_features:
            return Problem(f"X has {X.shape[1]} columns, expected {wanted.n_features}.")
        if weight is not None:
            weight = np.asarray(weight, wanted.dtype)
            weight = np.full(len(y), weight) if weight.ndim == 0 else weight
            weight = weight[:, 0] if weight.shape == (len(y), 1) else weight
            if weight.shape != (len(y),):
                return Problem(f"sample_weight has shape {weight.shape}, expected {(len(y),)}.")
            if not np.all(np.isfinite(weight)):
                return Problem("sample_weight must hold finite numbers.")
    except (TypeError, ValueError) as error:
        return Problem(str(error))
    if issparse(X):
        X = X.tocsr()
    elif not (X.flags.c_contiguous or X.flags.f_contiguous):
        X = np.ascontiguousarray(X)
    return Checked(X, y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y, weight)


def summarize(checked: Checked | Problem, has_classes: bool) -> Summary | Problem:
    """Tell the client about a partition."""
    if isinstance(checked, Problem):
        return checked
    _, y, weight = checked
    weight = np.ones(len(y)) if weight is None else weight.astype(np.float64)
    distinct, which = y[:1], np.zeros(len(y), int)
    if has_classes:
        axis = 0 if y.ndim == 2 else None
        try:
            distinct, which = np.unique(y, return_inverse=True, axis=axis)
        except TypeError as error:
            if y.ndim == 2:  # NumPy sorts no rows of objects
                return Problem(f"y has {y.shape[1]} columns of objects; they must hold numbers.")
            # numbers and strings, or None
            return Problem(f"y holds labels that can't be compared: {error}.")
    return Summary(len(y), distinct, np.bincount(which.ravel(), weight, len(distinct)))


def checksums(dataset: Dataset) -> tuple[int | None, ...]:
    """Numbers that change with X, y and the weights of a partition."""
    parts = dataset.samples.X, dataset.samples.Y, dataset.sample_weight
    return tuple(None if part is None else checksum(part) for part in parts)


def encode(checked: Checked, encoding: Encoding, number: int) -> Dataset:
    """Make a partition what the engine trains on."""
    try:
        return encoding.part(*checked)
    except ValueError as error:
        raise ValueError(f"Partition {number} can't be used: {error}") from error


@sizeof.register(Dataset)
def size(dataset: Dataset) -> int:
    """Bytes. Without it Dask would think that a partition is small, and move it at will."""
    s = dataset.samples
    arrays = s.X, s.Y, s.sample_weight, dataset.y, dataset.sample_weight
    return sum(map(sizeof, {id(array): array for array in arrays}.values()))


def weights(dataset: Dataset) -> np.ndarray:
    """Those of a partition's samples, which have some."""
    weight = dataset.samples.sample_weight
    assert weight is not None
    return weight


def has_weightless(dataset: Dataset) -> bool:
    """Whether some of a partition's samples have no positive weight."""
    return bool(np.any(weights(dataset) <= 0))


class Rows(Protocol):
    """Says which rows of a partition a batch takes, in which order."""

    def index(self, dataset: Dataset) -> np.ndarray | None:
        """Row numbers; None for all."""


@dataclass(frozen=True)
class Picked:
    """Rows that the client has picked."""

    rows: np.ndarray | None

    def index(self, dataset: Dataset) -> np.ndarray | None:
        """Row numbers; None for all."""
        return self.rows


@dataclass(frozen=True)
class Share:
    """A partition's share of the k-th of so many batches, drawn where the partition is.

    Parameters
    ----------
    partition, batch, n_batches : int
        Their numbers.
    phase : int
        Rows to train on in the partitions before, modulo `n_batches`: where the sharing begins, so
        that small partitions don't all give their rows to the same batches.
    epoch : int or None
        Seed of the epoch's order; None for the order of the rows.
    split : int or None
        Seed of the rows that are set aside for validation; None if there are none.
    fraction : float
        Share of the rows that are set aside.
    """

    partition: int
    batch: int
    n_batches: int
    phase: int
    epoch: int | None
    split: int | None
    fraction: float

    def index(self, dataset: Dataset) -> np.ndarray:
        """Row numbers."""
        order = self.epoch, self.split, self.partition, self.fraction
        last_order, rows = ORDERS.get(dataset, (None, None))
        if rows is None or order != last_order:
            rows = ordered(*order, len(dataset))
            ORDERS[dataset] = order, rows
        first, last = shared(len(rows), self.phase, self.batch, self.n_batches)
        return rows[first:last]


def shared(n: int, phase: int, batch: int, n_batches: int) -> tuple[int, int]:
    """Where the k-th share of n rows begins and ends: shares differ by one row at most."""
    return (n * batch + phase) // n_batches, (n * (batch + 1) + phase) // n_batches


#: The order of an epoch for each partition that is here: eight bytes a row, until the next epoch or
#: until the partition is released.
ORDERS: WeakKeyDictionary[Dataset, tuple[Any, np.ndarray]] = WeakKeyDictionary()


def ordered(
    epoch: int | None, split: int | None, partition: int, fraction: float, n: int
) -> np.ndarray:
    """The rows of a partition that are trained on, in the order of an epoch."""
    rows = trained_on(split, partition, fraction, n)
    return rows if epoch is None else rows[permutation(epoch, partition, len(rows))]


def totals(dataset: Dataset, share: Share) -> np.ndarray:
    """The weights of a partition's share of each batch of an epoch."""
    weight = weights(dataset)
    shares = [replace(share, batch=k) for k in range(share.n_batches)]
    return np.array([weight[one.index(dataset)].sum(dtype=np.float64) for one in shares])


def permutation(seed: int, partition: int, n: int) -> np.ndarray:
    """An order of n rows, which depends on the seed and the partition's number alone."""
    generator = np.random.Generator(np.random.PCG64([seed, partition]))
    return generator.permutation(n)


def n_set_aside(fraction: float, n: int) -> int:
    """Rows of a partition that are set aside, rounded up as scikit-learn does."""
    return min(n - 1, ceil(fraction * n))


def trained_on(split: int | None, partition: int, fraction: float, n: int) -> np.ndarray:
    """Rows of a partition that aren't set aside, in the order of the data."""
    if split is None:
        return np.arange(n)
    return np.sort(permutation(split, partition, n)[n_set_aside(fraction, n) :])


def validated_with(split: int, partition: int, fraction: float, n: int) -> np.ndarray:
    """Rows of a partition that are set aside, in the order of the data."""
    return np.sort(permutation(split, partition, n)[: n_set_aside(fraction, n)])


def set_aside(dataset: Dataset, split: int, partition: int, fraction: float) -> Dataset:
    """The rows of a partition that are set aside."""
    return dataset.rows(validated_with(split, partition, fraction, len(dataset)))


class Sum(NamedTuple):
    """Total weight, and sums of weight * loss and of weight * gradient over some samples."""

    total: float
    value: float
    gradient: np.ndarray


@dataclass(frozen=True)
class Model:
    """A network on its way to the workers."""

    architecture: Architecture
    values: np.ndarray

    def network(self) -> Network:
        """The network, with a gradient of its own."""
        return Network(self.architecture, self.values)


def gradient(dataset: Dataset, model: Model, rows: Rows, seed: tuple[int, ...] | None) -> Sum:
    """A partition's part of the gradient of one batch; `seed` is that of dropout."""
    network = model.network()
    generator = None if seed is None else np.random.Generator(np.random.PCG64(list(seed)))
    index = rows.index(dataset)
    n = len(dataset) if index is None else len(index)
    nothing = Sum(0.0, 0.0, np.zeros(network.theta.size))
    if n == 0:
        return nothing
    quiet = np.errstate(over="ignore", invalid="ignore", divide="ignore")
    with quiet, one_thread():
        batch = next(iter(dataset.batches(network, n, index, generator)), None)
        if batch is None:  # its samples have no weight
            return nothing
        value, total = batch.backpropagate(network), float(batch.total)
    return Sum(total, total * value, total * network.grad.astype(np.float64))


def loss(dataset: Dataset, model: Model) -> Sum:
    """Sum of weight * loss over a partition, for the network as it predicts."""
    network, n = model.network(), len(dataset)
    weight = dataset.samples.sample_weight
    total = float(n) if weight is None else float(np.sum(weight))
    if total <= 0:
        return Sum(0.0, 0.0, np.zeros(0))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"), one_thread():
        batches = dataset.batches(network, n, None, None)
        value = batches.loss(network) - network.add_penalty(total)
    return Sum(total, total * value, np.zeros(0))


def add(*sums: Sum) -> Sum:
    """The sum of sums, in their order."""
    first, *others = sums
    total, value, gradient = first.total, first.value, first.gradient.copy()
    for one in others:
        total, value = total + one.total, value + one.value
        np.add(gradient, one.gradient, out=gradient)
    return Sum(total, value, gradient)
