"""Sources that a folder's exports suggest: files alike are one source, with a path that names them and no others.

What a file does not say, such as its zone or whose model it is, is asked in a comment and never guessed.
"""

from __future__ import annotations

import glob
import itertools
import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from truecost.sources import Format
from truecost.sources.recognise import Guess, guesses
from truecost.workspace import tomltext

MOST_FILES = 2_000  # looked at: enough for years of exports, and not for a whole disk
_MOST_FOLDERS = 10_000

_DATA = frozenset(
    (".csv", ".tsv", ".tab", ".psv", ".txt", ".out", ".dat", ".log", ".json", ".jsonl", ".ndjson", ".xml", ".parquet")
)
_PACKED = frozenset((".gz", ".zst"))
_CATCH_ALLS = frozenset(("inbox", "exports", "export", "data", "downloads", "download", "input", "inputs", "files"))
_LEFT_OUT = frozenset(("__pycache__", "node_modules"))
_GUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_RUNNING = re.compile(rf"{_GUID}|[0-9]+(?:[-_.T][0-9]+)*")  # the part of a name that differs from export to export
_DATED = re.compile(rf"{_GUID}|[0-9]{{4}}")


@dataclass(frozen=True)
class Question:
    """A key that only a person can set, with an example, and what to ask."""

    key: str
    example: tomltext.Value
    asked: str


_NEEDED = {
    "currency": Question("currency", "USD", "Which currency are they in? The files do not say."),
    "model": Question("model", "MODEL", "Which model are they of? Name it under [[models]] as well."),
}
_ZONE = "Which zone are their times in, where they name none?"
# (format, our column that would answer it or None, the question)
_ASKED: tuple[tuple[str, str | None, Question], ...] = (
    ("slurm", None, Question("timezone", "Europe/Berlin", "Which zone did sacct run in?")),
    ("slurm", "cluster", Question("cluster", "CLUSTER", "Which cluster are the jobs of?")),
    ("timesheet", None, Question("timezone", "Europe/Berlin", _ZONE)),
    ("timesheet", None, Question("dates", "day_first", "Is 03/04/2026 the third of April, or month_first?")),
    ("timesheet", "role", Question("role", "ROLE", "Which role are these people? [[rates]] says what its hour costs.")),
    ("invoice_csv", "currency", _NEEDED["currency"]),
    ("rate_card", "currency", _NEEDED["currency"]),
    ("request_log", None, Question("timezone", "Europe/Berlin", _ZONE)),
    ("request_log", None, Question("one_in", 100, "Does the log hold one call of so many?")),
    ("lm_eval", None, Question("version", "/(v[0-9]+)/", "Where in the path does the model's version stand?")),
)
_PARTS = Question("delivery", "folder", "Are the files of a folder the parts of one export?")


@dataclass(frozen=True)
class Proposal:
    """A source to propose. Where something is ``needed`` that no file says, it waits in comments until it is set."""

    name: str
    format: str
    path: str
    files: tuple[str, ...]
    needed: tuple[Question, ...] = ()
    questions: tuple[Question, ...] = ()

    @property
    def entries(self) -> Mapping[str, tomltext.Value]:
        """The keys that the files answer."""
        return {"name": self.name, "format": self.format, "path": self.path}

    def as_toml(self) -> str:
        """The source as ``truecost.toml`` holds it, with what is to be asked."""
        count = "1 file" if len(self.files) == 1 else f"{len(self.files)} files"
        lines = [f"# {count}, such as {tomltext.text(self.files[0])}"]
        source = tomltext.table("[[sources]]", self.entries).splitlines()
        if self.needed:
            lines.append("# It is read once what is asked here is set, and the marks in front of these lines are gone.")
        lines += [f"# {line}" for line in source] if self.needed else source
        for question in (*self.needed, *self.questions):
            lines += [f"## {question.asked}", f"# {tomltext.entry(question.key, question.example)}"]
        return "\n".join(lines)


