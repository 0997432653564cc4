"""What augment_quality.py measures time stretches and pitch shifts with; everything on one thread."""

import os

for _library in ("RAYON", "OMP", "MKL", "OPENBLAS", "NUMBA"):
    os.environ[f"{_library}_NUM_THREADS"] = "1"  # Here, before NumPy reads it; programs inherit it.
