"""What the tests of the join share: a patient's evidence in a few words, and the folders of tests/cases/mechanism.

A gene reads ``WT``, ``MUT G12D 32%``, ``MUT_LOW G12V 1.8%``, ``NO_CALL; codon 61 at 41x`` or ``not assessed``; several
changes are joined by ``+``, depths follow after ``;`` (``all at 900x``). Unless said otherwise every listed codon has
500 fragments (ctDNA: 5,000 molecules with UMI). ``RAS: WT`` stands for KRAS and NRAS, ``RAS: MUT KRAS G12D 32%`` for
that KRAS and a wild-type NRAS.

ERBB2 reads as its state and the copies per tumour cell (observed copies where the purity is unknown): ``NEG``, ``AMP
22``, ``POLYSOMY 4.2 over 3.8`` (the copies of the 17q controls), ``AMP 22 over none`` (no controls), ``NE technical``,
``NE``. Heregulin reads as its state and the laboratory's value: ``LOW 420``; or as a mapping with further cells of the
heregulin table, where ``cutoff`` holds what differs in the cut-off of this row; ``cv`` are CVa and CVi of the change
from pre to post. ``observed`` counts fragments with a change that is not DETECTED (``KRAS G12D: 3``), ``identity``
gives the verdict on pairs of samples (``pre tissue/post tissue``), ``overrides`` are rows of that sheet, whose call is
`reviewed.tsv`. The stated states are not taken on trust: each must be what the package makes of the numbers.
"""

import csv
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from scipy import stats

from cetux import amplification_rules, clonality, genotype, mechanism_rules, resources
from cetux.cohort import Patient
from cetux.copies import detectable_copies, tumour_copies
from cetux.counts import Usable
from cetux.cutoffs import Cutoff
from cetux.evidence import (
    Allele,
    CodonLimit,
    CopyNumber,
    GeneGenotype,
    HeregulinResult,
    IdentityCheck,
    SampleEvidence,
    SampleGenotypes,
)
from cetux.heregulin import change, judge
from cetux.heregulin_calls import heregulin_settings
from cetux.measurement import parse_row
from cetux.mechanism import Call, PatientEvidence, call_patient
from cetux.mechanism_rules import MechanismRules, rule_problems
from cetux.overrides import Override, override
from cetux.settings import Settings, with_defaults
from cetux.states import Axis, Erbb2, Genotype, Heregulin, Identity, Specimen, Timepoint, Verdict

CASES = Path(__file__).parents[1] / "cases" / "mechanism"
SETTINGS: Settings = with_defaults({})
SHIPPED: dict[str, Any] = yaml.safe_load(mechanism_rules.SHIPPED.read_text(encoding="utf-8"))
RULES = mechanism_rules.from_mapping(SHIPPED)
PRE, POST = Timepoint.PRE, Timepoint.POST
TISSUE, CTDNA = Specimen.TISSUE, Specimen.CTDNA
GENES = ("KRAS", "NRAS", "BRAF")
LISTED = resources.alleles()
CODONS = {
    gene: tuple(codon.codon for codon in resources.codons("GRCh38") if codon.gene == gene)
    for gene in ("KRAS", "NRAS", "BRAF", "ERBB2", "EGFR", "PIK3CA", "MAP2K1")
}
_DEPTH = {TISSUE: 500, CTDNA: 5000}
_GENE_BINS = 20
_CONTROL_SE = 0.04
_COUNTED_RAS_CODONS = (12, 13, 59, 61, 117, 146)
CUTOFF = Cutoff("DuoSet", "serum", "fixed", 980.0)


def patient(best_response: str = "PD", progression_day: int | None = 60, **other: Any) -> Patient:
    """A patient on cetuximab, who progressed on treatment unless told otherwise."""
    given = {
        "patient": "P1",
        "tumour_type": "colorectal",
        "drug": "cetuximab",
        "best_response": best_response,
        "last_dose_day": None,
        "progression_day": progression_day,
        "last_contact_day": None,
        "outcome": "",
        "further": {},
    }
    unknown = set(other) - set(given)
    assert not unknown, f"no such clinical field: {unknown}"
    return Patient(**{**given, **other})


def excluded_vaf(fragments: int, needed: int) -> float | None:
    """The smallest VAF that would have shown `needed` fragments with 95 % power, without any errors; None if none can.

    P(X >= k | n, v) of a binomial is the regularised incomplete beta function I_v(k, n - k + 1), so the v at which it
    is 0.95 is the 95 % quantile of Beta(k, n - k + 1).

    >>> round(excluded_vaf(181, 5), 3), round(excluded_vaf(1258, 3), 4), excluded_vaf(4, 5)
    (0.05, 0.005, None)
    """
    return None if fragments < needed else float(stats.beta.ppf(0.95, needed, fragments - needed + 1))


