"""Resistance-mechanism calls for tumours that do not, or no longer, respond to an anti-EGFR antibody.

Every decision, parser and formula of the workflow lives here; the rules beside it only carry files to and from
these functions. The package never imports snakemake, so that all of it runs and is tested on its own.
"""
