// The network: a column of units per layer. The left half of a unit shows its value, the right half
// its gradient, as soon as the pass has made them. Lines are the weights, or what flows along them.

const DRAWN = 12; // units per layer

function layerArrays(l, run, upTo) {
  // the newest value and the newest gradient of layer l that the pass has made by now
  const made = new Set(["X"]);
  DATA.steps.slice(0, upTo + 1).forEach(s => s.outs.forEach(name => made.add(name)));
  const pick = names => names.map(n => n + l).find(n => made.has(n) && run.arrays[n]);
  if (l === 0) return { value: made.has("D0") && run.arrays.D0 ? "D0" : "X", gradient: null };
  return { value: pick(["D", "A", "N", "Z"]), gradient: pick(["dZ", "dN", "dA", "dD"]) };
}

// One number for a unit: of the sample, or the mean of values and the sum of gradients.
function unitNumber(array, j, sample, isGradient) {
  if (!array || j >= array.columns) return null;
  if (sample !== null) return array.at(sample, j);
  let total = 0;
  for (let i = 0; i < array.rows; i++) total += array.at(i, j);
  return isGradient ? total : total / array.rows;
}

function edgeNumbers(step, run, n, sample) {
  // what is drawn along the lines into layer n: [name for the legend, function of (j, k)]
  const a = run.arrays, W = a["W" + n];
  if (step.layer === n && step.rule === "dense" && sample !== null) {
    const A = a[step.ins[0]];
    return [`${A.name} × ${W.name} of the sample`, (j, k) => A.at(sample, j) * W.at(j, k)];
  }
  if (step.layer === n && step.rule === "dW") {
    if (sample === null) return [step.outs[0], (j, k) => a[step.outs[0]].at(j, k)];
    const [A, dZ] = step.ins.map(name => a[name]);
    return [`the sample's share of ${step.outs[0]}`, (j, k) => A.at(sample, j) * dZ.at(sample, k)];
  }
  if (step.layer === n && step.rule === "dA" && sample !== null) {
    const dZ = a[step.ins[0]];
    return [`${dZ.name} × ${W.name} of the sample`, (j, k) => dZ.at(sample, k) * W.at(j, k)];
  }
  if (step.layer === n && step.phase === "step") {
    const next = a[`W${n}'`];
    return [`W${n}' − W${n}`, (j, k) => next.at(j, k) - W.at(j, k)];
  }
  return [null, (j, k) => W.at(j, k)];
}

