"use strict";
// What the page is made of: the data, arrays, numbers as text, colours, elements.

const DATA = JSON.parse(document.getElementById("data").textContent);

const BLOBS = DATA.blobs.map(text => {
  const bytes = Uint8Array.from(atob(text), c => c.charCodeAt(0));
  return new Float32Array(bytes.buffer);
});

// Numbers that a page can't reckon with: infinite, NaN, or cut to what 32 bits can hold. `seen`
// tells whether one was read.
const BOUNDLESS = { seen: false, is: v => !(Math.abs(v) < 2.9e38) };

// An array as a table: a vector of units is one row, a number per sample is a column.
function table(name, blob, samples) {
  const packed = DATA.shapes[name], full = packed.x[0] === "m" ? [samples, ...packed.s.slice(1)] : packed.s;
  const column = packed.x.length === 1 && packed.x[0] === "m";
  const two = shape => shape.length === 2 ? shape : column ? [shape[0], 1] : [1, shape[0] ?? 1];
  const [rows, columns] = two(packed.r), [allRows, allColumns] = two(full);
  const values = BLOBS[blob];
  let largest = 0;
  for (const v of values) if (Number.isFinite(v)) largest = Math.max(largest, Math.abs(v));
  return {
    name, rows, columns, allRows, allColumns, values, largest, shape: full,
    batch: packed.x[0] === "m", axes: packed.x,
    at: (i, j) => {
      const v = values[i * columns + j];
      if (BOUNDLESS.is(v)) BOUNDLESS.seen = true;
      return v;
    },
  };
}

const RUNS = DATA.runs.map(run => {
  const arrays = {};
  for (const [name, blob] of Object.entries(run.arrays)) arrays[name] = table(name, blob, run.samples);
  const numbers = Object.fromEntries(Object.entries(run.numbers).map(([name, v]) => [name, Number(v)])); // "NaN" too
  return { arrays, numbers, targets: run.targets };
});

// Three digits; the minus sign is a real one.
function number(v, digits = 3) {
  if (v === 0) return "0";
  if (BOUNDLESS.is(v)) return Number.isNaN(v) ? "NaN" : (v < 0 ? "−" : "") + (Number.isFinite(v) ? "huge" : "∞");
  const size = Math.abs(v);
  let text = size >= 1e5 || size < 1e-3 ? v.toExponential(Math.max(digits - 2, 1)) : v.toPrecision(digits);
  if (!text.includes("e") && text.includes(".")) text = text.replace(/\.?0+$/, "");
  return text.replace(/e([+-])(\d+)/, (_, sign, n) => "e" + (sign === "-" ? "-" : "") + n)
    .replace(/-/g, "−");
}

// The same in at most seven characters.
function short(v) {
  const size = Math.abs(v);
  return number(v, size >= 0.1 || size < 1e-3 ? 3 : 2);
}

const shapeText = shape => shape.length ? `(${shape.join(", ")}${shape.length === 1 ? "," : ""})` : "";

// Elements: h("p", {class: "x"}, "text", child). Text is never read as HTML.
function h(tag, attributes, ...children) {
  const svg = ["svg", "g", "path", "circle", "line", "text", "polyline", "rect", "title"];
  const e = svg.includes(tag)
    ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith("on")) e.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) e.setAttribute(name, value);
  }
  e.append(...children.filter(c => c !== null && c !== undefined));
  return e;
}
const $ = id => document.getElementById(id);

// Colours: blue for positive, vermilion for negative numbers, on the page's own background.
const dark = matchMedia("(prefers-color-scheme: dark)");
function palette() {
  return dark.matches
    ? { paper: [28, 31, 38], plus: [86, 180, 233], minus: [240, 140, 60] }
    : { paper: [255, 255, 255], plus: [0, 114, 178], minus: [213, 94, 0] };
}
function mixed(v, largest) {
  const { paper, plus, minus } = palette();
  if (Number.isNaN(v)) return paper;
  const share = largest || !Number.isFinite(v) ? Math.min(1, Math.abs(v) / largest) : 0;
  const weight = v === 0 ? 0 : 0.06 + 0.84 * Math.sqrt(share);
  const to = v >= 0 ? plus : minus;
  return paper.map((p, k) => Math.round(p + (to[k] - p) * weight));
}
const rgb = c => `rgb(${c.join(",")})`;
function brightness(c) {
  const [r, g, b] = c.map(x => (x /= 255) <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
// Black or white, whichever has the higher contrast.
const inkOn = c => brightness(c) > 0.179 ? "#000" : "#fff";
