"""Hold a demo run against the truth that its cohort was built from: ``python tests/accept.py FOLDER``."""

import csv
import sys
from pathlib import Path

CLAIMS = ("resistance_class", "status", "primary", "confidence")


def read(path: Path) -> dict[str, dict[str, str]]:
    """Rows of a tab-separated table by patient."""
    with path.open(encoding="utf-8", newline="") as handle:
        return {row["patient"]: row for row in csv.DictReader(handle, delimiter="\t")}


def differences(folder: Path) -> list[str]:
    """Each claim of a patient that differs from the truth, in words; empty when the run is accepted."""
    truth, called = read(folder / "truth.tsv"), read(folder / "results" / "mechanisms.tsv")
    missing = [f"{patient}: no call" for patient in truth if patient not in called]
    wrong = [
        f"{patient}: {claim} is {called[patient][claim] or 'empty'}, the truth is {row[claim] or 'empty'}"
        for patient, row in truth.items()
        if patient in called
        for claim in CLAIMS
        if called[patient][claim] != row[claim]
    ]
    return missing + wrong


def main(folder: Path) -> int:
    """Print the calls and the verdict; 0 when every claim is right."""
    for patient, row in read(folder / "results" / "mechanisms.tsv").items():
        shown = [patient, *(row[claim] for claim in CLAIMS)]
        print("  ".join(f"{text:<22}" if place else f"{text:<14}" for place, text in enumerate(shown)).rstrip())
    wrong = differences(folder)
    for line in wrong:
        print(f"NOT ACCEPTED  {line}")
    count = len(read(folder / "truth.tsv"))
    print(f"{'not accepted' if wrong else 'accepted'}: {count} patients, {len(wrong)} wrong claims")
    print(f"Results: {folder / 'results'} (start with report/index.html)")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
