// Where a number comes from: each rule writes one entry out, from the entries of other arrays.
// A result has `text`, `terms` (products that are added up), `value` and `from` (what to mark).

const KNOWN = {
  relu: z => Math.max(z, 0), tanh: Math.tanh, logistic: z => 1 / (1 + Math.exp(-z)),
  identity: z => z, exp: Math.exp, softplus: z => Math.log1p(Math.exp(z)),
};

const entry = (array, i, j) => {
  const vector = array.shape.length === 1;
  const index = array.shape.length === 0 || array.name === "L" ? "" : vector ? `[${array.batch ? i : j}]` : `[${i}, ${j}]`;
  return { name: array.name, i, j, value: array.at(i, j), label: array.name + index };
};

// A sum of products, with the part that isn't on the page.
function sum(text, terms, rest, from) {
  let value = 0, size = 0;
  for (const term of terms) {
    term.value = term.factors.reduce((p, f) => p * f.value, 1);
    value += term.value;
    size += Math.abs(term.value);
  }
  if (rest !== undefined) { value += rest; size += Math.abs(rest); }
  return { text, terms, rest, value, size, from };
}
const plain = (text, value, from, size) =>
  ({ text, terms: [], value, from, size: Math.max(size || 0, Math.abs(value ?? 0)) });

const signed = v => v < 0 ? `(${number(v)})` : number(v);
const range = n => Array.from({ length: n }, (_, k) => k);

