"""The recipe is a folder of scripts that import each other by their bare names."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / "model_configs" / "starter"))
