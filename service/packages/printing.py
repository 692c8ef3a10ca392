"""The report on paper: `report.pdf`, printed from `report.html` by WeasyPrint in a process of its own.

Its own, because setting type takes seconds and hundreds of megabytes and runs native code over hostile text:
time and memory are bounded, and whatever goes wrong, the package is made all the same and says why it holds no
PDF. The same report gives the same bytes on one machine. Nothing is fetched; a character for which the
machine has no font is a box on paper, and every page's foot names its script.
"""

import hashlib
import json
import logging
import resource
import subprocess
import sys
import unicodedata
from dataclasses import dataclass
from typing import NoReturn

MOST_PRINTED = 100
"""Adverts printed at once. Measured: half a second of processor time an advert; 250 MB for ten, 420 MB for forty."""
MOST_PRINTED_ENTRIES = 1500
"""Entries of a custody log printed at once."""
CPU_S = 120
WALL_S = 300
MEMORY = 3 * 2**30
_NOT_INSTALLED = 3


@dataclass(frozen=True)
class Printed:
    """A printed report, or the reason why there is none."""

    pdf: bytes | None
    note: str
    """For the manifest: `printed`, what is missing in it, or why it was left out."""


def print_report(html: bytes) -> Printed:
    """Print a report, or one part of a long one."""
    command = [sys.executable, "-m", "service.packages.printing"]
    try:
        done = subprocess.run(command, input=html, capture_output=True, timeout=WALL_S, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        return Printed(None, f"left out: printing did not end ({type(error).__name__}); print report.html")
    if done.returncode == _NOT_INSTALLED:
        return Printed(None, "left out: WeasyPrint or its Pango library is not installed; print report.html")
    if done.returncode != 0 or not done.stdout.startswith(b"%PDF-"):
        return Printed(None, f"left out: printing failed (exit {done.returncode}); print report.html")
    scripts = json.loads(done.stderr.splitlines()[-1])
    return Printed(done.stdout, f"printed; no font here for {', '.join(scripts)}" if scripts else "printed")


def scripts_of(characters: set[str]) -> list[str]:
    """Name the scripts of some characters, as Unicode does."""
    return sorted({_script(character) for character in characters})


def _script(character: str) -> str:
    if not unicodedata.category(character).startswith(("L", "M", "N")):
        return "Symbols"
    return unicodedata.name(character, "UNNAMED").split()[0].title()


class _Missing(logging.Handler):
    """Keeps the characters that WeasyPrint says it found no glyph for."""

    def __init__(self) -> None:
        super().__init__()
        self.characters: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        if ".notdef" in str(record.msg) and isinstance(record.args, tuple):
            self.characters.add(str(record.args[0]))


def main() -> int:
    """Read a report from standard input, write the PDF to standard output and missing scripts to the other."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    try:
        from weasyprint import CSS, HTML
    except (ImportError, OSError):
        return _NOT_INSTALLED
    missing = _Missing()
    logging.getLogger("weasyprint").handlers = [missing]
    html = sys.stdin.buffer.read()
    report = HTML(string=html.decode(), url_fetcher=_fetch_nothing)
    name = hashlib.sha256(html).digest()[:16]
    pdf = report.write_pdf(pdf_identifier=name)
    scripts = scripts_of(missing.characters)
    if scripts:
        foot = f"No font on this machine for: {', '.join(scripts)}. Boxes stand for letters; see report.html."
        sheet = CSS(string=f'@page {{ @bottom-left {{ content: "{foot}" }} }}')
        pdf = report.write_pdf(pdf_identifier=name, stylesheets=[sheet])
    sys.stdout.buffer.write(pdf)
    sys.stderr.write("\n" + json.dumps(scripts) + "\n")
    return 0


def _fetch_nothing(url: str, *_args: object, **_options: object) -> NoReturn:
    raise ValueError(f"a report needs nothing from elsewhere: {url[:80]}")


if __name__ == "__main__":
    sys.exit(main())
