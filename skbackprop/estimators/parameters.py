"""The constructor's parameters: names, defaults and allowed values. `texts` describes them.

The signature, the docstrings and the documentation follow the order in which they stand here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, MISSING, dataclass, field
from functools import cache
from math import inf
from numbers import Integral, Real
from typing import Any, ClassVar, Self

from skbackprop.estimators.choices import choices, option_constraints
from skbackprop.estimators.compat import HasMethods, Interval, Options, StrOptions
from skbackprop.losses import LOSSES, Loss

POSITIVE = Interval(Real, 0, None, closed="neither")
NOT_NEGATIVE = Interval(Real, 0, None, closed="left")
COUNT = Interval(Integral, 1, None, closed="left")
RATE = Interval(Real, 0, 1, closed="left")


def parameter(
    default: Any,
    *constraints: Any,
    group: str | None = None,
    kw_only: bool = MISSING,  # type: ignore
) -> Any:
    """A field with its constraints for scikit-learn's validation; options bring their own.

    `group` is the heading of the group that begins with this parameter.
    """
    metadata = {"constraints": list(constraints), "group": group}
    return field(default=default, kw_only=kw_only, metadata=metadata)


class Constraints:
    """`_parameter_constraints` of a class, made from its fields on first access."""

    def __get__(self, estimator: Any, cls: type[Parameters]) -> dict[str, list[Any]]:
        return constraints_of(cls)  # type: ignore[arg-type]  # a class can be hashed


@cache
def constraints_of(cls: type[Parameters]) -> dict[str, list[Any]]:
    """The constraints of every parameter, in scikit-learn's vocabulary.

    A user's subclass may be a dataclass, too. What it declares anew is checked as before, and what
    it adds isn't checked.
    """
    own: dict[str, list[Any]] = {}
    for base in reversed(cls.__mro__):
        for name, f in vars(base).get("__dataclass_fields__", {}).items():
            if "constraints" in f.metadata:
                own[name] = f.metadata["constraints"]
    return own | option_constraints(cls._losses)


@dataclass(eq=False, repr=False)
class Parameters:
    """The constructor parameters that all estimators share; each adds its own `loss`."""

    hidden_layer_sizes: Any = parameter((100,), "array-like", COUNT, group="The network")
    activation: Any = parameter("relu")
    _: KW_ONLY
    weight_init: Any = parameter("glorot_uniform")
    normalization: Any = parameter(None)
    input_scale: float = parameter(0.0, NOT_NEGATIVE)
    dropout: Any = parameter(0.0, RATE, "array-like")
    input_dropout: float = parameter(0.0, RATE)

    solver: Any = parameter("adam", group="The optimizer")
    learning_rate: Any = parameter("constant")
    learning_rate_init: float = parameter(0.001, POSITIVE)
    power_t: float = parameter(0.5)
    momentum: float = parameter(0.9)
    nesterovs_momentum: bool = parameter(True)
    beta_1: float = parameter(0.9)
    beta_2: float = parameter(0.999)
    epsilon: float = parameter(1e-8)
    clip_norm: float | None = parameter(None, POSITIVE, None)
    max_fun: int = parameter(15000)

    batch_size: int | str = parameter("auto", StrOptions({"auto"}), COUNT, group="Training")
    max_iter: int = parameter(200, COUNT)
    shuffle: bool = parameter(True, "boolean")
    random_state: Any = parameter(None, "random_state")
    tol: float = parameter(1e-4, NOT_NEGATIVE)
    n_iter_no_change: float = parameter(10, COUNT, Options(Real, {inf}))
    early_stopping: bool = parameter(False, "boolean")
    validation_fraction: float = parameter(0.1, RATE)
    validation_split: Any = parameter(
        None, HasMethods(["split", "get_n_splits"]), list, tuple, None
    )
    scoring: Any = parameter(None, str, callable, None)
    restore_best_weights: bool | str = parameter("auto", StrOptions({"auto"}), "boolean")
    warm_start: bool | str = parameter(False, StrOptions({"exact"}), "boolean")
    verbose: bool | int = parameter(False, "verbose")

    alpha: float = parameter(0.0001, NOT_NEGATIVE, group="The objective")
    l1_ratio: float = parameter(0.0, Interval(Real, 0, 1, closed="both"))
    max_norm: float | None = parameter(None, POSITIVE, None)

    _parameter_constraints = Constraints()
    #: What the strings of `loss` stand for.
    _losses: ClassVar[Mapping[str, type[Loss]]] = LOSSES

    def set_params(self, **params: Any) -> Self:
        """Set parameters by name.

        Parameters
        ----------
        **params : dict
            Values. A name such as ``solver__weight_decay`` sets a parameter of an option that was
            given as an object.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        ValueError
            If there is no such parameter, or if the option isn't an object.
        """
        options = choices(self._losses)
        for key in params:
            name, _, parameter = key.partition("__")
            option = params.get(name, getattr(self, name, None))
            if parameter and name in options and (option is None or isinstance(option, str)):
                cls = options[name].registry.get(str(option))
                example = f", as in {name}={cls.__name__}()" if cls else ""
                raise ValueError(
                    f"{key} can't be set: {name}={option!r} isn't an object. Give one in its place"
                    f" to set its parameters{example}."
                )
        super().set_params(**params)  # type: ignore[misc]
        return self
