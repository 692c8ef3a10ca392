"""Reads somebody else's labelled adverts into label rows, from CSV, JSON lines or Parquet.

Nothing is guessed: a column that is not there, a label value without a mapping, a file with another digest
stop the import with the place and the remedy. Contacts are masked before anything is written, names of
employers become digests, and every row keeps where it came from.
"""

import csv
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from model.errors import InputError
from model.facts.contacts import ContactFound, find_contacts
from model.schema.advert import ContactKind
from model.schema.decision import Label, LabelName, Provenance
from model.text.language import guess_language
from model.text.normalise import normalise

FIELDS = (
    *("id", "text", "title", "label", "language", "country", "variant", "surface"),
    *("campaign", "employer", "posted_on", "note"),
)
"""What a column may be mapped to."""
LEAVE_OUT = "skip"
"""A label value mapped to this is counted and left out."""
ANY = "*"
"""Stands for every label value that has no meaning of its own."""
_LEAST_TEXT = 5
_PLACEHOLDER = "example_contact"


@dataclass(frozen=True)
class ColumnMap:
    """Which column fills which field, and what the label values mean."""

    columns: Mapping[str, tuple[str, ...]]
    """Field → columns; several are joined by a line break, empty ones passed over."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Value as written → name of a label, or `skip`; empty when the values are label names already."""
    language: str | None = None
    """Language of all rows; guessed row by row when neither this nor a column is given."""


@dataclass
class Imported:
    """Rows with what happened on the way."""

    rows: list[Label] = field(default_factory=list)
    read: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    contacts_masked: Counter[str] = field(default_factory=Counter)
    sha256: str = ""

    def to_json(self) -> dict[str, Any]:
        """Give the counts that belong beside an import."""
        return {
            "rows_read": self.read,
            "rows_imported": len(self.rows),
            "left_out": dict(sorted(self.left_out.items())),
            "by_label": dict(sorted(Counter(str(row.label) for row in self.rows).items())),
            "by_language": dict(sorted(Counter(row.language for row in self.rows).items())),
            "contacts_masked": dict(sorted(self.contacts_masked.items())),
            "sha256": self.sha256,
        }


def parse_mapping(columns: str, labels: str = "", *, language: str | None = None) -> ColumnMap:
    """Read `text=description+benefits,label=fraudulent` and `1=other_deceptive`; raises `InputError`."""
    fields = {name: tuple(value.split("+")) for name, value in _pairs(columns, "--map").items()}
    unknown = sorted(fields.keys() - set(FIELDS))
    if unknown:
        raise InputError(f"--map: no field {', '.join(unknown)}; fields are {', '.join(FIELDS)}")
    meanings = _pairs(labels, "--labels")
    needed = ("text",) if ANY in meanings else ("text", "label")
    missing = [name for name in needed if name not in fields]
    if missing:
        raise InputError(
            f"--map: {' and '.join(missing)} must be named, for example text=description,label=verdict;"
            " --labels *=legitimate gives every row one label"
        )
    wrong = sorted(set(meanings.values()) - {*LabelName, LEAVE_OUT})
    if wrong:
        raise InputError(
            f"--labels: no label {', '.join(wrong)}; labels are {', '.join(LabelName)}, or {LEAVE_OUT}"
        )
    return ColumnMap(fields, meanings, language)


def _pairs(value: str, option: str) -> dict[str, str]:
    pairs = {}
    for part in filter(None, (part.strip() for part in value.split(","))):
        key, equals, meaning = part.partition("=")
        if not equals or not key.strip() or not meaning.strip():
            raise InputError(f"{option}: {part!r} is no pair; write name=value,name=value")
        pairs[key.strip()] = meaning.strip()
    return pairs


def import_file(
    path: Path,
    mapping: ColumnMap,
    *,
    name: str,
    provenance: Provenance = Provenance.IMPORTED,
    sha256: str | None = None,
) -> Imported:
    """Read a file into label rows with origin `import:<name>`; `sha256` refuses a file with other bytes."""
    result = Imported(sha256=digest_of(path))
    if sha256 is not None and sha256.removeprefix("sha256:").lower() != result.sha256:
        raise InputError(f"{path.name}: its sha256 is {result.sha256}, not {sha256}; get the file registered")
    made = {"provenance": provenance, "origin": f"import:{name}"}
    seen: set[tuple[str, str]] = set()
    for number, raw in enumerate(read_table(path), 1):
        if number == 1:
            _check_columns(path, raw, mapping)
        result.read += 1
        row = _row(raw, mapping, result, where=f"{path.name}: row {number}", made=made)
        if row is None:
            continue
        key = (" ".join(normalise(row.text).text.split()), str(row.label))
        if key in seen:
            result.left_out["same text and label as an earlier row"] += 1
            continue
        seen.add(key)
        result.rows.append(row)
    ids = Counter(row.id for row in result.rows)
    twice = next((key for key, n in ids.items() if n > 1), None)
    if twice is not None:
        raise InputError(f"{path.name}: id {twice!r} stands twice; map another column to id, or leave id out")
    return result


