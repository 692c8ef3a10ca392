"""The `<script>` elements of a page, found in its text.

A parser would not see scripts inside HTML comments, and boards do leave their JobPosting there;
so the text is searched, in one pass from front to back.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_OPEN = re.compile(r"<script\b([^>]{0,2000})>", re.IGNORECASE)
_CLOSE = re.compile(r"</script\s*>", re.IGNORECASE)
_TYPE = re.compile(r"""\btype\s*=\s*["']?\s*([\w/+.-]+)""", re.IGNORECASE)
MAX_SCRIPTS = 400
"""Pages with more are read up to here."""


@dataclass(frozen=True)
class Script:
    """One script element: its type in lower case (empty when none is stated) and its text."""

    kind: str
    text: str


def scripts_of(page: str) -> Iterator[Script]:
    """Give every script of a page that has text, commented-out ones too."""
    at, n = 0, 0
    while n < MAX_SCRIPTS and (opening := _OPEN.search(page, at)) is not None:
        closing = _CLOSE.search(page, opening.end())
        if closing is None:
            # an excerpt cut off inside a script: what is there may still be repaired
            closing_at, at = len(page), len(page)
        else:
            closing_at, at = closing.start(), closing.end()
        stated = _TYPE.search(opening.group(1))
        if closing_at > opening.end():
            n += 1
            yield Script(stated.group(1).lower() if stated else "", page[opening.end() : closing_at])
