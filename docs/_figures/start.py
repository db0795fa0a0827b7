"""Draws the pictures of docs/start.rst with its own code: `python docs/_figures/start.py`."""

import doctest
from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot as plt

DOCS = Path(__file__).parents[1]
PAGE = DOCS / "start.rst"
#: In the order in which the page draws them.
NAMES = ["start_learning", "start_calibration", "start_importance", "start_plans"]
INK = {"light": "#24292f", "dark": "#d1d7de"}
BLUE = {"light": "#0072B2", "dark": "#56B4E9"}
STYLE = {
    "axes.spines.right": False,
    "axes.spines.top": False,
    "legend.frameon": False,
    "svg.hashsalt": "skbackprop",  # the same file for the same picture
    "axes.prop_cycle": mpl.cycler(color=["#0072B2", "#E69F00", "#CC79A7", "#009E73", "#56B4E9"]),
}


def paint(fig, theme):
    """Text, axes, ticks and black lines in the theme's ink; blue in the theme's blue."""
    new = {"#000000": INK[theme], INK["light"]: INK[theme], BLUE["light"].lower(): BLUE[theme]}
    for text in fig.findobj(mpl.text.Text):
        text.set_color(INK[theme])
    for ax in fig.axes:
        ax.set_facecolor("none")
        ax.tick_params(colors=INK[theme])
        for spine in ax.spines.values():
            spine.set_color(INK[theme])
        for bars in ax.containers:
            for part in getattr(bars, "patches", ()):
                part.set_facecolor(BLUE[theme])
        for error_bars in ax.findobj(mpl.collections.LineCollection):
            error_bars.set_color(INK[theme])
    for line in fig.findobj(mpl.lines.Line2D):
        color = mpl.colors.to_hex(line.get_color())
        line.set_color(new.get(color, color))


def main(folder=DOCS):
    """The pictures, each for light and for dark pages."""
    mpl.use("agg")
    plt.close("all")
    names = {}
    with mpl.rc_context(STYLE):
        for example in doctest.DocTestParser().get_examples(PAGE.read_text(encoding="utf-8")):
            exec(compile(example.source, PAGE.name, "exec"), names)
        for name, number in zip(NAMES, plt.get_fignums(), strict=True):
            for theme in INK:
                fig = plt.figure(number)
                paint(fig, theme)
                path = Path(folder) / f"{name}_{theme}.svg"
                fig.savefig(path, transparent=True, metadata={"Date": None})
    plt.close("all")


if __name__ == "__main__":
    main()
