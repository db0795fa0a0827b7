// Functions of one number, by the names that Python sends: in words, and as JavaScript. `z` is the
// score, `a` the value of the function, `p` holds the constants. A slope that no one can tell from
// the stored digits, as that of leaky_relu at 0, is undefined.

const sigmoid = z => 1 / (1 + Math.exp(-z));
const bend = (z, above, below) => z > 0 ? above : z < 0 ? below : undefined;
const density = z => Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI);
const LIN = 2 * Math.sqrt(2 / Math.PI), CUB = 0.044715 * LIN, SELU = 1.0507009873554805, SELU_ALPHA = 1.6732632423543772;

// The normal distribution's P(z), to seven digits: Numerical Recipes, section 6.2, erfcc.
function normal(z) {
  const x = Math.abs(z) / Math.SQRT2, t = 1 / (1 + x / 2);
  const series = [0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196, 1.00002368, -1.26551223];
  const tail = t / 2 * Math.exp(-x * x + series.reduce((sum, c) => sum * t + c, 0));
  return z > 0 ? 1 - tail : tail;
}

// name: [f in words, f, f' in words, f', what other letters stand for]. The words up to a semicolon
// are shown with numbers for the letters, too.
const FUNCTIONS = {
  identity: ["z", z => z, "1", () => 1],
  logistic: ["1 / (1 + exp(−z))", sigmoid, "a × (1 − a)", (z, a) => a * (1 - a)],
  tanh: ["tanh(z)", Math.tanh, "1 − a²", (z, a) => 1 - a * a],
  relu: ["max(z, 0)", z => Math.max(z, 0), "1 where a > 0, else 0", (z, a) => a > 0 ? 1 : 0],
  leaky_relu: ["max(z, slope × z)", (z, p) => Math.max(z, p.slope * z),
    "1 where z > 0, else slope", (z, a, p) => bend(z, 1, p.slope)],
  elu: ["z where z > 0, else alpha × (exp(z) − 1)", (z, p) => z > 0 ? z : p.alpha * Math.expm1(z),
    "1 where z > 0, else a + alpha", (z, a, p) => bend(z, 1, a + p.alpha)],
  selu: ["1.0507 × z where z > 0, else 1.7581 × (exp(z) − 1)", z => SELU * (z > 0 ? z : SELU_ALPHA * Math.expm1(z)),
    "1.0507 where z > 0, else a + 1.7581", (z, a) => bend(z, SELU, a + SELU * SELU_ALPHA)],
  silu: ["z / (1 + exp(−z))", z => z * sigmoid(z), "s × (1 + z − a); s = 1 / (1 + exp(−z))",
    (z, a) => sigmoid(z) * (1 + z - a), z => ({ s: sigmoid(z) })],
  gelu: ["z × P; P the normal distribution up to z", z => z * normal(z), "P + z × D; P the normal distribution up to z, D its density there",
    z => normal(z) + z * density(z), z => ({ P: normal(z), D: density(z) })],
  gelu_tanh: ["z × s; s = 1 / (1 + exp(−2u)), u = √(2/π) (z + 0.044715 z³)", z => z * sigmoid(z * (LIN + CUB * z * z)),
    "s × (1 + z × (1 − s) × d); s = 1 / (1 + exp(−2u)), d the slope of 2u, u = √(2/π) (z + 0.044715 z³)", z => {
      const s = sigmoid(z * (LIN + CUB * z * z));
      return s * (1 + z * (1 - s) * (LIN + 3 * CUB * z * z));
    }, z => ({ s: sigmoid(z * (LIN + CUB * z * z)), d: LIN + 3 * CUB * z * z })],
  softplus: ["log(1 + exp(z))", z => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))), "1 / (1 + exp(−z))", sigmoid],
  mish: ["z × tanh(l); l = log(1 + exp(z))", z => z * Math.tanh(FUNCTIONS.softplus[1](z)),
    "t + z × (1 − t²) × s; t = tanh(log(1 + exp(z))), s = 1 / (1 + exp(−z))", z => {
      const t = Math.tanh(FUNCTIONS.softplus[1](z));
      return t + z * (1 - t * t) * sigmoid(z);
    }, z => ({ l: FUNCTIONS.softplus[1](z), t: Math.tanh(FUNCTIONS.softplus[1](z)), s: sigmoid(z) })],
  hard_tanh: ["min(max(z, −1), 1)", z => Math.min(Math.max(z, -1), 1),
    "1 where −1 < a < 1, else 0", (z, a) => Math.abs(a) < 1 ? 1 : Math.abs(z) > 1 ? 0 : undefined],
  softsign: ["z / (1 + |z|)", z => z / (1 + Math.abs(z)), "1 / (1 + |z|)²", z => 1 / (1 + Math.abs(z)) ** 2],
  exp: ["exp(z)", Math.exp, "a", (z, a) => a],
};

const signed = v => v < 0 ? `(${number(v)})` : number(v);
// "z × P; P the normal ..." as "z × P, P the normal ...; here 0.5 × 0.691".
function filled(words, values) {
  const [formula] = words.split(";");
  const text = formula.replace(/[A-Za-z]+/g, (word, at) => word in values && formula[at + word.length] !== "(" ? signed(values[word]) : word);
  const plainly = text.replace(/(^|[(|])\((−[^() ]+)\)(?=$|[,)|])/g, "$1$2"); // tanh(−1.2)
  return words.replace(";", ",") + (text === formula ? "" : `; here ${plainly}`);
}
