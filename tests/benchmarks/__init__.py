"""How fast is it, beside scikit-learn, PyTorch, JAX and the bare matrix products?

Run ``python -m tests.benchmarks --help`` from the project's root.
"""
