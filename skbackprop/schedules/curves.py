"""Schedules as curves over the fraction s of training done, 0 <= s <= 1."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, cos, log2, pi

from skbackprop.options import number
from skbackprop.schedules.base import Schedule


def _fall(s: float) -> float:
    """(1 + cos(pi s)) / 2: half a cosine, from 1 down to 0."""
    return 0.5 * (1.0 + cos(pi * s))


@dataclass(frozen=True)
class Cosine(Schedule):
    """factor = final + (1 - final) (1 + cos(pi s)) / 2.

    Loshchilov and Hutter (2017), eq. 5 without restarts.

    Parameters
    ----------
    final : float, default=0.0
        The factor at the end.
    epochs : int, default=0
        Epochs that the curve takes; then the factor stays constant. 0 means `max_iter`.
    warmup : float, default=0.0
        Initial fraction of training, over which the factor rises from 0 to 1.
    """

    final: float = number(0.0, "[0, 1]")

    def at(self, fraction: float) -> float:
        """From 1 down to final."""
        return self.final + (1.0 - self.final) * _fall(fraction)


@dataclass(frozen=True, kw_only=True)
class OneCycle(Cosine):
    """factor = start, up to 1 over the warm-up, then down to final; both along half cosines.

    Smith and Topin (2019), with cosines instead of lines, and constant momentum.

    Parameters
    ----------
    start : float, default=0.04
        The factor at the beginning.
    final : float, default=0.0
        The factor at the end.
    epochs : int, default=0
        Epochs that the cycle takes; then the factor stays constant. 0 means `max_iter`.
    warmup : float, default=0.3
        Fraction of training over which the factor rises.
    """

    start: float = number(0.04, "[0, 1]")
    warmup: float = number(0.3, "[0, 1)")

    def rise(self, part: float) -> float:
        """From start up to 1."""
        return 1.0 - (1.0 - self.start) * _fall(part)


@dataclass(frozen=True)
class Step(Schedule):
    """factor = drop**k once k whole periods have passed.

    He et al. (2016), Deep residual learning for image recognition, section 4.2, with drops at
    other times.

    Parameters
    ----------
    drop : float, default=0.1
        What the factor is multiplied by.
    period : float, default=1/3
        Fraction of training between two drops.
    epochs : int, default=0
        Epochs of which `period` is a fraction; then the factor stays constant. 0 means `max_iter`.
    warmup : float, default=0.0
        Initial fraction of training, over which the factor rises from 0 to 1.
    """

    drop: float = number(0.1, "(0, 1]")
    period: float = number(1 / 3, "(0, 1]")

    def at(self, fraction: float) -> float:
        """drop**k. There is no drop at the end of training, as no period follows."""
        return self.drop ** max(0, ceil(fraction / self.period) - 1)


@dataclass(frozen=True)
class Exponential(Schedule):
    """factor = final**s.

    Senior et al. (2013), An empirical study of learning rates in deep neural networks for speech
    recognition, the exponential schedule.

    Parameters
    ----------
    final : float, default=0.01
        The factor at the end.
    epochs : int, default=0
        Epochs that the curve takes; then the factor stays constant. 0 means `max_iter`.
    warmup : float, default=0.0
        Initial fraction of training, over which the factor rises from 0 to 1.
    """

    final: float = number(0.01, "(0, 1]")

    def at(self, fraction: float) -> float:
        """From 1 down to final."""
        return self.final**fraction


@dataclass(frozen=True)
class CosineLog4(Schedule):
    """factor = (1 - cos(2 pi log2(1 + 15 s))) / 2: four waves, each twice as long as the last.

    Holzmüller, Grinsztajn and Steinwart (2024), the schedule of RealMLP. It begins and ends at 0.

    Parameters
    ----------
    epochs : int, default=0
        Epochs that the curve takes; then the factor stays 0. 0 means `max_iter`.
    warmup : float, default=0.0
        Initial fraction of training with factor 0; of no use, as the curve begins at 0.
    """

    def at(self, fraction: float) -> float:
        """0 where 1 + 15 s is a power of 2."""
        return 0.5 * (1.0 - cos(2.0 * pi * log2(1.0 + 15.0 * fraction)))


@dataclass(frozen=True)
class FunctionSchedule(Schedule):
    """factor = function(s).

    Parameters
    ----------
    function : callable
        Maps the fraction of training done, in [0, 1], to a finite factor of at least 0. To be
        pickled it must be defined at the top of a module; a lambda can't be.
    epochs : int, default=0
        Epochs that the curve takes; then s stays 1. 0 means `max_iter`.
    warmup : float, default=0.0
        Initial fraction of training, over which the factor rises from 0 to function(0).
    """

    function: Callable[[float], float]

    def at(self, fraction: float) -> float:
        """function(s)."""
        return self.function(fraction)
