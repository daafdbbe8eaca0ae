"""The state of ERBB2 from its numbers: the rules' first match, and nothing else."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cetux.copies import Z_95, at_purity, over_own_purities, tumour_copies, without_impossible
from cetux.evidence import CopyNumber
from cetux.states import Annotation, Erbb2, PurityState

CLEAR_OF_NOISE = 4.0
"""Standard errors by which a gain must stand out of the noise, and of its controls, to be AMP, or to be seen in an
uneven sample: 3 of 100,000 unchanged genes do by chance. At a purity of a few percent noise moves a gene by six copies.
"""
_PATHOLOGY_SPREAD = 0.1
"""By which a pathologist's purity may miss the interval of the sample's own estimate [P]."""


def rules_of(rules: Mapping[str, Any], plasma: bool) -> dict[str, Any]:
    """The thresholds for tissue, or for plasma.

    Plasma holds little tumour DNA: at 5 % of it six copies stand at 2.2 observed. There the copies adjusted for the
    tumour fraction must reach `plasma_amp_copies` and the observed ones `plasma_amp_observed_copies` [V S33]; at an
    unknown fraction observed copies between that and the rules' own threshold are EQUIVOCAL.
    """
    if not plasma:
        return {**rules, "least_observed_copies": 0.0}
    return {
        **rules,
        "amp_copies": rules["plasma_amp_copies"],
        "least_observed_copies": rules["plasma_amp_observed_copies"],
        "min_observed_copies": min(rules["min_observed_copies"], rules["plasma_amp_observed_copies"]),
    }


def decided(facts: CopyNumber, rules: Mapping[str, Any]) -> CopyNumber:
    """The sample with its state and the reason, and without numbers that cannot be (`copies.without_impossible`)."""
    numbers = facts
    if facts.copies is None and facts.purity is not None:  # left out by an earlier decision
        numbers = over_own_purities(at_purity(facts, facts.purity))
    state, reason = classify(numbers, rules)
    return without_impossible(replace(numbers, state=state, reason=reason))


def classify(facts: CopyNumber, rules: Mapping[str, Any]) -> tuple[Erbb2, str]:
    """State and reason by the rules' first match, from rule 2 (of rule 1, bins and noise were passed before).

    Args:
        facts: every number of the sample; its own state and reason are not read.
        rules: the `erbb2` section of the settings.

    Returns:
        The state and the words for people. Copies that lie below none with their whole interval contradict the purity
        or the reference: nothing can be said of such a sample, least of all that it is negative.
    """
    rules = rules_of(rules, facts.plasma)
    ratio = "not assessable" if facts.ratio is None else f"{facts.ratio:.1f}"
    observed = _known(facts.observed_copies)
    if facts.purity is None:
        if observed >= rules["amp_observed_copies"] and _stands_out(facts, rules):
            return Erbb2.AMP, f"{observed:.1f} copies observed at unknown purity, ratio to the controls {ratio}"
        if observed < rules["min_observed_copies"]:
            return (
                Erbb2.NE,
                f"purity: unknown, and {observed:.1f} copies observed could hide an amplification",
            )
        return Erbb2.EQUIVOCAL, f"{observed:.1f} copies observed at unknown purity: reflex IHC/ISH"
    copies, low, high = _known(facts.copies), _known(facts.copies_low), _known(facts.copies_high)
    if high < 0:
        wrong = f"{copies:.1f} copies ({low:.1f} to {high:.1f}) cannot be: the purity or the reference is wrong"
        return Erbb2.NE, f"purity: {wrong}"
    said = f"{copies:.1f} copies ({low:.1f} to {high:.1f}), ratio to the controls {ratio}"
    amplified, doubt = _amplified(facts, rules), _doubted_purity(facts, rules)
    if amplified and not doubt:
        return Erbb2.AMP, said
    whole = facts.raised_part_log2 is None
    polysomy = whole and facts.ratio_high is not None and facts.ratio_high < rules["polysomy_ratio"]
    if copies >= rules["polysomy_copies"] and polysomy:
        return (
            Erbb2.POLYSOMY,
            f"{copies:.1f} copies, ratio to the controls {ratio} (up to {_known(facts.ratio_high):.1f})",
        )
    if facts.purity < rules["min_purity"]:
        return Erbb2.NE, f"purity: {facts.purity:g} is below {rules['min_purity']:g}"
    upper, upper_gain = negative_bounds(facts, rules)
    if upper < rules["neg_copies"] and upper_gain < rules["neg_gain_over_ploidy"]:
        if copies < 0:
            lost = f"no copies within noise, or the purity is higher than {facts.purity:g}"
            return Erbb2.NEG, f"{lost}; {_seen(facts, rules)}"
        return Erbb2.NEG, f"{copies:.1f} copies ({low:.1f} to {high:.1f}); {_seen(facts, rules)}"
    doubts = [doubt] if amplified else []
    if _enough_copies(facts, rules) and not _clear_of_noise(facts):
        doubts.append(f"within {CLEAR_OF_NOISE:g} standard errors of the noise or of the controls")
    return Erbb2.EQUIVOCAL, f"{'; '.join([said, *doubts])}: reflex IHC/ISH"


def _amplified(facts: CopyNumber, rules: Mapping[str, Any]) -> bool:
    """Whether copies at the purity taken make an AMP."""
    return _enough_copies(facts, rules) and _stands_out(facts, rules)


def _enough_copies(facts: CopyNumber, rules: Mapping[str, Any]) -> bool:
    copies, low = _known(facts.copies), _known(facts.copies_low)
    enough = copies >= rules["amp_copies"] and low >= rules["amp_copies_low"]
    gain = copies - (facts.ploidy or 2.0) >= rules["amp_gain_over_ploidy"]
    return enough and gain and bool(_known(facts.observed_copies) >= rules["least_observed_copies"])


def _stands_out(facts: CopyNumber, rules: Mapping[str, Any]) -> bool:
    """Whether the gain is focal, or that cannot be told, and clear of the noise."""
    return (facts.ratio is None or facts.ratio >= rules["amp_ratio"]) and _clear_of_noise(facts)


def _clear_of_noise(facts: CopyNumber) -> bool:
    """Whether the gene stands clearly above no change and, where Q is known, above its controls.

    At a purity of a few percent noise alone doubles Q where all of the chromosome is gained.
    """
    log2, error = _known(facts.log2), _known(facts.log2_se)
    if facts.ratio is None or facts.control_log2 is None or facts.control_log2_high is None:
        return log2 >= CLEAR_OF_NOISE * error
    apart = math.hypot(error, (facts.control_log2_high - facts.control_log2) / Z_95)
    return log2 >= CLEAR_OF_NOISE * error and log2 - facts.control_log2 >= CLEAR_OF_NOISE * apart


def _doubted_purity(facts: CopyNumber, rules: Mapping[str, Any]) -> str:
    """Why an amplification hangs on a stated purity that the sample contradicts; empty where it does not.

    At a purity that is stated too low few copies look like many. Where the sample's own purity is clearly higher, the
    copies must be amplified at the upper end of its interval, too.
    """
    own = facts.purity_estimate
    if not purity_disagrees(facts) or own is None or own.high is None or own.high < _known(facts.purity):
        return ""
    ploidy = facts.ploidy or own.ploidy_at_high or own.ploidy
    if _amplified(at_purity(replace(facts, ploidy=ploidy), own.high), rules):
        return ""
    return f"not amplified at the purity that its own SNPs show ({_known(own.low):.2f} to {own.high:.2f})"


def purity_disagrees(call: CopyNumber) -> bool:
    """Whether a purity that was given lies further off the sample's own interval than pathologists differ."""
    own = call.purity_estimate
    if call.purity_state is not PurityState.GIVEN or call.purity is None or own is None:
        return False
    if own.low is None or own.high is None:
        return False
    return not own.low - _PATHOLOGY_SPREAD <= call.purity <= own.high + _PATHOLOGY_SPREAD


