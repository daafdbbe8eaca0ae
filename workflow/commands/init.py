"""Begin a cohort from its BAMs: ``python path/to/cetux/workflow/commands/init.py --help``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))
from cetux import new_cohort

sys.exit(new_cohort.main())