def _row(
    raw: Mapping[str, Any],
    mapping: ColumnMap,
    result: Imported,
    *,
    where: str,
    made: Mapping[str, str],
) -> Label | None:
    values = {field_: _joined(raw, columns) for field_, columns in mapping.columns.items()}
    written = values.get("label", "")
    label = mapping.labels.get(written, mapping.labels.get(ANY) if mapping.labels else written)
    if label is None or label not in {*LabelName, LEAVE_OUT}:
        raise InputError(
            f"{where}: label value {written!r} has no meaning; add {written or 'VALUE'}=LABEL to --labels,"
            f" or ={LEAVE_OUT} to leave such rows out"
        )
    if label == LEAVE_OUT:
        result.left_out[f"label value {written}"] += 1
        return None
    if len(values["text"]) < _LEAST_TEXT:
        result.left_out["no text"] += 1
        return None
    for field_ in {"text", "title", "note"} & values.keys():
        values[field_] = mask_contacts(values[field_], counts=result.contacts_masked)
    if values.get("employer"):
        values["employer"] = "emp_" + hashlib.sha256(values["employer"].lower().encode()).hexdigest()[:16]
    fields: dict[str, Any] = {key: value for key, value in values.items() if value}
    fields["label"] = label
    language = fields.get("language") or mapping.language or guess_language(fields["text"]).code
    key = fields.get("id") or hashlib.sha256((label + "\x1f" + fields["text"]).encode()).hexdigest()[:20]
    fields |= {**made, "id": f"{made['origin'].partition(':')[2]}-{key}", "language": language}
    try:
        return Label.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(
            f"{where}: {'.'.join(map(str, first['loc']))}: {first['msg']}; mend the row"
        ) from error


def _joined(raw: Mapping[str, Any], columns: tuple[str, ...]) -> str:
    values = (raw.get(column) for column in columns)
    return "\n".join(text for value in values if value is not None and (text := str(value).strip()))


def _check_columns(path: Path, raw: Mapping[str, Any], mapping: ColumnMap) -> None:
    missing = sorted({column for columns in mapping.columns.values() for column in columns} - raw.keys())
    if missing:
        raise InputError(
            f"{path.name}: has no column {', '.join(missing)}; its columns are {', '.join(map(str, raw))}"
        )


def read_table(path: Path) -> Iterator[dict[str, Any]]:
    """Give the rows of a .csv, .tsv, .jsonl or .parquet file; raises `InputError` naming the line."""
    readers = {
        ".csv": _csv,
        ".tsv": _csv,
        ".jsonl": _json_lines,
        ".ndjson": _json_lines,
        ".parquet": _parquet,
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"{path.name}: is none of {', '.join(readers)}; convert it to one of them")
    try:
        yield from reader(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path.name}: is not UTF-8 ({error.reason} at byte {error.start}); convert it"
        ) from error


def _csv(path: Path) -> Iterator[dict[str, Any]]:
    previous = csv.field_size_limit(10_000_000)
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(
                stream, delimiter="\t" if path.suffix.lower() == ".tsv" else ",", strict=True
            )
            for row in reader:
                if None in row:
                    raise InputError(
                        f"{path.name}:{reader.line_num}: more values than columns; quote the text"
                    )
                yield row
    except csv.Error as error:
        raise InputError(f"{path.name}:{reader.line_num}: is no CSV ({error})") from error
    finally:
        csv.field_size_limit(previous)


def _json_lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise InputError(f"{path.name}:{number}: is no JSON ({error}); one object a line") from error
            if not isinstance(row, dict):
                raise InputError(f"{path.name}:{number}: is no JSON object; one object a line")
            yield row


def _parquet(path: Path) -> Iterator[dict[str, Any]]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches():
                yield from batch.to_pylist()
    except pa.ArrowException as error:
        raise InputError(f"{path.name}: is no Parquet file; export it again") from error


def mask_contacts(text: str, *, counts: Counter[str] | None = None) -> str:
    """Put a fictional contact of the same kind in place of each: the kind stays, nobody can be reached."""
    folded = normalise(text)
    pieces = []
    position = 0
    for contact in find_contacts(folded):
        start, end = folded.received_span(contact.start, contact.end)
        pieces += [text[position:start], _fictional(contact, text[start:end])]
        position = end
        if counts is not None:
            counts[str(contact.kind)] += 1
    return "".join([*pieces, text[position:]])


def _fictional(contact: ContactFound, written: str) -> str:
    if contact.kind is ContactKind.EMAIL:
        return "contact@example.com" if contact.corporate else "[mail address]"
    if contact.value.isdigit():
        prefix = _prefix(written)
        return prefix + "".join("0" if c.isdigit() else c for c in written[len(prefix) :])
    if contact.kind is ContactKind.URL:
        return "https://example.com/" if contact.corporate else "[short link]"
    host, slash, _ = contact.value.rpartition("/")
    at = "@" if written.lstrip().startswith("@") else ""
    return f"{host}{slash}{_PLACEHOLDER}" if slash else at + _PLACEHOLDER


def _prefix(written: str) -> str:
    """Give the country part of an international number as written, empty for a national one."""
    stripped = written.lstrip("( ")
    if not stripped.startswith("+"):
        return ""
    digits = stripped[1:].split(" ")[0].split("-")[0]
    return written[: written.index("+") + 1 + min(len(digits), 3)]


def save_labels(path: Path, rows: Iterable[Label]) -> None:
    """Write label rows as JSON lines, in their order."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(row.to_line() + "\n" for row in rows), "utf-8")


def digest_of(path: Path) -> str:
    """Give the sha256 of a file's bytes in hexadecimal; raises `InputError`."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
