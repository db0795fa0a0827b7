"""
Handwritten digits, in a pipeline
=================================

The usual course of a classification in scikit-learn: split the data, put scaling and network into
one pipeline, fit it, then search for better parameters by cross-validation. `BackpropClassifier`
stands where `MLPClassifier` would stand. One thing is new: the solver is an object, so the search
reaches its own parameter, `solver__momentum`.

The data are scikit-learn's digits: 1,797 images of 8 x 8 pixels, ten classes.
"""

from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skbackprop import BackpropClassifier
from skbackprop.optimizers import SGD

# %%
# A quarter of the images is set aside. Nothing below sees it before the last line.
X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

# %%
# The scaler is part of the pipeline, so that it learns its limits from the training images alone.
pipeline = make_pipeline(
    MinMaxScaler(),
    BackpropClassifier(
        hidden_layer_sizes=(20,),
        solver=SGD(momentum=0.5),
        learning_rate_init=0.1,
        tol=1e-3,
        random_state=0,
    ),
)
pipeline.fit(X_train, y_train)
print(f"accuracy before the search: {pipeline.score(X_test, y_test):.3f}")

# %%
# Four candidates, three folds each.
search = GridSearchCV(
    pipeline,
    {
        "backpropclassifier__hidden_layer_sizes": [(20,), (100,)],
        "backpropclassifier__solver__momentum": [0.5, 0.9],
    },
    cv=3,
)
search.fit(X_train, y_train)
print("best parameters:")
for name, value in search.best_params_.items():
    print(f"    {name.removeprefix('backpropclassifier__')} = {value}")
print(f"accuracy in cross-validation: {search.best_score_:.3f}")
print(f"accuracy on the test images: {search.score(X_test, y_test):.3f}")

# sphinx_gallery_thumbnail_path = 'digits.png'
