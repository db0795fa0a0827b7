"""Descriptions of the estimators' parameters and fitted attributes.

`documented` fills the placeholders and puts them into the docstrings.
"""

PARAMETERS = """\
hidden_layer_sizes : int or array-like of int, default=(100,)
    Units of each hidden layer. ``()`` gives a generalised linear model; by default its weights
    start at zero, as there is no symmetry to break.

activation : {activation}, Activation, pair of callables, or list of these, default="relu"
    Activation of the hidden units, see :mod:`skbackprop.activations`; a list has one for each
    hidden layer. In a pair ``(function, derivative)`` both are functions of an array of scores.

weight_init : {weight_init} or Initializer, default="glorot_uniform"
    How the initial weights are drawn, see :mod:`skbackprop.initializers`. The intercepts start at
    zero, except with "glorot_uniform", which draws them too, as scikit-learn does.

normalization : {normalization}, Normalization or None, default=None
    Normalise the scores of the hidden layers, see :mod:`skbackprop.normalization`.

input_scale : float, default=0.0
    If positive, every feature is multiplied by a factor that is learned with the weights. The
    factors start at 1; with Adam they move `input_scale` times as fast as the weights. See
    :ref:`input_scale`.

dropout : float or list of float, default=0.0
    Share of the hidden units' values that is dropped in training, in [0, 1); one for all hidden
    layers or one for each. Prediction drops nothing. Calls that continue from the fitted weights
    also continue the sequence of random numbers.

input_dropout : float, default=0.0
    Like `dropout`, for the features. For a sparse X, random numbers are drawn for the stored
    entries only, so the same `random_state` drops other values than in the same X as an array.

solver : {solver} or Solver, default="adam"
    How the loss is minimised, see :mod:`skbackprop.optimizers`. An object such as
    ``SGD(momentum=0.8)`` has its own hyperparameters. A string takes them from {flat_solver}. All
    others have their defaults: to change `weight_decay`, give ``AdamW(weight_decay=0.1)``.

learning_rate : {learning_rate}, Schedule or callable, default="constant"
    How the learning rate changes, see :mod:`skbackprop.schedules`. A callable takes the fraction
    of training completed, in (0, 1), and returns a factor. With {full_batch} a string is ignored,
    but an object or a callable raises an error.

learning_rate_init : float, default=0.001
    Initial learning rate. Not used by {full_batch}.

power_t : float, default=0.5
    Exponent of {power_t}.

momentum : float, default=0.9
    Momentum of {momentum}, in [0, 1].

nesterovs_momentum : bool, default=True
    Nesterov's momentum for {nesterovs_momentum}.

beta_1 : float, default=0.9
    Decay rate of the mean gradient in {beta_1}, in [0, 1).

beta_2 : float, default=0.999
    Decay rate of the mean squared gradient in {beta_2}, in [0, 1).

epsilon : float, default=1e-8
    Keeps the division finite in {epsilon}.

clip_norm : float, default=None
    Gradients with a larger norm are scaled down to this one. Not allowed with {full_batch}.

max_fun : int, default=15000
    Maximum number of loss evaluations by {max_fun}.

batch_size : int or "auto", default="auto"
    Samples per minibatch. "auto" is ``min(200, n_samples)``. Not used by {full_batch}.

max_iter : int, default=200
    Maximum number of epochs, or of iterations of {full_batch}. Also the number of epochs, including
    calls of `partial_fit`, over which a schedule such as "cosine" runs from start to end, unless
    an object sets its own, as in ``Cosine(epochs=50)``.

shuffle : bool, default=True
    Reorder the samples before each epoch. `validation_fraction` draws at random in any case, so
    samples in order of time need a `validation_split` or `X_val`.

random_state : int, RandomState instance or None, default=None
    Source of randomness for the initial weights, the validation split, the order of the samples
    and dropout.

tol : float, default=1e-4
    Minimum by which an epoch's loss or validation score must beat the best one so far to count
    as an improvement. {full_batch} stops when no entry of the gradient is larger than `tol`.

n_iter_no_change : int or inf, default=10
    Training ends, or the rate of {on_plateau} drops, after more than this many epochs in a row
    without improvement.

early_stopping : bool, default=False
    Stop when `scoring` on validation samples no longer improves, and keep the weights of the best
    epoch. These samples are `X_val` of `fit` or, without it, what `validation_split` or
    `validation_fraction` sets aside of X. {stratified} Not used by {full_batch}.

validation_fraction : float, default=0.1
    Share of the samples set aside by `early_stopping`, in [0, 1).

validation_split : splitter or list of (train, validation) pairs, default=None
    How `early_stopping` chooses the samples it sets aside, in place of `validation_fraction`: a
    splitter from :mod:`sklearn.model_selection`, or pairs of arrays of row numbers. The last
    split is used. :class:`~sklearn.model_selection.GroupShuffleSplit` and its like take the
    `groups` of `fit`, and keep each group on one side; the last split of
    :class:`~sklearn.model_selection.TimeSeriesSplit` has the latest samples. Rows that are in
    neither part are not used. A splitter without a `random_state` gets one from `random_state`.

scoring : str, callable or None, default=None
    Metric on the validation samples, higher is better: the name of a scorer as in
    :func:`sklearn.metrics.get_scorer`, a callable ``scorer(estimator, X, y)``, "loss" for minus
    the validation loss, or None for {score}. Sample weights are passed to scorers, and to
    callables that take `sample_weight`; metrics that don't accept weights, such as that of
    "neg_max_error", are computed without them. Both get X and y as arrays, whatever `fit` was
    given.

restore_best_weights : bool or "auto", default="auto"
    Whether to end with the weights of the best epoch. With `early_stopping` the validation score
    decides which epoch is best, otherwise the loss of all training samples after the epoch, which
    takes another forward pass to measure and then is what has to improve. "auto" is True with
    `early_stopping` and False without. `partial_fit` doesn't allow True.

warm_start : bool or "exact", default=False
    With True, `fit` continues from the fitted weights, with a new optimizer state. With "exact" it
    continues as if it had never stopped, for `max_iter` more epochs on the same data: the states
    of the optimizer, the schedule and the random numbers are kept. The classes or outputs and the
    layers must stay the same; with "exact", so must the solver, the loss, `shuffle`,
    `early_stopping`, how its samples are chosen, `scoring`, whether there is dropout, and whether
    `X_val` is given. "exact" doesn't warn that `max_iter` came before convergence: see `outcome_`.

verbose : bool or int, default=False
    Print a line after each epoch: its number, the loss, loss and score on the validation samples
    if there are any, and the seconds of training.

alpha : float, default=0.0001
    Strength of the penalty
    ``alpha * (l1_ratio * sum(abs(W)) + (1 - l1_ratio) / 2 * sum(W**2))``. Like the data loss, it
    is divided by the batch's total weight: its number of samples, if there are no sample weights.
    The `weight_decay` of a solver doesn't depend on the batch.

l1_ratio : float, default=0.0
    Share of the L1 norm in the penalty, in [0, 1].

max_norm : float, default=None
    Maximum Euclidean norm of the weights into a hidden unit; after each step, larger ones are
    scaled down to it.
"""

