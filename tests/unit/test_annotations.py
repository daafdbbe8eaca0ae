"""What findings are reported to mean: closed table, RAS context, wording."""

import pytest

from cetux import annotations, resources
from cetux.annotations import annotations_of, items, read_items
from cetux.states import Mechanism, Verdict

ROW = {
    "mechanism": "ERBB2_AMP",
    "allele": "",
    "ras": "WT",
    "tumour_type": "colorectal",
    "level": "clinical",
    "study": "TRIAL",
    "population": "HER2-positive",
    "regimen": "drug",
    "n": "82",
    "figures": (
        "ORR 31/82 = 37.8 % (27.3-49.2); OS 8.4 months (7.5-11.0) vs 5.4 months (4.8-6.6); HR_OS 0.60 (0.45-0.79)"
    ),
    "evidence": "Responses",
    "source": "A journal",
    "entered": "2026-11-22",
}


def studies(label: str, ras: Verdict | None) -> list[str]:
    return [item.study for meaning in annotations_of([label], ras) for item in meaning.evidence]


def test_figures_are_read():
    (item,) = read_items([ROW])
    response, survival, hazard = item.figures
    assert (response.measure, response.responders, item.n) == ("ORR", 31, 82)
    assert response.estimate == annotations.Estimate(37.8, 27.3, 49.2)
    assert response.comparator is None
    assert survival.estimate == annotations.Estimate(8.4, 7.5, 11.0)
    assert survival.comparator == annotations.Estimate(5.4, 4.8, 6.6)
    assert (hazard.measure, hazard.estimate.value) == ("HR_OS", 0.60)


@pytest.mark.parametrize(
    ("cells", "wrong"),
    [
        ({"mechanism": "ERBB2_GAIN"}, "mechanism 'ERBB2_GAIN' is not one of"),
        ({"mechanism": "MET_AMP"}, "mechanism 'MET_AMP' is not one of"),
        ({"ras": "MUTATED"}, "ras 'MUTATED'"),
        ({"tumour_type": "breast"}, "tumour_type 'breast'"),
        ({"level": "OncoKB 1"}, "level 'OncoKB 1'"),
        ({"source": ""}, "source is empty"),
        ({"study": ""}, "study is empty"),
        ({"entered": ""}, "Invalid isoformat string"),
        ({"entered": "22.11.2026"}, "Invalid isoformat string"),
        ({"n": "many"}, "invalid literal"),
        ({"evidence": "The tumour is resistant to cetuximab"}, "no row says 'resistant to'"),
        ({"figures": "ORR 37.8"}, "the unit of 'ORR 37.8' is not %"),
        ({"figures": "PFS 4.2 %"}, "is not months"),
        ({"figures": "HR_OS 0.6 months"}, "is not none"),
        ({"figures": "RFS 4.2 months"}, "cannot be read"),
        ({"figures": "ORR about 38 %"}, "cannot be read"),
        ({"figures": "ORR 37.8 % (38.0-49.2)"}, "37.8 lies outside its interval 38.0-49.2"),
        ({"figures": "ORR 32/82 = 37.8 %"}, "does not go with itself"),
        ({"figures": "ORR 31/83 = 37.3 %"}, "does not go with itself, or with n"),
        ({"further": "x"}, "its columns are"),
    ],
)
def test_the_table_is_closed(cells, wrong):
    with pytest.raises(ValueError, match=r"annotations\.tsv, row 2: ") as refused:
        read_items([ROW | cells])
    assert wrong in str(refused.value)


def test_a_row_stands_once_and_the_message_has_its_number():
    with pytest.raises(ValueError, match="row 3: the row stands twice"):
        read_items([ROW, ROW])


def test_shipped_rows_are_all_read_and_all_are_given_to_somebody():
    labels = [
        "RAS_MUT(KRAS G12C)",
        "ERBB2_AMP",
        "HRG_HIGH",
        "BRAF_CLASS1(V600E)",
        "BRAF_CLASS3(D594G)",
        "EGFR_ECD(S492R)",
    ]
    given = {item for ras in Verdict for one in annotations_of(labels, ras) for item in one.evidence}
    assert given == set(items())
    assert len(items()) == len(resources.annotations()) > 20


