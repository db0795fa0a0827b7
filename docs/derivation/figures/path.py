"""How one weight of the first layer acts on the loss, for one sample."""

from _drawing import GRADIENT, VALUE, Sheet
from _small import traced

trace = traced()
hidden, output = trace.layers
SAMPLE, UNIT = 0, 0
ERRORS = len(trace.X) * output.dZ[SAMPLE]  # a - y, without the 1/m

sheet = Sheet(5.2, 3.0)
weight = sheet.box(0.55, 1.5, "$W_1[0, 0]$", size=(0.86, 0.42))
score = sheet.unit(1.55, 1.5, "$z_{1,0}$")
unit = sheet.unit(2.45, 1.5, "$a_{1,0}$")
loss = sheet.box(4.9, 1.5, "$L$", size=(0.42, 0.42))
sheet.arrow(weight, score)
sheet.arrow(score, unit)
sheet.write(1.14, 1.68, f"{trace.X[SAMPLE, 0]:g}", VALUE)
sheet.write(2.0, 1.68, f"{float(hidden.Z[SAMPLE, UNIT] > 0):g}", VALUE)
for k, (w, error) in enumerate(zip(output.W[UNIT], ERRORS, strict=True)):
    y = 2.5 - k
    out = sheet.unit(3.7, y, f"$z_{{2,{k}}}$")
    sheet.arrow(unit, out)
    sheet.arrow(out, loss)
    beside = 0.16 if k < 2 else -0.2
    sheet.write(3.02, 1.5 + 0.46 * (y - 1.5) + beside, f"{w:g}", VALUE)
    sheet.write(4.38, 1.5 + 0.55 * (y - 1.5) + beside, f"{error:.2f}", GRADIENT)
for x, words in [(0.55, "weight"), (2.0, "hidden unit"), (3.7, "scores"), (4.9, "loss")]:
    sheet.write(x, 0.1, words, fontsize=9)
