"""Count the haplotypes of the listed codons, then decide what they say."""


def genotyped_sample(wildcards):
    sample, assay = sample_of(wildcards), assay_of(wildcards)
    known = {"specimen": sample.specimen, "purity": sample.purity}
    return known | {"umi": assay.umi, "amplicon": assay.method == "amplicon"}


rule count_haplotypes:
    """Read every listed codon off every fragment, once; thresholds come later and rerun nothing of this."""
    input:
        bam=sample_bam,
        fasta=assay_fasta,
    output:
        counts="results/count_haplotypes/{sample}.json",
    log:
        "logs/count_haplotypes/{sample}.log",
    benchmark:
        "benchmarks/count_haplotypes/{sample}.tsv"
    conda:
        "../../envs/cetux.yaml"
    params:
        logic=LOGIC["count_haplotypes"],
        stamp=bam_stamp,
        fasta_index=fasta_digest,
        build=assay_build,
        method=assay_method,
        reads=SETTINGS["reads"],
    resources:
        mem_mb=light_memory,
    script:
        "../scripts/count_haplotypes.py"


rule call_genotypes:
    """Decide which changes are there, and how small a fraction is excluded where none is."""
    input:
        counts="results/count_haplotypes/{sample}.json",
        check="results/check_sample/{sample}.json",
    output:
        genotypes="results/call_genotypes/{sample}.json",
        vcf="results/variants/{sample}.vcf.gz",
        index="results/variants/{sample}.vcf.gz.tbi",
    log:
        "logs/call_genotypes/{sample}.log",
    benchmark:
        "benchmarks/call_genotypes/{sample}.tsv"
    conda:
        "../../envs/cetux.yaml"
    params:
        logic=LOGIC["call_genotypes"],
        build=assay_build,
        sample=genotyped_sample,
        thresholds=SETTINGS["genotypes"],
    resources:
        mem_mb=light_memory,
    script:
        "../scripts/call_genotypes.py"
