"""
Are the probabilities right?
============================

Of the days with "70 % chance of rain", seven in ten should be wet. A calibration curve checks that
for a classifier. A network that has learned its training set by heart is too sure of itself. We
compare three remedies.
"""

import warnings

import matplotlib.pyplot as plt
from sklearn.calibration import CalibratedClassifierCV, CalibrationDisplay
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from skbackprop import BackpropClassifier

X, y = make_classification(
    n_samples=12_000,
    n_features=20,
    n_informative=6,
    n_clusters_per_class=3,
    flip_y=0.15,
    random_state=0,
)
X_train, X_test, y_train, y_test = train_test_split(X, y, train_size=2000, random_state=0)

# %%
# Too much training on few samples:
warnings.simplefilter("ignore", ConvergenceWarning)
sure = BackpropClassifier((100,), learning_rate_init=0.005, max_iter=100, random_state=0)

# %%
# The remedies: stop when the validation loss turns; raise the L2 penalty; or leave the network as
# it is and bend its probabilities, by a curve that is fitted in cross-validation. With few samples
# that curve is a sigmoid; with many, ``"isotonic"`` can bend them more freely.
models = {
    "as it is": sure,
    "early stopping by loss": BackpropClassifier(
        (100,),
        learning_rate_init=0.005,
        early_stopping=True,
        scoring="loss",
        random_state=0,
    ),
    "alpha=5": BackpropClassifier(
        (100,), learning_rate_init=0.005, max_iter=100, alpha=5, random_state=0
    ),
    "CalibratedClassifierCV": CalibratedClassifierCV(sure, method="sigmoid", ensemble=False),
}

# %%
# Log loss takes both into account, how well the classes are told apart and how right the
# probabilities are. Bending the probabilities hardly changes the decisions, so the accuracy stays
# what it was. The other two remedies make a better network.
for name, model in models.items():
    p = model.fit(X_train, y_train).predict_proba(X_test)
    print(
        f"{name:<24}accuracy {model.score(X_test, y_test):.3f}, log loss {log_loss(y_test, p):.3f}"
    )

# %%
# On the diagonal the probabilities are right. The network as it is says 0 or 1 far too often, and
# the curve is flat between.
fig, (top, bottom) = plt.subplots(
    2, 1, figsize=(6.4, 7), height_ratios=[2.2, 1], layout="constrained"
)
looks = [("0.35", "o:"), ("#0072B2", "s-"), ("#E69F00", "^-"), ("#CC79A7", "D--")]
for (name, model), (color, style) in zip(models.items(), looks, strict=True):
    CalibrationDisplay.from_estimator(
        model,
        X_test,
        y_test,
        n_bins=10,
        name=name,
        ax=top,
        color=color,
        marker=style[0],
        linestyle=style[1:],
    )
    p = model.predict_proba(X_test)[:, 1]
    bottom.hist(p, bins=20, range=(0, 1), histtype="step", lw=1.8, color=color, ls=style[1:])
top.set(
    xlabel="mean predicted probability of class 1",
    ylabel="share of class 1 among them",
    title="Calibration on 10,000 test samples",
)
top.legend(loc="upper left")
bottom.set(xlabel="predicted probability of class 1", ylabel="test samples")
plt.show()
