"""
Handwritten digits, in a pipeline
=================================

The usual steps of a classification in scikit-learn: split the data, put scaling and network into
one pipeline, fit it, then search for better parameters by cross-validation. First `MLPClassifier`
does it, as the baseline. Then `BackpropClassifier` does the same, with the same numbers in less
time. Its solver is an object, so a search can compare solvers with parameters of their own.

The data are scikit-learn's digits: 1,797 images of 8 x 8 pixels, ten classes.
"""

from pathlib import Path
from time import perf_counter

import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from threadpoolctl import threadpool_limits

from skbackprop import BackpropClassifier
from skbackprop.optimizers import Adam, AdamW

try:
    import matplotlib.pyplot as plt
except ImportError:  # then there is no picture
    plt = None

# %%
# A quarter of the images is set aside. They are only used to report accuracies, never to choose.
X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
print(f"{len(X_train)} images to train on, {len(X_test)} to test on")

# %%
# The scaler is part of the pipeline, so that it learns its limits from the training images alone.
# Both networks have the same parameters and one thread of BLAS.
parameters = {"hidden_layer_sizes": (100,), "tol": 1e-3, "random_state": 0}


def train(network):
    """A fitted pipeline, and the seconds that it took."""
    print(f"training {type(network).__name__} ...", end=" ", flush=True)
    pipeline = make_pipeline(MinMaxScaler(), network)
    start = perf_counter()
    with threadpool_limits(1):
        pipeline.fit(X_train, y_train)
    seconds = perf_counter() - start
    accuracy = pipeline.score(X_test, y_test)
    print(f"{network.n_iter_} epochs, {seconds:.2f} s, accuracy {accuracy:.3f}")
    return pipeline, seconds


theirs, their_seconds = train(MLPClassifier(**parameters))
ours, our_seconds = train(BackpropClassifier(**parameters))
same = np.allclose(theirs[-1].loss_curve_, ours[-1].loss_curve_)
print(f"same loss in every epoch: {same}; {their_seconds / our_seconds:.1f} times as fast")

# %%
# Six candidates, three folds each. `AdamW` is one of the solvers that `MLPClassifier` lacks.
print("searching for better parameters ...", end=" ", flush=True)
start = perf_counter()
search = GridSearchCV(
    ours,
    {
        "backpropclassifier__hidden_layer_sizes": [(100,), (200,)],
        "backpropclassifier__solver": [Adam(), AdamW(weight_decay=0.1), AdamW(weight_decay=1.0)],
    },
    cv=3,
)
search.fit(X_train, y_train)
print(f"{perf_counter() - start:.1f} s")
for name, value in search.best_params_.items():
    print(f"    {name.removeprefix('backpropclassifier__')} = {value}")
print(f"accuracy in cross-validation: {search.best_score_:.3f}")
print(f"accuracy on the test images: {search.score(X_test, y_test):.3f}")

# %%
# Which digits are mistaken for which, and how the loss fell.
if plt is None:
    print('no picture: pip install ".[plot]" brings matplotlib')
else:
    fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
    ConfusionMatrixDisplay.from_estimator(
        search, X_test, y_test, cmap="Blues", colorbar=False, ax=left
    )
    left.set_title("after the search, on the test images")
    right.plot(theirs[-1].loss_curve_, color="#E69F00", lw=5, label="MLPClassifier")
    right.plot(ours[-1].loss_curve_, color="#0072B2", lw=1.5, label="BackpropClassifier")
    best = search.best_estimator_[-1]
    right.plot(best.loss_curve_, color="#009E73", ls="--", label="after the search")
    right.set(xlabel="epoch", ylabel="training loss", yscale="log", title="learning curves")
    right.legend()
    picture = Path("digits_pipeline.png").resolve()
    fig.savefig(picture, dpi=150)
    print(f"picture: {picture}")

# sphinx_gallery_thumbnail_path = 'digits.png'
