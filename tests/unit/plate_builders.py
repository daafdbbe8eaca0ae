"""What the tests of plates share: the specification's curve, and limits of acceptance."""

from cetux.calibration import Curve
from cetux.plate_quality import AcceptanceLimits

LIMITS = AcceptanceLimits(
    min_levels=6,
    max_bias_fraction=0.20,
    max_bias_at_limits_fraction=0.25,
    max_cv_fraction=0.20,
    max_cv_at_limits_fraction=0.25,
    min_passing_fraction=0.75,
    qc_max_bias_fraction=0.20,
    qc_min_passing_fraction=2 / 3,
    qc_min_passing_per_level_fraction=0.5,
    hook_rise_fraction=0.25,
    dilution_difference_fraction=0.20,
    cv_fail_fraction=0.30,
)
"""ICH M10 as transcribed in the specification, section 3.3."""

LEVELS = (62.5, 125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0)
DENSITIES = (0.1474, 0.2305, 0.4055, 0.7386, 1.2678, 1.9066, 2.4650)
"""The specification's unit-test curve, section 3.3, as printed there."""

SPECIFICATION_CURVE = Curve("4PL", "none", 0.08, 1.2, 1500.0, 3.2, 1.0, None, 0.0, 7, 7)
