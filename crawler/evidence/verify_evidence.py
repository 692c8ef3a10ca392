"""Check evidence folders of Lurewatch; needs nothing but Python 3.9 or later.

    python3 verify_evidence.py [--tsa-ca FILE] FOLDER [FOLDER ...]

FOLDER is the output of a crawl (it holds `evidence/`, and `adverts.jsonl` where adverts were
found). Checked are: every record that the manifest lists (its bytes, its payload, both by
SHA-256), every Merkle root over these records and the chain between roots, that the page of every
advert is among them, and that every time stamp (RFC 3161, a `.tsr` file) is one over its root. Whose
signature a time stamp bears is checked where `--tsa-ca` names the authority's certificate (PEM) and
`openssl` is on this machine; else a note says that it was not. Exit code 0: everything verifies;
1: something does not, and is named; 2: there is nothing to check.

How roots are made, to check them by other means: leaf = SHA-256(0x00 + record digest), node =
SHA-256(0x01 + left + right), an odd one out is carried up unchanged (as in RFC 6962, level by
level), and root line's chain = SHA-256 of the previous root line's `chain` + this root, both in hexadecimal.
A time stamp is over the 32 bytes of the chain; its file is named by their first 16 digits.
"""

# ruff: noqa: T201, PLR0911, S603 - one file without dependencies, talking by printing; a check returns its first fault
import gzip
import hashlib
import json
import shutil
import subprocess
import sys
import zlib
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple, Optional


class Fault(NamedTuple):
    """One thing that does not verify: where it is, and what is wrong."""

    where: str
    what: str


class Result(NamedTuple):
    """What was checked, and what is wrong."""

    records: int
    roots: int
    adverts: int
    faults: list[Fault]
    notes: list[str]
    stamps: int = 0


class Stamp(NamedTuple):
    """What a time stamp says: over which digest, and when."""

    algorithm: str
    digest: bytes
    at: datetime


def verify(folder: Path, tsa_ca: Optional[Path] = None) -> Result:  # noqa: UP045 - read by Python 3.9 too
    """Check one crawl's output folder; raises FileNotFoundError when it holds no evidence.

    `tsa_ca` is the certificate of the time stamping authority that is trusted, or of who certifies it.
    """
    evidence = folder / "evidence"
    manifests = sorted(evidence.glob("*manifest.jsonl"))
    if not manifests:
        raise FileNotFoundError(f"{evidence}: no manifest.jsonl; was the crawl run with evidence?")
    faults: list[Fault] = []
    notes: list[str] = []
    payloads: set[str] = set()
    records = roots = 0
    for manifest in manifests:
        entries = _lines(manifest, faults)
        records += len(entries)
        for n, entry in enumerate(entries, start=1):
            fault = _check_record(evidence, entry)
            if fault:
                faults.append(
                    Fault(
                        f"{manifest.name}:{n} {entry.get('file')}@{entry.get('offset')} {entry.get('url')}",
                        fault,
                    )
                )
            else:
                payloads.add(str(entry["payload"]))
        roots += _check_roots(manifest, entries, faults, notes)
        _note_tails(evidence, entries, notes)
    stamps = _check_stamps(evidence, manifests, tsa_ca, faults, notes)
    adverts = _check_adverts(folder / "adverts.jsonl", payloads, faults)
    return Result(records, roots, adverts, faults, notes, stamps)


def merkle_root(leaves: list[str]) -> str:
    """Give the Merkle root over record digests in hexadecimal, in order."""
    level = [hashlib.sha256(b"\x00" + bytes.fromhex(leaf)).digest() for leaf in leaves]
    while len(level) > 1:
        pairs = [
            hashlib.sha256(b"\x01" + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)
        ]
        level = pairs + level[len(pairs) * 2 :]
    return level[0].hex() if level else hashlib.sha256(b"").hexdigest()


def chain(previous: str, root: str) -> str:
    """Bind a root to the one before it, so that none can be taken out unseen."""
    return hashlib.sha256((previous + root).encode("ascii")).hexdigest()


def payload_of(record: bytes) -> bytes:
    """Cut the body of the archived response out of an uncompressed WARC record."""
    head, _, block = record.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":", 1)[1])
    return block[:length].partition(b"\r\n\r\n")[2]


