"""
The same network on a cluster
=============================

The data of a Dask cluster stay where they are: each partition computes its part of the gradient. We
train on two workers and on one machine, and draw the loss against the seconds.
"""

import time
import warnings

import dask.array as da
import matplotlib.pyplot as plt
import numpy as np
from distributed import Client
from sklearn.datasets import make_classification

from skbackprop import BackpropClassifier
from skbackprop.dask import DaskBackpropClassifier

warnings.simplefilter("ignore")
X, y = make_classification(
    n_samples=40_000, n_features=50, n_informative=20, n_classes=5, random_state=0
)
X, y = X.astype(np.float32), y.astype(np.int64)

# %%
# A cluster on this machine, of two workers that are threads. With ``Client("address:8786")`` it
# would be another one. The arrays are cut into eight partitions.
client = Client(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0")
dX, dy = da.from_array(X, chunks=(5_000, 50)), da.from_array(y, chunks=5_000)

# %%
# One set of parameters for three fits: on one machine, on the cluster with the rows ordered by the
# client, and with the rows ordered by each partition.
params = {
    "hidden_layer_sizes": (100,),
    "batch_size": 4_000,
    "learning_rate_init": 0.01,
    "max_iter": 12,
    "random_state": 0,
}
networks = {
    "on one machine": BackpropClassifier(**params).fit(X, y),
    'on Dask, draws="global"': DaskBackpropClassifier(**params, draws="global").fit(dX, dy),
    'on Dask, draws="partition"': DaskBackpropClassifier(**params).fit(dX, dy),
}
alone, same, drawn = networks.values()
print("the same losses:", np.allclose(alone.loss_curve_, same.loss_curve_, rtol=1e-3))

# %%
# With ``draws="global"`` the numbers are those of one machine, up to rounding. Here the data are
# small and on one machine anyway, so Dask only adds its messages to each step. It pays when they
# aren't.
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), sharey=True, layout="constrained")
colors, styles = ["0.6", "#0072B2", "#E69F00"], ["-", "--", "-"]
for (name, clf), color, style in zip(networks.items(), colors, styles, strict=True):
    wide = 5 if color == "0.6" else 1.5
    epochs = np.arange(1, clf.n_iter_ + 1)
    left.plot(epochs, clf.loss_curve_, style, color=color, lw=wide, label=name)
    seconds = np.cumsum(clf.history_["seconds"])
    right.plot(seconds, clf.loss_curve_, style, color=color, lw=wide, label=name)
left.set(xlabel="epoch", ylabel="loss", yscale="log", title="By epochs")
right.set(xlabel="seconds", title="By seconds")
left.legend()
plt.show()

# %%
# Predictions are lazy, and ``to_local`` gives an ordinary classifier.
start = time.perf_counter()
p = drawn.predict_proba(dX).mean(axis=0).compute()
print(f"mean probabilities {np.round(p, 3)}, in {time.perf_counter() - start:.2f} s")
print(f"accuracy: {drawn.to_local().score(X, y):.3f}")
client.close()
