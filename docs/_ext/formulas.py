"""The formulas of the options, as the tables typeset them, with what a reader must know of them.

By the string that the estimator takes. The classes' docstrings say the same in plain text.
"""

SIGMOID = r"\sigma(z) = \frac{1}{1 + e^{-z}}"
MEANS = (
    r"m \leftarrow \beta_1 m + (1 - \beta_1)\, g, \quad "
    r"v \leftarrow \beta_2 v + (1 - \beta_2)\, g^2"
)
HATS = r"\hat m = \frac{m}{1 - \beta_1^t}, \quad \hat v = \frac{v}{1 - \beta_2^t}"
NORMALIZED = r"\hat Z = \frac{Z - \mu}{\sqrt{v + \epsilon}}, \quad N = \gamma \hat Z + \beta"

#: Option: LaTeX, one formula for each line, and words.
FORMULAS: dict[str, tuple[str, str]] = {
    # activations
    "identity": (r"f(z) = z, \quad f'(z) = 1", "The network is linear then."),
    "logistic": (r"f(z) = \frac{1}{1 + e^{-z}}, \quad f'(z) = a\,(1 - a)", "a = f(z)."),
    "tanh": (r"f(z) = \tanh z, \quad f'(z) = 1 - a^2", "a = f(z)."),
    "relu": (
        r"f(z) = \max(z, 0), \quad f'(z) = \begin{cases} 1 & z > 0 \\ 0 & z \le 0 \end{cases}",
        "",
    ),
    "leaky_relu": (
        r"f(z) = \max(z, s z), \quad f'(z) = \begin{cases} 1 & z > 0 \\ s & z < 0 \end{cases}",
        "s is ``slope``.",
    ),
    "elu": (
        r"f(z) = \begin{cases} z & z > 0 \\ \alpha\,(e^z - 1) & z \le 0 \end{cases}, \quad "
        r"f'(z) = \begin{cases} 1 & z > 0 \\ a + \alpha & z \le 0 \end{cases}",
        "a = f(z).",
    ),
    "selu": (
        r"f(z) = \lambda \begin{cases} z & z > 0 \\ \alpha\,(e^z - 1) & z \le 0 \end{cases}, \quad "
        r"f'(z) = \begin{cases} \lambda & z > 0 \\ a + \lambda \alpha & z \le 0 \end{cases}",
        "The constants are 1.0507 and 1.6733. With ``lecun_normal`` weights they keep mean 0 and "
        "variance 1 from layer to layer.",
    ),
    "silu": (
        rf"f(z) = z\,\sigma(z), \quad f'(z) = \sigma(z)\,(1 + z - a), \quad {SIGMOID}",
        "Also known as swish.",
    ),
    "gelu": (
        r"f(z) = z\,\Phi(z), \quad f'(z) = \Phi(z) + z\,\varphi(z)",
        "Φ and φ are the standard normal distribution and its density.",
    ),
    "gelu_tanh": (
        r"f(z) = \tfrac{z}{2} (1 + \tanh u), \quad u = \sqrt{\tfrac{2}{\pi}}\,"
        "(z + 0.044715\\, z^3)\n"
        r"f'(z) = s\,(1 + 2 z\,(1 - s)\, u'), \quad s = \frac{1}{1 + e^{-2u}}",
        "An approximation of ``gelu``.",
    ),
    "softplus": (r"f(z) = \log(1 + e^z), \quad f'(z) = \frac{1}{1 + e^{-z}}", ""),
    "mish": (
        r"f(z) = z \tanh(\log(1 + e^z))" + "\n"
        r"f'(z) = \frac{e\,(e + 2)}{d} \left(1 + \frac{4 z\,(e + 1)}{(e + 2)\, d}\right), \quad "
        r"e = e^z, \quad d = (e + 1)^2 + 1",
        "",
    ),
    "hard_tanh": (
        r"f(z) = \min(\max(z, -1), 1), \quad "
        r"f'(z) = \begin{cases} 1 & -1 < z < 1 \\ 0 & \text{elsewhere} \end{cases}",
        "",
    ),
    "softsign": (r"f(z) = \frac{z}{1 + |z|}, \quad f'(z) = \frac{1}{(1 + |z|)^2}", ""),
    # losses
    "log_loss": (
        r"L = -\log p",
        "p is the probability of the true class: softmax, or sigmoids for two classes and for "
        "labels.",
    ),
    "cross_entropy": (
        r"L = -\sum_k q_k \log p_k, \quad "
        r"q_k = (1 - \varepsilon)\, [k = y] + \frac{\varepsilon}{K}",
        "q is the smoothed label. Without ``label_smoothing`` it is ``log_loss``. "
        "K = 2 for two classes and for each label.",
    ),
    "focal": (
        r"L = -(1 - p)^\gamma \log p",
        "p is the probability of the true class. Easy samples count for less.",
    ),
    "squared_error": (
        r"L = \tfrac{1}{2} (a - y)^2",
        "On logistic output units for classes, on the scores for numbers.",
    ),
    "absolute_error": (r"L = |y - a|", "Summed over the outputs, which estimate medians."),
    "huber": (
        r"L = \begin{cases} \tfrac{1}{2} e^2 & |e| \le \delta \\ "
        r"\delta\,(|e| - \tfrac{1}{2} \delta) & |e| > \delta \end{cases}, \quad e = a - y",
        "Outliers have a limited effect.",
    ),
    "quantile": (
        r"L = \begin{cases} q\,(y - a) & y > a \\ (1 - q)\,(a - y) & y \le a \end{cases}",
        "The outputs estimate quantiles.",
    ),
    "poisson": (
        r"L = y \log \frac{y}{a} - y + a, \quad a = e^z",
        r"Half the Poisson deviance, for targets y ≥ 0.",
    ),
    # initializers
    "glorot_uniform": (
        r"W, b \sim U(-r, r), \quad r = \sqrt{\frac{6}{n_\text{in} + n_\text{out}}}",
        "With 2 in place of 6 for logistic units.",
    ),
    "glorot_normal": (
        r"W \sim N\!\left(0, \frac{2}{n_\text{in} + n_\text{out}}\right)",
        "",
    ),
    "he_uniform": (
        r"W \sim U(-r, r), \quad r = \sqrt{\frac{6}{n_\text{in}}}",
        "Its variance is that of ``he_normal``.",
    ),
    "he_normal": (r"W \sim N\!\left(0, \frac{2}{n_\text{in}}\right)", ""),
    "lecun_normal": (r"W \sim N\!\left(0, \frac{1}{n_\text{in}}\right)", ""),
    "normal": (r"W \sim N(0, s^2)", "s is ``scale``, whatever the layer's size."),
    # normalizations
    "batch": (NORMALIZED, "Mean and variance of each unit over the batch."),
    "layer": (NORMALIZED, "Mean and variance of each sample over the layer's units."),
    # optimizers
    "adam": (
        r"\theta \leftarrow \theta - \eta_t \frac{m}{\sqrt v + \epsilon}, \quad "
        r"\eta_t = \eta\,\frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t}" + f"\n{MEANS}",
        "",
    ),
    "adamw": (
        r"W \leftarrow (1 - \eta \lambda)\, W, \quad "
        r"\theta \leftarrow \theta - \eta\,\frac{\hat m}{\sqrt{\hat v} + \epsilon}" + f"\n{HATS}",
        "m and v as for ``adam``; λ is ``weight_decay``.",
    ),
    "nadam": (
        r"\theta \leftarrow \theta - \eta\,\frac{\hat m}{\sqrt{\hat v} + \epsilon}, \quad "
        r"\hat m = \frac{\mu_{t+1}\, m}{1 - p_{t+1}} + \frac{(1 - \mu_t)\, g}{1 - p_t}, \quad "
        r"\hat v = \frac{v}{1 - \beta_2^t}" + "\n"
        r"\mu_t = \beta_1 \left(1 - \tfrac{1}{2}\, 0.96^{d t}\right), \quad "
        r"p_t = \mu_1 \cdots \mu_t, \quad m \leftarrow \mu_t m + (1 - \mu_t)\, g",
        "Adam with Nesterov's momentum: the step looks ahead along m. v as for ``adam``; d is "
        "``momentum_decay``.",
    ),
    "amsgrad": (
        r"\theta \leftarrow \theta - \eta_t \frac{m}{\sqrt{\hat v} + \epsilon_t}, \quad "
        r"\hat v \leftarrow \max(\hat v, v), \quad \epsilon_t = \epsilon \sqrt{1 - \beta_2^t}",
        "m, v and the rate as for ``adam``. A parameter's effective rate can't grow again.",
    ),
    "rmsprop": (
        r"\theta \leftarrow \theta - \eta\,\frac{g}{\sqrt v + \epsilon}, \quad "
        r"v \leftarrow \rho v + (1 - \rho)\, g^2",
        "",
    ),
    "adagrad": (
        r"\theta \leftarrow \theta - \eta\,\frac{g}{\sqrt s + \epsilon}, \quad "
        r"s \leftarrow s + g^2",
        "",
    ),
    "sgd": (
        r"v \leftarrow \mu v - \eta g, \quad \theta \leftarrow \theta + v" + "\n"
        r"\theta \leftarrow \theta + \mu v - \eta g",
        "The second line is Nesterov's step in place of the last one. μ is ``momentum``.",
    ),
    "lbfgs": ("", "Full-batch quasi-Newton steps by SciPy's L-BFGS-B."),
    # schedules
    "constant": (r"c = 1", ""),
    "invscaling": (
        r"c = \frac{1}{(t + 1)^p}",
        "t samples seen before this epoch; p is ``power_t``.",
    ),
    "adaptive": (
        r"c \leftarrow \frac{c}{d}",
        "At every plateau, until the rate has fallen to ``min_rate``. d is ``divisor``.",
    ),
    "cosine": (r"c = f + (1 - f)\,\frac{1 + \cos \pi s}{2}", "f is ``final``."),
    "one_cycle": (
        "",
        "From ``start`` up to 1 over the warm-up, then down to ``final``, both along half cosines.",
    ),
    "step": (r"c = d^k", "After k whole periods. d is ``drop``."),
    "exponential": (r"c = f^s", "f is ``final``."),
    "coslog4": (
        r"c = \frac{1 - \cos(2 \pi \log_2(1 + 15 s))}{2}",
        "Four waves, each twice as long as the last.",
    ),
    "reduce_on_plateau": (
        r"c \leftarrow \frac{c}{d}",
        "After every ``patience`` epochs in a row without improvement. d is ``divisor``.",
    ),
}
