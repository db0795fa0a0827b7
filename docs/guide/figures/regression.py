"""What the scale of y does: R squared by epoch, and predictions against targets."""

import warnings

import matplotlib.pyplot as plt
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropRegressor

EPOCHS = 200
GOOD, BAD = "#0072B2", "#D55E00"  # of Okabe and Ito's colours, which all can tell apart

warnings.simplefilter("ignore", ConvergenceWarning)
X, y = load_diabetes(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
X_scaler = StandardScaler().fit(X_train)
y_scaler = StandardScaler().fit(y_train[:, None])


def curve(scale):
    """R squared on the test samples by epoch, where `scale` converts y."""
    reg = BackpropRegressor(max_iter=EPOCHS, n_iter_no_change=EPOCHS, random_state=0)
    reg.fit(
        X_scaler.transform(X_train),
        scale(y_train),
        X_val=X_scaler.transform(X_test),
        y_val=scale(y_test),
    )
    return reg.history_["validation_score"]


def draw():
    """Two panels."""
    _, (left, right) = plt.subplots(1, 2, figsize=(9, 3.9), layout="constrained")
    left.axhline(0, color="0.5", lw=1)
    left.plot(curve(lambda y: y_scaler.transform(y[:, None])[:, 0]), color=GOOD)
    left.plot(curve(lambda y: y), color=BAD, ls="--")
    left.set(xlabel="epoch", ylabel="R² on test samples", ylim=(-4.5, 1), xlim=(0, EPOCHS))
    left.text(100, 0.53, "y scaled", color=GOOD, ha="center")
    left.text(70, -2.9, "y as it is", color=BAD, ha="center")
    left.text(4, 0.04, "the mean of y", color="0.35", fontsize=8)

    stopping = BackpropRegressor(early_stopping=True, random_state=0)
    pipeline = make_pipeline(StandardScaler(), stopping)
    scaled = TransformedTargetRegressor(pipeline, transformer=StandardScaler())
    for model, color, marker, label in (
        (pipeline, BAD, "x", "y as it is"),
        (scaled, GOOD, "o", "y scaled"),
    ):
        p = model.fit(X_train, y_train).predict(X_test)
        label += f", R² = {r2_score(y_test, p):.2f}"
        right.plot(y_test, p, marker, color=color, ms=4, alpha=0.7, label=label)
    right.axline((100, 100), slope=1, color="0.5", lw=1)
    right.set(xlabel="y", ylabel="prediction", xlim=(0, 360), ylim=(0, 360))
    right.legend(loc="upper left", fontsize=9)


draw()
