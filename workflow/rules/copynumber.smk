"""Coverage through CNVkit, corrected by the assay's reference, then decided for ERBB2."""

NORMAL_LIMITS = {key: value for key, value in SETTINGS["copy_number"].items() if "normal" in key or "shifted" in key}


rule design_bins:
    """Split the assay's targets into bins and, for hybrid capture, fill the space between with off-target bins."""
    input:
        targets=assay_targets,
        fasta=assay_fasta,
    output:
        bins="results/design_bins/{assay}.bed",
        off_target="results/design_bins/{assay}.off_target.bed",
    log:
        "logs/design_bins/{assay}.log",
    benchmark:
        "benchmarks/design_bins/{assay}.tsv"
    conda:
        "../../envs/cetux.yaml"
    resources:
        mem_mb=coverage_memory,
    params:
        logic=LOGIC["design_bins"],
        targets_digest=targets_digest,
        fasta_index=fasta_digest,
        method=assay_method,
        build=assay_build,
        bin_size_bp=assay_bin_size,
    script:
        "../scripts/design_bins.py"


rule count_coverage:
    """Count the depth of every bin of one sample."""
    input:
        bam=sample_bam,
        fasta=assay_fasta,
        bins=assay_bins,
        off_target=assay_off_target_bins,
    output:
        target="results/count_coverage/{sample}.targetcoverage.cnn",
        off_target="results/count_coverage/{sample}.antitargetcoverage.cnn",
        status="results/count_coverage/{sample}.json",
    log:
        "logs/count_coverage/{sample}.log",
    benchmark:
        "benchmarks/count_coverage/{sample}.tsv"
    conda:
        "../../envs/cetux.yaml"
    resources:
        mem_mb=coverage_memory,
    params:
        logic=LOGIC["count_coverage"],
        stamp=bam_stamp,
        fasta_index=fasta_digest,
        targets_digest=targets_digest,
        bin_size_bp=assay_bin_size,
        method=assay_method,
        min_mapping_quality=SETTINGS["copy_number"]["min_mapping_quality"],
    script:
        "../scripts/count_coverage.py"


rule build_reference:
    """Pool the assay's normals that agree with each other into a copy-number reference; flat, saying so, without any."""
    input:
        target=normal_targets,
        off_target=normal_off_targets,
        statuses=normal_statuses,
        checks=normal_checks,
        bins=assay_bins,
        off_target_bins=assay_off_target_bins,
        fasta=assay_fasta,
    output:
        reference="results/build_reference/{assay}.cnn",
        notes="results/build_reference/{assay}.json",
        spread="results/build_reference/{assay}.spread.tsv",
    log:
        "logs/build_reference/{assay}.log",
    benchmark:
        "benchmarks/build_reference/{assay}.tsv"
    conda:
        "../../envs/cetux.yaml"
    resources:
        mem_mb=coverage_memory,
    params:
        logic=LOGIC["build_reference"],
        build=assay_build,
        limits=NORMAL_LIMITS,
        fasta_index=fasta_digest,
        correction=correction,
        targets_digest=targets_digest,
        bin_size_bp=assay_bin_size,
    script:
        "../scripts/build_reference.py"


rule correct_coverage:
    """Correct one tumour's coverage by the reference and segment it, in one process."""
    input:
        target="results/count_coverage/{sample}.targetcoverage.cnn",
        off_target="results/count_coverage/{sample}.antitargetcoverage.cnn",
        status="results/count_coverage/{sample}.json",
        reference=copy_number_reference,
    output:
        ratios="results/correct_coverage/{sample}.cnr",
        segments="results/correct_coverage/{sample}.cns",
        status="results/correct_coverage/{sample}.json",
    log:
        "logs/correct_coverage/{sample}.log",
    benchmark:
        "benchmarks/correct_coverage/{sample}.tsv"
    conda:
        "../../envs/cetux.yaml"
    resources:
        mem_mb=coverage_memory,
    params:
        logic=LOGIC["correct_coverage"],
        frozen_reference_digest=frozen_reference_digest,
        correction=correction,
        segmentation=SETTINGS["copy_number"]["segmentation"],
    script:
        "../scripts/correct_coverage.py"


rule call_erbb2:
    """Decide from the bins over ERBB2 and its chromosome-17 controls whether the gene is amplified."""
    input:
        ratios="results/correct_coverage/{sample}.cnr",
        segments="results/correct_coverage/{sample}.cns",
        status="results/correct_coverage/{sample}.json",
        check="results/check_sample/{sample}.json",
        bins=assay_bins,
        reference_notes=reference_notes,
        sites=sample_sites,
    output:
        call="results/call_erbb2/{sample}.json",
        picture="results/call_erbb2/{sample}.svg",
    log:
        "logs/call_erbb2/{sample}.log",
    benchmark:
        "benchmarks/call_erbb2/{sample}.tsv"
    conda:
        "../../envs/cetux.yaml"
    resources:
        mem_mb=light_memory,
    params:
        logic=LOGIC["call_erbb2"],
        frozen_notes_digest=frozen_notes_digest,
        build=assay_build,
        tumour=copied_tumour,
        plasma=is_plasma,
        correction=correction,
        thresholds=SETTINGS["erbb2"],
    script:
        "../scripts/call_erbb2.py"