const RULES = {
  dense({ ins: [A, W, b, c], rest, i, j, out }) {
    const terms = range(A.columns).map(k => ({
      factors: [entry(A, i, k), entry(W, k, j), ...(c ? [entry(c, 0, k)] : [])],
    }));
    terms.push({ factors: [entry(b, 0, j)] });
    return sum(`${A.name}[${i}, :] times ${W.name}[:, ${j}], added up, plus ${b.name}[${j}]`,
      terms, rest, [[A.name, i, null], [W.name, null, j], [b.name, null, j]]);
  },
  map({ ins: [Z], i, j, step }) {
    const f = KNOWN[step.option], z = Z.at(i, j);
    return plain(`${step.option}(${Z.name}[${i}, ${j}]) = ${step.option}(${number(z)})`,
      f ? f(z) : undefined, [[Z.name, i, j]], Math.abs(z));
  },
  norm({ a, ins: [Z, gamma, beta], i, j, out, step }) {
    const n = step.layer, Zhat = a["Zhat" + n], sigma = a["sigma" + n], batch = step.option === "batch";
    const s = batch ? sigma.at(0, j) : sigma.batch ? sigma.at(i, 0) : sigma.at(0, i);
    if (out === sigma) return plain("the root of the variance plus a small epsilon", undefined, []);
    if (out === Zhat) {
      const over = batch ? range(Z.rows).map(k => Z.at(k, j)) : range(Z.columns).map(k => Z.at(i, k));
      const whole = batch ? Z.rows === Z.allRows : Z.columns === Z.allColumns;
      const mean = over.reduce((p, v) => p + v, 0) / over.length;
      return plain(`(${Z.name}[${i}, ${j}] − mean) / ${sigma.name} = ` + (whole
        ? `(${number(Z.at(i, j))} − ${signed(mean)}) / ${number(s)}` : `(${number(Z.at(i, j))} − mean) / ${number(s)}`),
      whole ? (Z.at(i, j) - mean) / s : undefined, [[Z.name, batch ? null : i, batch ? j : null]],
      (Math.abs(Z.at(i, j)) + Math.abs(mean)) / s);
    }
    return sum(`${gamma.name}[${j}] times ${Zhat.name}[${i}, ${j}], plus ${beta.name}[${j}]`,
      [{ factors: [entry(gamma, 0, j), entry(Zhat, i, j)] }, { factors: [entry(beta, 0, j)] }],
      undefined, [[gamma.name, null, j], [beta.name, null, j], [Zhat.name, i, j]]);
  },
  mask({ ins: [A, M], i, j }) {
    if (!M) return plain("a stored entry of X, kept or dropped", undefined, [[A.name, i, j]]);
    return sum(`${A.name}[${i}, ${j}] times its mask`,
      [{ factors: [entry(A, i, j), entry(M, i, j)] }], undefined, [[A.name, i, j], [M.name, i, j]]);
  },
  link({ ins: [Z], i, j, step }) {
    const z = Z.at(i, j);
    if (step.option === "softmax") {
      if (Z.columns < Z.allColumns) return plain("exp of its score over the sum of its row's", undefined, [[Z.name, i, null]]);
      const row = range(Z.columns).map(k => Z.at(i, k)), top = Math.max(...row);
      const all = row.reduce((p, v) => p + Math.exp(v - top), 0);
      return plain(`exp(${number(z)}) / (${row.map(v => `exp(${number(v)})`).join(" + ")})`,
        Math.exp(z - top) / all, [[Z.name, i, null]]);
    }
    return RULES.map({ ins: [Z], i, j, step });
  },
  loss({ ins: [, , Li, w], rest }) {
    return sum("the sum over the samples: each one's share w times its loss",
      range(Li.rows).map(k => ({ factors: [entry(w, k, 0), entry(Li, k, 0)] })), rest,
      [["L_i", null, 0], ["w", null, 0]]);
  },
  error({ ins: [A, Y, w], i, j }) {
    return plain(`w[${i}] (${A.name}[${i}, ${j}] − Y[${i}, ${j}]) = ${number(w.at(i, 0))} × `
      + `(${number(A.at(i, j))} − ${signed(Y.at(i, j))})`,
    w.at(i, 0) * (A.at(i, j) - Y.at(i, j)), [[A.name, i, j], ["Y", i, j], ["w", i, 0]],
    w.at(i, 0) * (Math.abs(A.at(i, j)) + Math.abs(Y.at(i, j))));
  },
  "quadratic cost"({ ins: [A, Y, w], i, j }) {
    const a = A.at(i, j), y = Y.at(i, j), share = w.at(i, 0);
    return plain(`w[${i}] (a − y) a (1 − a), a = ${A.name}[${i}, ${j}], y = Y[${i}, ${j}], that is `
      + `${number(share)} × (${number(a)} − ${signed(y)}) × ${number(a)} × (1 − ${number(a)})`,
    share * (a - y) * a * (1 - a), [[A.name, i, j], ["Y", i, j], ["w", i, 0]], share);
  },
  "slope of the loss"({ ins: [A, Y, w], i, j, out }) {
    const share = w.at(i, 0);
    return plain(`w[${i}] = ${number(share)} times the slope of the loss, `
      + (share ? number(out.at(i, j) / share) : "whatever it is"), undefined,
    [[A.name, i, j], ["Y", i, j], ["w", i, 0]]);
  },
  dW({ ins: [A, dZ, c], rest, i, j }) {
    const scale = c ? [entry(c, 0, i)] : [];
    return sum(`the sum over the samples of ${A.name}[:, ${i}] times ${dZ.name}[:, ${j}]`
      + (c ? `, times ${c.name}[${i}]` : ""),
    range(A.rows).map(k => ({ factors: [entry(A, k, i), entry(dZ, k, j), ...scale], sample: k })),
    rest, [[A.name, null, i], [dZ.name, null, j]]);
  },
  db({ ins: [dZ], rest, j }) {
    return sum(`the sum over the samples of ${dZ.name}[:, ${j}]`,
      range(dZ.rows).map(k => ({ factors: [entry(dZ, k, j)], sample: k })), rest, [[dZ.name, null, j]]);
  },
  dA({ ins: [dZ, W], rest, i, j }) {
    return sum(`${dZ.name}[${i}, :] times ${W.name}[${j}, :], added up`,
      range(dZ.columns).map(k => ({ factors: [entry(dZ, i, k), entry(W, j, k)] })), rest,
      [[dZ.name, i, null], [W.name, j, null]]);
  },
  slope({ ins: [dA, slope], i, j, step }) {
    return sum(`${dA.name}[${i}, ${j}] times the slope of ${step.option} there`,
      [{ factors: [entry(dA, i, j), entry(slope, i, j)] }], undefined,
      [[dA.name, i, j], [slope.name, i, j]]);
  },
  dgamma({ ins: [dN, Zhat], rest, j, out }) {
    const scaled = out.name.startsWith("dgamma");
    return sum(`the sum over the samples of ${dN.name}[:, ${j}]` + (scaled ? ` times ${Zhat.name}[:, ${j}]` : ""),
      range(dN.rows).map(k => ({ factors: [entry(dN, k, j), ...(scaled ? [entry(Zhat, k, j)] : [])], sample: k })),
      rest, scaled ? [[dN.name, null, j], [Zhat.name, null, j]] : [[dN.name, null, j]]);
  },
  dnorm({ ins: [dN, Zhat, gamma, sigma], i, j, step }) {
    const batch = step.option === "batch";
    const whole = batch ? dN.rows === dN.allRows : dN.columns === dN.allColumns;
    const from = [[dN.name, batch ? null : i, batch ? j : null], [Zhat.name, batch ? null : i, batch ? j : null]];
    if (!whole) return plain("G minus its mean and its part along Zhat, over sigma", undefined, from);
    const G = (p, q) => gamma.at(0, q) * dN.at(p, q);
    const over = batch ? range(dN.rows).map(k => [k, j]) : range(dN.columns).map(k => [i, k]);
    let mean = 0, along = 0;
    for (const [p, q] of over) { mean += G(p, q) / over.length; along += G(p, q) * Zhat.at(p, q) / over.length; }
    const s = batch ? sigma.at(0, j) : sigma.batch ? sigma.at(i, 0) : sigma.at(0, i);
    const z = Zhat.at(i, j), g = G(i, j);
    return plain(`(G − mean(G) − Zhat mean(G Zhat)) / sigma = (${number(g)} − ${signed(mean)} − `
      + `${signed(z)} × ${signed(along)}) / ${number(s)}`, (g - mean - z * along) / s, from,
    (Math.abs(g) + Math.abs(mean) + Math.abs(z * along)) / s);
  },
  du({ ins: [dW, W, c], j, numbers }) {
    const scale = { label: "rate / c", value: numbers.rate / c.at(0, j) };
    const from = [[dW.name, j, null], [W.name, j, null], [c.name, null, j]];
    if (W.columns < W.allColumns) return plain("a sum over the units", undefined, from);
    return sum(`rate / c times the sum of ${dW.name}[${j}, :] times ${W.name}[${j}, :]`,
      range(W.columns).map(k => ({ factors: [entry(dW, j, k), entry(W, j, k), scale] })), undefined, from);
  },
  penalty({ ins: [dW, W], i, j, numbers }) {
    const terms = [{ factors: [entry(dW, i, j)] }];
    const w = entry(W, i, j);
    if (numbers.l2) terms.push({ factors: [{ label: "l2 / total", value: numbers.l2 }, w] });
    if (numbers.l1) terms.push({ factors: [{ label: "l1 / total", value: numbers.l1 }, { label: `sign(${w.label})`, value: Math.sign(w.value) }] });
    return sum("the gradient of the data loss, plus that of the penalty", terms, undefined,
      [[dW.name, i, j], [W.name, i, j]]);
  },
  step({ old, gradient, i, j, out }) {
    return plain(`${old.name}[${i}, ${j}] ${out.at(i, j) < old.at(i, j) ? "−" : "+"} `
      + `${number(Math.abs(out.at(i, j) - old.at(i, j)))}: the optimizer's step`, undefined,
    [[old.name, i, j], [gradient.name, i, j]]);
  },
  sgd({ a, old, gradient, i, j, numbers }) {
    const w = entry(old, i, j), g = entry(gradient, i, j), v = a[`v(${old.name})`];
    const decay = numbers.decay && old.name.startsWith("W") ? [{ label: "1 − lr weight_decay", value: 1 - numbers.decay }] : [];
    const lr = { label: "−lr", value: -numbers.lr };
    const clip = numbers.clip !== 1 ? [{ label: "clip", value: numbers.clip }] : [];
    const terms = [{ factors: [w, ...decay] }], m = { label: "momentum", value: numbers.momentum };
    if (!v) terms.push({ factors: [lr, g, ...clip] });
    else {
      const before = { ...entry(v, i, j), label: "v" };
      const outer = numbers.nesterov ? [m] : [];
      terms.push({ factors: [...outer, m, before] }, { factors: [...outer, lr, g, ...clip] });
      if (numbers.nesterov) terms.push({ factors: [lr, g, ...clip] });
    }
    return sum("the old value, and the step against the gradient", terms, undefined,
      [[old.name, i, j], [gradient.name, i, j]]);
  },
  adam({ a, old, gradient, i, j, numbers }) {
    const w = entry(old, i, j), m = a[`m(${old.name})`].at(i, j), v = a[`v(${old.name})`].at(i, j);
    const decay = numbers.decay && old.name.startsWith("W") ? [{ label: "1 − lr weight_decay", value: 1 - numbers.decay }] : [];
    const move = { label: "m / (√v + ε)", value: m / (Math.sqrt(Math.max(v, 0)) + numbers.epsilon) };
    const told = sum(`the old value, minus lr_t m / (√v + ε); here m = ${number(m)} and v = ${number(v)}, `
      + `the running means of g and g², g = ${number(gradient.at(i, j) * numbers.clip)}`,
    [{ factors: [w, ...decay] }, { factors: [{ label: "−lr_t", value: -numbers.lr_t }, move] }],
    undefined, [[old.name, i, j], [gradient.name, i, j]]);
    return told;
  },
};

