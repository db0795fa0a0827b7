"""Schedules that change the rate between epochs, depending on training so far."""

from dataclasses import dataclass
from typing import ClassVar

from skbackprop.options import integer, number
from skbackprop.schedules.base import Schedule


@dataclass(frozen=True)
class Constant(Schedule):
    """rate = learning_rate_init.

    The default of scikit-learn's MLPClassifier.

    Parameters
    ----------
    epochs : int, default=0
        Length of training, for the warm-up. 0 means `max_iter`.
    warmup : float, default=0.0
        Fraction of training over which the rate rises from 0.
    """


@dataclass(frozen=True)
class InvScaling(Schedule):
    """rate = learning_rate_init / (t + 1)**power_t, t the samples seen before this epoch.

    The "invscaling" of scikit-learn's MLPClassifier.

    Parameters
    ----------
    power_t : float, default=0.5
        Exponent.
    epochs : int, default=0
        Length of training, for the warm-up. 0 means `max_iter`.
    warmup : float, default=0.0
        Fraction of training over which a factor rises from 0 to 1.
    """

    power_t: float = number(0.5, "[0, inf)", flat=True)

    def after_epoch(self, factor: float, t: int, waited: int) -> float:
        """(t + 1)**-power_t."""
        return (t + 1) ** -self.power_t


@dataclass(frozen=True)
class Adaptive(Schedule):
    """rate /= divisor at every plateau, until it has fallen to `min_rate`.

    A plateau is `n_iter_no_change` epochs in a row without improvement. The "adaptive" of
    scikit-learn's MLPClassifier.

    Parameters
    ----------
    divisor : float, default=5.0
        What the rate is divided by.
    min_rate : float, default=1e-6
        A plateau at this rate or below ends the training.
    epochs : int, default=0
        Length of training, for the warm-up. 0 means `max_iter`.
    warmup : float, default=0.0
        Fraction of training over which a factor rises from 0 to 1.
    """

    divisor: float = number(5.0, "(1, inf)")
    min_rate: float = number(1e-6, "(0, inf)")

    last_words: ClassVar[str] = "Learning rate too small. Stopping."

    def on_plateau(self, factor: float, learning_rate: float) -> float | None:
        """factor / divisor, or None when the rate is too small already."""
        return None if learning_rate <= self.min_rate else factor / self.divisor


@dataclass(frozen=True)
class ReduceOnPlateau(Schedule):
    """rate /= divisor after every `patience` epochs in a row without improvement.

    Unlike "adaptive" it never ends training: `n_iter_no_change` does, and must not be smaller than
    `patience`, or the rate couldn't fall. He et al. (2016), Deep residual learning for image
    recognition, section 3.4, applied to the training loss or the validation score.

    Parameters
    ----------
    divisor : float, default=10.0
        What the rate is divided by.
    patience : int, default=5
        Epochs to wait.
    min_factor : float, default=0.0
        The rate doesn't fall below this share of `learning_rate_init`.
    epochs : int, default=0
        Length of training, for the warm-up. 0 means `max_iter`.
    warmup : float, default=0.0
        Fraction of training over which a factor rises from 0 to 1.
    """

    divisor: float = number(10.0, "(1, inf)")
    patience: int = integer(5, "[1, inf)")
    min_factor: float = number(0.0, "[0, 1]")

    def after_epoch(self, factor: float, t: int, waited: int) -> float:
        """max(factor / divisor, min_factor) when the patience has run out again."""
        if waited == 0 or waited % self.patience:
            return factor
        return max(factor / self.divisor, self.min_factor)
