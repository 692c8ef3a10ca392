"""A package verifies by itself, one altered byte is found and named, and it says no more than it may."""

import csv
import gzip
import hashlib
import io
import json
import math
import random
import re
import subprocess
import sys
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
import stix2
from fastapi.testclient import TestClient
from pymisp import MISPEvent
from sqlalchemy import select

from service.assessing import Context, assess_and_store
from service.errors import ForbiddenError, InvalidFieldsError, NeedsSecondLookError
from service.packages import bench, misp_event, printing, stix
from service.packages import build as build_module
from service.packages.build import Package, build, gather, record_made
from service.packages.contents import Contents, Item, collect
from service.packages.pages import find_pages
from service.packages.printing import Printed, print_report
from service.packages.sheet import safe_cell, write_sheet
from service.packages.verify_package import find_faults, write_archive
from service.review.permissions import Person
from service.review.second_look import SECOND, ask_for_looks, give_look, only_drawn
from service.settings import Settings
from service.store import agreement
from service.store.audit import list_events
from service.store.tables import CRAWLER, ReviewRow
from tests.factories import make_advert
from tests.service.test_insight import look, waits
from tests.service.test_review import CONFIRM, LEGITIMATE, add, decide

MakePerson = Callable[..., Person]
Browse = Callable[..., TestClient]
PURPOSE = "handed to the liaison officer, case 12"
PAGE = b"<html>archived advert</html>"
SECRETS = ("example_hr", "12 345 678", "12345678", "board.example", "secret note")
LURE = (
    "=HYPERLINK(1) Customer service for our Cambodia office. Free flight, room and meals. "
    "No experience needed. Telegram @example_hr or +855 12 345 678 </script><script>alert(1)</script>"
)


@pytest.fixture
def review_id(context: Context, make_person: MakePerson) -> str:
    advert = make_advert(
        id="../../etc/passwd",
        title="@SUM(A1)",
        text=LURE,
        url="https://board.example/adverts/1",
        places=["Poipet, Cambodia"],
        contacts=[
            {"kind": "telegram", "value": "example_hr"},
            {"kind": "email", "value": "hr@board.example"},
        ],
        page_digest="sha256:" + hashlib.sha256(PAGE).hexdigest(),
    )
    assess_and_store(context, [advert], partner_id=CRAWLER, at=context.clock())
    with context.database.reading() as session:
        found = session.scalars(select(ReviewRow.id)).one()
    decide(context, found, CONFIRM, make_person("asha"), note="secret note: call 12345678")
    look(context, make_person("cleo"))
    return found


@pytest.fixture
def lead(make_person: MakePerson) -> Person:
    return make_person("lena", role="lead")


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    """Archived pages as the crawler writes them."""
    folder = tmp_path / "crawled" / "evidence"
    folder.mkdir(parents=True)
    block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + PAGE
    head = f"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: {len(block)}\r\n\r\n".encode()
    record = gzip.compress(head + block + b"\r\n\r\n")
    (folder / "x.warc.gz").write_bytes(b"before" + record + b"after")
    line = {"payload": "sha256:" + hashlib.sha256(PAGE).hexdigest(), "file": "../evidence/x.warc.gz"}
    line |= {"offset": 6, "length": len(record), "url": "https://board.example", "fetched_at": "2026-11-21"}
    (folder / "x-manifest.jsonl").write_text("no json\n{}\n" + json.dumps(line) + "\n")
    return tmp_path


def make(context: Context, review_ids: list[str], by: Person, **more: object) -> Package:
    given = {"full": False, "purpose": "", "second_look_rate": 0, **more}
    evidence, printer = given.pop("evidence", None), given.pop("printer", None)
    with context.database.writing() as session:
        contents = gather(session, review_ids, by=by, at=context.clock(), **given)
        pages = find_pages(evidence, [item.advert.page_digest for item in contents.items]) if evidence else {}
        package = build(contents, pages=pages if contents.full else {}, printer=printer)
        record_made(session, package, contents, by=by)
    return package


