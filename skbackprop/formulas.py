"""Formulas written down as ONNX operators.

What has a formula (a layer, an activation, a loss, a kind of target, a transformer, an ensemble)
has a method `onnx(graph, ...)` that writes it down for prediction: `A @ W + b` adds two operators.
Nothing here imports `onnx`; `skbackprop.onnx` turns the graph into a file. Operators are used as
they are from opset 9 on, and only those that onnxruntime has in float64, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

#: TensorProto's number of a type.
_TYPE_NUMBER = {"float32": 1, "int64": 7, "float64": 11}
#: The operators of classical machine learning, of which we use one, from their version 2 on.
ML_DOMAIN, ML_VERSION = "ai.onnx.ml", 2
#: From these opsets on the axes are an input, no attribute.
_AXES_AS_INPUT = {"ReduceSum": 13, "ReduceMean": 18, "ReduceMax": 18}

# Hart et al. (1968), Computer approximations, algorithm 5666, as printed in West (2005), Better
# approximations to cumulative normal functions, Wilmott Magazine. Highest power first.
# fmt: off
_HART_P = (
    3.52624965998911e-02, 0.700383064443688, 6.37396220353165, 33.912866078383, 112.079291497871,
    221.213596169931, 220.206867912376,
)
_HART_Q = (
    8.83883476483184e-02, 1.75566716318264, 16.064177579207, 86.7807322029461, 296.564248779674,
    637.333633378831, 793.826512519948, 440.413735824752,
)
# fmt: on


def _number(operand: Any) -> Any:
    """A Python int in a formula of real numbers stands for a real number: 2 * Z."""
    return float(operand) if type(operand) is int else operand


class Value:
    """A tensor of a graph. Arithmetic with numbers, arrays and values adds operators.

    Python's numbers are real numbers; an array of integers is one of int64.
    """

    __array_ufunc__ = None  # so that NumPy leaves `array * value` to the value

    def __init__(self, graph: Graph, name: str) -> None:
        self.graph, self.name = graph, name

    def __add__(self, other: Any) -> Value:
        return self.graph.op("Add", self, _number(other))

    def __sub__(self, other: Any) -> Value:
        return self.graph.op("Sub", self, _number(other))

    def __mul__(self, other: Any) -> Value:
        return self.graph.op("Mul", self, _number(other))

    def __truediv__(self, other: Any) -> Value:
        return self.graph.op("Div", self, _number(other))

    def __matmul__(self, other: Any) -> Value:
        return self.graph.op("MatMul", self, other)

    def __rmatmul__(self, other: Any) -> Value:
        return self.graph.op("MatMul", other, self)

    def __radd__(self, other: Any) -> Value:
        return self.graph.op("Add", _number(other), self)

    def __rsub__(self, other: Any) -> Value:
        return self.graph.op("Sub", _number(other), self)

    def __rmul__(self, other: Any) -> Value:
        return self.graph.op("Mul", _number(other), self)

    def __rtruediv__(self, other: Any) -> Value:
        return self.graph.op("Div", _number(other), self)

    def __neg__(self) -> Value:
        return self.graph.op("Neg", self)

    def __gt__(self, other: Any) -> Value:
        return self.graph.op("Greater", self, _number(other))

    def __lt__(self, other: Any) -> Value:
        return self.graph.op("Less", self, _number(other))


@dataclass(frozen=True)
class Node:
    """One operator: names of its inputs and of its output, and its attributes."""

    operator: str
    inputs: list[str]
    output: str
    attributes: dict[str, Any]

    @property
    def domain(self) -> str:
        """Which list of operators it is from; "" is ONNX's own."""
        return ML_DOMAIN if self.operator == "LabelEncoder" else ""


@dataclass(frozen=True)
class Input:
    """What a model takes: a value of shape (n, width); as dtype, None stands for the graph's."""

    name: str
    dtype: np.dtype | None
    width: int


@dataclass(frozen=True)
class Output:
    """What an estimator's graph ends in: a value of shape (n, *row), and its type."""

    value: Value
    dtype: np.dtype
    row: tuple[int, ...]


