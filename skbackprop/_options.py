"""From the strings, objects and functions that a user gives to the option objects of the maths."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, fields, is_dataclass
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
from sklearn import get_config
from sklearn.utils import check_random_state

from skbackprop import _compat
from skbackprop._validation import check_sizes
from skbackprop.activations import ACTIVATIONS, Activation, FunctionPair, check_activation
from skbackprop.initializers import INITIALIZERS, Initializer, check_initializer
from skbackprop.losses import Loss
from skbackprop.normalization import NORMALIZATIONS, Normalization, check_normalization
from skbackprop.optimizers import OPTIMIZERS, Optimizer, Solver, check_optimizer
from skbackprop.options import Option, resolve
from skbackprop.schedules import (
    SCHEDULES,
    FunctionSchedule,
    ReduceOnPlateau,
    Schedule,
    check_schedule,
)


class Choice(NamedTuple):
    """What an option parameter takes: strings, objects of a class, and what else."""

    registry: Mapping[str, type[Any]]
    base: type[Option]
    others: tuple[Any, ...] = ()


#: Every option parameter but `loss`, whose strings depend on the estimator.
CHOICES: dict[str, Choice] = {
    "activation": Choice(ACTIVATIONS, Activation, ("array-like",)),
    "solver": Choice(OPTIMIZERS, Solver),
    "learning_rate": Choice(SCHEDULES, Schedule, (callable,)),
    "weight_init": Choice(INITIALIZERS, Initializer),
    "normalization": Choice(NORMALIZATIONS, Normalization, (None,)),
}


def choices(losses: Mapping[str, type[Loss]]) -> dict[str, Choice]:
    """Every option parameter of an estimator with these losses."""
    return {**CHOICES, "loss": Choice(losses, Loss)}


def field_constraints(option: type[Option] | Option) -> dict[str, list[Any]]:
    """The fields of an option in scikit-learn's vocabulary of constraints."""
    return {
        f.name: [_interval(f)] if "interval" in f.metadata else ["boolean"]
        for f in fields(option)  # type: ignore[arg-type]
        if f.metadata
    }


def _interval(f: Field[Any]) -> Any:
    """scikit-learn's constraint for a number's interval, written as in "[0, 1)"."""
    interval = f.metadata["interval"]
    kind, number = (Integral, int) if type(f.default) is int else (Real, float)
    left, right = (
        None if end.strip() in ("inf", "-inf") else number(end) for end in interval[1:-1].split(",")
    )
    closed = {"[]": "both", "[)": "left", "(]": "right", "()": "neither"}
    return _compat.Interval(kind, left, right, closed=closed[interval[0] + interval[-1]])


def option_constraints(losses: Mapping[str, type[Loss]]) -> dict[str, list[Any]]:
    """Constraints of the option parameters, and of the flat ones that fill their objects."""
    constraints: dict[str, list[Any]] = {}
    for name, (registry, base, others) in choices(losses).items():
        constraints[name] = [_compat.StrOptions(set(registry)), base, *others]
        for option in registry.values():
            flat = {f.name for f in fields(option) if f.metadata.get("flat")}
            constraints |= {k: c for k, c in field_constraints(option).items() if k in flat}
    return constraints


@dataclass(frozen=True)
class Options:
    """The option parameters as objects, for one run; one activation per hidden layer."""

    activations: tuple[Activation, ...]
    solver: Any
    learning_rate: Schedule
    loss: Loss
    weight_init: Initializer
    normalization: Normalization | None


