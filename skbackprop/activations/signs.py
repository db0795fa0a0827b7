"""Choices by sign, made with integer operations on the bits of floating-point numbers.

The sign bit, spread over all bits by an arithmetic shift, is a mask as wide as the number. So a
choice is a few quick passes; a boolean mask would be cast through a buffer or take a slow loop.
"""

import numpy as np

#: By itemsize: the integer type of that size, and how far its sign bit is from the last one.
_BITS = {n: (np.dtype(f"i{n}"), np.array(8 * n - 1, f"i{n}")) for n in (4, 8)}


def keep_where_positive(values: np.ndarray, A: np.ndarray) -> None:
    """Overwrites values with 0 where A = 0; A isn't negative, and becomes a mask."""
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