def files_of(package: Package) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(package.data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_package_verifies_by_the_script_it_carries_and_nothing_else(
    context: Context, review_id: str, lead: Person, evidence: Path, tmp_path: Path
) -> None:
    package = make(context, [review_id], lead, full=True, purpose=PURPOSE, evidence=evidence)
    (tmp_path / "package.zip").write_bytes(package.data)
    (tmp_path / "verify.py").write_bytes(files_of(package)["verify_package.py"])

    def verify(*more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", "verify.py", "package.zip", *more]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603

    done = verify(package.manifest_digest)
    assert (done.returncode, done.stdout) == (0, "package.zip: everything verifies\n")
    other = verify("0" * 64)
    assert other.returncode == 1
    assert "not the one you gave" in other.stdout
    altered = bytearray(package.data)
    altered[package.data.index(b"Customer service")] ^= 1
    (tmp_path / "package.zip").write_bytes(altered)
    assert verify().returncode == 1


def test_one_flipped_byte_anywhere_is_found_and_named(
    context: Context, review_id: str, lead: Person, evidence: Path
) -> None:
    package = make(context, [review_id], lead, full=True, purpose=PURPOSE, evidence=evidence)
    assert find_faults(package.data) == []
    rng = random.Random(7)
    with zipfile.ZipFile(io.BytesIO(package.data)) as archive:
        entries = archive.infolist()
        start = archive.start_dir
    places = set(rng.sample(range(len(package.data)), 400)) | set(range(start, len(package.data)))
    for entry in entries:  # every byte of every header, and some of every file
        head = entry.header_offset
        places |= set(range(head, head + 30 + len(entry.filename)))
        data = head + 30 + len(entry.filename)
        places |= {data, data + entry.file_size // 2, data + entry.file_size - 1}
    for place in sorted(places):
        altered = bytearray(package.data)
        altered[place] ^= 1 << rng.randrange(8)
        assert find_faults(bytes(altered)), place
    for entry in entries:
        place = entry.header_offset + 30 + len(entry.filename) + entry.file_size // 2
        altered = bytearray(package.data)
        altered[place] ^= 4
        named = {"manifest.sha256": "manifest.json"}.get(entry.filename, entry.filename)
        assert any(entry.filename in fault or named in fault for fault in find_faults(bytes(altered)))


@pytest.mark.parametrize("extra", [b"\x00", b"PK\x05\x06" + b"\x00" * 18])
def test_bytes_before_or_after_are_found(
    context: Context, review_id: str, lead: Person, extra: bytes
) -> None:
    package = make(context, [review_id], lead)
    assert find_faults(package.data + extra)
    assert find_faults(extra + package.data)
    assert find_faults(package.data[:-1])
    assert find_faults(b"")


def resealed(files: dict[str, bytes]) -> bytes:
    """Do what a forger would: make manifest and seal anew, so that only the chain inside can tell."""
    manifest = json.loads(files["manifest.json"])
    for name, data in files.items():
        if name in manifest["files"]:
            manifest["files"][name] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    written = json.dumps(manifest, indent=1, sort_keys=True).encode()
    seal = (hashlib.sha256(written).hexdigest() + "\n").encode()
    return write_archive({**files, "manifest.json": written, "manifest.sha256": seal})


@pytest.mark.parametrize("change", ["altered", "removed", "inserted", "swapped"])
def test_the_custody_log_shows_an_altered_or_missing_entry_even_under_a_new_manifest(
    context: Context, review_id: str, lead: Person, change: str
) -> None:
    package = make(context, [review_id], lead)
    files = files_of(package)
    assert find_faults(resealed(files)) == []
    lines = files["custody.jsonl"].splitlines(keepends=True)
    assert len(lines) >= 2
    forged = {
        "altered": [lines[0].replace(b"system", b"nobody"), *lines[1:]],
        "removed": lines[1:],
        "inserted": [lines[0], lines[0], *lines[1:]],
        "swapped": [lines[1], lines[0], *lines[2:]],
    }[change]
    assert forged != lines
    files["custody.jsonl"] = b"".join(forged)
    assert [fault for fault in find_faults(resealed(files)) if fault.startswith("custody.jsonl: entry")]


def test_names_that_would_leave_the_folder_are_named_and_nothing_is_unpacked(
    context: Context, review_id: str, lead: Person
) -> None:
    files = files_of(make(context, [review_id], lead))
    assert all(re.fullmatch(r"[\w.-]+(/[\w.-]+)?", name) and ".." not in name for name in files)
    for name in ("../../etc/cron.d/x", "/etc/x", "C:\\x", "a/../../x"):
        assert any("is no name that we write" in f for f in find_faults(write_archive({**files, name: b"x"})))


def test_a_redacted_package_holds_no_contact_anywhere(
    context: Context, review_id: str, lead: Person, evidence: Path
) -> None:
    files = files_of(make(context, [review_id], lead, evidence=evidence))
    assert not [name for name in files if name.startswith("evidence/")]
    for name, data in files.items():
        assert not [secret for secret in SECRETS if secret.encode() in data], name
    assert b"Free flight, room and meals" in files["adverts.jsonl"]
    assert json.loads(files["manifest.json"])["report_pdf"] == "left out: not asked for"


def test_a_full_package_holds_contacts_and_the_archived_page(
    context: Context, review_id: str, lead: Person, evidence: Path
) -> None:
    files = files_of(make(context, [review_id], lead, full=True, purpose=PURPOSE, evidence=evidence))
    assert b"example_hr" in files["adverts.jsonl"]
    page = next(data for name, data in files.items() if name.endswith(".warc.gz"))
    assert PAGE in gzip.decompress(page)
    assert PURPOSE.encode() in files["manifest.json"]


def test_a_page_that_is_not_the_adverts_is_found(
    context: Context, review_id: str, lead: Person, evidence: Path
) -> None:
    files = files_of(make(context, [review_id], lead, full=True, purpose=PURPOSE, evidence=evidence))
    name = next(name for name in files if name.endswith(".warc.gz"))
    files[name] = gzip.compress(gzip.decompress(files[name]).replace(b"archived", b"invented"))
    assert any("is not the page that its advert names" in fault for fault in find_faults(resealed(files)))


def test_a_full_package_needs_a_lead_and_a_purpose(
    context: Context, review_id: str, lead: Person, make_person: MakePerson
) -> None:
    with pytest.raises(ForbiddenError):
        make(context, [review_id], make_person("bela"), full=True, purpose=PURPOSE)
    for purpose in ("", "   ", "because", " " * 40):
        with pytest.raises(InvalidFieldsError, match="what the full package is for"):
            make(context, [review_id], lead, full=True, purpose=purpose)


def test_who_took_what_and_what_for_is_on_record(context: Context, review_id: str, lead: Person) -> None:
    package = make(context, [review_id], lead, full=True, purpose=PURPOSE)
    with context.database.reading() as session:
        event = list_events(session, review_id)[0]
    assert (event.act, event.actor) == ("package_made", lead.id)
    assert event.detail["manifest"] == package.manifest_digest
    assert event.detail["purpose"] == PURPOSE


def test_names_of_reviewers_stay_inside(context: Context, review_id: str, lead: Person) -> None:
    for name, data in files_of(make(context, [review_id], lead, full=True, purpose=PURPOSE)).items():
        assert not re.search(rb"\b(?:asha|lena)\b", data), name


def test_what_an_advert_says_is_never_markup_in_the_report(
    context: Context, review_id: str, lead: Person
) -> None:
    report = files_of(make(context, [review_id], lead))["report.html"].decode()
    assert "<script" not in report
    assert "&lt;script&gt;" in report
    assert not re.search(r'(?:src|href)="', report)


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1", " =1", "＝1", "\u200b=1", "=cmd|' /C calc'!A0"],
)
def test_no_cell_of_a_sheet_is_a_formula(cell: str) -> None:
    assert safe_cell(cell) == "'" + cell
    rows = list(csv.reader(io.StringIO(write_sheet(["a"], [[cell]]).decode("utf-8-sig"), newline="")))
    assert rows[1][0].startswith("'")


def test_the_sheet_of_a_package_holds_no_formula(context: Context, review_id: str, lead: Person) -> None:
    sheet = files_of(make(context, [review_id], lead))["adverts.csv"].decode("utf-8-sig")
    for row in csv.reader(io.StringIO(sheet, newline="")):
        assert not [cell for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert "'=HYPERLINK" in sheet


@pytest.mark.parametrize("full", [False, True])
def test_the_bundle_passes_the_stix_parser_and_keeps_its_ids(
    context: Context, review_id: str, lead: Person, *, full: bool
) -> None:
    packages = [make(context, [review_id], lead, full=full, purpose=PURPOSE) for _ in range(2)]
    bundles = [stix2.parse(files_of(p)["stix.json"].decode(), allow_custom=False) for p in packages]
    ids = [[made["id"] for made in bundle.objects] for bundle in bundles]
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == len(ids[0])
    kinds = {made["type"] for made in bundles[0].objects}
    assert {"identity", "marking-definition", "observed-data", "file", "note", "opinion", "report"} <= kinds
    assert ("url" in kinds) is full
    report = next(made for made in bundles[0].objects if made["type"] == "report")
    assert set(report["object_refs"]) <= set(ids[0])


def test_observables_have_the_ids_that_the_standard_makes(
    context: Context, review_id: str, lead: Person
) -> None:
    bundle = json.loads(files_of(make(context, [review_id], lead, full=True, purpose=PURPOSE))["stix.json"])
    made = {(o["type"]): o["id"] for o in bundle["objects"]}
    assert made["url"] == stix2.URL(value="https://board.example/adverts/1").id
    assert made["email-addr"] == stix2.EmailAddress(value="hr@board.example").id
    account = stix2.UserAccount(account_login="example_hr", account_type="telegram")
    assert made["user-account"] == account.id


def test_pymisp_reads_the_event_and_its_object_fits_the_published_definition(
    context: Context, review_id: str, lead: Person
) -> None:
    files = files_of(make(context, [review_id], lead, full=True, purpose=PURPOSE))
    event = MISPEvent()
    event.from_json(files["misp.json"].decode())
    definition = json.loads(files["misp/job-advert.json"])
    taxonomy = json.loads(files["misp/scam-recruitment.json"])
    made = event.objects[0]
    assert (made.name, made.template_uuid) == (definition["name"], definition["uuid"])
    for attribute in made.attributes:
        wanted = definition["attributes"][attribute.object_relation]
        assert attribute.type == wanted["misp-attribute"]
        assert attribute.value in wanted.get("values_list", [attribute.value])
    known = {
        f'{taxonomy["namespace"]}:{v["predicate"]}="{e["value"]}"'
        for v in taxonomy["values"]
        for e in v["entry"]
    }
    tags = {tag.name for tag in event.tags}
    assert {tag for tag in tags if tag.startswith("scam-recruitment")} <= known
    assert "tlp:amber" in tags
    assert json.loads(event.to_json())["Object"]


def test_the_event_object_passes_pymisps_own_check_of_its_template(
    context: Context, review_id: str, lead: Person, tmp_path: Path
) -> None:
    from pymisp import MISPObject

    folder = tmp_path / "job-advert"
    folder.mkdir()
    (folder / "definition.json").write_text(json.dumps(misp_event.DEFINITION))
    made = json.loads(files_of(make(context, [review_id], lead))["misp.json"])["Event"]["Object"][0]
    strict = MISPObject("job-advert", strict=True, misp_objects_path_custom=tmp_path)
    for attribute in made["Attribute"]:
        strict.add_attribute(attribute["object_relation"], value=attribute["value"])
    assert strict._validate()


def test_twenty_five_thousand_objects_take_seconds_and_little_memory(
    context: Context, review_id: str
) -> None:
    with context.database.reading() as session:
        one = collect(
            session,
            [review_id],
            full=True,
            purpose=None,
            campaign_id=None,
            made_by="heron",
            made_at=context.clock(),
        )
    item = one.items[0]

    class Many:
        """Gives as many items as are wanted, one at a time."""

        def __iter__(self):  # noqa: ANN204
            for n in range(6500):
                yield Item(
                    f"rev_{n}", f"{n:064x}", item.received_at, item.advert, item.assessment, item.decisions
                )

        def __len__(self) -> int:
            return 6500

    contents: Contents = replace(one, items=Many())  # type: ignore[arg-type]
    tracemalloc.start()
    begun = time.perf_counter()
    with Path("/dev/null").open("wb") as out:
        n_written = stix.write_bundle(stix.objects_of(contents), out, name="many")
    seconds, (_, peak) = time.perf_counter() - begun, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert n_written >= 19_500
    assert peak < 200 * 2**20
    assert seconds < 60, "ten seconds without the memory tracer on an idle machine"


@pytest.mark.parametrize("what", ["reviews", "campaigns"])
def test_the_console_gives_a_package_as_a_file(context: Context, browse: Browse, what: str) -> None:
    first = add(context, *(f"{LURE} {n}" for n in range(3)))[0]
    browser = browse()
    page = browser.get(f"/console/reviews/{first}").text
    path = f"/console/reviews/{first}" if what == "reviews" else re.search(r"/console/campaigns/\w+", page)[0]
    answer = browser.submit(f"{path}/package")
    assert answer.headers["content-type"] == "application/zip"
    assert re.fullmatch(r'attachment; filename="[\w.-]+\.zip"', answer.headers["content-disposition"])
    assert find_faults(answer.content, manifest_digest=answer.headers["x-manifest-sha256"]) == []
    assert browser.submit(f"{path}/package", full="true", purpose=PURPOSE).status_code == 403
    assert browser.post(f"{path}/package", data={"csrf": "0" * 64}).status_code == 403
    assert browser.submit("/console/reviews/rev_none/package").status_code == 404


def test_the_same_contents_give_the_same_bytes(context: Context, review_id: str) -> None:
    with context.database.reading() as session:
        contents = collect(
            session,
            [review_id],
            full=False,
            purpose=None,
            campaign_id=None,
            made_by="heron",
            made_at=datetime(2026, 11, 21, tzinfo=UTC),
        )
    assert build(contents, pages={}).data == build(contents, pages={}).data


@pytest.mark.parametrize("state", ["undecided", "unasked", "waiting", "disagreed", "settled"])
def test_what_leaves_with_contacts_needs_two_people_who_say_the_same(
    context: Context, lead: Person, make_person: MakePerson, state: str
) -> None:
    found = add(context, LURE)[0]
    rate = 1 if state == "waiting" else 0
    if state != "undecided":
        decide(context, found, CONFIRM, make_person("asha"))
    if state in {"disagreed", "settled"}:
        look(context, make_person("bela"), LEGITIMATE)
    if state == "settled":
        look(context, make_person("cleo", role="lead"), CONFIRM, turn=3)
        assert make(context, [found], lead, full=True, purpose=PURPOSE)
        return
    with pytest.raises(NeedsSecondLookError, match="word is missing for 1 of 1 adverts"):
        make(context, [found], lead, full=True, purpose=PURPOSE, second_look_rate=rate)
    assert make(context, [found], lead, second_look_rate=rate)


def test_a_second_look_that_was_asked_for_comes_up_and_opens_the_way(
    context: Context, lead: Person, make_person: MakePerson
) -> None:
    asha, bela = make_person("asha"), make_person("bela")
    found = add(context, LURE)[0]
    made = decide(context, found, CONFIRM, asha)
    assert waits(context, bela, rate=0) is None
    with context.database.writing() as session:
        assert ask_for_looks(session, [found], by=lead, at=context.clock(), rate=0) == 1
        assert ask_for_looks(session, [found], by=lead, at=context.clock(), rate=0) == 0
        with pytest.raises(ForbiddenError):
            ask_for_looks(session, [found], by=bela, at=context.clock(), rate=0)
    assert waits(context, asha, rate=0) is None
    assert waits(context, bela, rate=0) == made.id
    with pytest.raises(NeedsSecondLookError):
        make(context, [found], lead, full=True, purpose=PURPOSE)
    with context.database.writing() as session:
        give_look(session, made.id, CONFIRM, by=bela, at=context.clock(), turn=SECOND, rate=0)
    package = make(context, [found], lead, full=True, purpose=PURPOSE)
    assert b"second_look_asked" in files_of(package)["custody.jsonl"]
    with context.database.reading() as session:
        looks = agreement.list_looks(session, limit=9)
    assert len(looks) == 1
    assert only_drawn(looks, rate=0) == [], "looks that were asked for do not count as drawn"


def test_the_console_refuses_a_full_package_and_asks_for_the_look(
    context: Context, browse: Browse, make_person: MakePerson, settings: Settings
) -> None:
    object.__setattr__(context, "settings", settings.model_copy(update={"second_look_rate": 0.0}))
    found = add(context, LURE)[0]
    decide(context, found, CONFIRM, make_person("asha"))
    browser, path = browse("lena", role="lead"), f"/console/reviews/{found}/package"
    refused = browser.submit(path, full="true", purpose=PURPOSE)
    assert refused.status_code == 409
    assert "only one person has looked" in refused.text
    assert f'action="{path}/second-look"' in refused.text
    asked = browser.submit(f"{path}/second-look")
    assert asked.status_code == 200
    assert "waits for its second look" in asked.text
    assert f'action="{path}/second-look"' not in asked.text
    assert waits(context, make_person("bela"), rate=0)
    assert browser.post(f"{path}/second-look", data={"csrf": "0" * 64}).status_code == 403


SCRIPTS = {
    "Khmer": "ធ្វើការ នៅ កម្ពុជា",
    "Thai": "รับสมัครแอดมิน",
    "Myanmar": "အလုပ်ခေါ်သည်",
    "Arabic": "السكن والطعام مجاناً",
    "Cjk": "招聘客服，薪资高",
}


def report(words: str) -> bytes:
    return f'<html><body><p dir="auto">{words}</p></body></html>'.encode()


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_report_is_printed_in_every_script_or_says_which_font_is_missing(script: str) -> None:
    pytest.importorskip(
        "weasyprint", exc_type=(ImportError, OSError), reason="no WeasyPrint or no Pango here"
    )
    printed = print_report(report(SCRIPTS[script]))
    assert printed.pdf.startswith(b"%PDF-")
    assert printed.note in {"printed", f"printed; no font here for {script}"}
    assert print_report(report(SCRIPTS[script])) == printed


def test_a_missing_font_is_named() -> None:
    pytest.importorskip(
        "weasyprint", exc_type=(ImportError, OSError), reason="no WeasyPrint or no Pango here"
    )
    nobodys = chr(0x1E4D0) + chr(0x1E4D1)  # Nag Mundari, of Unicode 15
    printed = print_report(report(f"Salary {nobodys}"))
    if printed.note == "printed":
        pytest.skip("a font for Nag Mundari is installed here")
    assert printed.note.startswith("printed; no font here for ")
    assert printed.pdf != print_report(report("Salary")).pdf


def test_a_package_carries_the_printed_report_under_its_digest(
    context: Context, review_id: str, lead: Person
) -> None:
    pytest.importorskip(
        "weasyprint", exc_type=(ImportError, OSError), reason="no WeasyPrint or no Pango here"
    )
    package = make(context, [review_id], lead, printer=print_report)
    files = files_of(package)
    assert files["report.pdf"].startswith(b"%PDF-")
    manifest = json.loads(files["manifest.json"])
    assert manifest["report_pdf"].startswith("printed")
    assert manifest["files"]["report.pdf"]["sha256"] == hashlib.sha256(files["report.pdf"]).hexdigest()
    assert find_faults(package.data) == []


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"WALL_S": 0.001}, "did not end (TimeoutExpired)"),
        ({"sys": SimpleNamespace(executable="/bin/false")}, "failed (exit 1)"),
        ({"sys": SimpleNamespace(executable="/nowhere/python")}, "did not end (FileNotFoundError)"),
    ],
)
def test_without_a_pdf_the_package_is_made_and_says_why(
    context: Context,
    review_id: str,
    lead: Person,
    monkeypatch: pytest.MonkeyPatch,
    more: dict[str, object],
    why: str,
) -> None:
    for name, value in more.items():
        monkeypatch.setattr(printing, name, value)
    printed = print_report(report("Salary"))
    assert (printed.pdf, why in printed.note) == (None, True), printed.note
    package = make(context, [review_id], lead, printer=lambda _html: printed)
    files = files_of(package)
    assert "report.pdf" not in files
    assert json.loads(files["manifest.json"])["report_pdf"] == printed.note
    assert printed.note in files["README.txt"].decode()


