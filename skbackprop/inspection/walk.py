"""The steps of a pass, one by one, in the order of the engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from skbackprop.inspection import ahead, back, ends
from skbackprop.inspection.recording import Pass
from skbackprop.inspection.steps import Scene
from skbackprop.layers import ActivationLayer, Dense, Dropout, NormalizationLayer

#: What is told of a layer, forward and backward.
Teller = Callable[[Scene, int, Any, int], None]
TELLERS: dict[type, tuple[Teller, Teller]] = {
    Dense: (ahead.dense, back.dense),
    NormalizationLayer: (ahead.normalization, back.normalization),
    ActivationLayer: (ahead.activation, back.activation),
    Dropout: (ahead.dropout, back.dropout),
}


def scene_of(done: Pass) -> Scene:
    """The steps and arrays of a recorded pass."""
    scene, row = Scene(done), done.row
    for k in range(len(row)):
        scene.below.append(scene.name)
        _tell(scene, k, 0)
    ends.loss(scene)
    for k in reversed(range(len(row))):
        if any(layer.shapes for layer in row[: k + 1]):
            _tell(scene, k, 1)
    ends.penalty(scene)
    ends.update(scene)
    return scene


def _tell(scene: Scene, k: int, way: int) -> None:
    """What the k-th layer does, forward (0) or backward (1); nothing of kinds not known here."""
    layer = scene.done.row[k]
    for kind, tellers in TELLERS.items():
        if isinstance(layer, kind):
            tellers[way](scene, k, layer, scene.done.depths[k] + 1)
