"""One sample's genotypes with contamination and without a FASTA, from counts that the test builds."""

import pytest
from tests.unit.genotype_builders import *  # noqa: F403
