"""What every test may reach for: nothing but the repository on the import path."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