function drawGraph(state) {
  const run = RUNS[state.run], step = DATA.steps[state.step], { units, links } = DATA;
  const L = units.length - 1, narrow = $("graph").clientWidth < 600;
  const width = narrow ? 460 : 1000, height = narrow ? 264 : 240, top = narrow ? 46 : 36, bottom = height - 18;
  // On a phone, names of outputs need room before the loss.
  const end = !narrow ? 202 : DATA.outputs.some(name => name.length > 3) ? 158 : 122;
  const start = narrow ? 22 : 72, x = l => start + l * (width - end) / L;
  // In a very deep network only the step's own layer and the two ends have room for their names.
  const apart = k => k * (x(1) - x(0)) >= (narrow ? 80 : 62);
  const named = l => apart(1) || l === step.layer || ([0, L].includes(l) && apart(Math.abs(l - step.layer)));
  const shown = units.map((u, l) => Math.min(u, DRAWN, columnsOf(l, run)));
  const few = Math.max(...shown) <= 5; // then there is room for the numbers
  const y = (l, j) => {
    const gap = Math.min(few ? 48 : 28, (bottom - top - 8) / Math.max(shown[l] - 1 + (units[l] > shown[l] ? 1 : 0), 1));
    const span = gap * (shown[l] - 1);
    return (top + bottom) / 2 - span / 2 + j * gap;
  };
  const radius = few ? 13 : Math.max(6, Math.min(10, (bottom - top) / Math.max(...shown) / 2.4));
  const svg = h("svg", { viewBox: `0 0 ${width} ${height}`, class: narrow ? "narrow" : null, role: "img", "aria-label": graphLabel(state) });
  let legend = null;
  const { plus, minus } = palette();

  for (let n = 1; n <= L; n++) {
    const [name, at] = edgeNumbers(step, run, n, state.sample);
    const W = run.arrays["W" + n], rows = Math.min(shown[n - 1], W.rows), columns = Math.min(shown[n], W.columns);
    let largest = 0;
    for (let j = 0; j < rows; j++) for (let k = 0; k < columns; k++) largest = Math.max(largest, bounded(Math.abs(at(j, k))));
    const active = step.layer === n && ["dense", "dW", "dA", "sgd", "adam", "step", "penalty"].includes(step.rule);
    if (active && name) legend = name;
    const g = h("g", { class: "edges" + (active ? " active " + step.phase : "") });
    for (let j = 0; j < rows; j++) for (let k = 0; k < columns; k++) {
      const share = largest ? bounded(Math.abs(at(j, k))) / largest : 0;
      const line = h("line", {
        x1: x(n - 1) + radius, y1: y(n - 1, j), x2: x(n) - radius, y2: y(n, k),
        stroke: rgb(at(j, k) >= 0 ? plus : minus), "stroke-width": (0.3 + (step.phase === "step" ? 1.2 : 2.4) * share).toFixed(2),
        "stroke-opacity": (active ? 0.25 + 0.75 * share : 0.06 + 0.26 * share).toFixed(2),
        "data-e": `${j},${k}`,
      });
      g.append(line);
    }
    svg.append(g);
  }

  const last = layerArrays(L, run, state.step);
  for (let l = 0; l <= L; l++) {
    const names = layerArrays(l, run, state.step);
    const now = step.outs.some(o => [names.value, names.gradient].includes(o));
    const head = l === 0 ? "input" : links[l - 1];
    if (named(l)) svg.append(h("text", { x: x(l), y: 14, class: l === 0 && narrow ? "head start" : "head" }, head));
    for (const [key, name, isGradient] of [["value", names.value, false], ["gradient", names.gradient, true]]) {
      if (!name || !named(l)) continue;
      svg.append(h("text", { x: x(l) + (key === "value" ? -3 : 3) - (names.gradient ? 0 : -3), y: narrow ? 33 : 28,
        class: `tag ${names.gradient ? key : "only"} ${step.outs.includes(name) ? "now" : ""}` }, name));
    }
    const values = run.arrays[names.value], gradients = run.arrays[names.gradient];
    const largest = g => Math.max(...range(shown[l]).map(j => bounded(Math.abs(unitNumber(g, j, state.sample, g === gradients)))));
    const most = [values ? largest(values) : 0, gradients ? largest(gradients) : 0];
    for (let j = 0; j < shown[l]; j++) {
      const v = unitNumber(values, j, state.sample, false), d = unitNumber(gradients, j, state.sample, true);
      const fill = (q, m) => q === null ? "none" : rgb(mixed(q, m));
      const cy = y(l, j), r = radius;
      const g = h("g", { class: "unit" + (now ? " now " + step.phase : "") });
      g.append(
        h("circle", { cx: x(l), cy, r, class: "back" }),
        h("path", { d: `M${x(l)},${cy - r} A${r},${r} 0 0 0 ${x(l)},${cy + r} Z`, fill: fill(v, most[0]) }),
        h("path", { d: `M${x(l)},${cy - r} A${r},${r} 0 0 1 ${x(l)},${cy + r} Z`, fill: fill(d, most[1]) }),
        h("circle", { cx: x(l), cy, r, class: "ring" }),
        h("title", {}, unitTitle(l, j, names, v, d, state.sample)));
      svg.append(g);
      if (few && !narrow && v !== null) svg.append(h("text", { x: x(l), y: cy + r + 12, class: "unitnumber" }, short(v) + (d === null ? "" : ` | ${short(d)}`)));
      if (l === L) svg.append(h("text", { x: x(l) + r + 7, y: cy + 4, class: "name" }, clip(DATA.outputs[j] ?? "", narrow ? 7 : 8)));
      if (l === 0 && units[0] <= DRAWN && !narrow) svg.append(h("text", { x: x(l) - r - 6, y: cy + 4, class: "name left" }, clip(DATA.inputs[j] ?? "", 6)));
    }
    if (units[l] > shown[l] && named(l)) svg.append(h("text", { x: x(l), y: height - 3, class: "more" }, `+ ${units[l] - shown[l]} more`));
  }
  const known = state.step >= DATA.steps.findIndex(s => s.rule === "loss");
  const lx = width - (narrow ? 26 : 34), ly = (top + bottom) / 2;
  svg.append(
    h("circle", { cx: lx, cy: ly, r: narrow ? 25 : 22, class: "loss" + (step.rule === "loss" ? " now forward" : known ? " done" : "") }),
    h("text", { x: lx, y: known ? ly - 2 : ly + 4, class: "losstext" }, "L"),
    known ? h("text", { x: lx, y: ly + 12, class: "lossnumber" }, number(run.numbers.data_loss)) : "");
  const what = legend ? `Lines: ${legend}. ` : "Lines: the weights W. ";
  const halves = state.sample === null
    ? "Left half of a unit: its mean value over the batch; right half: the sum of its gradients."
    : "Left half of a unit: its value for the sample; right half: its gradient.";
  $("graph").replaceChildren(svg, h("p", { class: "legend" }, what + halves + " Blue is positive, orange negative."));
}

const bounded = v => Number.isFinite(v) ? v : 0;
const columnsOf = (l, run) => l === 0 ? run.arrays.X.columns : run.arrays["W" + l].columns;
const clip = (text, n) => text.length > n ? text.slice(0, n - 1) + "…" : text;

function unitTitle(l, j, names, v, d, sample) {
  const lines = [];
  if (v !== null) lines.push(sample === null ? `mean of ${names.value}[:, ${j}] = ${number(v)}` : `${names.value}[${sample}, ${j}] = ${number(v)}`);
  if (d !== null) lines.push(sample === null ? `sum of ${names.gradient}[:, ${j}] = ${number(d)}` : `${names.gradient}[${sample}, ${j}] = ${number(d)}`);
  return lines.join("\n");
}
const graphLabel = state => `Network of ${DATA.units.join("-")} units; ${DATA.steps[state.step].title}.`;
