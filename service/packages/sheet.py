"""Rows for spreadsheets. A cell that a spreadsheet would run as a formula is made a text.

Rule and characters: OWASP, "CSV Injection" (https://owasp.org/www-community/attacks/CSV_Injection).
"""

import csv
import io
from collections.abc import Iterable, Sequence

RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""How a cell begins that a spreadsheet may run; also in full width, which some read as the same."""


def safe_cell(value: object) -> str:
    """Give a cell that no spreadsheet runs; numbers of ours stay numbers."""
    if value is None:
        return ""
    if isinstance(value, int | float):
        return str(value)
    text = str(value).replace("\x00", "\ufffd")
    return (
        "'" + text if text.lstrip(" \u00a0\u200b\ufeff").startswith(RUNS) or text.startswith(RUNS) else text
    )


def write_sheet(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Write rows as CSV in UTF-8 with a byte order mark, every cell in quotes."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([safe_cell(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig", "replace")