def _check_record(evidence: Path, entry: dict[str, Any]) -> str:
    try:
        name, offset, length = str(entry["file"]), int(entry["offset"]), int(entry["length"])
        wanted, payload = str(entry["record"]), str(entry["payload"])
    except (KeyError, ValueError, TypeError):
        return "the manifest's line is incomplete"
    if "/" in name or "\\" in name:
        return "the manifest's line leads out of the evidence folder"
    try:
        with (evidence / name).open("rb") as warc:
            warc.seek(offset)
            packed = warc.read(length)
    except OSError:
        return "the WARC file is missing"
    try:
        body = payload_of(gzip.decompress(packed))
    except (OSError, EOFError, zlib.error, ValueError):
        return "the record's bytes were altered: it cannot be unpacked"
    if "sha256:" + hashlib.sha256(body).hexdigest() != payload:
        return "the page was altered: its SHA-256 differs from the manifest"
    if hashlib.sha256(packed).hexdigest() != wanted:
        return "the record's bytes were altered: its SHA-256 differs from the manifest"
    return ""


def _check_roots(manifest: Path, entries: list[dict[str, Any]], faults: list[Fault], notes: list[str]) -> int:
    path = manifest.with_name(manifest.name.replace("manifest.jsonl", "roots.jsonl"))
    lines = _lines(path, faults) if path.is_file() else []
    previous, at = "", 0
    for n, line in enumerate(lines, start=1):
        first, count = int(line.get("first", -1)), int(line.get("records", -1))
        where = f"{path.name}:{n}"
        if first != at or count < 0:
            faults.append(Fault(where, f"does not go on where the root before ended (record {at})"))
        leaves = [str(entry.get("record", "")) for entry in entries[first : first + count]]
        if len(leaves) != count:
            faults.append(
                Fault(where, f"covers {count} records, but the manifest lists only {len(leaves)} of them")
            )
        elif _safe_root(leaves) != line.get("root"):
            faults.append(Fault(where, "its Merkle root differs: a record was added, taken out or altered"))
        if chain(previous, str(line.get("root"))) != line.get("chain"):
            faults.append(Fault(where, "is not chained to the root before it"))
        previous, at = str(line.get("chain")), first + count
    if len(entries) > at:
        notes.append(f"{manifest.name}: {len(entries) - at} record(s) not under a Merkle root yet")
    return len(lines)


def _check_stamps(
    evidence: Path,
    manifests: list[Path],
    tsa_ca: Optional[Path],  # noqa: UP045
    faults: list[Fault],
    notes: list[str],
) -> int:
    chains: dict[str, bytes] = {}
    for manifest in manifests:
        path = manifest.with_name(manifest.name.replace("manifest.jsonl", "roots.jsonl"))
        source = manifest.name[: -len("manifest.jsonl")]
        for line in _lines(path, []) if path.is_file() else []:
            bound = str(line.get("chain"))
            try:
                chains[f"{source}{bound[:16]}.tsr"] = bytes.fromhex(bound)
            except ValueError:
                continue
    stamps = sorted(evidence.glob("*.tsr"))
    unsigned = 0
    for path in stamps:
        what = _check_stamp(path.read_bytes(), chains.get(path.name))
        if not what and tsa_ca is not None and shutil.which("openssl"):
            what = _check_signature(path, tsa_ca)
        elif not what:
            unsigned += 1
        if what:
            faults.append(Fault(path.name, what))
    if unsigned:
        why = "name the authority's certificate with --tsa-ca" if tsa_ca is None else "openssl is not here"
        notes.append(
            f"{unsigned} time stamp(s) fit their roots; whose signature they bear was not checked: {why}"
        )
    return len(stamps)


def _check_stamp(stamp: bytes, root: Optional[bytes]) -> str:  # noqa: UP045
    if root is None:
        return "a time stamp over a root that is not here"
    try:
        read = read_stamp(stamp)
        fits = hashlib.new(read.algorithm, root).digest() == read.digest
    except (ValueError, IndexError):
        return "is no granted time stamp that can be read"
    return "" if fits else "stamps something else than the root it is named after"