def check_options(
    params: Mapping[str, Any],
    constraints: dict[str, list[Any]],
    losses: Mapping[str, type[Loss]],
    caller: str,
) -> Options:
    """Check an estimator's parameters and make its option objects.

    Raises
    ------
    ValueError
        In scikit-learn's words, if a parameter or a field of an option isn't allowed.
    """
    if not get_config()["skip_parameter_validation"]:
        _refuse_classes(params, losses)
        _compat.validate_parameter_constraints(constraints, params, caller)
    hidden = check_sizes(params["hidden_layer_sizes"])
    schedule = params["learning_rate"]
    if callable(schedule) and not isinstance(schedule, Schedule):
        schedule = FunctionSchedule(schedule)
    made = {
        "solver": _make(params["solver"], OPTIMIZERS, params),
        "learning_rate": _make(schedule, SCHEDULES, params),
        "loss": _make(params["loss"], losses, params),
        "weight_init": _make(params["weight_init"], INITIALIZERS, params),
        "normalization": (
            None
            if params["normalization"] is None
            else _make(params["normalization"], NORMALIZATIONS, params)
        ),
    }
    if get_config()["skip_parameter_validation"]:
        return Options(activations=_activations(params["activation"], hidden, params), **made)
    if isinstance(made["solver"], Optimizer) and type(made["solver"]) not in OPTIMIZERS.values():
        try_once(check_optimizer, made["solver"])
    if type(made["learning_rate"]) not in SCHEDULES.values():
        try_once(check_schedule, made["learning_rate"])
    if type(made["weight_init"]) not in INITIALIZERS.values():
        try_once(_try_initializer, made["weight_init"])
    if made["normalization"] and type(made["normalization"]) not in NORMALIZATIONS.values():
        try_once(check_normalization, made["normalization"])
    return Options(activations=_activations(params["activation"], hidden, params), **made)


#: What has passed its trial: the trial, the option's class and fields, and further arguments.
_PASSED: set[tuple[Any, ...]] = set()


def try_once(trial: Callable[..., None], option: Option, *arguments: Any) -> None:
    """Give a user's option its trial, unless one with the same class and fields has passed it.

    Options are frozen: what they do depends on these alone.
    """
    key = (trial, type(option), *option.get_params().items(), *arguments)
    try:
        if key in _PASSED:
            return
    except TypeError:  # a field that can't be hashed, such as a list, may have changed
        trial(option, *arguments)
        return
    trial(option, *arguments)
    if len(_PASSED) >= 100:
        _PASSED.clear()  # keeps none of a user's objects alive for ever
    _PASSED.add(key)


def _try_initializer(option: Initializer) -> None:
    check_initializer(option, check_random_state(0))


def _refuse_classes(params: Mapping[str, Any], losses: Mapping[str, type[Loss]]) -> None:
    """Raise where a class stands for its object."""
    for name, (_, base, _) in choices(losses).items():
        given = params[name]
        for one in given if isinstance(given, list | tuple) else [given]:
            if isinstance(one, type) and issubclass(one, base):
                raise ValueError(
                    f"{name}={one.__name__} is a class. Instantiate it: {name}={one.__name__}()."
                )


def _make(option: Any, registry: Mapping[str, type[Any]], params: Mapping[str, Any]) -> Any:
    """The object behind a string, or a checked copy of the object given."""
    if isinstance(option, Option) and not get_config()["skip_parameter_validation"]:
        if not is_dataclass(option):
            raise ValueError(
                f"{type(option).__name__} must be a dataclass, as its parameters are its fields."
                " Put @dataclass(frozen=True) before the class."
            )
        _compat.validate_parameter_constraints(
            field_constraints(option), option.get_params(), type(option).__name__
        )
    return resolve(option, registry, params)


def _activations(
    given: Any, hidden: tuple[int, ...], params: Mapping[str, Any]
) -> tuple[Activation, ...]:
    """One activation per hidden layer, from one for all of them or from a list."""
    several = isinstance(given, tuple | list) and not _is_pair(given)
    if several and len(given) != len(hidden):
        raise ValueError(
            f"activation must be one for all hidden layers or a list with one for each of the"
            f" {len(hidden)} in hidden_layer_sizes={params['hidden_layer_sizes']!r}, got"
            f" {len(given)}: {given!r}."
        )
    made = []
    for activation in given if several else [given]:
        if _is_pair(activation):
            activation = FunctionPair(*activation)
        elif not isinstance(activation, Activation) and not (
            isinstance(activation, str) and activation in ACTIVATIONS
        ):
            raise ValueError(
                f"activation must be among {sorted(ACTIVATIONS)}, an Activation, a pair"
                f" (function, derivative), or a list of these, got {activation!r}."
            )
        option = _make(activation, ACTIVATIONS, params)
        checked = get_config()["skip_parameter_validation"]
        if type(option) not in ACTIVATIONS.values() and not checked:
            try_once(check_activation, option)
        made.append(option)
    return tuple(made) if several else tuple(made * len(hidden))


