"""One step of training as a flow chart."""

from _drawing import GRADIENT, VALUE, Sheet

sheet = Sheet(5.2, 5.6)
rows = [
    ("a batch of $m$ samples: $X$, $Y$", None),
    ("forward: $Z_l$, then $A_l$,\nfrom the first layer to the last", VALUE),
    ("loss: $L$ and $dZ_N$", VALUE),
    (
        "backward: $dW_l$, $db_l$, $dA_{l-1}$, $dZ_{l-1}$,\nfrom the last layer to the first",
        GRADIENT,
    ),
    ("step: $W_l \\leftarrow W_l - \\eta\\, dW_l$,\n$b_l \\leftarrow b_l - \\eta\\, db_l$", None),
]
boxes = [sheet.box(2.2, 5.2 - 1.15 * i, label, (3.5, 0.62)) for i, (label, _) in enumerate(rows)]
edges = ["", "$Z_N$", "$dZ_N$", "all gradients"]
for a, b, label, (_, color) in zip(boxes[:-1], boxes[1:], edges, rows[1:], strict=True):
    sheet.arrow(a, b, color or GRADIENT)
    sheet.write(2.32, (a.y + b.y) / 2, label, ha="left")
first, way, _, back, last = boxes
right = first.x + first.width / 2
corner = right + 0.95
sheet.line([(right, last.y), (corner, last.y), (corner, first.y), (right, first.y)])
sheet.write(corner - 0.12, (first.y + last.y) / 2, "next batch", rotation=90)
beside = right + 0.3
sheet.line([(right, way.y - 0.1), (beside, way.y - 0.1), (beside, back.y), (right, back.y)])
sheet.write(right + 0.42, (way.y + back.y) / 2, "keeps $A_l$, uses $W_l$", rotation=90)
