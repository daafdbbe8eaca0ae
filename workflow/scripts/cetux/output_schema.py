"""Write the JSON Schema of results/mechanisms.json from its records: ``python -m cetux.output_schema [FILE]``."""

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from cetux.cohort_calls import CohortCalls
from cetux.records import write_text
from cetux.settings import SCHEMAS

PUBLISHED = SCHEMAS / "mechanisms_output.schema.json"
"""Where the schema stands in the repository."""

COMMAND = "PYTHONPATH=workflow/scripts python -m cetux.output_schema"
"""How it is made again."""


def output_schema() -> dict[str, Any]:
    """The schema of what `records.write` makes of the calls of a cohort; closed, as the records are."""
    made = TypeAdapter(CohortCalls).json_schema(mode="serialization")
    for part in (made, *made["$defs"].values()):
        if part.get("type") == "object":
            part["additionalProperties"] = False
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "results/mechanisms.json", **made}


def text() -> str:
    """The schema as JSON text with a final newline."""
    return json.dumps(output_schema(), indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    write_text(text(), Path(sys.argv[1]) if sys.argv[1:] else PUBLISHED)
