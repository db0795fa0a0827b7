"""Draws the pictures of the front page and of README.md: `python docs/_figures/landing.py`.

A decision boundary grows between three spirals, the losses beside those of MLPClassifier, and the
logo: three spiral arms.
"""

import io
import warnings
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.colors import to_rgb
from PIL import Image
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from skbackprop import BackpropClassifier
from skbackprop.datasets import make_spirals

STATIC = Path(__file__).parents[1] / "_static"
COLORS = ["#0072B2", "#E69F00", "#CC79A7"]
PARAMETERS = {
    "hidden_layer_sizes": (50,),
    "learning_rate_init": 0.01,
    "batch_size": 50,
    "n_iter_no_change": 10**6,
    "random_state": 0,
}
#: Text and lines on a light and on a dark page.
INK = {"light": "#24292f", "dark": "#d1d7de"}
EPOCHS = 200
SHOWN = [0, 5, 25, 200]


def states(epochs, X, y):
    """The network after each of these epochs: one training with breaks."""
    clf = BackpropClassifier(**PARAMETERS, warm_start="exact")
    trained = 0
    for epoch in epochs:
        if epoch > trained:
            clf.set_params(max_iter=epoch - trained).fit(X, y)
            trained = epoch
        untrained = BackpropClassifier(**PARAMETERS).initialize(n_features=2, classes=[0, 1, 2])
        yield epoch, clf if epoch else untrained


def color_map(clf, reach, pixels=240):
    """A picture of the plane: each class's colour, the paler the less probable."""
    line = np.linspace(-reach, reach, pixels)
    grid = np.stack(np.meshgrid(line, line[::-1]), axis=-1).reshape(-1, 2)
    p = clf.predict_proba(grid)[:, :, None]
    pale = 1 - 0.62 * (1 - np.array([to_rgb(color) for color in COLORS]))
    return (p * pale).sum(axis=1).reshape(pixels, pixels, 3)


def draw_map(ax, clf, X, y, size):
    """The map and the samples, with nothing around them."""
    reach = 1.06 * np.abs(X).max()
    ax.imshow(
        color_map(clf, reach), extent=[-reach, reach, -reach, reach], interpolation="bilinear"
    )
    for k, color in enumerate(COLORS):
        ax.scatter(*X[y == k].T, s=size, color=color, edgecolor="w", lw=size / 60)
    ax.set_axis_off()


def frame(clf, epoch, X, y):
    """One picture of the animation."""
    fig = plt.figure(figsize=(5.2, 5.2), dpi=100)
    ax = fig.add_axes((0, 0, 1, 1))
    draw_map(ax, clf, X, y, 34)
    ax.text(
        0.035,
        0.035,
        f"epoch {epoch}",
        transform=ax.transAxes,
        fontsize=13,
        color="#24292f",
        bbox={"boxstyle": "round,pad=0.4", "fc": "w", "ec": "none", "alpha": 0.85},
    )
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png")
    plt.close(fig)
    return Image.open(buffer).convert("RGB")


def animation(folder, X, y, n_frames):
    """growing.webp, which plays once, in under five seconds, and its last picture alone."""
    epochs = sorted({round(e) for e in np.geomspace(1, EPOCHS + 1, n_frames) - 1})
    frames = [frame(clf, epoch, X, y) for epoch, clf in states(epochs, X, y)]
    milliseconds = min(4800 // len(frames), 150)
    frames[0].save(
        folder / "growing.webp",
        save_all=True,
        append_images=frames[1:],
        duration=milliseconds,
        loop=1,
        quality=72,
        method=6,
    )
    frames[-1].save(folder / "growing_still.webp", quality=85, method=6)


def strip(folder, X, y):
    """growing_light.png and growing_dark.png: four epochs, and the losses beside the peer's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        theirs = MLPClassifier(**PARAMETERS, max_iter=EPOCHS).fit(X, y)
    for theme, ink in INK.items():
        style = dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor"), ink)
        style |= {"xtick.color": ink, "ytick.color": ink, "font.size": 13}
        with mpl.rc_context(style):
            fig, axes = plt.subplots(1, 5, figsize=(12.2, 2.9), layout="constrained")
            for ax, (epoch, clf) in zip(axes, states(SHOWN, X, y), strict=False):
                draw_map(ax, clf, X, y, 9)
                ax.set_title(f"epoch {epoch}", fontsize=15)
            ax = axes[-1]
            ours = clf.history_["loss"]
            assert np.allclose(ours, theirs.loss_curve_)
            epochs = np.arange(1, EPOCHS + 1)
            ax.plot(epochs, theirs.loss_curve_, color="#E69F00", lw=6, label="MLPClassifier")
            line = {"light": "#0072B2", "dark": "#56B4E9"}[theme]
            ax.plot(epochs, ours, color=line, lw=1.8, label="skbackprop")
            ax.set(
                box_aspect=1,
                xticks=[0, 100, 200],
                yticks=[0, 0.5, 1],
                ylim=(0, 1.25),
                facecolor="none",
            )
            ax.set_title("training loss", fontsize=15)
            ax.set_xlabel("epoch")
            ax.spines[["top", "right"]].set_visible(False)
            ax.legend(frameon=False, fontsize=12, borderaxespad=0)
            fig.savefig(
                folder / f"growing_{theme}.png", dpi=150, transparent=True, bbox_inches="tight"
            )
            plt.close(fig)


def logo(folder):
    """logo.svg and favicon.png: three arms, each half a turn."""
    paths = []
    t = np.linspace(0.16, 1, 24)
    for k, color in enumerate(COLORS):
        angle = 2 * np.pi * k / 3 + 3.5 * t - 1.2
        x, y = 50 + 38 * t * np.cos(angle), 50 + 38 * t * np.sin(angle)
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
        paths.append(f'  <polyline points="{points}" stroke="{color}"/>')
    (folder / "logo.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100" fill="none" '
        'stroke-width="15" stroke-linecap="round" stroke-linejoin="round">\n'
        "  <title>skbackprop</title>\n" + "\n".join(paths) + "\n</svg>\n",
        encoding="utf-8",
    )
    fig = plt.figure(figsize=(1.28, 1.28), dpi=100)
    ax = fig.add_axes((0, 0, 1, 1), xlim=(0, 100), ylim=(100, 0))
    ax.set_axis_off()
    for k, color in enumerate(COLORS):
        angle = 2 * np.pi * k / 3 + 3.5 * t - 1.2
        x, y = 50 + 38 * t * np.cos(angle), 50 + 38 * t * np.sin(angle)
        ax.plot(x, y, color=color, lw=13.5, solid_capstyle="round", solid_joinstyle="round")
    fig.savefig(folder / "favicon.png", transparent=True)
    plt.close(fig)


def main(folder=STATIC, n_frames=60):
    """All of them."""
    mpl.use("agg")
    X, y = make_spirals(n_samples=300, n_classes=3, noise=0.2, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        animation(Path(folder), X, y, n_frames)
        strip(Path(folder), X, y)
    logo(Path(folder))


if __name__ == "__main__":
    main()
