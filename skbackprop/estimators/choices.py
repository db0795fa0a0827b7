"""Turns the strings, objects and functions that a user gives into option objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, fields, is_dataclass
from numbers import Integral, Real
from typing import Any, NamedTuple

from sklearn import get_config
from sklearn.utils import check_random_state

from skbackprop.activations import ACTIVATIONS, Activation, FunctionPair, check_activation
from skbackprop.estimators import compat
from skbackprop.estimators.checks import check_floats, check_sizes
from skbackprop.initializers import INITIALIZERS, Initializer, check_initializer
from skbackprop.losses import Loss
from skbackprop.normalization import NORMALIZATIONS, Normalization, check_normalization
from skbackprop.optimizers import OPTIMIZERS, Optimizer, Solver, check_optimizer
from skbackprop.options import Option, resolve
from skbackprop.schedules import SCHEDULES, FunctionSchedule, Schedule, check_schedule


class Choice(NamedTuple):
    """What an option parameter accepts: strings, objects of a class, and others."""

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


# Constraints in scikit-learn's vocabulary


def field_constraints(option: type[Option] | Option) -> dict[str, list[Any]]:
    """Constraints of an option's fields."""
    return {
        f.name: [_interval(f)] if "interval" in f.metadata else ["boolean"]
        for f in fields(option)  # type: ignore[arg-type]
        if f.metadata
    }


def _interval(f: Field[Any]) -> Any:
    """scikit-learn's constraint for a number's interval, written as in "[0, 1)"."""
    interval = f.metadata["interval"]
    kind, number = (Integral, int) if f.metadata["integer"] else (Real, float)
    left, right = (
        None if end.strip() in ("inf", "-inf") else number(end) for end in interval[1:-1].split(",")
    )
    closed = {"[]": "both", "[)": "left", "(]": "right", "()": "neither"}
    return compat.Interval(kind, left, right, closed=closed[interval[0] + interval[-1]])


def option_constraints(losses: Mapping[str, type[Loss]]) -> dict[str, list[Any]]:
    """Constraints of the option parameters, and of the flat parameters that fill their objects."""
    constraints: dict[str, list[Any]] = {}
    for name, (registry, base, others) in choices(losses).items():
        constraints[name] = [compat.StrOptions(set(registry)), base, *others]
        for option in registry.values():
            flat = {f.name for f in fields(option) if f.metadata.get("flat")}
            constraints |= {k: c for k, c in field_constraints(option).items() if k in flat}
    return constraints


# Objects


@dataclass(frozen=True)
class Chosen:
    """The option parameters as objects, for one run; one activation for each hidden layer."""

    activation: tuple[Activation, ...]
    solver: Any
    learning_rate: Schedule
    weight_init: Initializer
    normalization: Normalization | None
    loss: Loss


def choose(
    params: Mapping[str, Any],
    constraints: dict[str, list[Any]],
    losses: Mapping[str, type[Loss]],
    caller: str,
) -> Chosen:
    """Check an estimator's parameters and make its option objects.

    Raises
    ------
    ValueError
        In scikit-learn's words, if a parameter or a field of an option isn't allowed.
    """
    checks = not get_config()["skip_parameter_validation"]
    if checks:
        _refuse_classes(params, losses)
        compat.validate_parameter_constraints(constraints, params, caller)
        check_floats({k: v for k, v in params.items() if k != "hidden_layer_sizes"})
    made: dict[str, list[Any]] = {}
    for name, choice in choices(losses).items():
        made[name] = [_make(option, choice, params) for option in _listed(name, params[name])]
        for option in made[name] if checks and name in TRIALS else ():
            if option is not None and type(option) not in choice.registry.values():
                try_once(TRIALS[name], option)
    activations = _one_for_each_layer(made.pop("activation"), params)
    return Chosen(activations, **{name: option for name, [option] in made.items()})


def _listed(name: str, given: Any) -> list[Any]:
    """A parameter's options, with functions wrapped; only `activation` can have several."""
    if name == "learning_rate" and callable(given) and not isinstance(given, Schedule):
        return [FunctionSchedule(given)]
    if name != "activation":
        return [given]
    listed = []
    for activation in given if _is_list(given) else [given]:
        if _is_pair(activation):
            activation = FunctionPair(*activation)
        elif not isinstance(activation, Activation) and not (
            isinstance(activation, str) and activation in ACTIVATIONS
        ):
            raise ValueError(
                f"activation must be among {sorted(ACTIVATIONS)}, an Activation, a pair"
                f" (function, derivative), or a list of these, got {activation!r}."
            )
        listed.append(activation)
    return listed


def _one_for_each_layer(
    made: list[Activation], params: Mapping[str, Any]
) -> tuple[Activation, ...]:
    """One activation for each hidden layer, from one for all or a list of that length."""
    hidden, given = check_sizes(params["hidden_layer_sizes"]), params["activation"]
    if not _is_list(given):
        return tuple(made * len(hidden))
    if len(made) != len(hidden):
        raise ValueError(
            f"activation must be one for all hidden layers or a list with one for each of the"
            f" {len(hidden)} in hidden_layer_sizes={params['hidden_layer_sizes']!r}, got"
            f" {len(made)}: {given!r}."
        )
    return tuple(made)


def _is_list(activation: Any) -> bool:
    return isinstance(activation, tuple | list) and not _is_pair(activation)


def _is_pair(activation: Any) -> bool:
    """True for (function, derivative)."""
    return (
        isinstance(activation, tuple | list)
        and len(activation) == 2
        and all(map(callable, activation))
    )


def _make(option: Any, choice: Choice, params: Mapping[str, Any]) -> Any:
    """The object behind a string, or a checked copy of the object given; None stays None."""
    if option is None:
        return None
    if isinstance(option, Option) and not get_config()["skip_parameter_validation"]:
        if not is_dataclass(option):
            raise ValueError(
                f"{type(option).__name__} must be a dataclass, as its parameters are its fields."
                " Put @dataclass(frozen=True) before the class."
            )
        compat.validate_parameter_constraints(
            field_constraints(option), option.get_params(), type(option).__name__
        )
        check_floats(option.get_params(), f" of {type(option).__name__}")
    return resolve(option, choice.registry, params)


def _refuse_classes(params: Mapping[str, Any], losses: Mapping[str, type[Loss]]) -> None:
    """Raise if a class is given instead of an instance."""
    for name, (_, base, _) in choices(losses).items():
        given = params[name]
        for one in given if isinstance(given, list | tuple) else [given]:
            if isinstance(one, type) and issubclass(one, base):
                raise ValueError(
                    f"{name}={one.__name__} is a class. Instantiate it: {name}={one.__name__}()."
                )


# A user's own options

#: How a user's own option is tried; `loss` has to wait until the kind of target is known.
TRIALS: dict[str, Callable[[Any], None]] = {
    "activation": lambda option: check_activation(option),
    "solver": lambda option: check_optimizer(option) if isinstance(option, Optimizer) else None,
    "learning_rate": lambda option: check_schedule(option),
    "weight_init": lambda option: check_initializer(option, check_random_state(0)),
    "normalization": lambda option: check_normalization(option),
}


#: Trials passed: the trial, the option's class and fields, and further arguments.
_PASSED: set[tuple[Any, ...]] = set()


def try_once(trial: Callable[..., None], option: Option, *arguments: Any) -> None:
    """Try a user's option, unless one with the same class and fields has already passed.

    Options are frozen, so their behaviour depends on class and fields alone.
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
        _PASSED.clear()  # so that a user's objects aren't kept alive forever
    _PASSED.add(key)
