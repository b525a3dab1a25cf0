"""Errors that reach a person: one sentence that says what, where, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class TruecostError(Exception):
    """A run that can't go on. ``exit_code`` is what the command line returns for it."""

    exit_code = 1


@dataclass(frozen=True)
class Fault:
    """One thing wrong with a file: where it is, what it is, and how to mend it."""

    file: str
    line: int | None
    message: str
    remedy: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.message}; {self.remedy}."


class ConfigError(TruecostError):
    """The workspace is not usable: every fault of it, together."""

    exit_code = 2

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class DeliveryRefused(TruecostError):
    """A file that can't be loaded as a whole; the others go on.

    Where it ``may_pass``, the machine is at fault rather than the file: the same file is tried again.
    """

    def __init__(self, message: str, may_pass: bool = False) -> None:
        self.may_pass = may_pass
        super().__init__(message)


class WarehouseBusy(TruecostError):
    """Another process has the warehouse open; trying again later helps."""
