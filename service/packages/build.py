"""Puts a package together: one ZIP archive with everything, its manifest, and a script that checks it.

README.txt                what this is and how to check it
report.html, .pdf         the same for people, to read and to print; long ones as report-01.pdf and so on
adverts.jsonl             adverts, assessments and decisions, one line each
adverts.csv               the most important columns, safe in spreadsheets
custody.jsonl             who did what to them, chained by digests
stix.json, misp.json      for other systems; misp/ has the object and the taxonomy
evidence/                 archived pages (full packages only) and their digests
verify_package.py         checks all of it, needs nothing but Python
manifest.json, .sha256    every file's SHA-256, and the manifest's own
"""

import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy.orm import Session

from service.errors import ConflictError, FieldFault, ForbiddenError, InvalidFieldsError, NeedsSecondLookError
from service.packages import misp_event, stix, verify_package
from service.packages.contents import Contents, Item, collect
from service.packages.pages import ArchivedPage
from service.packages.printing import MOST_PRINTED, MOST_PRINTED_ENTRIES, Printed
from service.packages.sheet import write_sheet
from service.packages.verify_package import CUSTODY, MANIFEST, PAGES, SEAL, digest_of, write_archive
from service.review.permissions import Permission, Person, can, check
from service.review.second_look import find_lacking
from service.store.audit import Act, append_event
from service.store.columns import storable

