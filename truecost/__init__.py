"""truecost: the books of a fine-tuned model.

What comes in (``sources``, ``intake``), what it means (``books`` and ``sql/books``), what goes out (``publish``,
``report``). Nothing heavy is imported here. For notebooks: ``truecost.open``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from os import PathLike

    from truecost.publish.face import Published

__version__ = "0.1.0"


def open(path: str | PathLike[str] = ".") -> Published:
    """What was last published, as Polars frames: ``path`` is a workspace, or the ``reports.duckdb`` of one.

    Raises:
        TruecostError: nothing is published there, or it is neither.
    """
    from truecost.publish.face import Published

    return Published(path)
