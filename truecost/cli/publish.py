"""``truecost publish``: the file finance queries."""

from __future__ import annotations

from truecost.cli.frame import Frame

EXAMPLES = ("truecost publish --workspace books",)


def publish(frame: Frame) -> None:
    """Swap in reports.duckdb, the read-only file finance queries."""
    from truecost import steps
    from truecost.cli.progress import shown_progress
    from truecost.cli.text import echo, shown_path

    workspace, clock = frame.workspace, frame.clock
    with shown_progress():
        steps.attribute(workspace)
        steps.compare(workspace, clock)
        is_new = steps.publish(workspace, clock)
    frame.answer(
        {"file": workspace.published, "is_new": is_new},
        lambda: echo(f"{shown_path(workspace.published)}: {'published' if is_new else 'already up to date'}."),
    )
