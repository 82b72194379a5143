"""Labels that the reply itself contradicts: shown in a column of their own, and counted by `--strict` only.

Labels were made by parsers, and parsers err. These rules look at nothing but the reply and the label:

- **A registrar that is a contact.** The labelled name stands in the reply, but on no line of a registrar:
  neither on a line that says `registrar`, nor in a block that begins with such a line. Some parsers show the
  technical contact where the registry names the registrar by a handle, or not at all.
- **Registered or not, from a refusal.** Nothing but "registered or not" is labelled, and the reply is read
  as a refusal: such a reply tells neither.

They excuse little: a bar bounds how much may be disputed. One rule serves us and the label:

- **Two names of one registrar.** Where the label and our value stand in the same block of a registrar (its
  name and its handle, `Organization:` and `Name:`), they name the same one.
"""

from collections.abc import Iterator

from tests.accuracy import sameness
from tests.accuracy.corpus import ReplyRow

_WORDS = ("registrar", "registration service", "authorized agency", "invoicing party")


def names_a_contact(row: ReplyRow) -> bool:
    """Tell whether the labelled registrar stands in the reply, and never as a registrar."""
    label = row.registrar or ""
    return label in row.reply and not any(label in block for block in _registrar_blocks(row.reply))


def names_the_same(row: ReplyRow, got: str) -> bool:
    """Tell whether the label and our value are two names in one block of a registrar."""
    if not row.registrar:
        return False
    wanted = {sameness.registrar(row.registrar), sameness.registrar(got)}
    return any(wanted <= set(_values(block)) for block in _registrar_blocks(row.reply))


def is_bare(row: ReplyRow) -> bool:
    """Tell whether nothing but "registered or not" is labelled."""
    dates = (row.created, row.updated, row.expires)
    return not any((row.registrar, row.iana_id, row.name_servers, row.status, *dates))


def _registrar_blocks(reply: str) -> Iterator[str]:
    """Yield each block that begins with the word, and each single line with it."""
    block: list[str] = []
    for line in [*reply.splitlines(), ""]:
        if any(word in line.lower() for word in _WORDS):
            yield line
        if line.strip():
            block.append(line)
            continue
        if block and block[0].strip(" \t[*").lower().startswith(_WORDS):
            yield "\n".join(block)
        block = []


def _values(block: str) -> Iterator[str]:
    for line in block.splitlines():
        yield sameness.registrar(line.rpartition(":")[2].strip() or line)
