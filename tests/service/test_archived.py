"""An archived page is shown with its words, its digest and its custody, and can reach nobody."""

import gzip
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, Page
from sqlalchemy import select

from service.assessing import Context, assess_and_store
from service.console import archived as routes
from service.packages.archived import CSP, Shown, render_inert
from service.review.permissions import Person
from service.settings import Settings
from service.store.audit import list_events
from service.store.tables import CRAWLER, ReviewRow
from tests.factories import LURE, make_advert
from tests.service import test_browser
from tests.service.test_browser import link_for

MakePerson = Callable[..., Person]
Browse = Callable[..., TestClient]
chromium, address = test_browser.chromium, test_browser.address
in_browser = pytest.mark.skipif(test_browser.CHROMIUM is None, reason="no Chromium: apt-get install chromium")

HOSTILE = """<html><head><base href="SINK/"><meta http-equiv="refresh" content="0;url=SINK/refresh">
<link rel="preconnect" href="SINK"><link rel="dns-prefetch" href="SINK"><link rel="stylesheet" href="SINK/css">
<link rel="prefetch" href="SINK/prefetch"><link rel="icon" href="SINK/icon">
<style>@import url(SINK/import); body { background: url(SINK/background) } @font-face
{ font-family: x; src: url(SINK/font) } p { font-family: x }</style>
<script src="SINK/script"></script><script>fetch("SINK/fetch"); parent.location = "SINK/top"</script></head>
<body onload="fetch('SINK/onload')" style="background: url(SINK/style)">
<p style="color:red;background-color:url(SINK/color)">Salary 2500 USD in Poipet <b>ប្រាក់ខែ</b></p>
<a id="link" href="SINK/link" ping="SINK/ping">Write to us</a> <a href="https://t.me/example_hr">Telegram</a>
<form action="SINK/form"><input name="a" autofocus onfocus="fetch('SINK/focus')"><button>Send</button></form>
<svg onload="fetch('SINK/svg')"><image href="SINK/svgimage"/><use href="SINK/use#x"/></svg>
<img src="SINK/img" srcset="SINK/srcset 2x" onerror="fetch('SINK/onerror')"><picture><source srcset="SINK/p"></picture>
<iframe src="SINK/iframe"></iframe><object data="SINK/object"></object><embed src="SINK/embed">
<video src="SINK/video" poster="SINK/poster" autoplay></video><audio src="SINK/audio" autoplay></audio>
<table background="SINK/table"><tr><td>cell</td></tr></table><math href="SINK/math"><mtext></mtext></math>
<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=SINK/mutated&gt;">
<noscript><p title="</noscript><img src=SINK/noscript>"></noscript></body></html>"""


@pytest.fixture
def sink() -> Iterator[tuple[str, list[str]]]:
    """A server that must hear nothing; it writes down what it heard."""
    heard: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(self.path)
            self.send_response(204)
            self.end_headers()

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", heard
    server.shutdown()
    thread.join()
    server.server_close()


def keep(folder: Path, body: bytes, *, kind: str = "text/html; charset=utf-8", claimed: bytes = b"") -> str:
    """Archive a page as the crawler does; gives its digest."""
    digest = "sha256:" + hashlib.sha256(claimed or body).hexdigest()
    block = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n\r\n".encode() + body
    head = (
        "WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: https://board.example/1\r\n"
        "WARC-Date: 2026-11-21T00:00:00Z\r\nWARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-000000000001>\r\n"
        f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(block)}\r\n\r\n"
    ).encode()
    record = gzip.compress(head + block + b"\r\n\r\n")
    folder.mkdir(exist_ok=True)
    (folder / "x.warc.gz").write_bytes(record)
    line = {"payload": digest, "file": "x.warc.gz", "offset": 0, "length": len(record)}
    line |= {"url": "https://board.example/1", "fetched_at": "2026-11-21T10:00:00+00:00"}
    (folder / "x-manifest.jsonl").write_text(json.dumps(line) + "\n")
    return digest


@pytest.fixture
def archive(context: Context, settings: Settings, tmp_path: Path) -> Callable[..., str]:
    """Keep a page and an advert that names it; gives the path of its page in the console."""

    def make(body: bytes, **more: object) -> str:
        folder = tmp_path / "evidence"
        digest = keep(folder, body, **more)
        object.__setattr__(context, "settings", settings.model_copy(update={"evidence": folder}))
        advert = make_advert(text=LURE, page_digest=digest)
        assess_and_store(context, [advert], partner_id=CRAWLER, at=context.clock())
        with context.database.reading() as session:
            return f"/console/reviews/{session.scalars(select(ReviewRow.id)).one()}/page"

    return make


