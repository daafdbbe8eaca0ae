from cetux.errors import AT_START, IN_A_JOB, HistoryError, InputError, Problem, UnusableSample


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
    assert heading == "2 problems in the cohort's input."
    assert lines == ["  b.tsv: one. Mend", "  a.tsv: two. Mend"]


def test_a_listing_ends_with_what_became_of_the_run() -> None:
    error = InputError([Problem("a.tsv", "two", "Mend")])
    at_start, in_a_job = error.told(AT_START).splitlines(), error.told(IN_A_JOB).splitlines()
    assert at_start[0] == "1 problem in the cohort's input; nothing was run."
    assert in_a_job[0] == "1 problem in the cohort's input; this job stopped, the results of other jobs stay."
    assert at_start[1:] == in_a_job[1:] == str(error).splitlines()[1:] == ["  a.tsv: two. Mend"]


def test_damaged_memory_says_the_same_wherever_it_is_read() -> None:
    error = HistoryError("calls.jsonl", "it is empty", "Restore it")
    assert error.told(IN_A_JOB) == error.told(AT_START) == str(error)
    assert str(error).startswith("the memory of earlier runs is damaged; nothing was added to it.\n  calls.jsonl: it")


def test_one_problem_is_singular() -> None:
    assert str(InputError([Problem("a", "x", "y")])).startswith("1 problem in")


def test_unusable_sample_keeps_reason_and_remedy() -> None:
    error = UnusableSample("it is truncated", "Copy it again")
    assert (error.reason, error.remedy, str(error)) == (
        "it is truncated",
        "Copy it again",
        "it is truncated. Copy it again",
    )