def check_combinations(params: Mapping[str, Any], options: Options, incremental: bool) -> None:
    """Refuse parameters that can't work together.

    Raises
    ------
    ValueError
        It names them and says what to do.
    """
    solver, exact = options.solver, params["warm_start"] == "exact"
    drops = np.any(params["dropout"]) or params["input_dropout"] > 0
    uses_batches = options.normalization is not None and options.normalization.has_statistics
    restores = params["restore_best_weights"]
    restores = not isinstance(restores, str) and bool(restores)
    full_batch, schedule = not solver.stochastic, options.learning_rate
    patience = schedule.patience if isinstance(schedule, ReduceOnPlateau) else 0
    lbfgs = f"solver={params['solver']!r} "
    stochastic = 'Take a stochastic solver such as "adam"'
    clashes = {
        f"{lbfgs}needs the same loss at every evaluation, but dropout={params['dropout']!r} and"
        f" input_dropout={params['input_dropout']!r} draw at random. {stochastic}, or set both to"
        " 0.": full_batch and drops,
        f"{lbfgs}has no minibatches, and normalization={params['normalization']!r} averages over"
        f" them. {stochastic}, or normalization='layer'.": full_batch and uses_batches,
        f"{lbfgs}chooses its own steps, so that max_norm={params['max_norm']!r} can't limit them."
        f" {stochastic}, or set max_norm=None.": full_batch and params["max_norm"] is not None,
        f"{lbfgs}chooses its own steps, so that clip_norm={params['clip_norm']!r} can't scale them."
        f" {stochastic}, or set clip_norm=None.": full_batch and params["clip_norm"] is not None,
        f"{lbfgs}chooses its own steps, so that learning_rate={params['learning_rate']!r} can't set"
        f" them. {stochastic}, or set learning_rate='constant'.": full_batch
        and not isinstance(params["learning_rate"], str),
        f"learning_rate={params['learning_rate']!r} waits for patience={patience} epochs without"
        f" improvement, but n_iter_no_change={params['n_iter_no_change']} ends the training before."
        " Set a smaller patience, or a larger n_iter_no_change.": not (incremental or full_batch)
        and patience > params["n_iter_no_change"],
        f"{lbfgs}keeps its state inside SciPy, so that warm_start='exact' can't go on with it."
        f" {stochastic}, or set warm_start=True.": full_batch and exact,
        f"learning_rate={params['learning_rate']!r} has to know how long training lasts, and with"
        " warm_start='exact' max_iter doesn't tell. Give the schedule its epochs, as in"
        " Cosine(epochs=100).": exact
        and options.learning_rate.moves
        and not options.learning_rate.epochs,
        f"normalization={params['normalization']!r} needs the variance of a batch, and batch_size=1"
        " has none. Set batch_size to 2 or more, or normalization='layer'.": uses_batches
        and params["batch_size"] == 1,
        "partial_fit does not support early_stopping=True: one epoch has nothing to stop. Set"
        " early_stopping=False, or call fit.": incremental and params["early_stopping"],
        "partial_fit does not support restore_best_weights=True: of one epoch there is no best. Set"
        " restore_best_weights='auto', or call fit.": incremental and restores,
    }
    for message, clash in clashes.items():
        if clash:
            raise ValueError(message)


def _is_pair(activation: Any) -> bool:
    """True for (function, derivative)."""
    return (
        isinstance(activation, tuple | list)
        and len(activation) == 2
        and all(map(callable, activation))
    )
