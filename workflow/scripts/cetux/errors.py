"""Errors that name the thing, what is wrong with it and the mend."""

from collections.abc import Iterable
from dataclasses import dataclass


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


class InputError(Exception):
    """The user's files cannot be used as they are; holds every problem found, not only the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep the problems, in the order given."""
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __str__(self) -> str:
        """A heading with the number of problems, then a line for each."""
        count = len(self.problems)
        heading = f"{count} problem{'s' if count != 1 else ''} in the cohort's input; nothing was run."
        return "\n".join([heading, *(f"  {problem}" for problem in self.problems)])


class UnusableSample(Exception):  # noqa: N818 - it names a state of the data, not a fault of the program
    """The data of one sample cannot be used: it is quarantined and the cohort goes on."""

    def __init__(self, reason: str, remedy: str) -> None:
        """`reason` in words; `remedy` says what to do about it."""
        self.reason = reason
        self.remedy = remedy
        super().__init__(f"{reason}. {remedy}")
