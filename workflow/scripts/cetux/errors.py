"""Errors that name the thing, what is wrong with it and the mend."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

AT_START = "nothing was run"
"""What an `InputError` means where the cohort is read, before the first job."""

IN_A_JOB = "this job stopped, the results of other jobs stay"
"""What it means inside a job, when others may have run."""

MOST_ALIKE = 10
"""Problems of one column (or key) of one file that a listing spells out; of the rest it gives the number."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong with one cell, row or file of the user's input."""

    file: str
    wrong: str
    mend: str
    row: int | None = None
    column: str = ""

    def __str__(self) -> str:
        """One line: where, what is wrong, and the mend."""
        where = self.file
        if self.row is not None:
            where += f", row {self.row}"
        if self.column:
            where += f", column {self.column}"
        return f"{where}: {self.wrong}. {self.mend}"


@dataclass(frozen=True)
class SettingProblem(Problem):
    """One thing wrong with the cohort's YAML; `column` is the key, as in ``assays.panel.method``."""

    def __str__(self) -> str:
        """One line: file and key, what is wrong, and the mend."""
        where = f"{self.file}, key {self.column}" if self.column else self.file
        return f"{where}: {self.wrong}. {self.mend}"


class InputError(Exception):
    """The user's files cannot be used as they are; holds every problem found, not only the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep the problems, in the order given."""
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __str__(self) -> str:
        """The listing, which does not say what became of the run."""
        return self.told()

    def told(self, outcome: str = "") -> str:
        """A heading with the number of problems, then a line for each, at most `MOST_ALIKE` of one column of a file.

        Args:
            outcome: what became of the run, which only the place that tells it knows: `AT_START` or `IN_A_JOB`.
        """
        files = list(dict.fromkeys(problem.file for problem in self.problems))
        ordered = sorted(self.problems, key=lambda problem: (files.index(problem.file), problem.row or 0))
        alike = Counter((problem.file, problem.column) for problem in ordered)
        shown: Counter[tuple[str, str]] = Counter()
        lines = []
        for problem in ordered:
            kind = (problem.file, problem.column)
            shown[kind] += 1
            if shown[kind] <= MOST_ALIKE:
                lines.append(f"  {problem}")
            elif shown[kind] == alike[kind]:
                column = f", column {problem.column}" if problem.column else ""
                lines.append(f"  {problem.file}{column}: and {alike[kind] - MOST_ALIKE} more")
        count = len(self.problems)
        heading = f"{count} problem{'s' if count != 1 else ''} in the cohort's input"
        return "\n".join([f"{heading}; {outcome}." if outcome else f"{heading}.", *lines])


class HistoryError(InputError):
    """What earlier runs left for later ones cannot be read: passed over, it would be forgotten without a word."""

    def __init__(self, file: str, wrong: str, mend: str, row: int | None = None) -> None:
        """`wrong` in words, to which the likely causes are added; `mend` says what each way out costs."""
        causes = "a disk that was full, a copy that broke off, an edit?"
        super().__init__([Problem(file, f"{wrong} ({causes})", mend, row)])

    def told(self, outcome: str = "") -> str:  # noqa: ARG002 - it is the same wherever the memory is read
        """What is damaged and the mend; the file itself stays as it is."""
        return f"the memory of earlier runs is damaged; nothing was added to it.\n  {self.problems[0]}"


class UnusableSample(Exception):  # noqa: N818 - it names a state of the data, not a fault of the program
    """The data of one sample cannot be used: it is quarantined and the cohort goes on."""

    def __init__(self, reason: str, remedy: str) -> None:
        """`reason` in words; `remedy` says what to do about it."""
        self.reason = reason
        self.remedy = remedy
        super().__init__(f"{reason}. {remedy}")
