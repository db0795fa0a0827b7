"""What a saved estimator consists of: arrays, numbers, options, and the number of the format.

Objects that only this package knows are written as dicts. So a file doesn't depend on the names of
classes that may change, and skops has fewer types to trust.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Self

from skbackprop import __version__
from skbackprop.architecture import Architecture
from skbackprop.estimators.resume import Draws, Resumable
from skbackprop.network import Network
from skbackprop.optimizers.base import State
from skbackprop.training import Progress

#: Raised when files are written in another way.
FORMAT = 1


class Saved:
    """A mixin: the number of the format is saved with an estimator, and checked."""

    def __getstate__(self) -> dict[str, Any]:
        """The attributes, and the format in which they are written."""
        state: Any = super().__getstate__()
        return {**self._pack(state), "_format": FORMAT, "_version": __version__}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Set the attributes, if this version knows the format.

        Raises
        ------
        ValueError
            If it doesn't; the message says which version does.
        """
        state = dict(state)
        written, version = state.pop("_format", None), state.pop("_version", None)
        if written is None:
            raise ValueError(
                f"{type(self).__name__} was saved before files had a format number, by a version"
                " from before the first release. Train it again, and save it."
            )
        if written != FORMAT:
            raise ValueError(
                f"{type(self).__name__} was saved in format {written} by skbackprop {version}."
                f" Version {__version__}, which is installed, reads format {FORMAT}: load the file"
                f" with skbackprop {version}."
            )
        super().__setstate__(self._unpack(state))  # type: ignore[misc]

    def _pack(self, attributes: dict[str, Any]) -> dict[str, Any]:
        """Return the attributes as they are written."""
        return attributes

    def _unpack(self, attributes: dict[str, Any]) -> dict[str, Any]:
        """Return the attributes as they are, from what was written."""
        return attributes

    def __copy__(self) -> Self:
        """A shallow copy has the same attributes."""
        other = object.__new__(type(self))
        vars(other).update(vars(self))
        return other


def pack(state: dict[str, Any]) -> dict[str, Any]:
    """The attributes of a network's estimator, with dicts for our own objects."""
    state = {k: v for k, v in state.items() if k not in ("coefs_", "intercepts_")}
    if "_network" not in state:
        return state
    network, progress = state["_network"], state["_progress"]
    if type(network.architecture) is Architecture:  # a user's own stays as it is
        architecture = vars(network.architecture) | {"values": network.values}
        del architecture["loss"]  # `_loss` picks it
        state["_network"] = architecture
    state["_progress"] = vars(progress) | {"optimizer_state": _numbers(progress.optimizer_state)}
    state["_targets"] = dict(vars(state["_targets"]))
    if state.get("_resume"):
        resume = state["_resume"]
        state["_resume"] = vars(resume) | {"draws": resume.draws.__getstate__()}
    return state


def unpack(state: dict[str, Any], target_class: Any) -> dict[str, Any]:
    """The attributes as they were before `pack`."""
    if "_network" not in state:
        return state
    state = dict(state)
    targets = state["_targets"] = target_class(**state["_targets"])
    network = state["_network"]
    if not isinstance(network, Network):
        architecture = dict(network)
        values, loss = architecture.pop("values"), state["_loss"].on(targets.kind)
        network = state["_network"] = Network(Architecture(**architecture, loss=loss), values)
    progress = state["_progress"] = Progress(**state["_progress"])
    if progress.optimizer_state is not None:
        made = progress.solver.init(network.theta)
        progress.optimizer_state = _with_numbers(made, progress.optimizer_state)
    if state.get("_resume"):
        resume = state["_resume"]
        state["_resume"] = Resumable(**{**resume, "draws": Draws(**resume["draws"])})
    return state


def _numbers(state: Any) -> Any:
    """An optimizer's state as a dict of vectors and numbers; a user's own stays as it is."""
    if not isinstance(state, State) or not type(state).__module__.startswith("skbackprop."):
        return state
    return {f.name: _numbers(getattr(state, f.name)) for f in fields(state)}


def _with_numbers(made: Any, numbers: Any) -> Any:
    """A new state with the vectors and numbers of another."""
    if not isinstance(made, State) or not isinstance(numbers, dict):
        return numbers
    own = {name: _with_numbers(getattr(made, name), value) for name, value in numbers.items()}
    return type(made)(**own)
