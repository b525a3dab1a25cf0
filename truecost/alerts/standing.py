"""How a workspace stands: what is open and asks for someone. The one rule of how a run has gone is here.

The command line turns it into an exit code, the flows into the state that a run ends in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from truecost.alerts.alerts import standing_alerts, untold_alerts
from truecost.alerts.causes import told_by_cause
from truecost.alerts.states import DELIVERIES
from truecost.alerts.states import Standing as StandingAlert
from truecost.intake.unmatched import Unmatched, unmatched_sources
from truecost.store.sql import query
from truecost.workspace.commands import commands_without_program
from truecost.workspace.workspace import Workspace

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# done: nothing is open. asks: someone should look. failed: what came in, or what was to be told, did not get there.
Outcome = Literal["done", "asks", "failed"]
_STANDING, _DELIVERED = "report/standing", "report/delivered_sources"  # asked of the warehouse
_PUBLISHED = ("report/published_standing", "report/published_sources")  # and of the published file


@dataclass(frozen=True)
class Standing:
    """What is open. ``unmatched`` are sources whose path names nothing; ``untold`` are alerts that no address took;
    ``commands`` what of truecost.toml's commands can't be run."""

    refused: tuple[tuple[str, str], ...]
    held: tuple[str, ...]
    quarantined_rows: int
    alerts: tuple[StandingAlert, ...] = ()
    unmatched: tuple[Unmatched, ...] = ()
    untold: tuple[str, ...] = ()
    held_numbers: tuple[int, ...] = ()  # the deliveries of `held`, in its order
    files: tuple[tuple[str, int], ...] = ()  # how many files, as last delivered, by what became of them
    commands: tuple[str, ...] = ()

    @property
    def is_clean(self) -> bool:
        return self.outcome == "done"

    @property
    def outcome(self) -> Outcome:
        """How a run that leaves it so has gone."""
        if self.refused or self.untold:
            return "failed"
        asks = self.held or self.quarantined_rows or self.alerts or self.unmatched or self.commands
        return "asks" if asks else "done"

    def lines(self) -> Iterator[tuple[str, str]]:
        """Each of what is open: the state it is in, and a sentence, which begins with that state."""
        for file, because in self.refused:
            yield "refused", f"refused: {file}: {because}."
        for file, number in zip(self.held, self.held_numbers, strict=True):
            yield "held", f"held: {file}: it counts for nothing yet; `truecost deliveries show {number}` says why."
        if self.quarantined_rows:
            rows = "1 row is" if self.quarantined_rows == 1 else f"{self.quarantined_rows} rows are"
            yield "quarantined", f"{rows} quarantined: `truecost quarantine list` says why."
        for source in self.unmatched:
            yield "warning", f"warning: {source}."
        for command in self.commands:
            yield "warning", f"warning: {command}."
        for message in self.untold:
            yield (
                "warning",
                f"warning: no address took the alert: {message}; the next run tries again.",
            )
        for held in self._alerts_beside_them:
            yield held.state, f"{held.state} {held.alert_id} ({held.rule.replace('_', ' ')}): {held.message}."

    def headline(self) -> str:
        """All of it in a line."""
        return ". ".join(self.summary()) or "nothing is open"

    def summary(self) -> list[str]:
        """A sentence a kind of what is open: how many, by cause, and the first."""
        told = [
            told_by_cause("file refused", "files refused", self.refused),
            told_by_cause("file held", "files held", [(file, "") for file in self.held]),
            _rows_quarantined(self.quarantined_rows),
            told_by_cause(
                "source without files", "sources without files", [(one.source, one.what) for one in self.unmatched]
            ),
            told_by_cause("command can't be run", "commands can't be run", [(one, "") for one in self.commands]),
            told_by_cause("alert not delivered", "alerts not delivered", [(one, "") for one in self.untold]),
            told_by_cause("alert open", "alerts open", [(held.message, "") for held in self._alerts_beside_them]),
        ]
        return list(filter(None, told))

    @property
    def _alerts_beside_them(self) -> list[StandingAlert]:
        """The alerts that say more than that files are refused, held or quarantined."""
        return [held for held in self.alerts if held.rule != DELIVERIES]


def _rows_quarantined(number: int) -> str:
    return "" if not number else "1 row quarantined" if number == 1 else f"{number:,} rows quarantined"


def read_standing(workspace: Workspace, con: DuckDBPyConnection, is_published: bool = False) -> Standing:
    """What of it has not been settled since; from the warehouse, or where that is held, from the published file."""
    standing, delivered = _PUBLISHED if is_published else (_STANDING, _DELIVERED)
    rows = con.execute(query(standing)).fetchall()
    known = {source for (source,) in con.execute(query(delivered)).fetchall()}
    return Standing(
        refused=tuple((file, because) for file, status, because, *_ in rows if status == "refused"),
        held=tuple(file for file, status, *_ in rows if status == "held"),
        quarantined_rows=sum(quarantined for *_, quarantined, _ in rows),
        alerts=tuple(held for held in standing_alerts(workspace) if held.state == "ALERT" and held.asks),
        unmatched=tuple(unmatched_sources(workspace, known)),
        untold=tuple(untold_alerts(workspace)),
        held_numbers=tuple(number for _, status, _, _, number in rows if status == "held"),
        files=tuple(Counter(status for _, status, *_ in rows).items()),
        commands=tuple(commands_without_program(workspace)),
    )