def gene(
    name: str,
    text: str,
    specimen: Specimen = TISSUE,
    purity: float | None = 0.6,
    umi: bool = True,
) -> GeneGenotype:
    """One gene's genotype from its words; raises AssertionError where they contradict the rules' thresholds."""
    thresholds = genotype.thresholds_for(
        genotype.Sample(specimen, purity, umi and specimen is CTDNA, False), SETTINGS["genotypes"]
    )
    words, *notes = [part.strip() for part in text.split(";")]
    depths = dict.fromkeys(CODONS[name], 0 if words == "not assessed" else _DEPTH[specimen])
    for note in notes:
        match = re.fullmatch(r"(?:codon (\d+)|all) at (\d+)x", note)
        assert match, f"cannot read {note!r}"
        chosen = [int(match[1])] if match[1] else list(depths)
        depths.update(dict.fromkeys(chosen, int(match[2])))
    least = thresholds.min_fragments
    limits = tuple(CodonLimit(codon, n, excluded_vaf(n, least)) for codon, n in depths.items())
    failing = tuple(
        f"codon {limit.codon} depth {limit.fragments}"
        for limit in limits
        if limit.excluded_vaf is None or limit.excluded_vaf > thresholds.wt_excludes_vaf
    )
    if words == "not assessed":
        return GeneGenotype(name, Genotype.NO_CALL, failing=("no codon is covered",), codons=limits)
    if words in (Genotype.WT, Genotype.NO_CALL):
        assert (words == Genotype.NO_CALL) == bool(failing), f"{name} {text}: {failing or 'every codon is adequate'}"
        if failing:
            return GeneGenotype(name, Genotype.NO_CALL, failing=failing, codons=limits)
        largest = max(limit.excluded_vaf or 1.0 for limit in limits)
        ccf = clonality.mutated_copies(largest, purity) if purity else None
        return GeneGenotype(name, Genotype.WT, excluded_vaf=largest, excluded_ccf=ccf, codons=limits)
    alleles = tuple(_allele(name, part, depths, purity, thresholds) for part in words.split("+"))
    alleles = tuple(sorted(alleles, key=lambda found: (-found.vaf, found.codon, found.protein)))
    state = Genotype.MUT if any(found.state is Genotype.MUT for found in alleles) else Genotype.MUT_LOW
    return GeneGenotype(name, state, alleles, failing=failing, codons=limits)


def _allele(
    name: str, text: str, depths: Mapping[int, int], purity: float | None, thresholds: genotype.Thresholds
) -> Allele:
    match = re.fullmatch(r"(MUT|MUT_LOW) ([A-Z](\d+)[A-Z*]) ([0-9.]+)%", text.strip())
    assert match, f"cannot read the change {text!r}"
    protein, codon = match[2], int(match[3])
    fragments = depths[codon]
    alt = round(float(match[4]) / 100 * fragments)
    vaf = alt / fragments
    stated = Genotype(match[1])
    assert stated is (Genotype.MUT if vaf >= thresholds.mut_vaf else Genotype.MUT_LOW), f"{text} at {fragments}x"
    assert vaf >= thresholds.low_vaf and alt >= thresholds.min_fragments, f"{text} is not DETECTED"
    cells = clonality.cell_fraction(alt, fragments, purity, 0.5 * purity) if purity else None
    known = LISTED.get((name, protein))
    # any amino acid at the RAS codons counts; of BRAF only what has a class
    is_ras = name in ("KRAS", "NRAS") and codon in _COUNTED_RAS_CODONS and protein[-1] != "*"
    return Allele(
        gene=name,
        codon=codon,
        protein=protein,
        hgvs_c="",
        changes=((0, "A"),),
        state=stated,
        alt_fragments=alt,
        fragments=fragments,
        vaf=vaf,
        ccf=cells.value if cells else None,
        ccf_low=cells.low if cells else None,
        ccf_high=cells.high if cells else None,
        multiplicity=cells.multiplicity if cells else 1,
        listed=is_ras or (known is not None and (name != "BRAF" or known.braf_class is not None)),
        braf_class=known.braf_class if known else None,
    )


