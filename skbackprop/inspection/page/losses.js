// The losses of one sample, and their slopes at its scores, by the names of the package's classes.
// `a` is an output, `z` its score, `y` its target, `e = a − y`; `p` holds the constants.

const logs = z => FUNCTIONS.softplus[1](z); // log(1 + exp(z)), where exp(z) may be infinite
const smooth = (y, p, k = 2) => (1 - p.smoothing) * y + p.smoothing / k;
const words = text => text.split(/[^A-Za-z]+/);
// The sign of an error; undefined where the stored digits can't tell.
const side = (z, y) => Math.abs(z - y) > 1e-6 * (Math.abs(z) + Math.abs(y)) ? Math.sign(z - y) : undefined;

// For losses that are sums over the outputs: what one adds, in words and as JavaScript; its slope.
const COSTS = {
  SigmoidCrossEntropy: ["−y × log(a) − (1 − y) × log(1 − a)", (z, y) => logs(z) - y * z],
  SmoothedSigmoidCrossEntropy: ["−t × log(a) − (1 − t) × log(1 − a), with the smoothed target t = (1 − smoothing) × y + smoothing / 2", (z, y, p) => logs(z) - smooth(y, p) * z,
    "a − t, with the smoothed target t = (1 − smoothing) × y + smoothing / 2", (z, y, p) => sigmoid(z) - smooth(y, p)],
  SigmoidFocal: ["l × q^gamma, l = −log(p), q = 1 − p, p = a where y = 1 and 1 − a where y = 0", (z, y, p) => logs(y ? -z : z) * sigmoid(y ? -z : z) ** p.gamma,
    "t × q^gamma × (q + gamma × (1 − q) × l), with t = 1 − 2y, q = 1 − p, l = −log(p), p = a where y = 1 and 1 − a where y = 0", (z, y, p) => {
      const t = 1 - 2 * y, q = sigmoid(t * z);
      return t * q ** p.gamma * (q + p.gamma * (1 - q) * logs(t * z));
    }, (z, y) => ({ t: 1 - 2 * y, q: sigmoid((1 - 2 * y) * z), l: logs((1 - 2 * y) * z) })],
  SigmoidSquaredError: ["(a − y)² / 2", (z, y) => (sigmoid(z) - y) ** 2 / 2],
  IdentitySquaredError: ["e² / 2", (z, y) => (z - y) ** 2 / 2],
  IdentityAbsoluteError: ["|e|", (z, y) => Math.abs(z - y), "the sign of e", side],
  IdentityHuber: ["e² / 2 where |e| ≤ delta, else delta × (|e| − delta / 2)", (z, y, p) => {
    const e = Math.abs(z - y);
    return e <= p.delta ? e * e / 2 : p.delta * (e - p.delta / 2);
  }, "e, but no more than delta and no less than −delta", (z, y, p) => Math.max(-p.delta, Math.min(p.delta, z - y))],
  IdentityQuantile: ["(1 − q) × e where e > 0, else −q × e", (z, y, p) => Math.max((1 - p.q) * (z - y), -p.q * (z - y)),
    "1 − q where e > 0, else −q", (z, y, p) => { const s = side(z, y); return s && s / 2 + 0.5 - p.q; }],
  ExponentialPoisson: ["y × log(y / a) + a − y", (z, y) => (y > 0 ? y * (Math.log(y) - z) : 0) + Math.exp(z) - y],
};

// -log of each class's probability.
function surprises(a, Z, i) {
  const log = logOfSum(a, Z, i);
  return range(Z.columns).map(k => log - Z.at(i, k));
}

