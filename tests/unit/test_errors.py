from cetux.errors import InputError, Problem, UnusableSample


def test_problem_names_file_row_column_fault_and_mend() -> None:
    whole = Problem("s.tsv", "it is wrong", "Mend it", 3, "purity")
    assert str(whole) == "s.tsv, row 3, column purity: it is wrong. Mend it"
    assert str(Problem("s.tsv", "it is wrong", "Mend it")) == "s.tsv: it is wrong. Mend it"
    assert str(Problem("s.tsv", "it is wrong", "Mend it", column="bam")) == "s.tsv, column bam: it is wrong. Mend it"


def test_input_error_lists_every_problem_in_order() -> None:
    problems = [Problem("b.tsv", "one", "Mend"), Problem("a.tsv", "two", "Mend")]
    error = InputError(iter(problems))
    assert error.problems == tuple(problems)
    heading, *lines = str(error).splitlines()
    assert heading == "2 problems in the cohort's input; nothing was run."
    assert lines == ["  b.tsv: one. Mend", "  a.tsv: two. Mend"]


def test_one_problem_is_singular() -> None:
    assert str(InputError([Problem("a", "x", "y")])).startswith("1 problem in")


def test_unusable_sample_keeps_reason_and_remedy() -> None:
    error = UnusableSample("it is truncated", "Copy it again")
    assert (error.reason, error.remedy, str(error)) == (
        "it is truncated",
        "Copy it again",
        "it is truncated. Copy it again",
    )
