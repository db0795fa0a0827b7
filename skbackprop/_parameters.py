"""The constructor's parameters: name, default, what is allowed, and what it means, once for all.

The order of the groups is that of the signature, the docstrings and the documentation.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, MISSING, dataclass, field, fields
from math import inf
from numbers import Integral, Real
from typing import Any, ClassVar, TypeVar, dataclass_transform

from skbackprop._compat import Interval, Options, StrOptions
from skbackprop._fitted import ATTRIBUTES
from skbackprop._options import CHOICES, option_constraints
from skbackprop.losses import LOSSES, Loss

POSITIVE = Interval(Real, 0, None, closed="neither")
NOT_NEGATIVE = Interval(Real, 0, None, closed="left")
COUNT = Interval(Integral, 1, None, closed="left")
RATE = Interval(Real, 0, 1, closed="left")


def _parameter(
    default: Any,
    *constraints: Any,
    group: str | None = None,
    kw_only: bool = MISSING,  # type: ignore
) -> Any:
    """A field with what scikit-learn's validation is to allow; options bring their own.

    `group` is the heading of the group that begins with this parameter.
    """
    metadata = {"constraints": list(constraints), "group": group}
    return field(default=default, kw_only=kw_only, metadata=metadata)


@dataclass(eq=False, repr=False)
class Parameters:
    """What the constructors of all estimators here take; each adds its `loss` where it belongs."""

    hidden_layer_sizes: Any = _parameter((100,), "array-like", COUNT, group="The network")
    activation: Any = _parameter("relu")
    _: KW_ONLY
    weight_init: Any = _parameter("glorot_uniform")
    normalization: Any = _parameter(None)
    dropout: Any = _parameter(0.0, RATE, "array-like")
    input_dropout: float = _parameter(0.0, RATE)

    solver: Any = _parameter("adam", group="The optimizer")
    learning_rate: Any = _parameter("constant")
    learning_rate_init: float = _parameter(0.001, POSITIVE)
    power_t: float = _parameter(0.5)
    momentum: float = _parameter(0.9)
    nesterovs_momentum: bool = _parameter(True)
    beta_1: float = _parameter(0.9)
    beta_2: float = _parameter(0.999)
    epsilon: float = _parameter(1e-8)
    clip_norm: float | None = _parameter(None, POSITIVE, None)
    max_fun: int = _parameter(15000)

    batch_size: int | str = _parameter("auto", StrOptions({"auto"}), COUNT, group="Training")
    max_iter: int = _parameter(200, COUNT)
    shuffle: bool = _parameter(True, "boolean")
    random_state: Any = _parameter(None, "random_state")
    tol: float = _parameter(1e-4, NOT_NEGATIVE)
    n_iter_no_change: float = _parameter(10, COUNT, Options(Real, {inf}))
    early_stopping: bool = _parameter(False, "boolean")
    validation_fraction: float = _parameter(0.1, RATE)
    scoring: Any = _parameter(None, str, callable, None)
    restore_best_weights: bool | str = _parameter("auto", StrOptions({"auto"}), "boolean")
    warm_start: bool | str = _parameter(False, StrOptions({"exact"}), "boolean")
    verbose: bool | int = _parameter(False, "verbose")

    alpha: float = _parameter(0.0001, NOT_NEGATIVE, group="The objective")
    l1_ratio: float = _parameter(0.0, Interval(Real, 0, 1, closed="both"))
    max_norm: float | None = _parameter(None, POSITIVE, None)

    _parameter_constraints: ClassVar[dict[str, list[Any]]]
    #: What the strings of `loss` stand for.
    _losses: ClassVar[Mapping[str, type[Loss]]] = LOSSES

    @classmethod
    def _constraints(cls) -> dict[str, list[Any]]:
        """The constraints of every parameter, in scikit-learn's vocabulary."""
        own = {f.name: f.metadata["constraints"] for f in fields(cls)}
        return own | option_constraints(cls._losses)