Object.assign(RULES, {
  share({ i, out, step }) {
    return step.option ? plain(`1 / ${out.allRows}: every sample has the same share`, 1 / out.allRows, [])
      : plain("the sample's weight over the sum of all weights", undefined, []);
  },
  "loss of one"({ a, ins: [Z, A, Y], i, step }) {
    const p = step.constants, from = [[A.name, i, null], ["Y", i, null]], cost = p && COSTS[step.option];
    if (cost) {
      const share = step.option === "IdentitySquaredError" && Z.allColumns > 1 ? [{ label: "1 / outputs", value: 1 / Z.allColumns }] : [];
      if (Z.columns < Z.allColumns) return plain(`${cost[0]}, added up over the outputs`, undefined, from);
      const terms = range(Z.columns).map(k => {
        const z = Z.at(i, k), y = Y.at(i, k);
        return { factors: [...share, { label: `a = ${number(A.at(i, k))}, y = ${number(y)}`, value: cost[1](z, y, p) }], size: Math.abs(z) + Math.abs(y) };
      });
      const e = step.option.startsWith("Identity") ? ", e = a − y" : "";
      const known = Object.keys(p).filter(n => words(cost[0]).includes(n)).map(n => `, ${n} = ${number(p[n])}`).join("");
      const told = sum(`${cost[0]}${e}${Z.columns > 1 ? ", added up over the outputs" : ""}, with a in row ${i} of ${A.name} and y in row ${i} of Y${known}`, terms, undefined, from);
      told.size += terms.reduce((all, t) => all + t.size * (1 + t.size), 0);
      return told;
    }
    const y = range(Y.columns).findIndex(k => Y.at(i, k) === 1), lost = p && y >= 0 && surprises(a, Z, i);
    if (!lost) return plain("the loss of one sample", undefined, from);
    const place = `${A.name}[${i}, ${y}]`, size = 1 + Math.abs(Z.at(i, y)) + lost[y];
    if (step.option === "SoftmaxFocal") return plain(`−(1 − ${place})^gamma × log(${place}), gamma = ${number(p.gamma)}`,
      (-Math.expm1(-lost[y])) ** p.gamma * lost[y], from, size);
    if (step.option === "SoftmaxCrossEntropy") return plain(`−log(${place}) = −log(${number(A.at(i, y))})`, lost[y], from, size);
    if (Z.columns < Z.allColumns) return plain(`−log(${A.name}[${i}, :]) times the smoothed targets, added up`, undefined, from);
    return sum(`−log(${A.name}[${i}, :]) times the smoothed targets`, range(Z.columns).map(k => ({ factors:
      [{ label: `target ${k}`, value: smooth(Y.at(i, k), p, Z.allColumns) }, { label: `−log(${A.name}[${i}, ${k}])`, value: lost[k] }] })), undefined, from);
  },
  "slope of the loss"({ ins: [A, Y, w], a, i, j, out, step }) {
    const share = w.at(i, 0), p = step.constants, Z = a[`Z${step.layer}`], y = Y.at(i, j), from = [[A.name, i, j], ["Y", i, j], ["w", i, 0]];
    const told = `w[${i}] = ${number(share)} times `, z = Z.at(i, j), given = { a: A.at(i, j), y, z, e: A.at(i, j) - y, ...p };
    const cost = p && COSTS[step.option];
    if (cost?.[3]) {
      const more = cost[4] ? cost[4](z, y) : {}, extra = Object.entries(more).map(([name, v]) => `${name} = ${number(v)}`).join(", ");
      const size = share * (1 + Math.abs(z) + Math.abs(y)), slope = cost[3](z, y, p);
      const names = { a: `a = ${A.name}[${i}, ${j}]`, y: `y = Y[${i}, ${j}]`, e: `e = ${A.name}[${i}, ${j}] − Y[${i}, ${j}]` };
      const letters = ["a", "y", "e", ...Object.keys(p)].filter(n => words(cost[2]).includes(n)).map(n => `${names[n] ?? n} = ${number(given[n])}`);
      return plain(`${told}(${cost[2]}), here ${[...letters, extra].filter(Boolean).join(", ")}`, slope === undefined ? undefined : share * slope, from, size);
    }
    if (p && step.option === "SmoothedSoftmaxCrossEntropy") {
      const t = smooth(y, p, Z.allColumns);
      return plain(`${told}(${A.name}[${i}, ${j}] − the smoothed target) = ${number(share)} × (${number(given.a)} − ${number(t)})`,
        share * (given.a - t), from, share);
    }
    const truth = range(Y.columns).findIndex(k => Y.at(i, k) === 1);
    if (p && step.option === "SoftmaxFocal" && truth >= 0) {
      const l = surprises(a, Z, i)[truth], q = -Math.expm1(-l);
      const c = q ? q ** p.gamma * (1 + p.gamma * Math.exp(-l) * l / q) : 0;
      return plain(`${told}c × (${A.name}[${i}, ${j}] − Y[${i}, ${j}]) = ${number(share)} × ${number(c)} × (${number(given.a)} − ${number(y)}), `
        + `c = q^gamma × (1 + gamma × p × l / q), p = ${number(Math.exp(-l))} the true class's probability, q = 1 − p, l = −log(p), gamma = ${number(p.gamma)}`,
      share * c * (given.a - y), from, share * (1 + c + l));
    }
    return plain(`${told}the slope of the loss, ` + (share ? number(out.at(i, j) / share) : "whatever it is"), undefined, from);
  },
});
