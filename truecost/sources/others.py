"""Packages of others that formats are made of: whatever is derived rests on their files, too."""

from __future__ import annotations

from truecost.sources import formats
from truecost.store.fingerprint import fingerprint_of_others


def others_fingerprints() -> dict[str, str]:
    """The fingerprint of each."""
    return {package: fingerprint_of_others(package) for fmt in formats().values() for package in fmt.packages}
