"""Whatever goes wrong with a file, as the refusal of that file alone: the one place where a reader's faults end.

So readers need no lists of exceptions, their own or their libraries'. What nobody foresaw is refused all the same, with
the kind of the error, and its traceback goes to the log: it may be a fault of truecost.
"""

from __future__ import annotations

import csv
import logging
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from json import JSONDecodeError
from pathlib import Path
from xml.parsers.expat import ExpatError

from truecost.errors import DeliveryRefused, TruecostError
from truecost.store.machine import disk_refuses

_LONGEST_SAID = 300  # by an error, which may hold as much of the file as it likes
_LONGEST = 2_000
_log = logging.getLogger(__name__)
_log.addHandler(logging.NullHandler())  # whoever runs us says where it goes; else nowhere

Sentence = Callable[[str], str]

_CUT: Sentence = "the compressed file is cut or damaged ({}); send it again".format
_XML: Sentence = "the XML can't be read ({}); send it again".format
_JSON: Sentence = "the JSON is cut or broken ({}); export it again".format
_LETTERS: Sentence = "the file holds what is no text ({}); save it again as UTF-8".format
_MEMORY: Sentence = "reading the file takes more memory than there is{}; deliver it in parts".format
_KNOWN: tuple[tuple[type[Exception], Sentence], ...] = (
    (zlib.error, _CUT),
    (EOFError, _CUT),
    (UnicodeError, _LETTERS),
    (JSONDecodeError, _JSON),
    (csv.Error, "the file can't be split into columns ({}); export it again".format),
    (ExpatError, _XML),
    (RecursionError, lambda _: "the JSON is nested too deeply; export it again"),
)


@contextmanager
def refusing(path: Path | None, file: str) -> Iterator[None]:
    """Turn whatever the block raises into the refusal of ``file``, which is kept at ``path``.

    Faults that are told already, like those of a suite, pass.

    Raises:
        DeliveryRefused: why it is refused, in one sentence.
        TruecostError: the disk takes nothing more, whatever the file.
    """
    try:
        yield
    except DeliveryRefused as refusal:
        raise DeliveryRefused(_plain(str(refusal)), may_pass=refusal.may_pass) from refusal
    except TruecostError:
        raise
    except Exception as error:
        if full := disk_refuses(error):
            raise TruecostError(full) from error
        raise _refusal(error, path, file) from error


def _is_writable(text: str) -> bool:
    return text == text.encode("utf-8", "replace").decode()


def _refusal(error: Exception, path: Path | None, file: str) -> DeliveryRefused:
    told = _told(error, path)
    if (of_machine := _of_machine(error, told)) is not None:
        return DeliveryRefused(of_machine, may_pass=True)
    sentence = _sentence(error)
    if sentence is None:
        traced = error if _is_writable(str(error)) else None  # half a letter can be written to no log
        _log.error("reading %s failed in a way nobody foresaw", file, exc_info=traced)
        kind = type(error).__name__
        said = f"{kind}: {told}" if told else kind
        return DeliveryRefused(
            f"the file can't be read ({said}); export it again, or see with `truecost sources check FILE --debug` "
            "where it fails"
        )
    return DeliveryRefused(sentence(told))


def _of_machine(error: Exception, told: str) -> str | None:
    """What is wrong with the machine rather than the file, so that another run may do better; else None."""
    import duckdb

    if isinstance(error, MemoryError | duckdb.OutOfMemoryException):
        return _MEMORY("")
    if isinstance(error, duckdb.IOException):
        return f"the landed file can't be read ({told}); it is tried again at the next run"
    if isinstance(error, OSError) and error.errno is not None:
        return f"the landed file can't be read ({error.strerror or told}); it is tried again at the next run"
    return None


def _sentence(error: Exception) -> Sentence | None:
    """How to say an error that files are known to cause; None for any other."""
    import duckdb

    for kind, sentence in _KNOWN:
        if isinstance(error, kind):
            return sentence
    if isinstance(error, OSError):  # without a number it is a decompressor's, not the system's
        return _CUT
    if type(error) is LookupError:  # what Python says of an encoding it does not know
        return "the file says it is in an {}; save it as UTF-8".format
    if type(error).__module__.startswith("lxml."):
        return _XML
    if isinstance(error, duckdb.DataError):
        return "its values can't be taken in ({}); export it again".format
    return None


def _told(error: Exception, path: Path | None) -> str:
    """The first line of what an error says, without where we keep the file."""
    first = next(iter(str(error).splitlines()), "")
    for kept in (f"'{path}'", f'"{path}"', str(path)) if path else ():
        first = first.replace(kept, "")
    return _plain(" ".join(first.split()), _LONGEST_SAID).rstrip(".")


def _plain(text: str, longest: int = _LONGEST) -> str:
    """Text that can be stored and shown: no half letters, and not without end."""
    whole = text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\0")
    return whole if len(whole) <= longest else f"{whole[: longest - 3]}..."