@dataclass(frozen=True)
class Looked:
    """What a folder holds: the sources it suggests, and the files that look like data and are of no format."""

    proposals: tuple[Proposal, ...] = ()
    unknown: tuple[str, ...] = ()
    is_cut: bool = False  # there is more than was looked at


@dataclass(frozen=True)
class _Group:
    """Files of one format that may be one source; ``folder`` and ``pattern`` are parts of a glob."""

    guess: Guess
    files: tuple[str, ...]
    folder: tuple[str, ...]
    pattern: str
    words: tuple[str, ...] = field(default=())

    @property
    def path(self) -> str:
        return "/".join((*self.folder, self.pattern))


def look(root: Path) -> Looked:
    """Look at the files below ``root``, up to ``MOST_FILES`` of them, without changing anything."""
    found: dict[str, Guess] = {}
    unknown = []
    files = list(itertools.islice(_data_files(root), MOST_FILES + 1))
    for file in files[:MOST_FILES]:
        guess = _guess(root, file)
        if guess is None:
            unknown.append(file)
        else:
            found[file] = guess
    groups = [split for group in _by_folder(found) for split in _split(root, group)]
    return Looked(tuple(_named(_merged(root, groups))), tuple(unknown), len(files) > MOST_FILES)


def _data_files(root: Path) -> Iterator[str]:
    """Plain files that may be exports, by path below ``root``; nothing hidden, no link, no other workspace."""
    for folder, folders, names in itertools.islice(os.walk(root), _MOST_FOLDERS):
        here = Path(folder)
        if here != root and "truecost.toml" in names:
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _LEFT_OUT)
        for name in sorted(names):
            path = here / name
            if not name.startswith(".") and _suffix(name) and path.is_file() and not path.is_symlink():
                yield path.relative_to(root).as_posix()


def _suffix(name: str) -> str:
    """``.csv`` or ``.csv.gz`` of what may be an export, else nothing."""
    path = PurePosixPath(name)
    packed = path.suffix if path.suffix.lower() in _PACKED else ""
    plain = PurePosixPath(path.stem).suffix if packed else path.suffix
    return plain + packed if plain.lower() in _DATA else ""


def _guess(root: Path, file: str) -> Guess | None:
    """The one format the file is of. Whatever is wrong with a stranger's file, it is then of none."""
    try:
        file.encode()  # a path that is not UTF-8 can't be written down
        found = guesses(root / file)
    except Exception:
        return None
    return found[0] if len(found) == 1 else None


def _by_folder(found: Mapping[str, Guess]) -> Iterator[_Group]:
    """The files of each folder that are of one format and end alike, named by ``*.csv``."""
    together: dict[tuple[object, ...], list[str]] = defaultdict(list)
    for file, guess in found.items():
        path = PurePosixPath(file)
        together[path.parent, _suffix(path.name), guess.format.name, guess.needs].append(file)
    for files in together.values():
        path = PurePosixPath(files[0])
        folder = tuple(map(glob.escape, path.parent.parts))
        yield _Group(found[files[0]], tuple(files), folder, f"*{glob.escape(_suffix(path.name))}", path.parent.parts)


def _split(root: Path, group: _Group) -> Iterator[_Group]:
    """The group, where its folder is its own; else its files by how they are called, and at last each by its name."""
    is_own = bool(group.words) and group.words[-1].casefold() not in _CATCH_ALLS
    if is_own and _names_only(root, group):
        yield group
        return
    alike: dict[str, list[str]] = defaultdict(list)
    for file in group.files:
        alike[_shape(PurePosixPath(file).name)].append(file)
    for pattern, files in alike.items():
        words = (*group.words, *_words(pattern))
        part = replace(group, files=tuple(files), pattern=pattern, words=words)
        if _names_only(root, part):
            yield part
        else:
            for file in files:
                name = PurePosixPath(file).name
                yield replace(
                    part,
                    files=(file,),
                    pattern=glob.escape(name),
                    words=(*group.words, name.removesuffix(_suffix(name))),
                )


