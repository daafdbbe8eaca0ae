from cetux import joblog, reads_page, records

joblog.start(snakemake.log[0])
records.write_text(reads_page.viewer(), snakemake.output.viewer)
