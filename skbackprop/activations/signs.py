"""Selection by sign, with integer operations on the bits of floating-point numbers.

An arithmetic shift spreads the sign bit over all bits: a mask as wide as the number. So a selection
takes a few fast passes; a boolean mask would have to be cast, or take a slow loop.
"""

import numpy as np

#: By itemsize: the integer type of that size, and the position of its sign bit.
_BITS = {n: (np.dtype(f"i{n}"), np.array(8 * n - 1, f"i{n}")) for n in (4, 8)}


def keep_where_positive(values: np.ndarray, A: np.ndarray) -> None:
    """Overwrites values with 0 where A = 0. A must not be negative, and becomes a mask."""
    integer, sign_bit = _BITS[A.itemsize]
    mask, bits = A.view(integer), values.view(integer)
    np.negative(mask, mask)
    np.right_shift(mask, sign_bit, mask)
    np.bitwise_and(bits, mask, bits)


def replace_where_negative(values: np.ndarray, others: np.ndarray, Z: np.ndarray) -> None:
    """Overwrites values with others where Z has a minus sign; others and Z become scratch."""
    integer, sign_bit = _BITS[Z.itemsize]
    mask, bits, change = Z.view(integer), values.view(integer), others.view(integer)
    np.right_shift(mask, sign_bit, mask)
    # x ^ (x ^ y) = y, so masking the middle term chooses between x and y
    np.bitwise_xor(change, bits, change)
    np.bitwise_and(change, mask, change)
    np.bitwise_xor(bits, change, bits)
