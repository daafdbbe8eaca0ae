from cetux import joblog, reads_page, records
from cetux.evidence import SampleGenotypes

joblog.start(snakemake.log[0])
wanted, given = snakemake.input, snakemake.params
genotypes, fasta = records.read(SampleGenotypes, wanted.genotypes), wanted.get("fasta") or None
keep = given.reads | {"keep_duplicates": given.method == "amplicon"}
page = reads_page.reads_page(genotypes, given.patient, wanted.bam, fasta, given.build, keep)
records.write_text(page, snakemake.output.page)
