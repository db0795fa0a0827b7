"""Words that a reader may search for, and the page that the search should show first.

They become entries of the index. Titles and text need none: this is for other names of a thing, and
for words that stand on many pages.
"""

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

WORDS = {
    "guide/install": "install, installation, pip, requirements",
    "guide/mlp": "MLPClassifier, MLPRegressor, drop-in replacement",
    "guide/scaling": "feature scaling, normalize features, StandardScaler",
    "guide/choosing": "learning rate, batch size, hyperparameters, hidden layer sizes",
    "guide/options": "activation function, loss function, optimizer, initializer, Adam, ReLU",
    "guide/training": "dropout, batch normalization, layer normalization, weight decay, "
    "regularization, regularisation, L2 penalty, gradient clipping, warm start, callbacks, "
    "custom loss, custom activation",
    "guide/validation": "early stopping, validation set, validation data, overfitting",
    "guide/imbalance": "class weight, class_weight, class weights, imbalanced, imbalanced data, "
    "imbalanced classes, rare class, threshold",
    "guide/tables": "missing values, missing value, NaN, categorical, categorical features, "
    "mixed columns, pandas, data frame, dataframe",
    "guide/saving": "export onnx, onnx export, ONNX, save model, save a model, load model, "
    "pickle, joblib, skops, checkpoint, deploy",
    "guide/reproducing": "random seed, random_state, reproducible, deterministic, bit for bit",
    "guide/large": "out of memory, out of core, partial_fit, sparse matrix, float32, threads",
    "guide/distributed": "Dask, cluster, distributed training",
    "guide/errors": "error message, ConvergenceWarning, ValueError",
    "guide/faq": "GPU, convolution",
    "speed": "benchmark, benchmarks, PyTorch, how fast",
    "derivation/one_neuron": "bias, biases, logit, logits, likelihood, log-likelihood, "
    "maximum likelihood, cross-entropy, logistic regression, sigmoid",
    "derivation/hidden_layer": "one-hot, one hot, one-hot encoding, Kronecker, Kronecker delta, "
    "chain rule",
    "derivation/any_depth": "Hadamard, Hadamard product, elementwise product, backpropagation",
    "derivation/graph": "reverse mode, forward mode, automatic differentiation, autodiff, "
    "computational graph",
    "derivation/training": "epoch, epochs, batch, minibatch, mini-batch, vanishing gradient, "
    "vanishing gradients, exploding gradient, exploding gradients, stochastic gradient descent, "
    "numerical stability",
}


class SearchWords(SphinxTransform):
    """Adds a page's words to the index, before Sphinx collects it."""

    default_priority = 840

    def apply(self, **_: object) -> None:
        """Put an index node at the head of the page; its entries lead to the top."""
        words = WORDS.get(self.env.docname)
        if words and self.document.children:
            entries = [("single", word.strip(), "", "main", None) for word in words.split(", ")]
            first = self.document.next_node(nodes.section)
            first.insert(1, addnodes.index(entries=entries))


def complain(app: Sphinx, env: object) -> None:
    """Warn of pages that aren't there."""
    for page in sorted(WORDS.keys() - app.env.found_docs):
        logging.getLogger(__name__).warning("search_words.py names %s, which isn't there", page)


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx calls this."""
    app.add_transform(SearchWords)
    app.connect("env-updated", complain)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
