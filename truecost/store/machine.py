"""What the machine does not allow (a full disk, a read-only one, no permission), as one sentence that says what to do.

DuckDB tells it in words alone, the system by number; and what fails after it, like a rollback, must not hide it.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from truecost.errors import TruecostError


class _Kind(NamedTuple):
    """A way to be denied: the system's numbers for it, the words for it, what is so and what to do."""

    numbers: frozenset[int]
    words: tuple[str, ...]
    what: str
    remedy: str


_FULL = _Kind(
    frozenset({errno.ENOSPC, errno.EDQUOT}),
    (os.strerror(errno.ENOSPC), os.strerror(errno.EDQUOT), "max_temp_directory_size"),
    "can't be written: the disk is full",
    "make room, then run again; what was there before is kept",
)
_READ_ONLY = _Kind(
    frozenset({errno.EROFS}),
    (os.strerror(errno.EROFS),),
    "can't be written: its disk is read-only",
    "mount it for writing, or name another place in truecost.toml",
)
_DENIED = _Kind(
    frozenset({errno.EACCES, errno.EPERM}),
    (os.strerror(errno.EACCES), os.strerror(errno.EPERM)),
    "may not be written or read",
    "allow {user} to, there and in its folder, then run again",
)
# Of DuckDB's: others repeat values of a file, which may hold any words.
_ABOUT_FILES = frozenset({"IOException", "TransactionException", "OutOfMemoryException", "FatalException"})
_QUOTED = re.compile(r'"([^"]+)"')


@contextmanager
def in_plain_words() -> Iterator[None]:
    """Tell what the machine denies the block; any other error passes as it is.

    Raises:
        TruecostError: what is denied, and what to do.
    """
    try:
        yield
    except TruecostError:
        raise
    except Exception as error:
        told = denied(error)
        if told is None:
            raise
        raise TruecostError(told) from error


def denied(error: BaseException) -> str | None:
    """The sentence for an error, or for one that it followed; None where the machine denied nothing."""
    return next((told for one in _chain(error) if (told := _told(one, (_FULL, _READ_ONLY, _DENIED)))), None)


def disk_refuses(error: BaseException) -> str | None:
    """The sentence where a disk takes nothing more: so it is for every file, whichever was at hand."""
    return next((told for one in _chain(error) if (told := _told(one, (_FULL, _READ_ONLY)))), None)


def _chain(error: BaseException) -> Iterator[BaseException]:
    found: BaseException | None = error
    while found is not None:
        yield found
        # What DuckDB raises while it rolls back hides what it rolls back for.
        found = found.__cause__ or (found.__context__ if _is_of_duckdb(found) else None)


def _told(error: BaseException, kinds: tuple[_Kind, ...]) -> str | None:
    for kind in kinds:
        if _is_of(error, kind):
            return f"{_place(error)} {kind.what}; {kind.remedy.format(user=_user())}"
    return None


def _is_of(error: BaseException, kind: _Kind) -> bool:
    if isinstance(error, OSError):
        return error.errno in kind.numbers
    is_about_files = _is_of_duckdb(error) and type(error).__name__ in _ABOUT_FILES
    return is_about_files and any(words in str(error) for words in kind.words)


def _is_of_duckdb(error: BaseException) -> bool:
    return type(error).__module__ == "_duckdb"


def _place(error: BaseException) -> str:
    """What could not be written; of a file that was written aside, its folder."""
    quoted = _QUOTED.search(str(error))
    named = getattr(error, "filename", None) or (quoted.group(1) if quoted else None)
    if named is None:
        return "a file"
    path = Path(os.fsdecode(named))
    return str(path.parent if path.name.startswith(".new-") else path)


def _user() -> str:
    try:
        import pwd

        return pwd.getpwuid(os.geteuid()).pw_name
    except (ImportError, KeyError):
        return "the user who runs it"