// The full story of one entry of a step's output; `ok` is true, false or null where nobody can tell.
function explain(step, run, outName, i, j) {
  const a = run.arrays, out = a[outName];
  const given = {
    a, out, i, j, step, numbers: run.numbers, ins: step.ins.map(name => a[name]),
    rest: a["rest:" + outName]?.at(i, j),
  };
  if (step.phase === "step") {
    const k = step.outs.indexOf(outName);
    given.old = a[step.ins[2 * k]];
    given.gradient = a[step.ins[2 * k + 1]];
  }
  const told = RULES[step.rule](given);
  const stored = out.at(i, j);
  const known = told.value !== undefined && Number.isFinite(told.value);
  told.difference = known ? Math.abs(told.value - stored) : undefined;
  told.ok = known ? told.difference <= 5e-6 * (told.size + Math.abs(stored)) + 1e-37 : null;
  const samples = ["dW", "db", "loss", "dgamma"].includes(step.rule);
  const others = samples ? `the other ${a.X.allRows - a.X.rows} samples`
    : step.rule === "dense" && step.layer === 1 ? "the other features" : "the other units";
  return { ...told, stored, others, label: entry(out, i, j).label };
}

// Check the entries on the page that a step makes: [agree, differ, can't be told, all]. Of arrays
// with very many terms only some entries are checked, spread evenly.
const MOST_TERMS = 3e5;
function checkStep(step, run) {
  const counts = [0, 0, 0, 0];
  for (const name of step.outs) {
    const out = run.arrays[name], n = out.rows * out.columns;
    const terms = explain(step, run, name, 0, 0).terms.length || 1;
    const every = Math.max(1, Math.ceil(n * terms / MOST_TERMS));
    counts[3] += n;
    for (let k = 0; k < n; k += every) {
      const { ok } = explain(step, run, name, Math.floor(k / out.columns), k % out.columns);
      counts[ok === null ? 2 : ok ? 0 : 1]++;
    }
  }
  return counts;
}
