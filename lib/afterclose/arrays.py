"""What arrays are called: one name for each kind, wherever it passes between modules."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
"""Numbers, NaN where a docstring allows it."""

Integers = npt.NDArray[np.int64]
"""Counts, or microseconds since 1970 in UTC."""

Mask = npt.NDArray[np.bool_]
"""One truth value a row: bad, kept, ..."""

Indices = npt.NDArray[np.intp]
"""Positions of rows."""