def test_a_long_report_is_printed_in_parts_that_the_manifest_lists(
    context: Context, lead: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_module, "MOST_PRINTED", 2)
    monkeypatch.setattr(build_module, "MOST_PRINTED_ENTRIES", 4)
    review_ids = add(context, *(f"{LURE} Number {n}." for n in range(5)))
    seen: list[str] = []

    def printer(html: bytes) -> Printed:
        seen.append(html.decode())
        if len(seen) == 2:
            return Printed(None, "left out: printing failed (exit 1); print report.html")
        return Printed(b"%PDF-" + html, "printed; no font here for Khmer")

    package = make(context, review_ids, lead, printer=printer)
    files = files_of(package)
    n_entries = len(files["custody.jsonl"].splitlines())
    n_parts = 3 + math.ceil(n_entries / 4)
    names = [f"report-{n:02d}.pdf" for n in range(1, n_parts + 1) if n != 2]
    assert sorted(name for name in files if name.endswith(".pdf")) == names
    manifest = json.loads(files["manifest.json"])
    assert set(names) <= manifest["files"].keys()
    assert manifest["report_pdf"].startswith(f"{n_parts} parts; report-01.pdf, report-03.pdf")
    assert "report-02.pdf: left out: printing failed (exit 1)" in manifest["report_pdf"]
    assert f"on paper: report-01.pdf to {names[-1]}" in files["README.txt"].decode()
    for n in range(5):
        assert [f"Number {n}." in part for part in seen].count(True) == 1
        assert f"Number {n}." in files["report.html"].decode()
    custody = [json.loads(line)["digest"][:16] for line in files["custody.jsonl"].splitlines()]
    assert all(sum(digest in part for part in seen) >= 1 for digest in custody)
    assert f"(part 3 of {n_parts})" in seen[2]
    assert find_faults(package.data) == []
    altered = write_archive({**files, names[-1]: files[names[-1]] + b" "})
    assert any(names[-1] in fault for fault in find_faults(altered))


def test_without_pango_printing_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "weasyprint.py").write_text("raise OSError('cannot load library libpango-1.0-0')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    printed = print_report(report("Salary"))
    assert printed == Printed(
        None, "left out: WeasyPrint or its Pango library is not installed; print report.html"
    )


def test_the_bench_writes_as_many_objects_as_it_says_and_the_stix_parser_reads_them(tmp_path: Path) -> None:
    told = bench._measure(tmp_path / "bundle.json", 800)
    assert told["objects"] >= 800
    assert bench._count_parsed(tmp_path / "bundle.json") == told["objects"]