def _shape(name: str) -> str:
    """A glob for files called like this one, whatever numbers they bear: ``2026-01-aws.csv`` -> ``*-aws.csv``."""
    suffix = _suffix(name)
    stem = name.removesuffix(suffix)
    parts = [glob.escape(part) for part in _RUNNING.split(stem)]
    return "*".join(parts) + glob.escape(suffix)


def _words(pattern: str) -> tuple[str, ...]:
    """What a pattern says beside its numbers."""
    said = PurePosixPath(pattern).name.removesuffix(_suffix(pattern)).replace("*", "")
    return (said,) if _slug(said) else ()


def _merged(root: Path, groups: Sequence[_Group]) -> Iterator[_Group]:
    """Groups of folders that are called alike but for their numbers (``2026-01``, ``2026-02``) are one source."""
    together: dict[tuple[object, ...], list[_Group]] = defaultdict(list)
    for group in groups:
        shape = tuple(_RUNNING.sub("0", part) for part in group.folder)
        together[shape, group.pattern, group.guess.format.name, group.guess.needs].append(group)
    for alike in together.values():
        folders = [group.folder for group in alike]
        folder = tuple(
            "*" if len(set(parts)) > 1 or _DATED.search(parts[0]) else parts[0] for parts in zip(*folders, strict=True)
        )
        files = tuple(file for group in alike for file in group.files)
        whole = replace(alike[0], files=files, folder=folder)
        if _names_only(root, whole):
            kept = tuple(word for word, part in zip(alike[0].words, folder, strict=False) if part != "*")
            yield replace(whole, words=(*kept, *alike[0].words[len(folder) :]))
        else:
            yield from alike


def _names_only(root: Path, group: _Group) -> bool:
    """Whether the path names these files and no others."""
    named = glob.glob(group.path, root_dir=root)  # noqa: PTH207 (as landing reads a path)
    return {name for name in named if (root / name).is_file()} == set(group.files)


def _named(groups: Iterable[_Group]) -> Iterator[Proposal]:
    taken: set[str] = set()
    for group in sorted(groups, key=lambda group: group.files[0]):
        name = next(name for name in _names(group) if name not in taken)
        taken.add(name)
        yield Proposal(name, group.guess.format.name, group.path, group.files, *_questions(group))


def _names(group: _Group) -> Iterator[str]:
    """Names for the source, the plainest first: its last telling word, more of them, then numbered."""
    words = [_slug(word) for word in group.words if word.casefold() not in _CATCH_ALLS]
    words = [word for word in words if word]
    for count in range(1, len(words) + 1):
        yield "-".join(words[-count:])
    whole = "-".join(words) or group.guess.format.name
    yield whole
    yield from (f"{whole}-{number}" for number in range(2, 2 + 2 * MOST_FILES))


def _slug(word: str) -> str:
    """``word`` in the letters a source may be called by."""
    plain = unicodedata.normalize("NFKD", word).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9.]+", "-", plain).strip("-.").lower()


def _questions(group: _Group) -> tuple[tuple[Question, ...], tuple[Question, ...]]:
    """(what must be answered before the files can be read, what may have to be)."""
    guess = group.guess
    needed = tuple(_NEEDED.get(key) or Question(key, key.upper(), f"What is its {key}?") for key in guess.needs)
    asked = [
        question
        for name, column, question in _ASKED
        if name == guess.format.name and question not in needed and not (column and guess.has(column))
    ]
    if _may_be_parts(guess.format, group):
        asked.append(_PARTS)
    return needed, tuple(asked)


def _may_be_parts(fmt: Format, group: _Group) -> bool:
    folders = {PurePosixPath(file).parent for file in group.files}
    return fmt.disposition == "replace" and "*" in group.folder and len(folders) < len(group.files)
