"""Boxes and arrows for the figures of this folder. Lengths are inches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Ellipse, FancyArrowPatch, FancyBboxPatch

VALUE, GRADIENT = "#0072B2", "#D55E00"  # of Okabe and Ito's colours, which all can tell apart
INK, GREY = "#222222", "#767676"
Point = tuple[float, float]


@dataclass(frozen=True)
class Shape:
    """A box or an ellipse around (x, y)."""

    x: float
    y: float
    width: float
    height: float
    is_round: bool = False

    def edge(self, towards: Point) -> Point:
        """Where the line from the centre to a point leaves the shape."""
        half = np.array([self.width, self.height]) / 2
        way = np.subtract(towards, (self.x, self.y))
        sizes = np.abs(way) / half
        x, y = way / (np.hypot(*sizes) if self.is_round else sizes.max())
        return self.x + x, self.y + y


class Sheet:
    """A figure on which a unit is an inch."""

    def __init__(self, width: float, height: float) -> None:
        self.figure = plt.figure(figsize=(width, height))
        self.ax = self.figure.add_axes((0, 0, 1, 1))
        self.ax.set(xlim=(0, width), ylim=(0, height))
        self.ax.axis("off")

    def write(self, x: float, y: float, text: str, color: str = INK, **style: object) -> None:
        """Text in the middle of (x, y)."""
        style = {"ha": "center", "va": "center", "fontsize": 10, **style}
        self.ax.text(x, y, text, color=color, zorder=4, **style)

    def box(self, x: float, y: float, label: str, size: Point = (1.3, 0.46)) -> Shape:
        """A box with rounded corners."""
        width, height = size
        corner, style = (x - width / 2, y - height / 2), "round,pad=0,rounding_size=0.08"
        self.ax.add_patch(
            FancyBboxPatch(corner, width, height, boxstyle=style, fc="#f2f2f2", ec=INK, zorder=3)
        )
        self.write(x, y, label, fontsize=11)
        return Shape(x, y, width, height)

    def unit(self, x: float, y: float, label: str, radius: float = 0.26) -> Shape:
        """A circle."""
        size = 2 * radius
        self.ax.add_patch(Ellipse((x, y), size, size, fc="#f2f2f2", ec=INK, zorder=3))
        self.write(x, y, label)
        return Shape(x, y, size, size, is_round=True)

    def line(self, points: Sequence[Point], color: str = INK, style: str = "-") -> None:
        """An arrow along the points."""
        *before, start, end = points
        if before:
            self.ax.plot(*zip(*before, start, strict=True), color=color, ls=style, lw=1.6)
        self.ax.add_patch(
            FancyArrowPatch(
                start, end, arrowstyle="-|>", mutation_scale=13, shrinkA=0, shrinkB=0,
                color=color, linestyle=style, linewidth=1.6, zorder=2,
            )
        )  # fmt: skip

    def arrow(self, a: Shape, b: Shape, color: str = INK, aside: float = 0.0) -> None:
        """From the edge of a to the edge of b, moved to the left of its way by `aside`.

        Gradients are dashed.
        """
        way = np.array([b.x - a.x, b.y - a.y])
        left = aside * np.array([-way[1], way[0]]) / np.hypot(*way)
        start, end = a.edge((b.x, b.y)) + left, b.edge((a.x, a.y)) + left
        self.line([tuple(start), tuple(end)], color, "--" if color == GRADIENT else "-")


def numbers(name: str, array: np.ndarray) -> str:
    """Name and numbers; several numbers begin a line of their own."""
    rows = np.atleast_2d(array) + 0.0  # no minus before a zero
    if rows.size == 1:
        return f"{name} = [{rows.item():.2f}]"
    if len(rows) == 1:
        return f"{name} =\n[{', '.join(f'{x:.2f}' for x in rows[0])}]"
    return "\n".join([f"{name} =", *(" ".join(f"{x:6.2f}" for x in row) for row in rows)])


@dataclass(frozen=True)
class Layout:
    """Where a column's boxes and what enters from the side stand; the text has room between."""

    width: float = 5.05
    middle: float = 1.98
    side: float = 4.78
    step: float = 1.5


def column(
    names: Sequence[str],
    edges: Sequence[tuple[str, str | None]],
    sides: Mapping[int, tuple[str, str, str | None]],
    layout: Layout,
) -> Sheet:
    """A graph whose boxes stand in a column, from the data to the loss.

    An edge has the texts of its value and its gradient, None where that isn't computed. What enters
    a box from the side has a name and the same two texts.
    """
    middle, top = layout.middle, layout.step * (len(names) - 1) + 0.35
    sheet = Sheet(layout.width, top + 0.8)
    mono = {"family": "monospace", "linespacing": 1.15}
    boxes = [sheet.box(middle, top - layout.step * i, name) for i, name in enumerate(names)]
    for above, below, (value, gradient) in zip(boxes[:-1], boxes[1:], edges, strict=True):
        y = (above.y + below.y) / 2
        sheet.arrow(above, below, VALUE, aside=-0.07)
        sheet.write(middle - 0.18, y, value, VALUE, ha="right", **mono)
        if gradient is None:
            sheet.write(middle + 0.18, y, "(not computed)", GREY, ha="left")
        else:
            sheet.arrow(below, above, GRADIENT, aside=-0.07)
            sheet.write(middle + 0.18, y, gradient, GRADIENT, ha="left", **mono)
    for i, (name, value, gradient) in sides.items():
        box = boxes[i]
        side = sheet.box(layout.side, box.y, name, size=(0.46, 0.4))
        x = (box.x + box.width / 2 + side.x - side.width / 2) / 2
        sheet.arrow(side, box, VALUE, aside=-0.07 if gradient else 0.0)
        sheet.write(x, box.y + 0.13, value, VALUE, va="bottom", **mono)
        if gradient:
            sheet.arrow(box, side, GRADIENT, aside=-0.07)
            sheet.write(x, box.y - 0.13, gradient, GRADIENT, va="top", **mono)
    sheet.write(middle - 0.18, top + 0.55, "values, down", VALUE, ha="right", fontsize=11)
    sheet.write(middle + 0.18, top + 0.55, "gradients, up", GRADIENT, ha="left", fontsize=11)
    return sheet