LOSS = """\
loss : {loss} or Loss, default={default_loss}
    Loss to minimise, see :mod:`skbackprop.losses`. {more_about_loss}

{losses}
"""

ATTRIBUTES = """\
loss_ : float
    Mean loss over the last epoch, penalty included; NaN if no epoch was completed.

best_loss_ : float or None
    Lowest training loss of an epoch, or with ``restore_best_weights=True`` the loss of the
    restored weights. None with `early_stopping`, and after `initialize`.

loss_curve_ : list of float
    Loss of every epoch, or of every iteration of {full_batch}.

history_ : dict of list of float
    One entry for each epoch, or iteration of {full_batch}: ``loss``, its parts ``data_loss`` and
    ``penalty``, ``validation_loss`` (without penalty) and ``validation_score`` where there are
    validation samples, ``learning_rate`` of the last step, ``gradient_norm`` of the first
    batch, and ``seconds`` of training. Missing values are NaN. It can be passed to
    ``pandas.DataFrame``.

validation_scores_ : list of float or None
    Score on the validation samples after every epoch. None without `early_stopping`.

best_validation_score_ : float or None
    Highest of `validation_scores_`. None without `early_stopping`.

t_ : int
    Number of samples the solver has trained on, counted once per epoch; 0 with {full_batch}.

coefs_ : list of ndarray
    W of each layer, of shape (units in layer i, units in layer i + 1).

intercepts_ : list of ndarray
    b of each layer, of shape (units in layer i + 1,).

input_scale_ : ndarray of shape (`n_features_in_`,) or None
    The factors that the features are multiplied by; None if `input_scale` is 0.

n_features_in_ : int
    Number of features seen by `fit`.

feature_names_in_ : ndarray of shape (`n_features_in_`,)
    Names of the features. Defined only when `X` has feature names that are all strings.

outcome_ : str
    How the last fit ended: "converged", if there was no more improvement; "completed", if the
    schedule reached its end; "stopped", by a callback; "interrupted", by Ctrl-C; "diverged", in
    which case the best epoch's weights are kept; or "unfinished", after `max_iter` epochs.

n_iter_ : int
    Number of epochs, or of iterations of {full_batch}, in the last call; with
    ``warm_start="exact"``, in all calls of the continued training.

n_layers_ : int
    Number of layers, including input and output.

n_outputs_ : int
    Number of output units.

out_activation_ : str
    {out_activation}.
"""
