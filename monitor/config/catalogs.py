"""`[monitor] catalog`: the user's own files of providers, read and held against the bundled catalog."""

import hashlib
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from monitor.attribute.catalog import OwnCatalog, OwnFile, mistakes
from monitor.config.files import FileError, Surroundings, read_text
from monitor.config.lines import Loc, locate
from monitor.config.problem import Place, Problems
from monitor.config.schema import MonitorTable
from monitor.config.syntax import syntax_fault
from monitor.config.wording import shown

_LONGEST_FILE: Final = 1 << 20
_HASH_LENGTH: Final = 8


def own_catalogs(table: MonitorTable, around: Surroundings, problems: Problems) -> tuple[OwnCatalog, ...]:
    """Return the files that add to the catalog; whatever is wrong in them is noted at its place."""
    place = Place(("monitor", "catalog"))
    catalogs: dict[str, OwnCatalog] = {}
    lines: dict[OwnFile, tuple[str, dict[Loc, int]]] = {}
    for text in table.catalog or ():
        found = _read(text, place, around, problems)
        if found is not None:
            catalogs[text], lines[found[0].file] = found[0], (text, locate(found[1]))
    if not catalogs:
        return ()
    for fault in mistakes(tuple(catalogs.values())):
        if fault.file is None:
            problems.add(place, str(fault))
            continue
        loc = (fault.table, *fault.key.split(".")) if fault.key else (fault.table,)
        written, known = lines[fault.file]
        problems.add(Place(loc, written, _line(known, loc), place.loc), fault.problem)
    return tuple(catalogs.values())


def _read(text: str, place: Place, around: Surroundings, problems: Problems) -> tuple[OwnCatalog, str] | None:
    """Return a file and its text; None when it cannot be read, which is noted."""
    try:
        path = around.path(text)
        content = read_text(path, _LONGEST_FILE)
        written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except (FileError, OSError) as error:
        line = getattr(error, "line", None)
        at = Place((), text, line, place.loc) if line else place
        problems.add(at, f"{error}" if line else f"{shown(text)}: {error}")
        return None
    try:
        tables = tomllib.loads(content)
    except RecursionError:
        problems.add(place, f"{shown(text)}: lists or tables are nested too deeply")
        return None
    except ValueError as error:
        fault, line = syntax_fault(str(error), content)
        problems.add(Place((), text, line or 1, place.loc), f"is not valid TOML: {fault}")
        return None
    digest = hashlib.sha256(content.encode()).hexdigest()[:_HASH_LENGTH]
    file = OwnFile(name=Path(text).name, date=f"{written:%Y-%m-%d}", hash=digest)
    return OwnCatalog(file=file, tables=tables), content


def _line(lines: dict[Loc, int], loc: Loc) -> int:
    """Return the line of a key, or of the nearest table around it."""
    while loc and loc not in lines:
        loc = loc[:-1]
    return lines.get(loc, 1)