def _check_signature(path: Path, tsa_ca: Path) -> str:
    stamp = read_stamp(path.read_bytes())
    # a certificate that has run out since then signed well at the time
    at = str(int(stamp.at.timestamp()))
    command = [
        "openssl",
        "ts",
        "-verify",
        "-digest",
        stamp.digest.hex(),
        "-in",
        str(path),
        "-CAfile",
        str(tsa_ca),
        "-attime",
        at,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else "its signature is not one that the named certificate vouches for"


_DIGESTS = {
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}


def read_stamp(reply: bytes) -> Stamp:
    """Read the answer of a time stamping authority (RFC 3161); raises ValueError when it is no granted stamp."""
    status, token = _children(_content(reply))[:2]
    if int.from_bytes(_children(status[1])[0][1], "big") > 1:
        raise ValueError("not granted")
    signed = _content(_children(token[1])[1][1])
    boxed = _children(_children(signed)[2][1])[1][1]
    info = _children(_content(_content(boxed)))
    algorithm, digest = _children(info[2][1])
    oid = _oid(_children(algorithm[1])[0][1])
    if oid not in _DIGESTS:
        raise ValueError("unknown digest")
    moment = info[4][1].decode("ascii").split(".")[0].rstrip("Z")
    at = datetime.strptime(moment, "%Y%m%d%H%M%S").replace(tzinfo=timezone.utc)  # noqa: UP017 - Python 3.9
    return Stamp(_DIGESTS[oid], digest[1], at)


def _content(der: bytes) -> bytes:
    return _children(der)[0][1]


def _children(der: bytes) -> list[tuple[int, bytes]]:
    return list(_elements(der))


def _elements(der: bytes) -> Iterator[tuple[int, bytes]]:
    """The (tag, content) pairs of a DER encoding, one after another."""
    at = 0
    while at < len(der):
        tag, length, at = der[at], der[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(der[at : at + size], "big"), at + size
        if at + length > len(der):
            raise ValueError("cut off")
        yield tag, der[at : at + length]
        at += length


def _oid(der: bytes) -> str:
    parts, value = [der[0] // 40, der[0] % 40], 0
    for byte in der[1:]:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            parts.append(value)
            value = 0
    return ".".join(map(str, parts))


def _safe_root(leaves: list[str]) -> str:
    try:
        return merkle_root(leaves)
    except ValueError:
        return ""


def _note_tails(evidence: Path, entries: list[dict[str, Any]], notes: list[str]) -> None:
    ends: dict[str, int] = {}
    for entry in entries:
        name = str(entry.get("file"))
        ends[name] = max(ends.get(name, 0), int(entry.get("offset", 0)) + int(entry.get("length", 0)))
    for name, end in sorted(ends.items()):
        path = evidence / name
        size = path.stat().st_size if path.is_file() else end
        if size > end:
            notes.append(
                f"{name}: {size - end} bytes after the last listed record (the crawl was stopped while writing)"
            )


def _check_adverts(path: Path, payloads: set[str], faults: list[Fault]) -> int:
    if not path.is_file():
        return 0
    adverts = _lines(path, faults)
    for n, advert in enumerate(adverts, start=1):
        if advert.get("page_digest") not in payloads:
            faults.append(Fault(f"{path.name}:{n} {advert.get('id')}", "no verified record holds its page"))
    return len(adverts)


def _lines(path: Path, faults: list[Fault]) -> list[dict[str, Any]]:
    values: list[dict[str, Any]] = []
    for n, line in enumerate(path.read_bytes().split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except ValueError:
            value = None
        if isinstance(value, dict):
            values.append(value)
        else:
            faults.append(Fault(f"{path.name}:{n}", "is not a line of JSON"))
    return values


def main(arguments: list[str]) -> int:
    """Check the folders named on the command line and say what was found."""
    if not arguments or arguments[0] in {"-h", "--help"}:
        print(__doc__)
        return 0 if arguments else 2
    tsa_ca = None
    if arguments[0] == "--tsa-ca":
        if len(arguments) < 3 or not Path(arguments[1]).is_file():  # noqa: PLR2004 - the option, its value, a folder
            print("--tsa-ca needs a certificate's file, and a folder after it", file=sys.stderr)
            return 2
        tsa_ca, arguments = Path(arguments[1]), arguments[2:]
    exit_code = 0
    for name in arguments:
        try:
            result = verify(Path(name), tsa_ca)
        except FileNotFoundError as error:
            print(error, file=sys.stderr)
            return 2
        for note in result.notes:
            print(f"note: {note}")
        for fault in result.faults:
            print(f"FAULT {fault.where}: {fault.what}")
        print(
            f"{name}: {result.records} records, {result.roots} Merkle roots, {result.stamps} time stamps, "
            f"{result.adverts} adverts, {len(result.faults)} faults"
        )
        exit_code = max(exit_code, 1 if result.faults else 0)
    return exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
