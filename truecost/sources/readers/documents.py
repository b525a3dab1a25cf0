"""Files that are one document (XML, JSON) rather than rows: read whole, within bounds.

A document says its own field names, so a source has nothing to map; what is packed is unpacked first.
"""

from __future__ import annotations

import codecs
from pathlib import Path

from truecost.errors import DeliveryRefused
from truecost.sources import FileOptions, Format
from truecost.sources.readers.delimited import read_whole

LARGEST_DOCUMENT = 50 * 1024 * 1024
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_UTF16_LETTERS = 8


def read_document(path: Path, fmt: Format, options: FileOptions) -> bytes:
    """The bytes of a document, unpacked (gz, zst).

    Raises:
        DeliveryRefused: it is empty, damaged, or larger than ``LARGEST_DOCUMENT``; or the source maps its columns.
    """
    if options.columns:
        raise DeliveryRefused(f"{fmt.name} names its own fields; take `columns` out of the source")
    too_large = f"the file is larger than {LARGEST_DOCUMENT >> 20} MB; export it in parts"
    content = read_whole(path, options.limits, LARGEST_DOCUMENT, too_large)
    if not content.strip():
        raise DeliveryRefused("the file is empty; export it again")
    return content


def as_text(content: bytes) -> str:
    """UTF-8 text, with or without a byte order mark.

    Raises:
        DeliveryRefused: it is another encoding.
    """
    if content[:2] in _UTF16 or b"\0" in content[:_UTF16_LETTERS]:
        raise DeliveryRefused("the file is UTF-16; save it as UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DeliveryRefused(f"line {line} is not UTF-8 (Latin-1, perhaps); save the file as UTF-8") from error
