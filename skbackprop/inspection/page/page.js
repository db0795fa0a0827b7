// The page: what is shown, and how people move through it.

// A number is chosen by pointing at it, and held by a click, until the next one.
const state = { step: 0, run: 0, sample: null, chosen: null, held: null, playing: null, windows: {}, trail: [] };
const ROWS = 10; // of an array at a time

// Formulas: the names of arrays with their shapes below.
function formula(text, run, step) {
  const names = Object.keys(run.arrays).filter(n => !/^([mvs]|limit)\(|^rest:/.test(n));
  names.sort((p, q) => q.length - p.length);
  const pattern = new RegExp(`(${names.map(n => n.replace(/[.*+?^${}()|[\]\\']/g, "\\$&")).join("|")})(?![A-Za-z0-9_'])(\\.T)?`, "g");
  const line = h("div", { class: "formula" });
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    if (/[A-Za-z0-9_']/.test(text[match.index - 1] || "")) continue;
    if (match.index > end) line.append(h("span", { class: "op" }, text.slice(end, match.index)));
    const shape = [...run.arrays[match[1]].shape];
    if (match[2]) shape.reverse();
    const role = step.outs.includes(match[1]) ? "out" : "in";
    line.append(h("span", { class: "token " + role }, h("span", {}, match[0]), h("small", {}, match[1] === "L" ? "number" : shapeText(shape))));
    end = match.index + match[0].length;
  }
  if (end < text.length) line.append(h("span", { class: "op" }, text.slice(end)));
  return line;
}

const CHECKS = new Map();
function checked(s, r) {
  const key = `${s} ${r}`;
  if (!CHECKS.has(key)) CHECKS.set(key, checkStep(DATA.steps[s], RUNS[r]));
  return CHECKS.get(key);
}

const PHASES = { forward: "Forward", backward: "Backward", step: "Optimizer" };

function drawCard() {
  const run = RUNS[state.run], step = DATA.steps[state.step];
  const [agree, differ, , total] = checked(state.step, state.run);
  const check = differ ? `✗ ${differ} of ${total} numbers differ`
    : agree ? `✓ ${agree === total ? (total === 1 ? "The number" : `All ${total} numbers`) : `${agree} of ${total} numbers`} worked out again on this page: the same`
    : "These numbers are the package's; this page can't work them out.";
  const numbers = step.phase === "step" ? optimizerNumbers(run.numbers) : step.rule === "loss" || step.rule === "penalty" ? lossNumbers(run.numbers) : null;
  $("card").className = step.phase;
  $("card").replaceChildren(...[
    h("p", { class: "phase" }, PHASES[step.phase] + (step.layer ? ` · layer ${step.layer} of ${DATA.units.length - 1}` : "")),
    h("h2", {}, step.title),
    formula(step.formula, run, step),
    h("p", { class: "words" }, step.words),
    numbers ? h("p", { class: "numbers" }, numbers) : null,
    h("p", { class: "check " + (differ ? "bad" : agree ? "good" : "") }, check)].filter(Boolean));
}
function optimizerNumbers(n) {
  const parts = [`lr = ${number(n.lr)}`];
  if (n.t !== undefined) parts.push(`t = ${n.t}`, `lr_t = ${number(n.lr_t)}`);
  if (n.m_share !== undefined) parts.push(`c = ${number(n.m_share)}`);
  if (n.epsilon !== undefined) parts.push(`epsilon = ${number(n.epsilon)}`);
  if (n.momentum) parts.push(`momentum = ${number(n.momentum)}`);
  if (n.decay) parts.push(`lr × weight_decay = ${number(n.decay)}`);
  parts.push(`|gradient| = ${number(n.norm)}`);
  if (n.clip !== 1) parts.push(`clipped by ${number(n.clip)}`);
  return parts.join(" · ");
}
function lossNumbers(n) {
  const parts = [`data loss ${number(n.data_loss, 4)}`];
  if (n.l1 || n.l2) parts.push(`penalty ${number(n.penalty, 4)}`, `together ${number(n.loss, 4)}`);
  return parts.join(" · ");
}

function drawSource() {
  const step = DATA.steps[state.step], source = DATA.sources[step.source];
  $("source").replaceChildren(...(source ? [
    h("h3", {}, "The package's line" + (source.code.includes("\n") ? "s" : "")),
    h("p", { class: "where" }, `${source.file}, line ${source.line}, in ${source.name}`),
    h("pre", { tabindex: 0 }, h("code", {}, source.code))] : []));
}

// The memo table: what is stored on the way forward and used on the way back.
const MEMO = (() => {
  const rows = new Map();
  DATA.steps.forEach((step, s) => {
    step.store.forEach(name => rows.has(name) || rows.set(name, { stored: s, used: [] }));
    step.use.forEach(name => rows.get(name)?.used.push(s));
  });
  return rows;
})();

function drawMemo() {
  const list = h("ul", {});
  for (const [name, { stored, used }] of MEMO) {
    const s = state.step, last = Math.max(...used, -1);
    const status = s < stored ? "not yet" : s === stored ? "stored now" : used.includes(s) ? "used now" : s > last ? "done" : "kept";
    const mark = { "not yet": "○", "stored now": "▼", kept: "●", "used now": "▲", done: "◌" }[status];
    list.append(h("li", { class: status.replace(/ /g, "-") }, h("span", { "aria-hidden": "true" }, mark + " "), h("b", {}, name), h("span", { class: "hint" }, ` ${status}`)));
  }
  $("memo").replaceChildren(h("h3", {}, "Memo: kept for the way back"), list);
}

// Buttons for all arrays, in the columns of the network.
function drawChips() {
  const step = DATA.steps[state.step];
  const row = phase => h("div", { class: "row " + phase }, h("span", { class: "rowname" }, PHASES[phase]),
    ...DATA.steps.map((s, k) => [s, k]).filter(([s]) => s.phase === phase).map(([s, k]) => {
      const kept = s.outs.some(o => { const m = MEMO.get(o); return m && m.stored <= state.step && Math.max(...m.used, -1) >= state.step; });
      const using = s.outs.some(o => step.use.includes(o));
      const classes = ["chip", k === state.step ? "now" : k < state.step ? "done" : "", kept ? "kept" : "", using ? "using" : ""];
      return h("button", {
        type: "button", class: classes.join(" "), "aria-current": k === state.step ? "step" : null,
        "aria-label": `${s.outs.join(" ")}: ${s.title}`, title: s.formula, onclick: () => go(k),
      }, s.outs.join(" "));
    }));
  const focused = document.activeElement?.classList.contains("chip");
  $("chips").replaceChildren(...["forward", "backward", "step"].filter(p => DATA.steps.some(s => s.phase === p)).map(row));
  if (focused) document.querySelector(".chip.now")?.focus(); // it is a new button now
}

// Heat maps with numbers.
function drawArrays() {
  const run = RUNS[state.run], step = DATA.steps[state.step], shown = [];
  for (const name of step.ins) if (run.arrays[name]) shown.push([name, "in"]);
  const share = step.rule === "dW" && state.sample !== null && run.arrays.X.allRows > 1;
  if (share) shown.push([`share of ${step.outs[0]}`, "share"]);
  for (const name of step.outs) shown.push([name, "out"]);
  const box = $("arrays");
  // stacks side by side: a vector stands below the matrix before it
  const stacks = [];
  shown.forEach(([name, role], k) => {
    const array = role === "share" ? shareTable(step, run) : run.arrays[name];
    const before = stacks.findLast(s => s.role === role);
    const pair = step.phase === "step" && role === "in" ? stacks[k % 2] : null; // old values, gradients
    if (pair) pair.arrays.push(array);
    else if (before && fitsBelow(array, before)) before.arrays.push(array);
    else stacks.push({ role, arrays: [array] });
  });
  shareOutColumns(stacks.map(s => Math.max(...s.arrays.map(a => a.columns))), box.clientWidth - 30);
  const draw = () => {
    box.replaceChildren();
    stacks.forEach(({ role, arrays }, k) => {
      if (k && role !== "in" && role !== stacks[k - 1].role) box.append(h("span", { class: "arrow", "aria-hidden": "true" }, "→"));
      box.append(h("div", { class: "stack" }, ...arrays.map(a => heatmap(a, role, step, run))));
    });
  };
  draw();
  // numbers may be wider than expected
  while (box.clientWidth >= 670 && state.columns > 4 && box.lastChild.offsetTop > box.firstChild.offsetTop + 20) {
    state.columns--;
    draw();
  }
}

// A vector stands below a matrix, and one sample's rows stand below each other.
function fitsBelow(array, { role, arrays }) {
  if (DATA.steps[state.step].phase === "step" && role === "in") return false;
  const oneRow = state.sample !== null && array.batch && arrays.every(a => a.batch);
  return role === "in" && oneRow || array.rows === 1 && !array.batch;
}

function shareTable(step, run) {
  const [A, dZ, c] = step.ins.map(n => run.arrays[n]), i = state.sample;
  const values = new Float32Array(A.columns * dZ.columns);
  let largest = 0;
  for (let j = 0; j < A.columns; j++) for (let k = 0; k < dZ.columns; k++) {
    const v = A.at(i, j) * dZ.at(i, k) * (c ? c.at(0, j) : 1);
    values[j * dZ.columns + k] = v;
    largest = Math.max(largest, Math.abs(v));
  }
  const out = run.arrays[step.outs[0]];
  return { ...out, name: `sample ${i}'s share of ${out.name}`, values, largest, batch: false, at: (j, k) => values[j * out.columns + k] };
}

// How many columns of each array fit side by side.
function shareOutColumns(counts, width) {
  const fits = c => counts.reduce((sum, n) => sum + 14 + Math.max(160, 44 + 48 * Math.min(n, c)), 34) <= width;
  const alone = Math.max(3, Math.floor((width - 40) / 52));
  state.columns = width < 640 ? alone : [12, 10, 9, 8, 7, 6, 5].find(fits) ?? 5;
}

function windowOf(array) {
  const w = state.windows[array.name] ??= { i: 0, j: 0 };
  w.i = Math.max(0, Math.min(w.i, array.rows - 1));
  w.j = Math.max(0, Math.min(w.j, array.columns - 1));
  const one = array.batch && state.sample !== null;
  return {
    rows: one ? [state.sample] : range(array.rows).slice(w.i, w.i + ROWS),
    columns: range(array.columns).slice(w.j, w.j + state.columns), one,
  };
}

function columnName(array, j) {
  const axis = array.axes[array.axes.length - 1];
  if (axis === undefined || (array.axes.length === 1 && array.batch)) return "";
  if (axis === 0) return DATA.inputs[j] ?? String(j);
  if (axis === DATA.units.length - 1) return DATA.outputs[j] ?? String(j);
  return String(j);
}
function rowName(array, i) {
  if (array.axes.length < 2 && !array.batch) return "";
  if (array.axes[0] === 0) return DATA.inputs[i] ?? String(i);
  return String(i);
}

// Draw everything, and keep the focus on the button that had it.
function drawAgain() {
  const label = document.activeElement?.getAttribute("aria-label");
  render();
  if (label) document.querySelector(`[aria-label="${CSS.escape(label)}"]`)?.focus();
}

const heading = (scope, name, title, n) =>
  name === "" ? h("td", {}) : h("th", { scope, title }, clip(name, n));

function heatmap(array, role, step, run) {
  const { rows, columns, one } = windowOf(array);
  const body = h("tbody", {});
  for (const i of rows) {
    const tr = h("tr", {}, heading("row", rowName(array, i), rowTitle(array, i, run), 7));
    for (const j of columns) {
      const v = array.at(i, j), color = mixed(v, array.largest);
      tr.append(h("td", {
        style: `background:${rgb(color)};color:${inkOn(color)}`, tabindex: -1,
        "data-name": array.name, "data-i": i, "data-j": j, "data-role": role,
        "aria-label": `${array.name}${array.axes.length > 1 ? ` row ${i}, column ${j}` : ` ${array.batch ? i : j}`}: ${number(v)}`,
      }, short(v)));
    }
    body.append(tr);
  }
  const head = h("tr", {}, h("td", {}), ...columns.map(j => heading("col", columnName(array, j), columnName(array, j), 6)));
  const caption = h("caption", {}, h("b", {}, array.name), h("span", {}, array.name === "L" ? "" : " " + shapeText(array.shape)));
  const turned = h("p", { class: "cut" });
  const pager = (what, list, all, kept, key, many) => {
    if (list.length === all && list.length === kept) return;
    const w = state.windows[array.name];
    const move = by => { w[key] = Math.max(0, Math.min(w[key] + by, kept - 1)); drawAgain(); };
    const line = h("span", {}, `${what} ${list[0]}–${list[list.length - 1]} of ${all}`);
    turned.append(line);
    if (kept > many) line.append(
      h("button", { type: "button", "aria-label": `earlier ${what} of ${array.name}`, disabled: w[key] === 0 ? "" : null, onclick: () => move(-many) }, "‹"),
      h("button", { type: "button", "aria-label": `later ${what} of ${array.name}`, disabled: w[key] + many >= kept ? "" : null, onclick: () => move(many) }, "›"));
  };
  if (!one) pager("rows", rows, array.allRows, array.rows, "i", ROWS);
  pager("columns", columns, array.allColumns, array.columns, "j", state.columns);
  if (one) turned.append(h("span", {}, `row ${state.sample}, the sample's`));
  return h("figure", { class: "array " + role }, h("div", { class: "scroll" }, h("table", {}, caption, h("thead", {}, head), body)), turned.childNodes.length ? turned : null);
}
const rowTitle = (array, i, run) => array.batch ? `sample ${i}, target ${run.targets[i] ?? ""}` : rowName(array, i);

// Where a number comes from.
function choose(name, i, j, byHand) {
  if (state.chosen?.name === name && state.chosen.i === i && state.chosen.j === j && byHand === "hover") return;
  state.chosen = { name, i, j };
  drawExplanation();
  const focused = $("arrays").contains(document.activeElement);
  const turned = reveal([[name, i, j], ...state.from]);
  if (turned) drawArrays();
  mark();
  if (turned && focused) document.querySelector("#arrays td.chosen")?.focus({ preventScroll: true });
}

// Turn the pages of arrays so that at least one of the numbers to be marked can be seen.
function reveal(places) {
  let turned = false;
  for (const [name, i, j] of places) {
    const w = state.windows[name];
    if (!w) continue;
    if (j !== null && (j < w.j || j >= w.j + state.columns)) { w.j = j - j % state.columns; turned = true; }
    if (i !== null && (i < w.i || i >= w.i + ROWS)) { w.i = i - i % ROWS; turned = true; }
  }
  return turned;
}

function makerOf(name) {
  return DATA.steps.findIndex(s => s.outs.includes(name));
}

function drawExplanation() {
  const run = RUNS[state.run], { name, i, j } = state.chosen, box = $("explanation");
  const shareOf = name.match(/^sample \d+'s share of (.+)$/);
  const array = run.arrays[shareOf ? shareOf[1] : name];
  const maker = shareOf ? state.step : makerOf(name);
  const label = entry(shareOf ? { ...array, name: shareOf[1] } : array, i, j).label;
  if (shareOf) {
    const step = DATA.steps[state.step], [A, dZ, c] = step.ins.map(n => run.arrays[n]), s = state.sample;
    const factors = [entry(A, s, i), entry(dZ, s, j), ...(c ? [entry(c, 0, i)] : [])];
    const value = factors.reduce((p, f) => p * f.value, 1);
    box.replaceChildren(h("h3", {}, h("code", {}, label), `, the share of sample ${s}: `, h("b", {}, number(value))),
      h("p", { class: "sum" }, termNode({ factors, value })),
      h("p", {}, `The sum over all ${A.allRows} samples is ${label} = ${number(array.at(i, j))}.`));
    state.from = [[A.name, s, i], [dZ.name, s, j]];
    return;
  }
  if (maker < 0 && !DATA.given[name]) {
    const what = { X: "a feature of a sample, as the network sees it", Y: "the target, as the network is to put it out" }[name]
      ?? "a parameter, as it was before this pass";
    box.replaceChildren(h("h3", {}, h("code", {}, label), " = ", h("b", {}, number(array.at(i, j)))), h("p", {}, `Nothing computes it here: ${what}.`));
    state.from = [];
    return;
  }
  const told = explain(DATA.steps[maker] ?? { outs: [name], ...DATA.given[name] }, run, name, i, j);
  state.from = told.from;
  const lead = h("h3", {}, h("code", {}, told.label), " = ", h("b", {}, number(told.stored)));
  const parts = [lead, h("p", { class: "text" }, `= ${told.text}`)];
  if (told.terms.length) {
    const mine = state.sample === null ? -1 : told.terms.findIndex(t => t.sample === state.sample);
    if (mine > 0 && told.terms.length > 1) told.terms.unshift(...told.terms.splice(mine, 1));
    if (mine >= 0) told.terms[0].mine = told.terms.length > 1;
    const few = told.terms.length > 7 ? 4 : told.terms.length;
    const line = h("p", { class: "sum" });
    told.terms.slice(0, few).forEach((term, k) => line.append(k ? " + " : "= ", termNode(term)));
    if (told.terms.length > few) {
      const left = told.terms.slice(few).reduce((p, t) => p + t.value, 0);
      line.append(" + ", h("span", { class: "term rest" }, `${told.terms.length - few} more terms: ${number(left)}`));
    }
    if (told.rest !== undefined) line.append(" + ", h("span", { class: "term rest" }, `${told.others}, not on this page: ${number(told.rest)}`));
    parts.push(line);
    if (told.terms.length > few) parts.push(h("details", {}, h("summary", {}, `All ${told.terms.length} terms`),
      h("p", { class: "sum" }, ...told.terms.flatMap((t, k) => [k ? " + " : "", termNode(t)]))));
  }
  const written = new Set(told.terms.flatMap(t => t.factors.map(f => `${f.name} ${f.i} ${f.j}`)));
  const places = told.from.filter(([n, p, q]) => n !== name && run.arrays[n] && p !== null && q !== null && !written.has(`${n} ${p} ${q}`)).slice(0, 6);
  if (places.length) parts.push(h("p", { class: "sum" }, "from ", ...places.map(([n, p, q]) => termNode({ factors: [entry(run.arrays[n], p, q)] }))));
  const verdict = told.ok === null ? `The package's number; the page can't work it out${told.boundless ? ": a number in it is infinite, too large or NaN" : ""}.`
    : told.ok ? `✓ = ${number(told.value, 5)}, and the stored number is ${number(told.stored, 5)}`
    : `✗ this gives ${number(told.value, 5)}, but the stored number is ${number(told.stored, 5)}`;
  parts.push(h("p", { class: "verdict " + (told.ok ? "good" : told.ok === false ? "bad" : "") }, verdict));
  const last = state.trail.at(-1);
  if (last && !(last.name === name && last.i === i && last.j === j)) parts.push(h("button", { type: "button", class: "maker", onclick: goBack }, `Back to ${last.label}`), " ");
  if (maker >= 0 && maker !== state.step) parts.push(h("button", { type: "button", class: "maker", onclick: () => show(maker, name, i, j) }, `Go to the step that makes ${name}`));
  box.replaceChildren(...parts);
  box.dataset.ok = String(told.ok);
}

// A product. Factors that were computed are buttons: they lead to where that happened.
function termNode(term) {
  const node = h("span", { class: term.mine ? "term mine" : "term" });
  term.factors.forEach((f, k) => {
    const made = f.name && (makerOf(f.name) >= 0 || DATA.given[f.name]);
    const inside = [number(f.value), h("small", {}, f.label)];
    node.append(k ? " × " : "", made ? h("button", {
      type: "button", class: "factor", title: `Where ${f.label} comes from`, onclick: () => follow(f),
    }, ...inside) : h("span", { class: "factor" }, ...inside));
  });
  return node;
}

function follow(factor) {
  const { name, i, j } = state.chosen, label = $("explanation").querySelector("code").textContent;
  const trail = [...state.trail, { step: state.step, name, i, j, label }];
  const maker = makerOf(factor.name);
  arrive(maker < 0 ? state.step : maker, factor, trail);
}
function goBack() {
  const trail = [...state.trail], to = trail.pop();
  arrive(to.step, to, trail);
}
function arrive(step, { name, i, j }, trail) {
  if (step !== state.step) go(step);
  state.trail = trail;
  state.held = `${name} ${i} ${j}`;
  choose(name, i, j);
  const place = document.querySelector("#arrays td.chosen") ?? $("explanation").querySelector("button");
  place?.focus({ preventScroll: innerWidth > 700 });
}

function mark() {
  $("explanation").classList.toggle("held", state.held !== null);
  for (const td of document.querySelectorAll("#arrays td[data-name]")) {
    const { name, i, j } = td.dataset, c = state.chosen;
    td.classList.toggle("chosen", c.name === name && +i === c.i && +j === c.j);
    td.classList.toggle("from", (state.from || []).some(([n, p, q]) => n === name && (p === null || p === +i) && (q === null || q === +j)));
  }
  // The tab key stops once in each array: at a number that is marked, or where it was before.
  for (const table of document.querySelectorAll("#arrays table")) {
    const stop = [".chosen", ".from", "[tabindex='0']", "[data-name]"].map(s => table.querySelector("td" + s)).find(td => td);
    for (const td of table.querySelectorAll("td[data-name]")) td.tabIndex = td === stop ? 0 : -1;
  }
}

function chooseFirst() {
  // the largest number that is shown of what this step makes
  let best = null;
  for (const td of document.querySelectorAll("#arrays .out td[data-name], #arrays .share td[data-name]")) {
    const a = td.dataset.role === "out" ? RUNS[state.run].arrays[td.dataset.name] : null;
    if (!a || (best && a.name !== best.name)) continue;
    const size = Math.abs(a.at(+td.dataset.i, +td.dataset.j));
    if (!best || size > best.size) best = { name: a.name, i: +td.dataset.i, j: +td.dataset.j, size };
  }
  if (best) choose(best.name, best.i, best.j);
}

// Moving.
function show(k, name, i, j) {
  go(k);
  choose(name, i, j);
  document.querySelector("#arrays td.chosen")?.focus({ preventScroll: innerWidth > 700 });
}
function go(k) {
  state.step = Math.max(0, Math.min(DATA.steps.length - 1, k));
  state.held = null;
  state.trail = [];
  render();
  chooseFirst();
}

function render() {
  const s = state.step, step = DATA.steps[s];
  $("step").value = s;
  $("step").setAttribute("aria-valuetext", `${s + 1} of ${DATA.steps.length}: ${step.title}`);
  $("position").textContent = `${s + 1} / ${DATA.steps.length}`;
  $("back").disabled = $("first").disabled = s === 0;
  $("next").disabled = s === DATA.steps.length - 1;
  document.body.dataset.phase = step.phase;
  drawCard(); drawGraph(state); drawChips(); drawArrays(); drawMemo(); drawSource();
  if (state.chosen && document.querySelector(`#arrays td[data-name="${CSS.escape(state.chosen.name)}"]`)) { drawExplanation(); mark(); } else chooseFirst();
}

function play(on) {
  clearInterval(state.playing);
  state.playing = on ? setInterval(() => {
    if (state.step < DATA.steps.length - 1) go(state.step + 1); else play(false);
  }, 1800) : null;
  $("play").textContent = on ? "Pause" : "Play";
  $("play").setAttribute("aria-pressed", String(!!on));
}

function setUp() {
  const m = RUNS[0].arrays.X.allRows, units = DATA.units.join("-");
  $("heading").textContent = RUNS.length > 1 ? "Backpropagation, step by step, as a network is trained" : "One step of backpropagation";
  $("subtitle").textContent = `A ${DATA.estimator} of ${units} units, ${m} sample${m === 1 ? "" : "s"}`
    + (RUNS.length > 1 ? ` a step, ${DATA.made} steps${DATA.every > 1 ? `, ${RUNS.length} of them on this page` : ""}.` : `, loss ${number(RUNS[0].numbers.loss, 4)}.`)
    + " Point at any number to see where it comes from; a click holds it.";
  $("step").max = DATA.steps.length - 1;
  DATA.steps.forEach(s => $("phases").append(h("span", { class: s.phase })));
  const select = $("sample");
  const fill = () => {
    const run = RUNS[state.run];
    select.replaceChildren(h("option", { value: "" }, m === 1 ? "the sample" : `the whole batch (${m})`),
      ...range(m === 1 ? 0 : run.arrays.X.rows).map(i => h("option", { value: i }, `sample ${i}, target ${clip(run.targets[i] ?? "", 16)}`)));
    select.value = state.sample === null ? "" : state.sample;
  };
  fill();
  if (m === 1) { state.sample = 0; select.parentNode.hidden = true; }
  select.addEventListener("change", () => { state.sample = select.value === "" ? (m === 1 ? 0 : null) : +select.value; state.chosen = state.held = null; render(); });
  $("step").addEventListener("input", () => go(+$("step").value));
  $("first").addEventListener("click", () => go(0));
  $("back").addEventListener("click", () => go(state.step - 1));
  $("next").addEventListener("click", () => go(state.step + 1));
  $("play").addEventListener("click", () => play(!state.playing));
  let rests = "";
  const point = event => {
    const td = event.target.closest?.("td[data-name]");
    if (!td) return;
    const { name, i, j } = td.dataset, hovers = event.type === "mouseover";
    // Arrays that are drawn again may move under a pointer that rests.
    const place = `${event.screenX} ${event.screenY}`;
    if (hovers && (state.held || place === rests)) return;
    if (hovers) rests = place;
    const key = `${name} ${i} ${j}`;
    if (event.type === "click") state.held = state.held === key ? null : key;
    const { chosen } = state;
    if (key !== `${chosen?.name} ${chosen?.i} ${chosen?.j}`) state.trail = [];
    choose(name, +i, +j, hovers ? "hover" : "click");
    if (event.type !== "mouseover") document.querySelector("#arrays td.chosen")?.focus();
  };
  for (const kind of ["mouseover", "focusin", "click"]) $("arrays").addEventListener(kind, point);
  document.addEventListener("keydown", event => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const td = event.target.closest?.("td[data-name]");
    const to = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (td) return inTable(event, td);
    if (["INPUT", "SELECT"].includes(event.target.tagName)) return;
    if (to) go(state.step + to);
    else if (event.key === "Home") go(0);
    else if (event.key === "End") go(DATA.steps.length - 1);
    else return;
    event.preventDefault();
  });
  dark.addEventListener("change", render);
  let width = innerWidth;
  addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; render(); } });
  if (RUNS.length > 1) setUpTraining(fill);
  $("notes").append(h("p", {}, "Indices count from 0, as in NumPy. Arrow keys go through the pass. In an array they go from number to number; Tab goes to the next array, and Escape leaves it. Underlined numbers lead to the step that made them. " + DATA.notes.join(" ")));
  render();
  chooseFirst();
}

function inTable(event, td) {
  if (event.key === "Escape") { state.held = null; mark(); td.blur(); event.preventDefault(); return; }
  const row = td.parentNode, column = [...row.children].indexOf(td);
  const next = {
    ArrowRight: td.nextElementSibling, ArrowLeft: td.previousElementSibling,
    ArrowDown: row.nextElementSibling?.children[column], ArrowUp: row.previousElementSibling?.children[column],
  }[event.key];
  if (!event.key.startsWith("Arrow")) return;
  event.preventDefault();
  if (next?.dataset.name) next.focus();
}

setUp();
