"""What a page is told: steps with their formulas, and the arrays that they take and make."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

from skbackprop.activations import ACTIVATIONS
from skbackprop.inspection.recording import Pass

#: The axis of the samples; the others are numbered, 0 for X.
ROWS = "m"
Numbers = dict[str, float]


@dataclass(frozen=True)
class Named:
    """An array and what its axes are: samples, or the units of a layer."""

    values: Any
    axes: tuple[str | int, ...]


@dataclass(frozen=True)
class Step:
    """One line of the pass, as the page tells it.

    Parameters
    ----------
    title, phase, layer, formula : str, str, int, str
        What is done where: "forward", "backward" or "step".
    ins, outs : list of str
        Names of arrays.
    rule : str
        By which the page writes out an entry.
    words : str
        A sentence or two.
    source : dict or None
        Lines of the package.
    store, use : list of str
        Arrays of the forward pass that are kept here, and those that are used again.
    option : str
        The activation, link or the like.
    constants : dict of str to float, or None
        What the option's formula holds; None where the page doesn't know the formula.
    """

    title: str
    phase: str
    layer: int
    formula: str
    ins: list[str]
    outs: list[str]
    rule: str
    words: str
    source: dict[str, Any] | None
    store: list[str] = field(default_factory=list)
    use: list[str] = field(default_factory=list)
    option: str = ""
    constants: Numbers | None = None


@dataclass(frozen=True)
class Origin:
    """Where an array comes from that goes into a step without being made by one.

    Parameters
    ----------
    rule, ins, option, constants : str, list of str, str, dict or None
        As in `Step`.
    """

    rule: str
    ins: list[str]
    option: str = ""
    constants: Numbers | None = None


def short(option: Any) -> str:
    """The string that stands for an activation, or the name of its function or class."""
    names = {cls: name for name, cls in ACTIVATIONS.items()}
    function = getattr(getattr(option, "function", None), "__name__", "")
    name = function if function.isidentifier() else type(option).__name__
    return names.get(type(option), name)


def constants(option: Any) -> Numbers | None:
    """The parameters of an activation or loss of the package; None if the page doesn't know it.

    It doesn't know a class from elsewhere, nor a FunctionPair, which holds functions.
    """
    values = vars(option)
    is_ours = type(option).__module__.startswith("skbackprop.")
    if not is_ours or not all(isinstance(value, Real) for value in values.values()):
        return None
    return {name: float(value) for name, value in values.items()}


def says(thing: Any) -> str:
    """The first sentence of a docstring, such as "f(z) = max(z, 0)"; empty without one."""
    text = " ".join((inspect.getdoc(thing) or "").split("\n\n")[0].split())
    return text.partition(". ")[0].rstrip(".")


class Scene:
    """A recorded pass, and what is told of it so far.

    Attributes
    ----------
    steps : list of Step
        In the order of the engine.
    arrays : dict of str to Named
        What they take and make.
    given : dict of str to Origin
        Of those that no step makes, where they come from.
    numbers : dict of str to float
        Rates, penalties and the like.
    name : str
        Of what the next layer takes.
    below : list of str
        The same, for each layer of the row.
    """

    def __init__(self, done: Pass) -> None:
        self.done, self.steps = done, list[Step]()
        self.arrays: dict[str, Named] = {}
        self.given: dict[str, Origin] = {}
        self.numbers: Numbers = {"total": float(done.total), "loss": float(done.loss)}
        self.numbers |= {"data_loss": float(done.data_loss), "penalty": float(done.penalty)}
        self.last = len(done.architecture.units) - 1
        self.name, self.below = "X", list[str]()
        self.add("X", done.arrays["X"], ROWS, 0)

    def add(self, name: str, values: Any, *axes: str | int) -> None:
        """Name an array."""
        self.arrays[name] = Named(values, axes)
