"""The generated texts of the measurement, for the tests."""

import sys
from pathlib import Path

# Last on the path: the scripts beside them are named after what they measure.
sys.path.append(str(Path(__file__).parents[2] / "bench"))
