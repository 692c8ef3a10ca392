"""Check an evidence package of Lurewatch; needs nothing but Python 3.9 or later.

    python3 verify_package.py PACKAGE.zip [MANIFEST_SHA256]

Checked are: every file against the manifest (SHA-256), the manifest against its own digest, the custody
log entry by entry (each is sealed together with the digest of the one before it), every archived page
against the digest its advert names, and the archive itself byte by byte, because it is written in one
way only. Nothing is unpacked to disk. With the manifest's SHA-256, which the console shows and its own log
keeps, a package that was made anew as a whole is found too. Exit code 0: everything verifies; 1: something
does not, and is named; 2: there is nothing to check.
"""

# ruff: noqa: T201, UP045 - one file without dependencies, talking by printing, for older Pythons too
import gzip
import hashlib
import io
import json
import sys
import zipfile
import zlib
from pathlib import Path
from typing import Any, Optional

MANIFEST, SEAL, CUSTODY, PAGES = "manifest.json", "manifest.sha256", "custody.jsonl", "evidence/pages.json"
START = "0" * 64
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    NotImplementedError,
    RuntimeError,
)


def write_archive(files: "dict[str, bytes]") -> bytes:
    """Write files as a ZIP archive in the one way that the same files always give the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            archive.writestr(entry, files[name])
    return out.getvalue()


def seal_entry(entry: "dict[str, Any]") -> str:
    """Give the digest of a custody entry over everything in it but the digest itself."""
    sealed = {name: value for name, value in entry.items() if name != "digest"}
    return digest_of(json.dumps(sealed, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode())


def digest_of(data: bytes) -> str:
    """Give the SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def find_faults(package: bytes, *, manifest_digest: Optional[str] = None) -> "list[str]":
    """Give everything that does not verify, each with the name of the file it is in."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(package))
    except _UNREADABLE as error:
        return [f"the archive cannot be read at all: {error}"]
    faults, files = _read(archive)
    faults += _check_manifest(files, manifest_digest)
    faults += _check_custody(files.get(CUSTODY, b""))
    faults += _check_pages(files)
    return faults or _check_archive(package, files)


def _read(archive: zipfile.ZipFile) -> "tuple[list[str], dict[str, bytes]]":
    faults, files = [], {}
    for entry in archive.infolist():
        name = entry.filename
        if name in files:
            faults.append(f"{name}: is in the archive twice")
        if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or ":" in name:
            faults.append(f"{name!r}: is no name that we write")
        try:
            files[name] = archive.read(entry)
        except _UNREADABLE as error:
            faults.append(f"{name}: cannot be read ({error})")
    return faults, files


def _check_manifest(files: "dict[str, bytes]", wanted: Optional[str]) -> "list[str]":
    if MANIFEST not in files or SEAL not in files:
        return [f"{MANIFEST if MANIFEST not in files else SEAL}: is missing"]
    found = digest_of(files[MANIFEST])
    if files[SEAL].decode("ascii", "replace").strip() != found:
        return [f"{MANIFEST}: does not have the digest that {SEAL} names"]
    faults = []
    if wanted is not None and wanted.strip().lower() != found:
        faults.append(f"{MANIFEST}: has the digest {found}, not the one you gave")
    listed = json.loads(files[MANIFEST])["files"]
    for name in sorted({*listed, *files} - {MANIFEST, SEAL}):
        if name not in files:
            faults.append(f"{name}: is missing")
        elif name not in listed:
            faults.append(f"{name}: is not in the manifest")
        elif digest_of(files[name]) != listed[name]["sha256"]:
            faults.append(f"{name}: was altered, its SHA-256 is not the manifest's")
    return faults


def _check_custody(log: bytes) -> "list[str]":
    previous = START
    for number, line in enumerate(log.splitlines(), start=1):
        try:
            entry = json.loads(line)
            fits = (entry["n"], entry["previous"], entry["digest"]) == (number, previous, seal_entry(entry))
        except (ValueError, KeyError, TypeError):
            fits = False
        if not fits:
            return [
                f"{CUSTODY}: entry {number} does not fit the chain; it was altered, or one before it removed"
            ]
        previous = entry["digest"]
    return []


def _check_pages(files: "dict[str, bytes]") -> "list[str]":
    if PAGES not in files:
        return []
    faults = []
    try:
        pages = json.loads(files[PAGES])
    except ValueError:
        return [f"{PAGES}: is no JSON"]
    for page in pages:
        try:
            response = gzip.decompress(files[page["file"]]).partition(b"\r\n\r\n")[2]
            length = next(
                int(line.split(b":")[1])
                for line in gzip.decompress(files[page["file"]]).splitlines()
                if line.lower().startswith(b"content-length:")
            )
            body = response[:length].partition(b"\r\n\r\n")[2]
        except (*_UNREADABLE, KeyError, StopIteration):
            faults.append(f"{page.get('file')}: holds no page that can be read")
            continue
        if "sha256:" + digest_of(body) != page["page_digest"]:
            faults.append(f"{page['file']}: is not the page that its advert names")
    return faults


def _check_archive(package: bytes, files: "dict[str, bytes]") -> "list[str]":
    """Find what no file's digest covers: names, dates, offsets, bytes before, between and after the files."""
    wanted = write_archive(files)
    if package == wanted:
        return []
    pairs = enumerate(zip(package, wanted))  # noqa: B905 - older Pythons have no strict
    place = next((n for n, (a, b) in pairs if a != b), min(len(package), len(wanted)))
    return [f"the archive differs at byte {place} from what its files give ({_entry_at(files, place)})"]


def _entry_at(files: "dict[str, bytes]", place: int) -> str:
    for entry in reversed(zipfile.ZipFile(io.BytesIO(write_archive(files))).infolist()):
        if entry.header_offset <= place < entry.header_offset + 30 + len(entry.filename):
            return f"in the header of {entry.filename}"
    return "in the archive's list of files"


def main(arguments: "list[str]") -> int:
    """Check the package that the command line names, and print what was found."""
    if len(arguments) not in {1, 2}:
        print(__doc__)
        return 2
    try:
        package = Path(arguments[0]).read_bytes()
    except OSError as error:
        print(f"{arguments[0]}: cannot be read ({error.strerror})")
        return 2
    faults = find_faults(package, manifest_digest=arguments[1] if len(arguments) > 1 else None)
    for fault in faults:
        print(fault)
    print(f"{arguments[0]}: {len(faults)} faults" if faults else f"{arguments[0]}: everything verifies")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
