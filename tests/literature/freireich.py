"""Remission of acute leukaemia in weeks (Freireich et al., Blood 1963;21:699), and what others computed from it.

The data as Cox (J R Stat Soc B 1972;34:187) gives them; they are the worked example of G. Rodriguez, "The Gehan
Survival Data" (grodri.github.io/survival), and of many a textbook and program, which is what makes them a test.
"""

from cetux.subjects import FollowUp

RELAPSED = (6, 6, 6, 7, 10, 13, 16, 22, 23)
STILL_IN_REMISSION = (6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35)
PLACEBO_RELAPSED = (1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23)

MERCAPTOPURINE = [FollowUp(w, True) for w in RELAPSED] + [FollowUp(w, False) for w in STILL_IN_REMISSION]
PLACEBO = [FollowUp(w, True) for w in PLACEBO_RELAPSED]
BOTH = MERCAPTOPURINE + PLACEBO
TREATED = [1.0] * len(MERCAPTOPURINE) + [0.0] * len(PLACEBO)
