"""Count the haplotypes of codons, then decide what they say."""


rule find_snps:
    """Find common SNPs on the targets in the assay's own normals, once per assay, where the cohort gives no list."""
    input:
        bams=snp_normal_bams,
        targets=assay_targets,
        fasta=assay_fasta,
    output:
        sites="results/find_snps/{assay}.vcf",
    log:
        "logs/find_snps/{assay}.log",
    benchmark:
        "benchmarks/find_snps/{assay}.tsv"
    priority: 10
    conda:
        "../../envs/cetux.yaml"
    resources:
        mem_mb=light_memory,
    params:
        logic=LOGIC["find_snps"],
        stamps=snp_normal_stamps,
        fasta_index=fasta_digest,
        targets_digest=targets_digest,
        build=assay_build,
        method=assay_method,
        reads=SETTINGS["reads"],
    script:
        "../scripts/find_snps.py"


rule count_haplotypes:
    """Read every listed (with a FASTA, every coding) codon off every fragment, once, and the common SNPs, which tell
    samples of one person from a swap; thresholds rerun nothing of this.
    """
    input:
        bam=sample_bam,
        fasta=assay_fasta,
        snps=assay_snps,
    output:
        counts="results/count_haplotypes/{sample}.json",
        sites="results/count_haplotypes/{sample}.sites.json",
    log:
        "logs/count_haplotypes/{sample}.log",
    benchmark:
        "benchmarks/count_haplotypes/{sample}.tsv"
    conda:
        "../../envs/cetux.yaml"
    resources:
        mem_mb=light_memory,
    params:
        logic=LOGIC["count_haplotypes"],
        stamp=bam_stamp,
        fasta_index=fasta_digest,
        snps_digest=snps_digest,
        build=assay_build,
        method=assay_method,
        reads=SETTINGS["reads"],
    script:
        "../scripts/count_haplotypes.py"


rule call_genotypes:
    """Decide which changes are there, and how small a fraction is excluded where none is."""
    input:
        counts="results/count_haplotypes/{sample}.json",
        check="results/check_sample/{sample}.json",
        sites=sample_sites,
        normals=error_normals,
        fasta=assay_fasta,
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
    resources:
        mem_mb=light_memory,
    params:
        logic=LOGIC["call_genotypes"],
        fasta_index=fasta_digest,
        build=assay_build,
        sample=genotyped_sample,
        thresholds=SETTINGS["genotypes"],
    script:
        "../scripts/call_genotypes.py"


rule compare_calls:
    """Hold the direct count against another caller's VCF, allele by allele; the count decides, disagreement shows."""
    input:
        genotypes="results/call_genotypes/{sample}.json",
        counts="results/count_haplotypes/{sample}.json",
        vcf=sample_vcf,
        fasta=assay_fasta,
    output:
        comparison="results/compare_calls/{sample}.json",
    log:
        "logs/compare_calls/{sample}.log",
    benchmark:
        "benchmarks/compare_calls/{sample}.tsv"
    conda:
        "../../envs/cetux.yaml"
    resources:
        mem_mb=light_memory,
    params:
        logic=LOGIC["compare_calls"],
        fasta_index=fasta_digest,
        vcf_digest=vcf_digest,
        build=assay_build,
    script:
        "../scripts/compare_calls.py"
