"""``truecost report``: the quarter for people."""

from __future__ import annotations

from truecost.cli.frame import Frame, QuarterName

EXAMPLES = (
    "truecost report --workspace books",
    "truecost report -w books --quarter FY2026-Q3",
    "truecost report -w books --quarter FY2026-Q2 --known-at 2026-08-01",
)


def report(frame: Frame, quarter: QuarterName = None) -> None:
    """Write the quarter's report; default: the latest quarter that has ended."""
    from truecost import steps
    from truecost.cli.progress import shown_progress
    from truecost.cli.text import echo, shown_path

    workspace, clock = frame.workspace, frame.clock
    frame.see_quarter(quarter)
    with shown_progress():
        if frame.moment:
            reported = steps.report_known_at(workspace, frame.moment, quarter)
        else:
            reported = steps.report(workspace, clock, quarter)
    page = reported.folder / "true-cost.html"
    frame.answer(
        reported, lambda: echo(f"{shown_path(page)}: {'written' if reported.is_new else 'already up to date'}.")
    )
