// A training: one pass after the other, the loss, the plane, the weights.
function setUpTraining(refill) {
  $("training").hidden = false;
  $("run").max = RUNS.length - 1;
  let training = null;
  const train = on => {
    clearInterval(training);
    if (on && state.run === RUNS.length - 1) goTo(0);
    training = on ? setInterval(() => state.run < RUNS.length - 1 ? goTo(state.run + 1) : train(false), 300) : null;
    $("train").textContent = on ? "Pause" : "Train";
    $("train").setAttribute("aria-pressed", String(!!on));
  };
  const goTo = k => { $("run").value = k; $("run").dispatchEvent(new Event("input")); };
  $("train").addEventListener("click", () => train(!training));
  $("run").addEventListener("input", () => {
    state.run = +$("run").value;
    if (state.sample !== null && state.sample >= RUNS[state.run].arrays.X.rows) state.sample = null;
    refill();
    drawTraining();
    render();
  });
  drawTraining();
  dark.addEventListener("change", drawTraining);
}

function drawTraining() {
  const k = state.run;
  $("run-label").textContent = `${k * DATA.every + 1} of ${DATA.made}, loss ${number(RUNS[k].numbers.loss, 4)}`;
  $("run").setAttribute("aria-valuetext", $("run-label").textContent);
  $("charts").replaceChildren(...[lossChart(k), DATA.plane ? planeChart(k) : null, weightChart(k)].filter(Boolean));
}

const CHART = { width: 300, height: 190, left: 44, right: 10, top: 10, bottom: 26 };
function frameOf(title, low, high) {
  const { width, height, left, right, top, bottom } = CHART, n = Math.max(RUNS.length - 1, 1);
  const x = k => left + k * (width - left - right) / n;
  const y = v => height - bottom - (v - low) * (height - top - bottom) / ((high - low) || 1);
  const svg = h("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": title },
    h("line", { x1: left, y1: height - bottom, x2: width - right, y2: height - bottom, class: "axis" }),
    h("line", { x1: left, y1: top, x2: left, y2: height - bottom, class: "axis" }),
    h("text", { x: left - 5, y: y(high) + 8, class: "tick" }, number(high, 2)),
    h("text", { x: left - 5, y: y(low), class: "tick" }, number(low, 2)),
    h("text", { x: (left + width - right) / 2, y: height - 8, class: "tick middle" }, "step"));
  return { svg, x, y, figure: h("figure", {}, h("figcaption", {}, title), svg) };
}

function lossChart(k) {
  const losses = RUNS.map(r => r.numbers.loss);
  const { svg, x, y, figure } = frameOf("Loss of each step's batch", Math.min(0, ...losses), Math.max(...losses));
  svg.append(h("polyline", { points: losses.map((v, i) => `${x(i)},${y(v)}`).join(" "), class: "curve" }),
    h("line", { x1: x(k), x2: x(k), y1: CHART.top, y2: CHART.height - CHART.bottom, class: "cursor" }),
    h("circle", { cx: x(k), cy: y(losses[k]), r: 4.5, class: "dot" }));
  return figure;
}

function weightChart(k) {
  const picked = [];
  for (let n = 1; n < DATA.units.length; n++) {
    const W = RUNS[0].arrays["W" + n], every = Math.max(1, Math.ceil(W.values.length / 24));
    for (let q = 0; q < W.values.length; q += every) picked.push([n, q]);
  }
  const lines = picked.map(([n, q]) => RUNS.map(r => r.arrays["W" + n].values[q]));
  const all = lines.flat();
  const { svg, x, y, figure } = frameOf(`Weights, ${picked.length} of them`, Math.min(...all), Math.max(...all));
  const tones = dark.matches ? ["#56B4E9", "#F08C3C", "#4FD0A7", "#EE9FD0", "#F2BD4E", "#B8BFCC"]
    : ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"];
  lines.forEach((line, p) => svg.append(h("polyline", {
    points: line.map((v, i) => `${x(i)},${y(v)}`).join(" "), class: "weight", stroke: tones[(picked[p][0] - 1) % tones.length],
  })));
  svg.append(h("line", { x1: x(k), x2: x(k), y1: CHART.top, y2: CHART.height - CHART.bottom, class: "cursor" }));
  figure.append(h("p", { class: "legend" }, ...range(DATA.units.length - 1).map(n =>
    h("span", { class: "key", style: `--tone:${tones[n % tones.length]}` }, `W${n + 1} `))));
  return figure;
}

const GROUPS = [[0, 114, 178], [230, 159, 0], [204, 121, 167], [0, 158, 115], [213, 94, 0], [86, 180, 233], [150, 150, 150]];
const MARKS = ["circle", "square", "triangle"];

function planeChart(k) {
  const { points, group, limits: [left, right, bottom, top], size, frames } = DATA.plane, side = 240;
  const codes = Uint8Array.from(atob(frames[k]), c => c.charCodeAt(0));
  const small = h("canvas", { width: size, height: size }), canvas = h("canvas", { width: side * 2, height: side * 2, role: "img",
    "aria-label": "What the network predicts over the plane of the two features, before this step, and the samples" });
  const image = new ImageData(size, size), paper = palette().paper;
  codes.forEach((code, p) => {
    const tone = group[0] < 0 ? (code & 15) / 15 : ((code & 15) / 15) * 0.75;
    const color = group[0] < 0 ? GROUPS[0] : GROUPS[(code >> 4) % GROUPS.length];
    const row = size - 1 - Math.floor(p / size), at = 4 * (row * size + p % size);
    color.forEach((c, q) => image.data[at + q] = paper[q] + (c - paper[q]) * tone);
    image.data[at + 3] = 255;
  });
  small.getContext("2d").putImageData(image, 0, 0);
  const g = canvas.getContext("2d");
  g.imageSmoothingEnabled = true;
  g.drawImage(small, 0, 0, side * 2, side * 2);
  points.forEach(([a, b], p) => {
    const x = (a - left) / (right - left) * side * 2, y = (top - b) / (top - bottom) * side * 2, r = 6;
    g.beginPath();
    const shape = MARKS[Math.max(group[p], 0) % 3];
    if (shape === "circle") g.arc(x, y, r, 0, 7);
    else if (shape === "square") g.rect(x - r, y - r, 2 * r, 2 * r);
    else { g.moveTo(x, y - r * 1.2); g.lineTo(x + r * 1.1, y + r); g.lineTo(x - r * 1.1, y + r); g.closePath(); }
    g.fillStyle = group[p] < 0 ? "#fff" : rgb(GROUPS[group[p] % GROUPS.length]);
    g.fill();
    g.strokeStyle = dark.matches ? "#000" : "#fff";
    g.lineWidth = 2;
    g.stroke();
  });
  const legend = group[0] < 0 ? null : h("p", { class: "legend" }, ...DATA.plane.names.map((name, c) =>
    h("span", { class: "key " + MARKS[c % 3], style: `--tone:${rgb(GROUPS[c % GROUPS.length])}` }, clip(name, 12) + " ")));
  return h("figure", { class: "plane" }, h("figcaption", {}, "What the network says, before this step"), canvas, legend);
}