HERE = Path(__file__).parent
MOST_ADVERTS = 1000
LEAST_PURPOSE = 15
MOST_PURPOSE = 500
COLUMNS = (
    "review",
    "advert_sha256",
    "received_at",
    "score",
    "band",
    "language",
    "verdict",
    "pattern",
    "decided_by",
    "decided_at",
    "source",
    "places",
    "title",
    "text",
)
_README = """What is in this archive: {n} public job adverts, what a detector made of them, and what trained people
decided. {kind}
Adverts are judged, never persons: whoever posted one may be held captive and forced to. A score is not proof.

Check it:  python3 verify_package.py {name}
Read it:   report.html in any browser; on paper: {paper} ({pdf}).
"""
NOT_PRINTED = "left out: not asked for"
_TEMPLATES = Environment(
    loader=FileSystemLoader(HERE),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class Package:
    """A finished package."""

    name: str
    data: bytes
    manifest_digest: str


def gather(
    session: Session,
    review_ids: list[str],
    *,
    by: Person,
    at: datetime,
    full: bool,
    purpose: str,
    second_look_rate: float,
    campaign_id: str | None = None,
) -> Contents:
    """Read what goes into a package, without contacts by default.

    A full one needs the permission, a stated purpose, and two people who say the same of every advert in it.
    """
    check(by, Permission.VIEW_ADVERTS)
    stated = " ".join((storable(purpose, limit=MOST_PURPOSE) or "").split())
    if full and not can(by, Permission.EXPORT_FULL):
        raise ForbiddenError(
            f"the role {by.role.value} may not take contacts out; ask a lead for a full package"
        )
    if full and len(stated) < LEAST_PURPOSE:
        wanted = f"say in {LEAST_PURPOSE} characters or more what the full package is for"
        raise InvalidFieldsError(wanted, faults=[FieldFault("/purpose", "missing", wanted)])
    if not review_ids or len(review_ids) > MOST_ADVERTS:
        raise ConflictError(f"a package holds 1 to {MOST_ADVERTS} adverts, not {len(review_ids)}")
    if full and (lacking := find_lacking(session, review_ids, rate=second_look_rate)):
        raise NeedsSecondLookError(
            f"a second person's word is missing for {len(lacking)} of {len(review_ids)} adverts; "
            "without contacts the package can be made now"
        )
    return collect(
        session,
        review_ids,
        full=full,
        purpose=stated or None,
        campaign_id=campaign_id,
        made_by=by.pseudonym,
        made_at=at,
    )


def record_made(session: Session, package: Package, contents: Contents, *, by: Person) -> None:
    """Put on record who made a package, of what and what for; what is not on record is not handed out."""
    review_ids = sorted(item.review_id for item in contents.items)
    detail = {
        "manifest": package.manifest_digest,
        "n": len(review_ids),
        "full": contents.full,
        "purpose": contents.purpose or "",
        "reviews": review_ids,
    }
    append_event(
        session,
        Act.PACKAGE_MADE,
        subject=contents.campaign_id or review_ids[0],
        actor=by.id,
        at=contents.made_at,
        detail=detail,
    )


def build(
    contents: Contents,
    *,
    pages: Mapping[str, ArchivedPage],
    printer: Callable[[bytes], Printed] | None = None,
) -> Package:
    """Give the archive of these contents; the same contents always give the same bytes."""
    kind = "full" if contents.full else "redacted"
    name = f"lurewatch-{contents.made_at:%Y%m%dT%H%M%SZ}-{kind}.zip"
    bundle = io.BytesIO()
    stix.write_bundle(stix.objects_of(contents), bundle, name=name)
    files = {
        "adverts.jsonl": _lines(contents),
        "adverts.csv": write_sheet(COLUMNS, [_row(item) for item in contents.items]),
        CUSTODY: "".join(json.dumps(entry, sort_keys=True) + "\n" for entry in contents.custody).encode(),
        "stix.json": bundle.getvalue(),
        "misp.json": json.dumps(misp_event.event_of(contents), indent=1).encode(),
        "verify_package.py": Path(verify_package.__file__).read_bytes(),
        **{f"misp/{path.name}": path.read_bytes() for path in sorted(misp_event.HERE.glob("*.json"))},
        **_page_files(pages),
    }
    files["report.html"] = _report(contents, pages=pages)
    printed, note = _print(contents, pages=pages, printer=printer) if printer else ({}, NOT_PRINTED)
    files |= printed
    files["README.txt"] = _README.format(
        paper=f"report-01.pdf to {max(printed)}" if len(printed) > 1 else "report.pdf",
        pdf=note,
        n=len(contents.items),
        kind="Contacts are in it: keep it as you would keep a witness's statement."
        if contents.full
        else "Contacts were taken out; a full package needs a stated purpose.",
        name=name,
    ).encode()
    listed = {path: {"sha256": digest_of(data), "bytes": len(data)} for path, data in sorted(files.items())}
    manifest = {
        "made_at": contents.made_at.isoformat(),
        "made_by": contents.made_by,
        "kind": kind,
        "purpose": contents.purpose,
        "campaign": contents.campaign_id,
        "report_pdf": note,
        "files": listed,
    }
    written = json.dumps(manifest, indent=1, sort_keys=True).encode()
    files |= {MANIFEST: written, SEAL: (digest_of(written) + "\n").encode()}
    return Package(name, write_archive(files), digest_of(written))


def _report(contents: Contents, *, pages: Mapping[str, ArchivedPage], part: str = "") -> bytes:
    """Give the report for people; `part` says which part of one it is."""
    report = _TEMPLATES.get_template("report.html").render(contents=contents, pages=pages, part=part)
    return report.encode("utf-8", "replace")


def _print(
    contents: Contents, *, pages: Mapping[str, ArchivedPage], printer: Callable[[bytes], Printed]
) -> tuple[dict[str, bytes], str]:
    """Print the report, a long one in parts, so that none takes much memory; gives the files and what became of them."""
    parts = list(_parts(contents))
    if len(parts) == 1:
        printed = printer(_report(contents, pages=pages))
        return {"report.pdf": printed.pdf} if printed.pdf is not None else {}, printed.note
    files, notes = {}, dict[str, list[str]]()
    for number, part in enumerate(parts, start=1):
        printed = printer(_report(part, pages=pages, part=f"part {number} of {len(parts)}"))
        name = f"report-{number:02d}.pdf"
        notes.setdefault(printed.note, []).append(name)
        if printed.pdf is not None:
            files[name] = printed.pdf
    told = (
        note if len(names) == len(parts) else f"{', '.join(names)}: {note}" for note, names in notes.items()
    )
    return files, "; ".join((f"{len(parts)} parts", *told))


def _parts(contents: Contents) -> Iterator[Contents]:
    """Cut contents into what is printed at once: adverts first, then the custody log."""
    items, custody = contents.items, contents.custody
    if len(items) <= MOST_PRINTED and len(custody) <= MOST_PRINTED_ENTRIES:
        yield contents
        return
    for start in range(0, len(items), MOST_PRINTED):
        yield replace(contents, items=items[start : start + MOST_PRINTED], custody=())
    for start in range(0, len(custody), MOST_PRINTED_ENTRIES):
        yield replace(contents, items=(), custody=custody[start : start + MOST_PRINTED_ENTRIES])


def _lines(contents: Contents) -> bytes:
    rows = (
        {
            "review": item.review_id,
            "advert_sha256": item.digest,
            "received_at": item.received_at.isoformat(),
            "advert": item.advert.to_json(),
            "assessment": item.assessment.to_json(),
            "decisions": [decision.to_json() for decision in item.decisions],
        }
        for item in contents.items
    )
    return "".join(json.dumps(row, ensure_ascii=True, sort_keys=True) + "\n" for row in rows).encode()


def _row(item: Item) -> list[object]:
    standing = item.standing
    return [
        item.review_id,
        item.digest,
        item.received_at.isoformat(),
        round(item.assessment.score, 4),
        item.assessment.band.value,
        item.assessment.language.code,
        standing.verdict.value if standing else None,
        standing.pattern.value if standing and standing.pattern else None,
        standing.decided_by if standing else None,
        standing.decided_at.isoformat() if standing else None,
        item.advert.source,
        "; ".join(item.advert.places),
        item.advert.title,
        item.advert.description,
    ]


def _page_files(pages: Mapping[str, ArchivedPage]) -> dict[str, bytes]:
    if not pages:
        return {}
    files = {
        f"evidence/{digest.removeprefix('sha256:')}.warc.gz": page.record for digest, page in pages.items()
    }
    listed = [
        {
            "file": f"evidence/{digest.removeprefix('sha256:')}.warc.gz",
            "page_digest": digest,
            "url": page.url,
            "fetched_at": page.fetched_at,
        }
        for digest, page in sorted(pages.items())
    ]
    return {**files, PAGES: json.dumps(listed, indent=1).encode()}
