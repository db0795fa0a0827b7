"""
Text: TF-IDF and a sparse matrix
================================

From which part of SciPy does a sentence come? The corpus is on your computer already: the
docstrings of SciPy's functions. ``TfidfVectorizer`` turns each text into a row that is almost all
zeros, and the network takes the sparse matrix as it is.
"""

import inspect
import re
import warnings

import matplotlib.pyplot as plt
import numpy as np
import scipy.linalg
import scipy.optimize
import scipy.signal
import scipy.sparse
import scipy.special
import scipy.stats
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from skbackprop import BackpropClassifier

# %%
# We take what stands before the first heading. Names of functions would be too good a hint, so the
# words of a function's own name are taken out.
texts, topics = [], []
for module in [scipy.linalg, scipy.optimize, scipy.signal, scipy.special, scipy.stats]:
    for name in sorted(module.__all__):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            text = inspect.getdoc(getattr(module, name)) or ""
        text = re.split(r"\n[\w ]+\n---", text)[0]
        text = " ".join(line for line in text.splitlines() if not line.startswith(name))
        text = re.sub(rf"\b{name}\b|:math:`.*?`", "", text)
        if len(text.split()) >= 5:
            texts.append(text)
            topics.append(module.__name__.removeprefix("scipy."))
train_texts, test_texts, y_train, y_test = train_test_split(
    texts, topics, test_size=0.3, stratify=topics, random_state=0
)
print(f"{len(texts)} texts. The first of scipy.signal:")
print(texts[topics.index("signal")][:120])

# %%
# ``dtype=np.float32`` halves the memory, and the network keeps to it. Dropping some of the words at
# random in training, ``input_dropout``, makes it look at more than one of them.
pipeline = make_pipeline(
    TfidfVectorizer(
        stop_words="english",
        token_pattern=r"[a-z]{3,}",
        sublinear_tf=True,
        dtype=np.float32,
    ),
    BackpropClassifier(
        hidden_layer_sizes=(32,),
        input_dropout=0.3,
        learning_rate_init=0.01,
        tol=1e-3,
        n_iter_no_change=5,
        random_state=0,
    ),
)
pipeline.fit(train_texts, y_train)
tfidf, clf = pipeline
X_train = tfidf.transform(train_texts)
filled = X_train.nnz / np.prod(X_train.shape)
print(f"{X_train.shape[0]} texts, {X_train.shape[1]} words, {filled:.1%} of the matrix is filled")
print(f"accuracy on the test texts: {pipeline.score(test_texts, y_test):.3f}")

# %%
fig, ax = plt.subplots(figsize=(5.6, 4.8), layout="constrained")
ConfusionMatrixDisplay.from_estimator(
    pipeline, test_texts, y_test, cmap="Blues", ax=ax, colorbar=False
)
ax.set(title="Test texts", xlabel="predicted module", ylabel="true module")
plt.show()

# %%
# What did it learn? A row of the identity matrix is a text of one word. Its scores, before the
# softmax, say what the network makes of that word alone.
words = tfidf.get_feature_names_out()
alone = clf.decision_function(scipy.sparse.eye_array(len(words), dtype=np.float32, format="csr"))
fig, axes = plt.subplots(1, 5, figsize=(11, 3.4), sharex=True, layout="constrained")
for k, ax in enumerate(axes):
    top = np.argsort(alone[:, k])[-8:]
    ax.barh(words[top], alone[top, k], color="#0072B2")
    ax.set(title=clf.classes_[k])
fig.supxlabel("score Z of the module, given the word alone")
plt.show()

# %%
# Sentences of our own:
for text in [
    "Find the eigenvalues of a symmetric matrix.",
    "Design a filter that removes noise of high frequency.",
    "Test whether two samples have the same mean.",
]:
    p = pipeline.predict_proba([text])[0]
    print(f"{clf.classes_[p.argmax()]:<9}{p.max():.2f}  {text}")
