"""
Step through backpropagation
============================

Every number of a training run, and where it comes from. We train a small network on three spirals
for forty steps, and keep all arrays of each of them. The page at the end is made of these: it opens
in any browser, offline.
"""

import matplotlib.pyplot as plt
import numpy as np

from skbackprop import BackpropClassifier
from skbackprop.datasets import make_spirals
from skbackprop.inspection import trace_training

X, y = make_spirals(n_samples=300, n_classes=3, noise=0.2, random_state=0)
clf = BackpropClassifier(
    hidden_layer_sizes=(12,),
    activation="tanh",
    learning_rate_init=0.1,
    batch_size=300,
    alpha=0,
    random_state=0,
)
training = trace_training(clf, X, y, steps=40)

# %%
# `training` is a sequence of traces, one for each step. They hold what `trace_backprop` returns, at
# the weights before the step. So the chain rule can be checked at any of them:
step = training[7]
hidden, output = step.layers
np.allclose(hidden.dA, output.dZ @ output.W.T), np.allclose(output.dW, hidden.A.T @ output.dZ)

# %%
# The loss of each step, and how large the two gradients are on the way:
fig, axes = plt.subplots(1, 2, figsize=(8.5, 3.2), layout="constrained")
axes[0].plot(np.arange(1, 41), training.loss_curve, color="#0072B2")
axes[0].set(xlabel="step", ylabel="loss", ylim=0)
for n, color in enumerate(["#0072B2", "#D55E00"]):
    sizes = [np.linalg.norm(trace.layers[n].dW) for trace in training]
    axes[1].plot(np.arange(1, 41), sizes, color=color, label=f"|dW{n + 1}|")
axes[1].set(xlabel="step", ylim=0)
axes[1].legend()
plt.show()

# %%
# Here is the page. The upper slider goes through the training: the loss falls, the borders bend,
# the weights move. The lower one goes through the pass of that step, forward and backward. Point
# at a number, or tab to it, to see it written out. ``training.to_html("spirals.html")`` writes the
# page as a file, and ``trace_backprop(clf, X, y).to_html()`` makes that of a single pass.
training
