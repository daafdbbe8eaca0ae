import json

from cetux.summary import failures, run_summary


def test_statuses_are_counted_and_quarantined_samples_named(tmp_path):
    table, run = tmp_path / "mechanisms.tsv", tmp_path / "run.json"
    table.write_text("patient\tstatus\nA\tMECHANISM\nB\tINDETERMINATE\nC\tMECHANISM\n", encoding="utf-8")
    run.write_text(json.dumps({"samples_quarantined": {"S2": "no index", "S1": "truncated"}}), encoding="utf-8")
    assert run_summary(table, run).splitlines() == [
        "cetux: 3 patients: 2 MECHANISM, 1 INDETERMINATE",
        "cetux: 2 samples could not be used; their patients say what is missing:",
        "  S1: truncated",
        "  S2: no index",
    ]
    run.write_text(json.dumps({"samples_quarantined": {}}), encoding="utf-8")
    assert run_summary(table, run) == "cetux: 3 patients: 2 MECHANISM, 1 INDETERMINATE"


def test_what_failed_jobs_said_of_the_input_is_repeated(tmp_path):
    for name, text in {"a/x.log": "cetux: no such codon\n  mend\n", "a/y.log": "", "b/z.log": "Traceback\n"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert failures(tmp_path) == f"{tmp_path}/a/x.log:\ncetux: no such codon\n  mend"