def copies(
    text: str,
    purity: float | None = 0.6,
    *,
    sample: str = "S",
    ploidy: float | None = 2.0,
    se: float = 0.05,
    flags: Sequence[str] = (),
) -> CopyNumber:
    """ERBB2 from its words; raises AssertionError where the rules make another state of its numbers."""
    match = re.fullmatch(r"(\w+)(?: ([0-9.]+))?(?: over ([0-9.]+|none))?", text)
    if text == "NE technical":
        return CopyNumber(sample, Erbb2.NE, "technical: 4 of 40 ERBB2 bins kept, 10 needed", purity=purity)
    assert match, f"cannot read the copies {text!r}"
    p, average = purity or 1.0, ploidy or 2.0
    measured = float(match[2] or 2.0)
    log2 = math.log2((p * measured + 2 * (1 - p)) / (p * average + 2 * (1 - p)))
    half = float(stats.t.ppf(0.975, _GENE_BINS - 1)) * se
    spread = math.hypot(half, 1.96 * _CONTROL_SE)

    def at(shift: float) -> float:
        return tumour_copies(2 ** (log2 + shift), p, average)

    controls = None if match[3] == "none" else float(match[3] or average)
    ratio, ratio_low, ratio_high = (at(x) / controls if controls else None for x in (0, -spread, spread))
    known = purity is not None
    facts = CopyNumber(
        sample=sample,
        state=Erbb2.NE,
        reason="",
        log2=log2,
        log2_se=se,
        log2_low=log2 - half,
        log2_high=log2 + half,
        observed_copies=2 * 2**log2,
        copies=at(0) if known else None,
        copies_low=at(-half) if known else None,
        copies_high=at(half) if known else None,
        ratio=ratio,
        ratio_low=ratio_low,
        ratio_high=ratio_high,
        detectable_copies=detectable_copies(se, p, average) if known else None,
        purity=purity,
        purity_source="sample sheet" if known else "",
        ploidy=ploidy,
        bins_designed=40,
        bins_kept=_GENE_BINS,
        flags=(*flags, *(() if controls else ("ratio_not_assessable",))),
    )
    state, reason = amplification_rules.classify(facts, SETTINGS["erbb2"])
    assert state is Erbb2(match[1]), f"stated {text} at purity {purity}, the rules give {state}: {reason}"
    return replace(facts, state=state, reason=reason)


def sample(
    timepoint: Timepoint = PRE,
    specimen: Specimen = TISSUE,
    *,
    name: str = "",
    purity: float | None = 0.6,
    erbb2: str | Mapping[str, Any] = "NEG",
    umi: bool = True,
    quarantined: str = "",
    **genes: str,
) -> SampleEvidence:
    """One sample; genes by name, KRAS, NRAS and BRAF are WT unless given, and not assessed with ``genes: none``."""
    name = name or f"{timepoint}-{specimen}"
    if quarantined:
        why = Usable(False, quarantined)
        unread = CopyNumber(name, Erbb2.NE, f"technical: {quarantined}", purity=purity)
        return SampleEvidence(name, timepoint, specimen, SampleGenotypes(name, why), unread, usable=why)
    words = dict.fromkeys(GENES, "WT")
    if genes.pop("genes", "") == "none":
        words = dict.fromkeys(GENES, "not assessed")
    if "RAS" in genes:
        words.update(_ras_words(genes.pop("RAS")))
    words.update(genes)
    given = {"text": erbb2} if isinstance(erbb2, str) else dict(erbb2)
    return SampleEvidence(
        sample=name,
        timepoint=timepoint,
        specimen=specimen,
        genotypes=SampleGenotypes(
            name, Usable(), {g: gene(g, text, specimen, purity, umi) for g, text in words.items()}
        ),
        erbb2=copies(given.pop("text"), purity, sample=name, **given),
    )


def _ras_words(text: str) -> dict[str, str]:
    match = re.fullmatch(r"(\w+) (KRAS|NRAS) (.*)", text)
    if not match:
        return {"KRAS": text, "NRAS": text}
    return {"KRAS": "WT", "NRAS": "WT", match[2]: f"{match[1]} {match[3]}"}


def heregulin(timepoint: Timepoint, given: str | Mapping[str, Any], cutoff: Cutoff = CUTOFF) -> HeregulinResult:
    """Heregulin judged for real from a row of its table; raises AssertionError where the state is not as stated."""
    if isinstance(given, str):
        stated, _, value = given.partition(" ")
        given = {"state": stated, "value": value}
    cutoff = replace(cutoff, **given.get("cutoff", {}))
    row = {
        "patient": "P1",
        "timepoint": str(timepoint),
        "matrix": "serum",
        "assay": "DuoSet",
        "unit": "pg/mL",
        "lloq": "62.5",
        "uloq": "4000",
        "dilution": "2",
        "dilution_applied": "yes",
        "cv_percent": "5",
        **{key: str(cell) for key, cell in given.items() if key not in ("state", "cutoff")},
    }
    result = judge("P1", timepoint, parse_row(row), [cutoff], heregulin_settings(SETTINGS))
    assert result.state is Heregulin(given["state"]), f"stated {given}, judged {result.state}: {result.reason}"
    return result