DOCSTRING = """\
hidden_layer_sizes : int or array-like of int, default=(100,)
    Units of each hidden layer. ``()`` is a generalised linear model; by default it starts from
    zero, as there is no symmetry to break.

activation : {activation}, Activation, pair of callables, or list of these, default="relu"
    Function of the hidden units, see :mod:`skbackprop.activations`; a list has one for each hidden
    layer. A pair ``(function, derivative)`` holds functions of an array of scores.

weight_init : {weight_init} or Initializer, default="glorot_uniform"
    How the first weights are drawn, see :mod:`skbackprop.initializers`. The intercepts start at
    zero, except that "glorot_uniform" draws them too, as scikit-learn does.

normalization : {normalization}, Normalization or None, default=None
    Normalise the scores of the hidden layers, see :mod:`skbackprop.normalization`.

dropout : float or list of float, default=0.0
    Share of the hidden units' values that is dropped in training, in [0, 1); one for all hidden
    layers or one for each. Prediction drops nothing. Calls that go on from the fitted weights go
    on with the random numbers, too.

input_dropout : float, default=0.0
    The same for the features. In a sparse X the numbers are drawn for its entries only, so that
    one `random_state` drops other values of it than of the same X as an array.

solver : {solver} or Solver, default="adam"
    How the loss is minimised, see :mod:`skbackprop.optimizers`. An object such as
    ``SGD(momentum=0.8)`` brings its own hyperparameters; a string takes them from `momentum`,
    `nesterovs_momentum`, `beta_1`, `beta_2`, `epsilon` and `max_fun`.

learning_rate : {learning_rate}, Schedule or callable, default="constant"
    How the rate changes, see :mod:`skbackprop.schedules`. A callable takes the fraction of the
    training that is done, in (0, 1), and returns a factor. A string is not used by "lbfgs", the
    others are refused.

learning_rate_init : float, default=0.001
    First learning rate. Not used by "lbfgs".

power_t : float, default=0.5
    Exponent of "invscaling".

momentum : float, default=0.9
    Momentum of "sgd", in [0, 1].

nesterovs_momentum : bool, default=True
    Nesterov's momentum for "sgd".

beta_1 : float, default=0.9
    Decay rate of the mean gradient in "adam", "adamw", "nadam" and "amsgrad", in [0, 1).

beta_2 : float, default=0.999
    Decay rate of the mean squared gradient in the same solvers, in [0, 1).

epsilon : float, default=1e-8
    Keeps the division finite in all solvers but "sgd" and "lbfgs".

clip_norm : float, default=None
    Longer gradients are scaled down to this norm. Not used by "lbfgs".

max_fun : int, default=15000
    At most this many evaluations of the loss by "lbfgs".

batch_size : int or "auto", default="auto"
    Samples per minibatch. "auto" is ``min(200, n_samples)``. "lbfgs" uses all samples.

max_iter : int, default=200
    At most this many epochs, or iterations of "lbfgs". Also the epochs over which a curve such as
    "cosine" goes from its beginning to its end, `partial_fit` included; the object can have its
    own, as in ``Cosine(epochs=50)``.

shuffle : bool, default=True
    Reorder the samples before each epoch.

random_state : int, RandomState instance or None, default=None
    Source of the first weights, the validation split, the order of the samples and what is
    dropped.

tol : float, default=1e-4
    An epoch improves on the best if the loss is lower, or the validation score higher, by `tol`.
    "lbfgs" ends when no entry of the gradient is larger.

n_iter_no_change : int or inf, default=10
    Training ends, or the "adaptive" rate falls, when more than this many epochs in a row don't
    improve.

early_stopping : bool, default=False
    Stop when `scoring` on validation samples no longer improves, and keep the weights of the best
    epoch. The samples are the `X_val` of `fit` or, without it, `validation_fraction` of X.
    {stratified} Not used by "lbfgs".

validation_fraction : float, default=0.1
    Share of the samples set aside by `early_stopping`, in [0, 1).

scoring : str, callable or None, default=None
    What is measured on the validation samples, higher is better: a scorer as in
    :func:`sklearn.metrics.get_scorer` or a callable ``scorer(estimator, X, y)``; "loss" is the
    validation loss; None is {score}. Sample weights go to scorers, and to callables
    that take `sample_weight`; a metric that takes none, such as that of "neg_max_error", scores
    without them.

restore_best_weights : bool or "auto", default="auto"
    End with the weights of the best epoch by what `early_stopping` watches, or by the training loss
    without it. "auto" does so with `early_stopping`. `partial_fit` refuses True.

warm_start : bool or "exact", default=False
    True: `fit` goes on from the fitted weights, with a new optimizer state. "exact": it goes on
    as if it had never stopped, with the state of the optimizer, the schedule and the random
    numbers; `max_iter` epochs more, on the same data. The targets and layers must stay the same;
    for "exact" so must the solver, the loss, `shuffle`, `early_stopping`, `scoring`, whether there
    is dropout, and whether there is an `X_val`.

verbose : bool or int, default=False
    Print the loss after each epoch.

alpha : float, default=0.0001
    Strength of the penalty
    ``alpha * (l1_ratio * sum(abs(W)) + (1 - l1_ratio) / 2 * sum(W**2))``. Like the data loss it is
    divided by the batch's total weight, which is its number of samples where there are no weights.
    The `weight_decay` of a solver doesn't depend on the batch.

l1_ratio : float, default=0.0
    Share of the L1 norm in the penalty, in [0, 1].

max_norm : float, default=None
    After each step the weights into a hidden unit are scaled down to this Euclidean norm.
"""

LOSS = """\
loss : {loss} or Loss, default={default_loss}
    {about_loss} See :mod:`skbackprop.losses`.
"""

AnyClass = TypeVar("AnyClass", bound=type[Parameters])


@dataclass_transform(field_specifiers=(_parameter,))
def estimator(**words: str) -> Callable[[AnyClass], AnyClass]:
    """Make the constructor of a class from its fields, their constraints, and their description.

    The description stands where the docstring says {parameters} and {loss}, that of what `fit`
    leaves behind where it says {attributes}; `words` are their blanks.
    """

    def decorate(cls: AnyClass) -> AnyClass:
        dataclass(eq=False, repr=False)(cls)  # changes cls itself
        cls._parameter_constraints = cls._constraints()
        if cls.__doc__:  # not under python -OO
            names = {name: choice.registry for name, choice in CHOICES.items()}
            names["loss"] = cls._losses
            strings = {
                name: "{" + ", ".join(f'"{key}"' for key in registry) + "}"
                for name, registry in names.items()
            }
            parts = {"parameters": DOCSTRING, "loss": LOSS, "attributes": ATTRIBUTES}
            for name, part in parts.items():
                text = textwrap.indent(part.format(**strings, **words), "    ")
                cls.__doc__ = cls.__doc__.replace(f"    {{{name}}}\n", text)
        return cls

    return decorate
