// Where a number comes from: each rule writes one entry out, from the entries of other arrays.
// A result has `text`, `terms` (products that are added up), `value` and `from` (what to mark).

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

const range = n => Array.from({ length: n }, (_, k) => k);

// log(exp(z_1) + exp(z_2) + ...) of a row of scores, of units that aren't on the page too.
function logOfSum(a, Z, i) {
  const row = range(Z.columns).map(k => Z.at(i, k)), rest = a[`rest:A${DATA.units.length - 1}`];
  if (rest) row.push(rest.at(i, 0));
  const top = Math.max(...row);
  return top + Math.log(row.reduce((sum, z) => sum + Math.exp(z - top), 0));
}

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
    const z = Z.at(i, j), p = step.constants, place = `${Z.name}[${i}, ${j}]`;
    const told = `${step.option}(${place}) = `, from = [[Z.name, i, j]];
    if (!p) return plain(told + `${step.option}(${number(z)})`, undefined, from);
    const [words, f, , , more] = FUNCTIONS[step.option];
    return plain(told + filled(words, { z, ...p, ...more?.(z) }), f(z, p), from, Math.abs(z));
  },
  derivative({ ins: [Z, A], i, j, step }) {
    const z = Z.at(i, j), a = A.at(i, j), p = step.constants, from = [[Z.name, i, j], [A.name, i, j]];
    const told = `the slope of ${step.option} where z = ${Z.name}[${i}, ${j}] = ${number(z)} and a = ${A.name}[${i}, ${j}] = ${number(a)}`;
    if (!p) return plain(told, undefined, from);
    const [, , words, slope, more] = FUNCTIONS[step.option];
    return plain(`${told}: ${filled(words, { z, a, ...p, ...more?.(z) })}`, slope(z, a, p), from, 1 + Math.abs(z));
  },
  norm({ a, ins: [Z, gamma, beta], i, j, out, step, rest }) {
    const n = step.layer, Zhat = a["Zhat" + n], sigma = a["sigma" + n], mean = a["mean" + n], batch = step.option === "batch";
    const at = array => batch ? array.at(0, j) : array.at(i, 0);
    const from = [[Z.name, batch ? null : i, batch ? j : null]];
    if (out === mean || out === sigma) {
      const over = batch ? range(Z.rows).map(k => entry(Z, k, j)) : range(Z.columns).map(k => entry(Z, i, k));
      const share = { label: batch ? "1 / samples" : "1 / units", value: 1 / (batch ? Z.allRows : Z.allColumns) };
      const line = `${Z.name}[${batch ? `:, ${j}` : `${i}, :`}]`;
      if (out === mean) return sum(`the mean of ${line}`, over.map((z, k) => ({ factors: [z, share], sample: batch ? k : undefined })), rest, from);
      const m = at(mean), spread = over.reduce((p, z) => p + (z.value - m) ** 2, rest ?? 0) * share.value;
      const most = Math.max(...over.map(z => Math.abs(z.value)), Math.abs(m));
      return plain(`√(variance of ${line} + epsilon) = √(${number(spread)} + ${number(step.constants.epsilon)}), the variance being the mean of (${Z.name} − mean)²`,
        Math.sqrt(spread + step.constants.epsilon), from, most);
    }
    if (out === Zhat) return plain(`(${Z.name}[${i}, ${j}] − mean) / sigma = (${number(Z.at(i, j))} − ${signed(at(mean))}) / ${number(at(sigma))}`,
      (Z.at(i, j) - at(mean)) / at(sigma), [[Z.name, i, j], [mean.name, batch ? null : i, batch ? j : null], [sigma.name, batch ? null : i, batch ? j : null]],
      (Math.abs(Z.at(i, j)) + Math.abs(at(mean))) / at(sigma));
    return sum(`${gamma.name}[${j}] times ${Zhat.name}[${i}, ${j}], plus ${beta.name}[${j}]`,
      [{ factors: [entry(gamma, 0, j), entry(Zhat, i, j)] }, { factors: [entry(beta, 0, j)] }],
      undefined, [[gamma.name, null, j], [beta.name, null, j], [Zhat.name, i, j]]);
  },
  mask({ ins: [A, M], i, j, out, step }) {
    if (!M) { // of sparse X: no mask is kept
      const kept = out.at(i, j) !== 0, scale = { label: kept ? "kept" : "dropped", value: kept ? step.constants.scale : 0 };
      return sum(`${A.name}[${i}, ${j}], ${kept ? "kept and scaled up" : "dropped, or 0 already"}`, [{ factors: [entry(A, i, j), scale] }], undefined, [[A.name, i, j]]);
    }
    return sum(`${A.name}[${i}, ${j}] times its mask`,
      [{ factors: [entry(A, i, j), entry(M, i, j)] }], undefined, [[A.name, i, j], [M.name, i, j]]);
  },
  link({ a, ins: [Z], i, j, step }) {
    const z = Z.at(i, j);
    if (step.option === "softmax") {
      const row = range(Z.columns).map(k => Z.at(i, k)), others = Z.columns < Z.allColumns;
      const parts = (row.length > 12 ? row.slice(0, 12) : row).map(v => `exp(${number(v)})`);
      if (row.length > 12) parts.push(`${row.length - 12} more`);
      if (others) parts.push(`those of the ${Z.allColumns - Z.columns} units that are not on this page`);
      return plain(`exp(${number(z)}) / (${parts.join(" + ")})`, Math.exp(z - logOfSum(a, Z, i)),
        [[Z.name, i, j], ...range(Z.columns).filter(k => k !== j).map(k => [Z.name, i, k])]);
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
  dnorm({ a, ins: [dN, Zhat, gamma, sigma], i, j, step }) {
    const batch = step.option === "batch", n = step.layer;
    const from = [[dN.name, batch ? null : i, batch ? j : null], [Zhat.name, batch ? null : i, batch ? j : null]];
    const G = (p, q) => gamma.at(0, q) * dN.at(p, q);
    let mean = 0, along = 0, large = 0;
    if (batch) { // over all samples, on the page or not
      mean = gamma.at(0, j) * a["dbeta" + n].at(0, j) / dN.allRows;
      along = gamma.at(0, j) * a["dgamma" + n].at(0, j) / dN.allRows;
    } else {
      mean = a["rest:G" + n]?.at(i, 0) ?? 0;
      along = a["rest:GZhat" + n]?.at(i, 0) ?? 0;
    }
    if (!batch) for (const q of range(dN.columns)) {
      mean += G(i, q) / dN.allColumns;
      along += G(i, q) * Zhat.at(i, q) / dN.allColumns;
      large = Math.max(large, Math.abs(G(i, q)));
    }
    const s = batch ? sigma.at(0, j) : sigma.at(i, 0), z = Zhat.at(i, j), g = G(i, j);
    return plain(`(G − mean(G) − Zhat mean(G Zhat)) / sigma = (${number(g)} − ${signed(mean)} − `
      + `${signed(z)} × ${signed(along)}) / ${number(s)}` + (batch ? `; mean(G) is gamma dbeta / m, mean(G Zhat) is gamma dgamma / m` : ""),
    (g - mean - z * along) / s, from, (large + Math.abs(g) + Math.abs(mean) + Math.abs(z * along)) / s);
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
    return sum("the old value, and the step against the gradient" + limited(a, old, j, terms), terms, undefined,
      [[old.name, i, j], [gradient.name, i, j]]);
  },
  adam({ a, old, gradient, i, j, numbers }) {
    const w = entry(old, i, j), g = gradient.at(i, j) * numbers.clip, m = a[`m(${old.name})`]?.at(i, j);
    const root = a[`s(${old.name})`] ? "s" : "v", v = a[`${root}(${old.name})`].at(i, j), c = numbers.m_share;
    const decay = numbers.decay && old.name.startsWith("W") ? [{ label: "1 − lr weight_decay", value: 1 - numbers.decay }] : [];
    const [top, value] = m === undefined ? ["g", g] : c === undefined ? ["m", m] : ["(g + c m)", g + c * m];
    const move = { label: `${top} / (√${root} + ε)`, value: value / (Math.sqrt(Math.max(v, 0)) + numbers.epsilon) };
    const lr = m === undefined ? "lr" : "lr_t", meaning = m === undefined
      ? `g = ${number(g)} the gradient and ${root} = ${number(v)} the ${root === "s" ? "sum of all g² so far" : "running mean of g²"}`
      : `m = ${number(m)} and v = ${number(v)}, the running means of g and g²${numbers.largest ? " (v the largest so far)" : ""}, g = ${number(g)}`;
    const terms = [{ factors: [w, ...decay] }, { factors: [{ label: `−${lr}`, value: -numbers.lr_t }, move] }];
    return sum(`the old value, minus ${lr} ${top} / (√${root} + ε); here ${meaning}` + limited(a, old, j, terms), terms,
      undefined, [[old.name, i, j], [gradient.name, i, j]]);
  },
};

// max_norm: all that a weight becomes is multiplied by one number per unit.
function limited(a, old, j, terms) {
  const limit = a[`limit(${old.name})`];
  if (!limit) return "";
  for (const term of terms) term.factors.push({ label: "max_norm / |w|, or 1", value: limit.at(0, j) });
  return `; then the column is scaled down to the length max_norm, if it is longer`;
}

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
  BOUNDLESS.seen = false;
  const told = RULES[step.rule](given);
  const stored = out.at(i, j);
  told.boundless = BOUNDLESS.seen;
  const known = told.value !== undefined && Number.isFinite(told.value) && !told.boundless;
  told.difference = known ? Math.abs(told.value - stored) : undefined;
  told.ok = known ? told.difference <= 5e-6 * (told.size + Math.abs(stored)) + 1e-37 : null;
  const samples = ["dW", "db", "loss", "dgamma"].includes(step.rule) || (step.rule === "norm" && step.option === "batch");
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
