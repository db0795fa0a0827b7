"""A trial run of a user's own loss, before training."""

from math import isfinite
from typing import Any

import numpy as np

from skbackprop.losses.base import OutputLoss

#: Samples of the trial.
M = 20
#: Step of the central differences.
H = 1e-5
#: Units of the output layer.
UNITS = {"binary": 1, "multiclass": 3, "multilabel": 3, "regression": 2}


def check_loss(loss: OutputLoss, target: str) -> None:
    """Check on a small batch that a loss does what training relies on.

    The value must be a finite float and ignore samples of weight 0. dZ must overwrite Z, be finite,
    and in float64 agree with central differences of the value (times the number of outputs, if
    `mean_over_outputs`); up to one entry in twenty may differ, as at a kink. float32 must give the
    same to its precision. Y and the weights must stay unchanged, and Z in `link` and `proba`.

    Parameters
    ----------
    loss : OutputLoss
        What `Loss.on(target)` returned.

    target : {"binary", "multiclass", "multilabel", "regression"}
        The kind of target. For "regression", Y is taken from (0, 1).

    Raises
    ------
    ValueError
        If it doesn't; the message says what is wrong and what to do.
    """
    if not isinstance(loss, OutputLoss):
        raise ValueError(
            f"loss must have a method `on` that returns an OutputLoss for a {target!r} target;"
            f" got {loss!r}."
        )
    trial = _Trial(loss, target)
    Z, Y, weight = trial.batch(np.float64)
    trial.check_link(Z)
    value, dZ = trial.run(Z, Y, weight)
    trial.check_gradient(Z, Y, weight, dZ)
    trial.check_weight(Z, Y, weight, value, dZ)
    Z, Y, weight = trial.batch(np.float32)
    trial.check_link(Z)
    trial.check_close(trial.run(Z, Y, weight), value, dZ)


class _Trial:
    """The checks of one loss; each raises ValueError if the loss fails it."""

    def __init__(self, loss: OutputLoss, target: str) -> None:
        self.loss, self.target, self.K = loss, target, UNITS[target]

    def batch(self, dtype: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Z in Fortran order as in training, Y, and weights that add up to 1, the first being 0."""
        # sin(k**2), k = 1, 2, ... looks random, and is the same every time
        noise = np.sin(np.arange(1.0, M * (2 * self.K + 1) + 1) ** 2)
        Z = np.asfortranarray(2.0 * noise[: M * self.K].reshape(M, self.K), dtype)
        other = noise[M * self.K : -M].reshape(M, self.K)
        if self.target == "regression":
            Y = (0.5 + 0.45 * other).astype(dtype)
        elif self.target == "multiclass":
            Y = other.argmax(axis=1)
            Y = Y if self.loss.integer_targets else np.eye(self.K, dtype=dtype)[Y]
        else:
            Y = (other > 0).astype(dtype)
        weight = 1.5 + noise[-M:]
        weight[0] = 0.0
        return Z, Y, (weight / weight.sum()).astype(dtype)

    def fail(self, what: str) -> None:
        raise ValueError(f"loss: {type(self.loss).__name__}, for a {self.target!r} target: {what}")

    def check_link(self, Z: np.ndarray) -> None:
        """`link` and `proba` return new arrays of the shape of Z."""
        for name in ("link", "proba"):
            before = Z.copy()
            A = getattr(self.loss, name)(Z)
            if np.shape(A) != Z.shape:
                self.fail(f"{name}(Z) must be shaped like Z, {Z.shape}; got {np.shape(A)}.")
            if not np.array_equal(Z, before) or np.shares_memory(A, Z):
                self.fail(f"{name}(Z) must leave Z alone and return a new array.")

    def run(self, Z: np.ndarray, Y: np.ndarray, weight: np.ndarray) -> tuple[float, np.ndarray]:
        """The value and dZ, computed on copies."""
        dZ, Y_in, weight_in = Z.copy(order="F"), Y.copy(), weight.copy()
        value = self.loss.value_and_gradient(dZ, Y_in, weight_in, self.loss.scratch(dZ))
        if not isinstance(value, float) or not isfinite(value):
            self.fail(f"value_and_gradient must return a finite float, got {value!r}.")
        for name, array, before in (("Y", Y_in, Y), ("weight", weight_in, weight)):
            if not np.array_equal(array, before):
                self.fail(f"value_and_gradient must not write to {name}.")
        if np.array_equal(dZ, Z):
            self.fail(
                "value_and_gradient must overwrite Z with dZ, as in `Z[:] = dZ`; Z is as was."
            )
        if not np.isfinite(dZ).all():
            self.fail(f"dZ must be finite, got {dZ[~np.isfinite(dZ)][0]} for scores in [-2, 2].")
        return value, dZ

    def check_gradient(
        self, Z: np.ndarray, Y: np.ndarray, weight: np.ndarray, dZ: np.ndarray
    ) -> None:
        """dZ agrees with central differences of the value."""
        numeric = np.empty_like(dZ)
        outputs = self.K if self.loss.mean_over_outputs else 1
        for i in np.ndindex(Z.shape):
            values = []
            for step in (H, -H):
                moved = Z.copy(order="F")
                moved[i] += step
                values.append(self.run(moved, Y, weight)[0])
            numeric[i] = outputs * (values[0] - values[1]) / (2 * H)
        wrong = ~np.isclose(dZ, numeric, rtol=1e-4, atol=1e-7)
        if wrong.sum() > wrong.size // 20:
            i = tuple(np.argwhere(wrong)[0].tolist())
            self.fail(
                f"dZ must be the gradient of the value. {wrong.sum()} of {wrong.size} entries are"
                f" not: dZ[{i[0]}, {i[1]}] is {dZ[i]:g}, central differences give {numeric[i]:g}."
                " The weights belong in both; `mean_over_outputs` tells of a mean."
            )

    def check_weight(
        self, Z: np.ndarray, Y: np.ndarray, weight: np.ndarray, value: float, dZ: np.ndarray
    ) -> None:
        """Changing the scores of a sample of weight 0 changes nothing."""
        moved = Z.copy(order="F")
        moved[0] += 1.0
        other, other_dZ = self.run(moved, Y, weight)
        if not np.isclose(other, value, rtol=1e-10) or dZ[0].any() or other_dZ[0].any():
            self.fail(
                "a sample of weight 0 must not count. The value is the sum of weight * loss over"
                " the samples, and each row of dZ has its sample's weight as a factor."
            )

    def check_close(self, got: tuple[float, np.ndarray], value: float, dZ: np.ndarray) -> None:
        """float32 gives the same as float64."""
        off = max(abs(got[0] - value) / max(1.0, abs(value)), float(np.abs(got[1] - dZ).max()))
        if off > 1e-3:
            self.fail(
                f"float32 must give what float64 does; value or dZ are off by {off:.1g}. Write"
                " with `out=`, and leave room for float32's range."
            )
