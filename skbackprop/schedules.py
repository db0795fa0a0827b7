"""Schedules: the factor on `learning_rate_init` as training goes on.

A schedule is a set of pure functions; the factor that it has reached lives with the run.
"""

from dataclasses import dataclass
from typing import ClassVar

from skbackprop.options import Option, number


class Schedule(Option):
    """The factor starts at 1. Both hooks return the factor to go on with."""

    #: Said, with `verbose`, when `on_plateau` ends the training.
    last_words: ClassVar[str] = "Stopping."

    def after_epoch(self, factor: float, t: int) -> float:
        """After an epoch, when `t` samples have been trained on in all."""
        return factor

    def on_plateau(self, factor: float, learning_rate: float) -> float | None:
        """After `n_iter_no_change` epochs without improvement; None ends the training."""
        return None


@dataclass(frozen=True)
class Constant(Schedule):
    """rate = learning_rate_init."""


@dataclass(frozen=True)
class InvScaling(Schedule):
    """rate = learning_rate_init / (t + 1)**power_t, t the samples seen up to the last epoch's end.

    Parameters
    ----------
    power_t : float, default=0.5
        Exponent.
    """

    power_t: float = number(0.5, "[0, inf)", flat=True)

    def after_epoch(self, factor: float, t: int) -> float:
        """(t + 1)**-power_t."""
        return (t + 1) ** -self.power_t


@dataclass(frozen=True)
class Adaptive(Schedule):
    """rate /= divisor at every plateau, until it has fallen to `min_rate`.

    Parameters
    ----------
    divisor : float, default=5.0
        What the rate is divided by.
    min_rate : float, default=1e-6
        A plateau at this rate or below ends the training.
    """

    divisor: float = number(5.0, "(1, inf)")
    min_rate: float = number(1e-6, "(0, inf)")

    last_words: ClassVar[str] = "Learning rate too small. Stopping."

    def on_plateau(self, factor: float, learning_rate: float) -> float | None:
        """factor / divisor, or None when the rate is too small already."""
        return None if learning_rate <= self.min_rate else factor / self.divisor


SCHEDULES: dict[str, type[Schedule]] = {
    "constant": Constant,
    "invscaling": InvScaling,
    "adaptive": Adaptive,
}
