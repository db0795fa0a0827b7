"""A user's samples: checked, with targets and weights in the form that the engine needs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.validation import check_is_fitted, validate_data

from skbackprop.batches import Minibatches, Samples
from skbackprop.estimators.checks import check_sample_weight, check_total, naming_what_is_no_number
from skbackprop.estimators.targets import ClassWeights, Targets
from skbackprop.losses import OutputLoss
from skbackprop.network import Network
from skbackprop.workspace import Batch


@dataclass(frozen=True)
class FitArguments:
    """The arguments of `fit` or `partial_fit` besides X and y."""

    sample_weight: Any = None
    X_val: Any = None
    y_val: Any = None
    sample_weight_val: Any = None
    coefs_init: Any = None
    intercepts_init: Any = None
    groups: Any = None
    classes: Any = None
    incremental: bool = False


def check_no_first_values(given: FitArguments) -> None:
    """Raise if initial values are given to a call that continues from fitted ones."""
    for name in "coefs_init", "intercepts_init":
        if getattr(given, name) is not None:
            raise ValueError(
                f"{name} holds first values, but this call goes on from the fitted ones."
                " Leave it out, or clone the estimator to start anew."
            )


@dataclass(eq=False)
class Dataset:
    """Checked samples: encoded for the engine, and the targets and weights that a scorer needs.

    The weights in `samples` include the class weights. `sample_weight` holds the user's own, and y
    is as given.
    """

    samples: Samples
    y: Any
    sample_weight: np.ndarray | None

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.samples)

    def batches(
        self,
        network: Network,
        batch_size: int,
        index: np.ndarray | None,
        generator: np.random.Generator | None,
    ) -> Minibatches:
        """Make the batches of a fit, the one place that does, from the rows in `index` or all."""
        samples = replace(self.samples, index=index)
        return Minibatches(samples, network, batch_size, generator)

    def rows(self, index: np.ndarray) -> Dataset:
        """Return a copy of some of the samples."""
        s, own = self.samples, self.sample_weight
        total = None if s.sample_weight is None else s.sample_weight[index]
        return Dataset(
            Samples(s.X[index], s.Y[index], total),
            self.y[index],
            None if own is None else own[index],
        )


def check_X_y(estimator: Any, X: Any, y: Any, dtype: Any, reset: bool = False) -> tuple[Any, Any]:
    """X as CSR or as a dense array in C or Fortran order; y checked for NaN and length.

    Rows can be gathered from either without copying X. With `reset` the estimator records the
    number and the names of the features.
    """
    if not isinstance(dtype, type | np.dtype):
        dtype = kept_dtype(X) or dtype
    with naming_what_is_no_number(X):
        X, y = validate_data(
            estimator,
            X,
            y,
            accept_sparse=["csr", "csc"],
            multi_output=True,
            dtype=dtype,
            reset=reset,
        )
    if issparse(X):
        return X.tocsr(), y
    contiguous = X.flags.c_contiguous or X.flags.f_contiguous
    return X if contiguous else np.ascontiguousarray(X), y


def kept_dtype(X: Any) -> Any:
    """float32 for what holds nothing else; None to let validation decide.

    Validation recognises arrays of the machine's byte order and pandas' columns of NumPy's types.
    Frames of polars and pyarrow have no `dtype`: theirs is that of an array of none of their rows.
    """
    try:
        if hasattr(X, "schema") and hasattr(X, "slice"):
            dtypes = [np.asarray(X.slice(0, 0)).dtype]
        else:
            dtypes = list(getattr(X, "dtypes", [getattr(X, "dtype", None)]))
        # pandas: Float32 and float[pyarrow] know their NumPy type, Sparse[float32] its subtype
        dtypes = [getattr(d, "numpy_dtype", getattr(d, "subtype", d)) for d in dtypes]
        return np.float32 if dtypes and all(map(_is_float32, dtypes)) else None
    except Exception:  # whatever it is, validation judges it
        return None


def _is_float32(dtype: Any) -> bool:
    return isinstance(dtype, np.dtype) and dtype.kind == "f" and dtype.itemsize == 4


def check_n_features(estimator: Any, X: Any) -> None:
    """Raise if X doesn't have as many columns as the fitted network has inputs."""
    n = estimator._network.architecture.units[0]
    if X.shape[1] != n:
        raise ValueError(
            f"X has {X.shape[1]} features, but {type(estimator).__name__} is expecting {n}"
            " features as input."
        )


#: What an error calls the samples' weights, where classes have some, too.
WEIGHTS_OF_ALL = "sample_weight times class_weight"


@dataclass(frozen=True)
class Encoding:
    """Turns checked y and weights into what the engine trains on."""

    targets: Targets
    loss: OutputLoss
    class_weights: ClassWeights | None = None

    def dataset(self, X: Any, y: Any, sample_weight: np.ndarray | None) -> Dataset:
        """Encode checked samples.

        Raises
        ------
        ValueError
            If the loss isn't defined for a target, or if no sample counts.
        """
        dataset = self.part(X, y, sample_weight)
        total = dataset.samples.sample_weight
        if self.class_weights is not None and total is not None:
            check_total(total, WEIGHTS_OF_ALL)
        return dataset

    def part(self, X: Any, y: Any, sample_weight: np.ndarray | None) -> Dataset:
        """Encode some of the checked samples: their weights may add up to zero."""
        dtype, total = X.dtype, sample_weight
        Y = self.targets.encode(y, dtype, self.loss.integer_targets)
        self.loss.check_targets(Y)
        if self.class_weights is not None:
            ones = np.ones(len(Y), dtype) if sample_weight is None else sample_weight
            total = ones * self.class_weights.of(y).astype(dtype)
        return Dataset(Samples(X, Y, total), y, sample_weight)


def one_batch(
    estimator: Any, X: Any, y: Any, sample_weight: Any = None, dtype: np.dtype | None = None
) -> tuple[Network, Batch]:
    """Return a copy of the fitted network, and X and y as a single batch for it."""
    check_is_fitted(estimator)
    fitted: Network = estimator._network
    targets: Targets = estimator._targets
    dtype = fitted.theta.dtype if dtype is None else dtype
    X, y = check_X_y(estimator, X, y, dtype)
    y = targets.check(y)
    encoding = Encoding(targets, fitted.architecture.loss)
    samples = encoding.dataset(X, y, check_sample_weight(sample_weight, X)).samples
    network = Network(fitted.architecture, fitted.values.astype(dtype))
    (batch,) = Minibatches(samples, network, len(samples), in_parts=False).parts(
        slice(0, len(samples))
    )
    return network, batch
