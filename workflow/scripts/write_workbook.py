from pathlib import Path

from cetux import joblog, records, workbook

joblog.start(snakemake.log[0])
tables = {name: Path(path).read_text(encoding="utf-8") for name, path in snakemake.input.items() if path}
with records.whole(snakemake.output.workbook) as part:
    part.write_bytes(workbook.workbook(tables))
