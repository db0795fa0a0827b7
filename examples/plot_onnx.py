"""
A model in production, without scikit-learn
===========================================

ONNX is a format for models that many languages and devices run. We convert a whole pipeline, run
it with onnxruntime beside scikit-learn, and compare the numbers and the time for a row.
"""

import time
import warnings

import matplotlib.pyplot as plt
import numpy as np
import onnxruntime
import skl2onnx
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier
from skbackprop.onnx import register_converters, to_onnx

warnings.simplefilter("ignore", ConvergenceWarning)
X, y = load_digits(return_X_y=True)
X = X.astype(np.float32)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
network = BackpropClassifier(
    (100, 50), activation="gelu", normalization="batch", max_iter=30, random_state=0
)
pipeline = make_pipeline(StandardScaler(), network).fit(X_train, y_train)
print(f"accuracy: {pipeline.score(X_test, y_test):.3f}")

# %%
# sklearn-onnx converts pipelines, and asks our estimator for its part. One row of X tells it the
# type and the number of the features. Without "zipmap" probabilities are an array, not dicts.
register_converters()
onnx_model = skl2onnx.to_onnx(pipeline, X_train[:1], options={"zipmap": False})
file = onnx_model.SerializeToString()  # the bytes to write to a file
print(f"{len(file) / 1024:.0f} KiB, operators: {len(onnx_model.graph.node)}")

# %%
# To run the file takes NumPy and onnxruntime only; the pipeline is here for comparison. Labels are
# the same, probabilities too, up to the rounding of float32.
session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
labels, probabilities = session.run(None, {"X": X_test})
p = pipeline.predict_proba(X_test)
print("same labels:", np.array_equal(labels, pipeline.predict(X_test)))
print(f"largest difference of a probability: {np.abs(probabilities - p).max():.1e}")


# %%
# The time for a call, for one row and for more. For a single row the checks of scikit-learn take
# most of it; for thousands the products do.
def microseconds(function, *arguments):
    function(*arguments)
    times = []
    for _ in range(30):
        start = time.perf_counter()
        function(*arguments)
        times.append(time.perf_counter() - start)
    return 1e6 * np.median(times)


sizes = [1, 10, 100, 1000, 10_000]
theirs, ours = [], []
for n in sizes:
    rows = np.resize(X_test, (n, X.shape[1]))
    theirs.append(microseconds(pipeline.predict_proba, rows))
    ours.append(microseconds(session.run, None, {"X": rows}))

fig, ax = plt.subplots(figsize=(6.5, 3.8), layout="constrained")
ax.loglog(sizes, np.divide(theirs, sizes), "o-", color="#0072B2", label="scikit-learn's Pipeline")
ax.loglog(sizes, np.divide(ours, sizes), "s-", color="#E69F00", label="onnxruntime")
ax.set(xlabel="rows in a call", ylabel="microseconds per row", title="Lower is better")
ax.legend()
plt.show()

# %%
# A network by itself needs no sklearn-onnx: :func:`skbackprop.onnx.to_onnx` writes it, in the
# dtype that it was trained in.
alone = to_onnx(network)
session = onnxruntime.InferenceSession(
    alone.SerializeToString(), providers=["CPUExecutionProvider"]
)
Z = pipeline[0].transform(X_test)
labels, probabilities = session.run(None, {"X": Z})
print(f"largest difference: {np.abs(probabilities - network.predict_proba(Z)).max():.1e}")
