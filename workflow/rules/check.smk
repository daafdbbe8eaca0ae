"""Look at each FASTA and each sample before anything is measured; a bad sample is quarantined, never fatal.

The checks run first by their priority, not by an edge to the measuring rules: those do not read the verdict (the deciding
rules do), and an edge would read every BAM again whenever a check is improved. `ancient()` is no way out: Snakemake skips
a job whose only rerunning inputs are ancient, whatever else of it has changed, so it stands on no file that a rule makes.
"""


rule describe_reference:
    """Read contig lengths and checksums off the assay's FASTA and make sure that it reads as the codon table says."""
    input:
        fasta=assay_fasta,
    output:
        description="results/describe_reference/{assay}.json",
    log:
        "logs/describe_reference/{assay}.log",
    benchmark:
        "benchmarks/describe_reference/{assay}.tsv"
    conda:
        "../../envs/cetux.yaml"
    resources:
        mem_mb=light_memory,
    params:
        logic=LOGIC["describe_reference"],
        fasta_index=fasta_digest,
        build=assay_build,
    script:
        "../scripts/describe_reference.py"


rule check_sample:
    """See whether a BAM opens, is whole, sorted, indexed and of the assay's build; write the verdict either way."""
    input:
        bam=sample_bam,
        targets=assay_targets,
        reference=fasta_description,
    output:
        check="results/check_sample/{sample}.json",
    log:
        "logs/check_sample/{sample}.log",
    benchmark:
        "benchmarks/check_sample/{sample}.tsv"
    priority: 10
    conda:
        "../../envs/cetux.yaml"
    resources:
        mem_mb=light_memory,
    params:
        logic=LOGIC["check_sample"],
        stamp=bam_stamp,
        fasta_index=fasta_digest,
        targets_digest=targets_digest,
        build=assay_build,
        method=assay_method,
    script:
        "../scripts/check_sample.py"