def _seen(facts: CopyNumber, rules: Mapping[str, Any]) -> str:
    """The smallest gain that a negative sample would have shown, and how far an amplification lies above it.

    The smallest gain is a limit of detection, and is easily read as what counts as an amplification. That one would
    have stood out is said only where it is at least twice as large a gain.
    """
    limit, ploidy = _known(facts.detectable_copies), facts.ploidy or 2.0
    said = f"the smallest gain that would have been seen with 95 % power: to {limit:.1f} copies"
    needed, gain = rules["amp_copies"], rules["amp_gain_over_ploidy"]
    if max(needed, ploidy + gain) - ploidy < 2 * (limit - ploidy):
        return said
    return f"{said}; an amplification ({needed:g} copies and {gain:g} above the ploidy) would have been far above it"


def negative_bounds(facts: CopyNumber, rules: Mapping[str, Any]) -> tuple[float, float]:
    """Upper 95 % bounds of C and of C - P at the lower bound of the purity, for the negative rule.

    C - P = (r - 1) * (p*P + 2*(1-p)) / p of a gain grows with P, so an unknown ploidy is taken as the settings'
    `unknown_ploidy` (4) there, the careful side. What the sample itself tells of its purity can only lower that
    bound. Where the gene is broken, its mean is the copies of neither side: the bounds are then those of the side
    that stands higher. A ploidy of the sample's own fit never makes the bounds smaller than an unknown one does.

    A gene that reads lower than no change, but not clearly so, may be one whose gain the noise has hidden: its bound is
    that of a gene that reads no change. Only a loss that is itself significant speaks against a gain by its depth.
    """
    stated, known = _known(facts.purity), facts.given_ploidy
    purity = min(stated * float(rules["purity_lower_factor"]), facts.purity_low or stated)
    high = _guarded(_known(facts.log2), _known(facts.log2_high))
    if facts.raised_part_log2 is not None:
        high = max(high, _guarded(facts.raised_part_log2, _known(facts.raised_part_log2_high)))
    ratio = 2**high
    own = facts.purity_estimate if facts.ploidy_fitted else None
    fitted = {2.0, facts.ploidy or 2.0, (own and own.ploidy_at_low) or 2.0, (own and own.ploidy_at_high) or 2.0}
    upper = max(tumour_copies(ratio, purity, ploidy) for ploidy in ({known} if known else fitted))
    ploidies = {known} if known else fitted | {float(rules["unknown_ploidy"])}
    return upper, max(tumour_copies(ratio, purity, ploidy) - ploidy for ploidy in ploidies)


def _guarded(log2: float, high: float) -> float:
    """Upper bound of a log2 that holds for one of 0, too, unless the bound itself lies below 0."""
    return high if high < 0 else high - min(log2, 0.0)


def other_amplifications(call: CopyNumber) -> list[str]:
    """What is annotated of the other genes that are amplified, as in ``MET_AMP(9.8 copies, ratio 4.4)``."""
    return [f"{Annotation(f'{of.gene}_AMP')}({_said(of)})" for of in call.others if of.state is Erbb2.AMP]


def _said(call: CopyNumber) -> str:
    ratio = "ratio not assessable" if call.ratio is None else f"ratio {call.ratio:.1f}"
    if call.copies is None:
        return f"{_known(call.observed_copies):.1f} copies observed, {ratio}"
    return f"{call.copies:.1f} copies, {ratio}"


def _known(value: float | None) -> float:
    if value is None:
        raise ValueError("a number that this rule needs was not measured")
    return value
