"""Sources whose path names no file: mistyped, or its folder has moved, so that nothing of them comes in any more."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from truecost.intake.inbox import fixed_part, named_paths
from truecost.workspace.config import SourceSection
from truecost.workspace.workspace import Workspace


@dataclass(frozen=True)
class Unmatched:
    """A source that nothing can come from, and what to do."""

    source: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.source}: {self.what}; {self.remedy}"


def unmatched_sources(workspace: Workspace, delivered: Collection[str]) -> list[Unmatched]:
    """The sources whose path names nothing now; ``delivered`` are those that have brought files before."""
    if workspace.home:  # a past view takes nothing in
        return []
    return [found for source in workspace.config.sources for found in _unmatched(workspace, source, delivered)]


def _unmatched(workspace: Workspace, source: SourceSection, delivered: Collection[str]) -> Iterator[Unmatched]:
    if named_paths(workspace.root, source.path):
        return
    moves = (source.landing or workspace.config.workspace.landing) == "move"
    fixed, is_pattern = fixed_part(workspace.root, source.path)
    folder = fixed if is_pattern else fixed.parent
    if not folder.is_dir():
        shown = folder.relative_to(workspace.root) if folder.is_relative_to(workspace.root) else folder
        yield Unmatched(source.name, f"there is no folder {shown}", "correct `path`, or put the folder there")
    elif source.name not in delivered:
        yield Unmatched(source.name, f"no file matches {source.path}", "put files there, or correct `path`")
    elif not moves:
        yield Unmatched(
            source.name,
            f"no file matches {source.path} any more",
            'put the files back, correct `path`, or set `landing = "move"` where files are taken out once they are in',
        )