def test_the_page_is_shown_with_digest_time_and_custody(archive: Callable[..., str], browse: Browse) -> None:
    path, browser = archive(HOSTILE.encode()), browse()
    assert f'href="{path}"' in browser.get(path.removesuffix("/page")).text
    page = browser.get(path)
    assert "The body has the SHA-256 that the advert names" in page.text
    assert "2026-11-21T10:00:00+00:00" in page.text
    assert "review opened" in page.text
    assert "frame-src 'self'" in page.headers["content-security-policy"]
    inert = browser.get(path + "/inert")
    assert inert.headers["content-security-policy"] == CSP
    assert inert.headers["cache-control"] == "no-store"
    assert "Salary 2500 USD in Poipet <b>ប្រាក់ខែ</b>" in inert.text
    assert "<li>https://t.me/example_hr</li>" in inert.text


def test_what_the_archive_holds_otherwise_than_the_advert_says_is_named(
    archive: Callable[..., str], browse: Browse
) -> None:
    path = archive(b"<p>altered</p>", claimed=b"<p>as it was</p>")
    page = browse().get(path).text
    assert "<strong>Altered:</strong>" in page
    assert hashlib.sha256(b"<p>altered</p>").hexdigest() in page


def test_who_saw_the_page_is_on_record_and_who_may_not_see_contacts_does_not(
    archive: Callable[..., str], browse: Browse, context: Context, make_person: MakePerson
) -> None:
    path = archive(b"<p>Telegram @example_hr</p>")
    outside = browse("omar", role="outside_reviewer")
    assert path not in outside.get(path.removesuffix("/page")).text
    for address in (path, path + "/inert"):
        assert outside.get(address).status_code == 403
    review_id = path.split("/")[3]
    with context.database.reading() as session:
        assert "page_viewed" not in [event.act for event in list_events(session, review_id)]
    assert browse("asha").get(path + "/inert").status_code == 200
    with context.database.reading() as session:
        assert list_events(session, review_id)[0].act == "page_viewed"


def test_without_an_archived_page_there_is_no_link_and_no_page(
    archive: Callable[..., str], browse: Browse, tmp_path: Path
) -> None:
    path, browser = archive(b"<p>x</p>"), browse()
    (tmp_path / "evidence" / "x.warc.gz").write_bytes(b"no WARC")
    for address in (path, path + "/inert"):
        assert browser.get(address).status_code == 404
    (tmp_path / "evidence" / "x-manifest.jsonl").unlink()
    assert browser.get(path).status_code == 404


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        ("<p>招聘客服</p>".encode("gb18030"), "text/html; charset=gb2312", "招聘客服"),
        ('<meta charset="windows-874"><p>รับสมัคร</p>'.encode("cp874"), "text/html", "รับสมัคร"),
        (b'{"a": "<img src=x>"}', "application/json", "&quot;&lt;img src=x&gt;&quot;"),
        (b"", "text/html", "<body></body>"),
    ],
)
def test_pages_in_any_encoding_and_kind_are_read(
    archive: Callable[..., str], browse: Browse, body: bytes, kind: str, words: str
) -> None:
    assert words in browse().get(archive(body, kind=kind) + "/inert").text


def open_page(chromium: Browser, address: str, context: Context, make_person: MakePerson) -> Page:
    make_person("asha")
    page = chromium.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.goto(address + link_for(context, "asha"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/console")
    return page


@pytest.mark.browser
@in_browser
@pytest.mark.parametrize("sanitised", [True, False])
def test_a_hostile_page_makes_no_request_even_when_nothing_was_removed_from_it(
    archive: Callable[..., str],
    chromium: Browser,
    address: str,
    context: Context,
    make_person: MakePerson,
    sink: tuple[str, list[str]],
    monkeypatch: pytest.MonkeyPatch,
    sanitised: bool,  # noqa: FBT001
) -> None:
    base, heard = sink
    hostile = HOSTILE.replace("SINK", base)
    path = archive(hostile.encode())
    if not sanitised:
        monkeypatch.setattr(routes, "render_inert", lambda _shown: hostile)
    page = open_page(chromium, address, context, make_person)
    asked: list[str] = []
    page.on("request", lambda sent: asked.append(sent.url))
    page.goto(address + path)
    frame = page.frame_locator("iframe.inert")
    frame.get_by_text("Salary 2500 USD").wait_for()
    if sanitised:
        frame.get_by_text("Write to us").click()
    page.wait_for_timeout(1500)
    assert heard == []
    if sanitised:
        assert [url for url in asked if not url.startswith(address)] == []
        assert page.url == address + path
    page.context.close()


@pytest.mark.browser
@in_browser
def test_what_is_left_of_a_hostile_page_makes_no_request_even_without_the_policy(
    chromium: Browser, sink: tuple[str, list[str]]
) -> None:
    base, heard = sink
    page = chromium.new_page()
    page.set_content(render_inert(Shown("text/html", HOSTILE.replace("SINK", base), "", "", 0)))
    page.get_by_text("Write to us").click()
    page.wait_for_timeout(1000)
    assert heard == []
    page.set_content(HOSTILE.replace("SINK", base), wait_until="commit")
    page.wait_for_timeout(1000)
    page.close()
    assert heard, "the page is hostile: as it was it does call"