def evidence(
    who: Patient, samples: Sequence[SampleEvidence], *, pre: str | None = None, post: str | None = None
) -> PatientEvidence:
    """Everything of one patient; heregulin in words, None where there is none."""
    blood = {PRE: pre, POST: post}
    return PatientEvidence(who, tuple(samples), {t: heregulin(t, text) for t, text in blood.items() if text})


def rules_with(changes: Mapping[str, Any]) -> MechanismRules:
    """The shipped rules, but for what is given; None takes a key away. Refuses what a site's file could not say."""
    given = _merged(SHIPPED, changes)
    assert rule_problems(given, "mechanisms.yaml") == []
    return mechanism_rules.from_mapping(given)


def _merged(whole: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**whole}
    for key, value in changes.items():
        merged[key] = _merged(whole.get(key, {}), value) if isinstance(value, Mapping) else value
    return {key: value for key, value in merged.items() if value is not None}


def call(one: PatientEvidence, **changes: Any) -> Call:
    """The call by the shipped rules, but for what is given."""
    return call_patient(one, rules_with(changes) if changes else RULES)


@dataclass(frozen=True)
class Case:
    """One folder: evidence, rules, what must come of it, and what of it with the overrides, where there are any."""

    evidence: PatientEvidence
    rules: MechanismRules
    expected: Mapping[str, str]
    overrides: tuple[Override, ...] = ()
    reviewed: Mapping[str, str] | None = None


def names() -> list[str]:
    """Folders of the cases."""
    return sorted(path.name for path in CASES.iterdir() if path.is_dir())


def load(name: str) -> Case:
    """The case of one folder."""
    given = yaml.safe_load((CASES / name / "patient.yaml").read_text(encoding="utf-8"))
    keys = {"about", "patient", "samples", "heregulin", "cutoff", "cv", "rules", "identity", "overrides"}
    unknown = set(given) - keys
    assert not unknown, f"{name}: cannot read {unknown}"
    cutoff = replace(CUTOFF, **given.get("cutoff", {}))
    blood = {Timepoint(key): heregulin(Timepoint(key), row, cutoff) for key, row in given.get("heregulin", {}).items()}
    return Case(
        PatientEvidence(
            patient=patient(**{"progression_day": None, **given["patient"]}),
            samples=tuple(_sample_of(key, fields) for key, fields in given.get("samples", {}).items()),
            heregulin=blood,
            heregulin_change=change(blood[PRE], blood[POST], *given["cv"]) if "cv" in given else None,
            identity=tuple(
                IdentityCheck(*pair.replace(" ", "-").split("/"), Identity(verdict), "SNPs")
                for pair, verdict in given.get("identity", {}).items()
            ),
        ),
        rules_with(given.get("rules", {})),
        expected_row(name, "expected.tsv"),
        tuple(override_of(row) for row in given.get("overrides", [])),
        expected_row(name, "reviewed.tsv") if "overrides" in given else None,
    )


def expected_row(name: str, file: str) -> dict[str, str]:
    """The only row of a table of one case."""
    with (CASES / name / file).open(encoding="utf-8", newline="") as sheet:
        (row,) = csv.DictReader(sheet, delimiter="\t")
    return row


def override_of(given: Mapping[str, str]) -> Override:
    """A review of P1 by a pathologist, unless told otherwise."""
    said = {"patient": "P1", "timepoint": "pre", "reviewer": "A. Pathologist", "date": "2024-07-22", "reason": "FISH"}
    return override({"change": "", "expires": "", **said, **given})


def _sample_of(key: str, fields: Mapping[str, Any]) -> SampleEvidence:
    timepoint, specimen, *_ = key.split()
    given = dict(fields)
    erbb2 = given.pop("ERBB2", None)
    forced = {"observed": given.pop("observed", {}), "beyond_errors": tuple(given.pop("beyond_errors", ()))}
    if "ERBB2 mutation" in given:
        given["ERBB2"] = given.pop("ERBB2 mutation")
    archival = given.pop("archival", "")
    made = sample(
        Timepoint(timepoint),
        Specimen(specimen),
        name=key.replace(" ", "-"),
        purity=given.pop("purity", None),
        erbb2="NE technical" if erbb2 is None else erbb2,
        **given,
    )
    return replace(made, genotypes=replace(made.genotypes, **forced), archival=archival)


def missing_axes(found: Call) -> set[str]:
    """Axes that could not be used; all four where nothing was judged."""
    if not found.axes:
        return {str(axis) for axis in Axis}
    return {str(axis) for axis, state in found.axes.items() if state.verdict is Verdict.NOT_USABLE}
