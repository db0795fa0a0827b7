"""A trial run of a user's own schedule, before training."""

from math import isfinite
from numbers import Real

from skbackprop.schedules.base import Schedule

POINTS = 200


def check_schedule(schedule: Schedule) -> None:
    """Evaluate `factor_at` over the whole of training.

    Parameters
    ----------
    schedule : Schedule
        An instance of your own subclass, or a `FunctionSchedule`.

    Raises
    ------
    ValueError
        If the factor can't be computed somewhere, or isn't a finite number of at least 0. The
        message names `learning_rate`.
    """
    must = f"learning_rate={schedule!r} must give a finite float >= 0 at every fraction of training"
    for i in range(1, POINTS + 1):
        fraction = i / POINTS
        try:
            factor = schedule.factor_at(fraction)
            wrong = not isinstance(factor, Real) or not isfinite(factor) or factor < 0
        except Exception as error:
            raise ValueError(f"{must}; at {fraction} it fails: {error!r}") from error
        if wrong:
            raise ValueError(f"{must}; at {fraction} it gives {factor!r}.")
