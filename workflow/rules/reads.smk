"""The reads behind each call, for whoever wants to see them: one page per tumour that opens from disk."""

READS_TEMPLATES = ["page.css", "page.html.j2", "reads.html.j2"]
READ_PAGES = [f"results/report/reads/{sample}.html" for sample in COHORT.drawn()]
READ_PAGES += ["results/report/reads/igv.min.js"] if READ_PAGES else []


rule draw_reads:
    """Draw the reads over each called or grey allele of one tumour; where there is nothing to draw, say why."""
    input:
        genotypes="results/call_genotypes/{sample}.json",
        bam=sample_bam,
        fasta=assay_fasta,
    output:
        page="results/report/reads/{sample}.html",
    log:
        "logs/draw_reads/{sample}.log",
    benchmark:
        "benchmarks/draw_reads/{sample}.tsv"
    conda:
        "../../envs/cetux.yaml"
    resources:
        mem_mb=light_memory,
    params:
        logic=LOGIC["draw_reads"],
        templates=[digest(workflow.source_path(f"../report/{name}")) for name in READS_TEMPLATES],
        stamp=bam_stamp,
        fasta_index=fasta_digest,
        build=assay_build,
        method=assay_method,
        reads=SETTINGS["reads"],
        patient=sample_patient,
    script:
        "../scripts/draw_reads.py"


rule copy_viewer:
    """Put igv.js, which draws the reads, beside the pages once; they load nothing from a network."""
    output:
        viewer="results/report/reads/igv.min.js",
    log:
        "logs/copy_viewer/viewer.log",
    benchmark:
        "benchmarks/copy_viewer/viewer.tsv"
    conda:
        "../../envs/cetux.yaml"
    resources:
        mem_mb=light_memory,
    params:
        logic=LOGIC["copy_viewer"],
    script:
        "../scripts/copy_viewer.py"
