"""What the parameters and the fitted attributes mean: the docstrings of the estimators.

Lists of strings are made from the registries, as the tables of the documentation are.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import fields
from inspect import getdoc
from typing import Any, TypeVar

from skbackprop.estimators.choices import CHOICES
from skbackprop.estimators.parameters import Parameters
from skbackprop.optimizers import OPTIMIZERS

PARAMETERS = """\
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
    ``SGD(momentum=0.8)`` brings its own hyperparameters; a string takes them from {flat_solver}.

learning_rate : {learning_rate}, Schedule or callable, default="constant"
    How the rate changes, see :mod:`skbackprop.schedules`. A callable takes the fraction of the
    training that is done, in (0, 1), and returns a factor. A string is not used by {full_batch},
    the others are refused.

learning_rate_init : float, default=0.001
    First learning rate. Not used by {full_batch}.

power_t : float, default=0.5
    Exponent of {power_t}.

momentum : float, default=0.9
    Momentum of {momentum}, in [0, 1].

nesterovs_momentum : bool, default=True
    Nesterov's momentum for {nesterovs_momentum}.

beta_1 : float, default=0.9
    Decay rate of the mean gradient in {beta_1}, in [0, 1).

beta_2 : float, default=0.999
    Decay rate of the mean squared gradient in {beta_2}, in [0, 1).

epsilon : float, default=1e-8
    Keeps the division finite in {epsilon}.

clip_norm : float, default=None
    Longer gradients are scaled down to this norm. Refused by {full_batch}.

max_fun : int, default=15000
    At most this many evaluations of the loss by {max_fun}.

batch_size : int or "auto", default="auto"
    Samples per minibatch. "auto" is ``min(200, n_samples)``. Not used by {full_batch}.

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
    {stratified} Not used by {full_batch}.

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
    What is minimised, see :mod:`skbackprop.losses`. {more_about_loss}

{losses}
"""

ATTRIBUTES = """\
loss_ : float
    Mean loss over the last epoch, penalty included; NaN if no epoch was completed.

best_loss_ : float or None
    Lowest training loss of an epoch. None with `early_stopping`, and after `initialize`.

loss_curve_ : list of float
    Loss of every epoch, or of every iteration of {full_batch}.

history_ : dict of list of float
    One entry for each epoch, or iteration of {full_batch}: ``loss``, its parts ``data_loss`` and
    ``penalty``, ``validation_loss`` (without penalty) and ``validation_score`` where there are
    validation samples, ``learning_rate`` of the last step, ``gradient_norm`` of the first
    batch, and ``seconds`` of training. What isn't there is NaN. ``pandas.DataFrame`` takes it.

validation_scores_ : list of float or None
    Score on the validation samples after every epoch. None without `early_stopping`.

best_validation_score_ : float or None
    Highest of them. None without `early_stopping`.

t_ : int
    Samples that the solver has trained on, all epochs together; 0 with {full_batch}.

coefs_ : list of ndarray
    W of each layer, of shape (units in layer i, units in layer i + 1).

intercepts_ : list of ndarray
    b of each layer, of shape (units in layer i + 1,).

n_features_in_ : int
    Features seen by `fit`.

feature_names_in_ : ndarray of shape (`n_features_in_`,)
    Their names, where X had names that are all strings.

n_iter_ : int
    Epochs, or iterations of {full_batch}, in the last call; with ``warm_start="exact"`` in all the
    calls that make up one training.

n_layers_ : int
    Layers, input and output included.

n_outputs_ : int
    Output units.

out_activation_ : str
    {out_activation}.
"""


AnyClass = TypeVar("AnyClass", bound=type[Parameters])


def documented(**words: str) -> Callable[[AnyClass], AnyClass]:
    """Fill the docstring of an estimator: {parameters}, {loss} and {attributes}.

    `words` are what these texts say of this estimator alone.
    """

    def decorate(cls: AnyClass) -> AnyClass:
        if cls.__doc__:  # not under python -OO
            blanks = {**_lists(cls), **words}
            parts = {"parameters": PARAMETERS, "loss": LOSS, "attributes": ATTRIBUTES}
            for name, part in parts.items():
                text = textwrap.indent(_wrapped(part.format(**blanks)), "    ")
                cls.__doc__ = cls.__doc__.replace(f"    {{{name}}}\n", text)
        return cls

    return decorate


def _lists(cls: type[Parameters]) -> dict[str, str]:
    """The lists that the registries make: strings, who reads a flat parameter, losses."""
    registries: dict[str, Mapping[str, type[Any]]] = {
        name: choice.registry for name, choice in CHOICES.items()
    }
    registries["loss"] = cls._losses
    lists = {name: f"{{{', '.join(map(_quoted, r))}}}" for name, r in registries.items()}
    readers: dict[str, list[str]] = {}
    for name, registry in registries.items():
        flat: dict[str, None] = {}
        for string, option in registry.items():
            for f in fields(option):
                if f.metadata.get("flat"):
                    readers.setdefault(f.name, []).append(_quoted(string))
                    flat[f"`{f.name}`"] = None
        lists[f"flat_{name}"] = _joined(list(flat))
    lists |= {name: _joined(strings) for name, strings in readers.items()}
    lists["full_batch"] = _joined([_quoted(k) for k, o in OPTIMIZERS.items() if not o.stochastic])
    lists["losses"] = "\n".join(
        f'    - "{string}": {(getdoc(option) or "").partition(chr(10))[0]}'
        for string, option in cls._losses.items()
    )
    return lists


def _wrapped(text: str) -> str:
    """The text with its descriptions broken into lines anew, now that the blanks are filled."""
    units = [""]  # a head, a paragraph or an item each
    for line in text.splitlines():
        goes_on = line.startswith("    ") and units[-1].startswith("    ")
        if goes_on and not line.startswith("    - "):
            units[-1] += " " + line.strip()
        else:
            units.append(line)
    hanging = {"    - ": " " * 6}
    return (
        "\n".join(
            textwrap.fill(unit, 96, subsequent_indent=hanging.get(unit[:6], " " * 4))
            if unit.startswith("    ")
            else unit
            for unit in units[1:]
        )
        + "\n"
    )


def _quoted(string: str) -> str:
    return f'"{string}"'


def _joined(words: list[str]) -> str:
    """a, b and c."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