class Graph:
    """The operators of a formula, in the order in which they are computed.

    Parameters
    ----------
    dtype : dtype
        Of all real numbers in it, float32 or float64.
    opset : int
        The version of ONNX's operators.
    new_name : callable, default=None
        Makes a name that is still free from one such as "MatMul".
    taken : sequence of str
        Names that aren't free from the start.
    """

    def __init__(
        self,
        dtype: Any,
        opset: int,
        new_name: Callable[[str], str] | None = None,
        taken: Sequence[str] = (),
    ) -> None:
        self.dtype, self.opset, self.taken = np.dtype(dtype), opset, taken
        self.nodes: list[Node] = []
        self.constants: dict[str, np.ndarray] = {}
        self._new_name = new_name or self._numbered

    def _numbered(self, name: str) -> str:
        name = f"{name}_{len(self.nodes) + len(self.constants)}"
        while name in self.taken:
            name += "_"
        return name

    def of(self, dtype: Any) -> Graph:
        """The same operators, for writing down formulas of real numbers of another type."""
        other = copy(self)
        if np.dtype(dtype).kind == "f":
            other.dtype = np.dtype(dtype)
        return other

    def keep(self, outputs: Sequence[Value]) -> None:
        """Remove what the outputs don't depend on."""
        needed, kept = {value.name for value in outputs}, []
        for node in reversed(self.nodes):
            if node.output in needed:
                needed.update(node.inputs)
                kept.append(node)
        self.nodes[:] = reversed(kept)
        for name in self.constants.keys() - needed:
            del self.constants[name]

    def op(self, operator: str, *inputs: Any, **attributes: Any) -> Value:
        """The output of an ONNX operator. Numbers and arrays among the inputs become constants."""
        names = [x.name if isinstance(x, Value) else self.constant(x).name for x in inputs]
        output = self._new_name(operator)
        self.nodes.append(Node(operator, names, output, attributes))
        return Value(self, output)

    def constant(self, values: Any) -> Value:
        """A number or an array; real numbers take the graph's dtype."""
        array = np.asarray(values)
        if array.dtype.kind == "f":
            array = array.astype(self.dtype)
        name = self._new_name("constant")
        self.constants[name] = array
        return Value(self, name)

    def cast(self, A: Value, dtype: Any) -> Value:
        """A as int64, float32 or float64."""
        return self.of(dtype).op("Cast", A, to=_TYPE_NUMBER[np.dtype(dtype).name])

    def real(self, A: Value) -> Value:
        """A, which holds real numbers of its own graph's dtype, in the dtype of this one."""
        return A if A.graph.dtype == self.dtype else self.cast(A, self.dtype)

    def columns(self, A: Value, indices: Any) -> Value:
        """A[:, indices]."""
        return A.graph.op("Gather", A, np.asarray(indices, np.int64), axis=1)

    def look_up(self, A: Value, table: Mapping[str, int] | Mapping[int, int], other: int) -> Value:
        """table[a] for each string or whole number a in A; `other` where the table has none."""
        keys = list(table)
        kind = "keys_strings" if isinstance(keys[0], str) else "keys_int64s"
        entries = {kind: keys, "values_int64s": list(table.values()), "default_int64": other}
        return self.op("LabelEncoder", A, **entries)

    def over_columns(self, operator: str, A: Value) -> Value:
        """Each row's "ReduceSum", "ReduceMean" or "ReduceMax", of shape (n, 1)."""
        if self.opset >= _AXES_AS_INPUT[operator]:
            return self.op(operator, A, np.array([1], np.int64), keepdims=1)
        return self.op(operator, A, axes=[1], keepdims=1)

    def clip(self, A: Value, low: float, high: float) -> Value:
        """min(max(A, low), high)."""
        return self.op("Min", self.op("Max", A, low), high)

    def expm1(self, A: Value) -> Value:
        """exp(A) - 1 = tanh(A / 2) (exp(A) + 1), which doesn't cancel where A is near 0."""
        return self.op("Tanh", 0.5 * A) * (self.op("Exp", A) + 1.0)

    def log1p(self, A: Value) -> Value:
        """log(1 + A) for A >= 0, with u = 1 + A: log(u) + (A - (u - 1)) / u.

        The second term is what rounding took from u, so a tiny A isn't lost.
        """
        u = 1.0 + A
        return self.op("Log", u) + (A - (u - 1.0)) / u

    def ndtr(self, A: Value) -> Value:
        """The standard normal CDF, to 3e-16 in float64 and 2e-7 in float32.

        Below 0 it is exp(-a**2 / 2) P(abs(a)) / Q(abs(a)) with polynomials P and Q of Hart et al.
        (1968); above 0, 1 minus that. onnxruntime has Erf in float32 only.
        """
        a = self.op("Min", self.op("Abs", A), 40.0)  # beyond, the tail is 0; keeps P / Q finite
        tail = self.op("Exp", -0.5 * a * a) * _polynomial(_HART_P, a) / _polynomial(_HART_Q, a)
        return self.op("Where", A > 0.0, 1.0 - tail, tail)


def _polynomial(coefficients: Sequence[float], x: Value) -> Any:
    """Horner's scheme, the highest power's coefficient first."""
    return reduce(lambda total, c: total * x + c, coefficients)  # type: ignore[arg-type, return-value]


def _checked(option: Any) -> Callable[..., Any]:
    """`option.onnx`, which has to return a Value."""

    def onnx(*arguments: Any) -> Any:
        written = option.onnx(*arguments)
        if not isinstance(written, Value):
            raise TypeError(
                f"{type(option).__name__}.onnx must return a Value, as graph.op does, got an object"
                f" of type {type(written).__name__}."
            )
        return written

    return onnx


def formula(option: Any, *computing: str) -> Callable[..., Any]:
    """`option.onnx`, if it belongs to the methods that do the computing.

    A subclass that changes one of these and inherits `onnx` would be exported as its base class.

    Raises
    ------
    NotImplementedError
        If it doesn't; the message names the class and says what to add.
    """
    for cls in type(option).__mro__:
        if "onnx" in vars(cls):
            return _checked(option)
        if any(name in vars(cls) for name in computing):
            break
    raise NotImplementedError(
        f"{type(option).__name__} can't be exported to ONNX, because it has no method `onnx` that"
        f" writes down what `{computing[0]}` computes. Add one: see skbackprop.onnx."
    )
