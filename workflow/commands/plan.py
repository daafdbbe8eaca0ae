"""Say what a run would do and about how long: ``python path/to/cetux/workflow/commands/plan.py cohort.yaml``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))
from cetux import plan

sys.exit(plan.main())
