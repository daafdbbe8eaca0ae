"""What an analyst joins by hand after CNVkit and freebayes: listed alleles of the VCF, and copies of ERBB2.

python hand_join.py VCF CALL_CNS CNR ALLELES_TSV PURITY OUT_TSV. Every allele of the VCF, and whether it stands above
the workflow's floors, 1 % and five reads; copies are those of the mean of the gene's bins at the purity given, and
those that `cnvkit call` says.
"""

import sys

import pandas as pd

GENE = ("chr17", 39_700_238, 39_728_662)
MIN_VAF, MIN_READS = 0.01, 5


def trimmed(position: int, ref: str, alt: str) -> tuple[int, str, str]:
    """An allele without the bases that REF and ALT share at their ends."""
    while len(ref) > 1 and len(alt) > 1 and ref[-1] == alt[-1]:
        ref, alt = ref[:-1], alt[:-1]
    while len(ref) > 1 and len(alt) > 1 and ref[0] == alt[0]:
        position, ref, alt = position + 1, ref[1:], alt[1:]
    return position, ref, alt


def variants(vcf: str) -> pd.DataFrame:
    """Every allele of the VCF."""
    columns = ["chrom", "pos", "id", "ref", "alt", "qual", "filter", "info", "format", "sample"]
    table = pd.read_csv(vcf, sep="\t", comment="#", names=columns, dtype=str)
    found = []
    for row in table.itertuples():
        values = dict(zip(row.format.split(":"), row.sample.split(":"), strict=False))
        depth = int(values["DP"])
        for alt, reads in zip(row.alt.split(","), values["AO"].split(","), strict=True):
            above = int(reads) >= max(MIN_READS, MIN_VAF * depth)
            found.append((row.chrom, *trimmed(int(row.pos), row.ref, alt), int(reads) / depth, above))
    return pd.DataFrame(found, columns=["chrom", "pos", "ref", "alt", "vaf", "above_floors"])


def copies(call_cns: str, cnr: str, purity: float) -> tuple[float, float, int]:
    """Mean log2 of ERBB2's bins, copies per tumour cell from it, and the copies that CNVkit calls of its segment."""
    segments, bins = pd.read_csv(call_cns, sep="\t"), pd.read_csv(cnr, sep="\t")
    contig, start, end = GENE
    inside = bins[(bins.chromosome == contig) & (bins.start < end) & (bins.end > start)]
    log2 = float((inside.log2 * inside.weight).sum() / inside.weight.sum())
    over = segments[(segments.chromosome == contig) & (segments.start < end) & (segments.end > start)]
    return log2, (2 * 2**log2 - 2 * (1 - purity)) / purity, int(over.cn.max())


def main(vcf: str, call_cns: str, cnr: str, alleles: str, purity: str, out: str) -> None:
    """Write one row per allele, named where it is listed, and the sample's copies on each."""
    listed = pd.read_csv(alleles, sep="\t", dtype=str).assign(chrom=lambda rows: "chr" + rows.chrom)
    listed["pos"] = listed.pos_grch38.astype(int)
    found = variants(vcf).merge(listed[["chrom", "pos", "ref", "alt", "gene", "protein"]], how="left")
    log2, at_purity, called = copies(call_cns, cnr, float(purity))
    found = found if len(found) else pd.DataFrame([{}], columns=found.columns)
    found.assign(erbb2_log2=log2, erbb2_copies=at_purity, erbb2_called=called).to_csv(out, sep="\t", index=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
