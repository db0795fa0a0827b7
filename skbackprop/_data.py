"""Samples as a user gives them: checked, with targets and weights as the engine wants them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted, validate_data

from skbackprop._setup import FitCall, Setup
from skbackprop._validation import check_sample_weight, check_total, in_rows
from skbackprop.batches import Minibatches, Samples
from skbackprop.losses import OutputLoss
from skbackprop.network import Network
from skbackprop.workspace import Batch


@dataclass
class Held:
    """Samples with what the engine doesn't need: their targets as given, and their own weights.

    The weights of `samples` have the class weights in them; a score hasn't.
    """

    samples: Samples
    y: Any
    sample_weight: np.ndarray | None

    def rows(self, index: np.ndarray) -> Held:
        """Return some of the samples, copied."""
        s, own = self.samples, self.sample_weight
        total = None if s.sample_weight is None else s.sample_weight[index]
        return Held(
            Samples(s.X[index], s.Y[index], total),
            self.y[index],
            None if own is None else own[index],
        )


class Data(Setup, ABC):
    """The checks of an estimator's samples. Subclasses say what their targets are."""

    # What a subclass says about its targets

    _targets: Any

    @abstractmethod
    def _check_targets(self, y: Any, call: FitCall) -> Any:
        """Check y and return it. Set `_targets` unless the call goes on from fitted ones.

        `_targets` has `kind`, `n_outputs` and `encode(y, dtype, as_index)`.
        """

    @abstractmethod
    def _check_more_targets(self, y: Any) -> Any:
        """Check y against `_targets` and return it."""

    @abstractmethod
    def _stratify(self, Y: np.ndarray) -> np.ndarray | None:
        """What the validation split keeps in proportion, or None."""

    @abstractmethod
    def _validation_score(self, Z: np.ndarray, held: Held) -> float:
        """The score where `scoring` is None, from the scores Z of the output units."""

    def _target_weights(self, y: Any, call: FitCall) -> np.ndarray | None:
        """A factor on each sample's weight that its target brings with it."""
        return None

    def _check_data(self, X: Any, y: Any, dtype: Any, reset: bool) -> tuple[Any, Any]:
        """X as CSR or as a dense array in C or Fortran order; y checked for NaN and length."""
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse=["csr", "csc"],
            multi_output=True,
            dtype=dtype,
            reset=reset,
        )
        return in_rows(X), y

    def _held(
        self, X: Any, y: Any, loss: OutputLoss, call: FitCall, own: np.ndarray | None
    ) -> Held:
        """Checked samples, with their own weights, once targets and all weights are encoded."""
        Y = self._encode(y, loss, X.dtype)
        of_targets = self._target_weights(y, call)
        total = own
        if of_targets is not None:
            ones = np.ones(len(Y), X.dtype) if own is None else own
            total = ones * of_targets.astype(X.dtype)
            check_total(total, "sample_weight times class_weight")
        return Held(Samples(X, Y, total), y, own)

    def _encode(self, y: Any, loss: OutputLoss, dtype: np.dtype) -> np.ndarray:
        """Y for the engine, checked for what the loss is defined for."""
        Y = self._targets.encode(y, dtype, loss.integer_targets)
        loss.check_targets(Y)
        return Y

    def _check_validation(self, loss: OutputLoss, call: FitCall, dtype: np.dtype) -> Held | None:
        """The validation samples of a call to `fit`, checked like the others."""
        if call.X_val is None and call.y_val is None:
            if call.sample_weight_val is not None:
                raise ValueError("sample_weight_val was given without X_val and y_val.")
            return None
        if call.X_val is None or call.y_val is None:
            missing = "y_val" if call.y_val is None else "X_val"
            raise ValueError(f"X_val and y_val belong together, but {missing} is missing.")
        try:
            X, y = self._check_data(call.X_val, call.y_val, dtype, reset=False)
            y, weight = self._check_more_targets(y), check_sample_weight(call.sample_weight_val, X)
            return self._held(X, y, loss, call, weight)
        except ValueError as error:
            raise ValueError(f"X_val, y_val and sample_weight_val: {error}") from error

    def _one_batch(
        self, X: Any, y: Any, sample_weight: Any, dtype: np.dtype | None = None
    ) -> tuple[Network, Batch]:
        """Return a copy of the fitted network, and X and y as a single batch for it."""
        check_is_fitted(self)
        dtype = self._network.theta.dtype if dtype is None else dtype
        X, y = self._check_data(X, y, dtype, reset=False)
        y = self._check_more_targets(y)
        architecture = self._network.architecture
        Y = self._encode(y, architecture.loss, dtype)
        network = Network(architecture, self._network.values.astype(dtype))
        samples = Samples(X, Y, check_sample_weight(sample_weight, X))
        (batch,) = Minibatches(samples, network, len(samples))
        return network, batch
