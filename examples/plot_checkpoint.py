"""
Training that survives being killed
===================================

The power fails, the queue's time limit is reached, the notebook's kernel dies. With a
:class:`~skbackprop.Checkpoint` the same script continues where it was, and ends with the same
numbers as without a break, to the bit.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from skbackprop import BackpropClassifier, Checkpoint

# %%
# Training with dropout, batch normalisation, early stopping and a learning rate that follows a
# curve: all of this has a state. The line of the checkpoint is the only one that a script needs.
SCRIPT = """
import sys
from sklearn.datasets import load_digits
from skbackprop import BackpropClassifier, Checkpoint

X, y = load_digits(return_X_y=True)
clf = BackpropClassifier(
    hidden_layer_sizes=(100, 50), dropout=0.2, normalization="batch", learning_rate="cosine",
    early_stopping=True, n_iter_no_change=60, max_iter=60, random_state=0,
)
clf.set_callbacks(Checkpoint(sys.argv[1], every=2))
clf.fit(X / 16, y)
print(f"  ends after epoch {clf.n_iter_}: {clf.outcome_}")
"""
folder = tempfile.TemporaryDirectory()
checkpoint = Checkpoint(Path(folder.name) / "digits.checkpoint")


def run(kill_after=None):
    """Run the script, and kill it once the file has `kill_after` epochs; the epoch it is at."""
    command = [sys.executable, "-W", "ignore", "-c", SCRIPT, str(checkpoint.path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    while process.poll() is None:
        time.sleep(0.005)
        if kill_after and checkpoint.path.exists() and checkpoint.load().n_iter_ >= kill_after:
            process.kill()
            break
    print(process.communicate()[0].rstrip() or "  killed")
    return checkpoint.load().n_iter_


# %%
# Kill it twice, at any moment, even while it writes the file. The file is complete all the same:
# it is written under another name, and renamed. The third run is left in peace.
kills = [run(kill_after=12), run(kill_after=35)]
print(f"the file held epochs {kills} when the script was killed")
end = run()

# %%
# And once without a break:
X, y = load_digits(return_X_y=True)
resumed = checkpoint.load()
whole = BackpropClassifier(**resumed.get_params()).fit(X / 16, y)
same = all(map(np.array_equal, resumed.coefs_, whole.coefs_))
print("the same weights, to the bit:", same)
print("the same losses:", resumed.loss_curve_ == whole.loss_curve_)

# %%
fig, ax = plt.subplots(figsize=(7, 3.8), layout="constrained")
epochs = np.arange(1, end + 1)
ax.plot(epochs, whole.loss_curve_, color="0.75", lw=6, label="without a break")
parts = [0, *kills, end]
colors = ["#0072B2", "#E69F00", "#009E73"]
for k, color in enumerate(colors):
    part = slice(max(parts[k] - 1, 0), parts[k + 1])
    ax.plot(epochs[part], resumed.loss_curve_[part], color=color, label=f"process {k + 1}")
for epoch in kills:
    ax.axvline(epoch, color="0.3", ls=":", lw=1)
ax.set(xlabel="epoch", ylabel="loss", yscale="log", title="Killed at the dotted lines")
ax.legend()
plt.show()

# %%
# A finished file is the result: run the script again, and it trains nothing. A larger ``max_iter``
# would go on from there, unless it is the length of a curve, as here. Other data or other
# parameters are an error, so that a forgotten file isn't mistaken for another training:
clf = BackpropClassifier(**resumed.get_params()).set_callbacks(checkpoint)
try:
    clf.set_params(alpha=0.01).fit(X / 16, y)
except ValueError as error:
    print(str(error).replace(folder.name, "..."))
folder.cleanup()