def test_evidence_follows_the_ras_status_and_unknown_is_no_wild_type():
    wild, mutant = studies("ERBB2_AMP", Verdict.NEGATIVE), studies("ERBB2_AMP", Verdict.POSITIVE)
    assert "MOUNTAINEER, final" in wild
    assert "MOUNTAINEER, final" not in mutant
    assert "DESTINY-CRC02, RAS mutant" in mutant
    assert "DESTINY-CRC02, RAS mutant" not in wild
    for unknown in (Verdict.NOT_USABLE, None):
        assert set(studies("ERBB2_AMP", unknown)) == set(wild) & set(mutant)
        (meaning,) = annotations_of(["ERBB2_AMP"], unknown)
        assert any(caution.startswith("RAS not assessed") for caution in meaning.cautions)


def test_an_allele_brings_its_own_rows():
    assert "CodeBreaK 100, phase 2" in studies("RAS_MUT(KRAS G12C)", Verdict.POSITIVE)
    assert studies("RAS_MUT(KRAS G12D)", Verdict.POSITIVE) == ["ASCP/CAP/AMP/ASCO 2017; NCCN"]
    assert studies("RAS_MUT(NRAS G12C)", Verdict.POSITIVE) == ["ASCP/CAP/AMP/ASCO 2017; NCCN"]
    assert studies("BRAF_CLASS1(V600K)", Verdict.NEGATIVE) == []
    assert studies("EGFR_ECD(G465R)", Verdict.NEGATIVE) == []


@pytest.mark.parametrize("mechanism", list(Mechanism))
def test_every_mechanism_has_a_statement_in_the_words_of_the_rules(mechanism):
    (meaning,) = annotations_of([mechanism], Verdict.NEGATIVE)
    assert "reported as associated with resistance to anti-EGFR antibodies in colorectal cancer" in meaning.statement
    assert "resistant" not in meaning.statement


def test_braf_class_3_does_not_deny():
    (meaning,) = annotations_of(["BRAF_CLASS3(D594G)"], Verdict.NEGATIVE)
    assert "associated with resistance" not in meaning.statement
    (item,) = meaning.evidence
    assert "no ground to deny" in item.sentence
    assert "14/28 = 50 %" in item.sentence


def test_amplification_by_sequencing_alone_asks_for_ihc_or_ish():
    (alone,) = annotations_of(["ERBB2_AMP"], Verdict.NEGATIVE)
    (confirmed,) = annotations_of(["ERBB2_AMP"], Verdict.NEGATIVE, confirmed=True)
    assert any("confirm by IHC/ISH" in caution for caution in alone.cautions)
    assert confirmed.cautions == ()


def test_a_high_ligand_is_no_fusion():
    (meaning,) = annotations_of(["HRG_HIGH"], Verdict.NEGATIVE)
    assert any("not an NRG1 fusion" in caution for caution in meaning.cautions)
    assert {item.tumour_type for item in meaning.evidence} == {"lung"}
    assert all("in lung cancer" in item.sentence for item in meaning.evidence)


def test_other_labels_mean_nothing_and_each_stands_once():
    labels = ["PRE_EXISTING(RAS_MUT(KRAS G12D))", "LOST(ERBB2_AMP)", "ERBB2_GAIN", "POLYSOMY_17", "P1: no sample", ""]
    assert annotations_of(labels, Verdict.NEGATIVE) == ()
    assert [one.label for one in annotations_of(["HRG_HIGH", "HRG_HIGH"], None)] == ["HRG_HIGH"]


def test_every_sentence_shows_source_and_date():
    for item in items():
        assert item.source in item.sentence
        assert item.sentence.endswith(f"entered {item.entered}")
        assert "resistant to" not in item.sentence


def test_the_remark_on_neratinib_and_cetuximab_is_a_whole_sentence():
    (item,) = [item for item in items() if item.study == "NSABP FC-11"]
    assert item.evidence.endswith("nearly all without amplification")
