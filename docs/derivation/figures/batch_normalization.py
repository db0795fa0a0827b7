"""What batch normalisation's backward pass takes away from a gradient, sample by sample."""

import matplotlib.pyplot as plt
import numpy as np

from skbackprop.normalization import Affine, BatchNorm

M_SAMPLES = 8


def parts() -> dict[str, np.ndarray]:
    """dN, its two parts that are taken away, and the layer's dZ with gamma = 1, times sigma."""
    rng = np.random.default_rng(0)
    Z = np.sort(rng.standard_normal((M_SAMPLES, 1)), axis=0)
    dN = np.linspace(-0.8, 1.6, M_SAMPLES)[:, None] + rng.uniform(-0.6, 0.6, (M_SAMPLES, 1))
    norm, one = BatchNorm(), np.ones(1)
    affine = Affine(one, np.zeros(1), np.zeros(1), np.zeros(1), np.zeros(1), np.ones(1))
    buffers = norm.buffers(np.empty_like(Z))
    norm.forward(Z, affine, buffers)
    Zhat, sigma, dZ = buffers.Zhat.copy(), buffers.sigma.copy(), dN.copy()
    norm.backward(dZ, np.empty_like(dZ), affine, buffers)
    return {
        "$dN$, from above": dN,
        "its mean": np.full_like(dN, affine.dbeta / M_SAMPLES),
        r"its part along $\hat Z$": Zhat * affine.dgamma / M_SAMPLES,
        r"what is left: $\sigma\,dZ$": sigma * dZ,
    }


def draw() -> plt.Figure:
    """A row of bars for each part; the last is the first, less the two between."""
    figure, axes = plt.subplots(4, 1, figsize=(4.8, 6.0), sharex=True, layout="constrained")
    colors = ["#0072B2", "#D55E00", "#D55E00", "#0072B2"]
    samples = np.arange(1, M_SAMPLES + 1)
    for ax, (name, part), color, sign in zip(
        axes, parts().items(), colors, ["", "\N{MINUS SIGN} ", "\N{MINUS SIGN} ", "= "], strict=True
    ):
        hatch = "//" if sign.startswith("\N{MINUS SIGN}") else None
        ax.bar(samples, part.ravel(), color=color, hatch=hatch, edgecolor="white", width=0.7)
        ax.axhline(0, color="black", linewidth=0.8)
        ax.set_title(sign + name, fontsize=12, loc="left")
        ax.set_ylim(-2, 2)
        ax.tick_params(labelsize=10)
        ax.spines[["top", "right"]].set_visible(False)
    axes[-1].set_xlabel("sample, in the order of its score", fontsize=12)
    return figure


draw()
