"""What every schedule has: a warm-up, a curve over the training, hooks after an epoch."""

from dataclasses import dataclass
from typing import ClassVar, final

from skbackprop.options import Option, integer, number


@dataclass(frozen=True, kw_only=True)
class Schedule(Option):
    """rate = learning_rate_init * factor * factor_at(fraction).

    `factor` starts at 1 and changes between epochs only: `after_epoch` and `on_plateau` return its
    next value. `factor_at` is a function of the fraction of training done.

    Parameters
    ----------
    epochs : int, default=0
        Epochs over which the fraction goes from 0 to 1; then it stays 1. 0 means `max_iter`.
    warmup : float, default=0.0
        Fraction of training over which the rate rises from 0 to its first value.
    """

    epochs: int = integer(0, "[0, inf)")
    warmup: float = number(0.0, "[0, 1)")

    #: Epochs in a row without improvement that `after_epoch` waits for, if it does. Training must
    #: not end sooner, so `n_iter_no_change` can't be smaller. A subclass may make it a field.
    patience = 0  # without an annotation: a ClassVar would take a place among the fields
    #: Printed, with `verbose`, when `on_plateau` ends the training.
    last_words: ClassVar[str] = "Stopping."

    def at(self, fraction: float) -> float:
        """The curve: the factor at this fraction of training, not counting the warm-up."""
        return 1.0

    def rise(self, part: float) -> float:
        """The share of `at(0)` after this part of the warm-up, in [0, 1): linear by default."""
        return part

    @final
    def factor_at(self, fraction: float) -> float:
        """at(0) rise(fraction / warmup) at first, then at((fraction - warmup) / (1 - warmup))."""
        if fraction < self.warmup:
            return self.at(0.0) * self.rise(fraction / self.warmup)
        return self.at((fraction - self.warmup) / (1.0 - self.warmup))

    @property
    def moves(self) -> bool:
        """True unless `factor_at` is 1 throughout."""
        return self.warmup > 0 or self.has_end

    @property
    def has_end(self) -> bool:
        """True for a curve: where it ends, training is complete."""
        return type(self).at is not Schedule.at

    def after_epoch(self, factor: float, t: int, waited: int) -> float:
        """The factor after t samples and `waited` epochs in a row without improvement."""
        return factor

    def on_plateau(self, factor: float, learning_rate: float) -> float | None:
        """The factor after `n_iter_no_change` epochs without improvement; None ends training."""
        return None
