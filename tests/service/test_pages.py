"""The index of archived pages: fast among many, right while a crawl goes on."""

import json
from pathlib import Path

import pytest

from service.packages import pages
from service.packages.pages import PageIndex, find_pages


def digest(n: int) -> str:
    return f"sha256:{n:064x}"


def line(n: int, *, file: str = "x.warc.gz", offset: int = 0, length: int = 4) -> str:
    told = {"file": file, "offset": offset, "length": length, "payload": digest(n), "record": f"{n:064x}"}
    return json.dumps(told | {"url": f"https://board.example/{n}", "fetched_at": "2026-11-21"}) + "\n"


def crawl(folder: Path, *numbers: int, name: str = "board") -> Path:
    """Write a crawl's evidence: a WARC file of ten bytes and a manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "x.warc.gz").write_bytes(b"0123456789")
    manifest = folder / f"{name}-manifest.jsonl"
    manifest.write_text("".join(line(n) for n in numbers))
    return manifest


def test_among_ten_thousand_archives_a_page_is_found_by_one_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(10_000):
        crawl(tmp_path / f"{n % 100:02}" / str(n), 3 * n, 3 * n + 1, 3 * n + 2)
    index = PageIndex(tmp_path)
    assert index.find([digest(1)])[digest(1)].url == "https://board.example/1"
    opened: list[Path] = []
    monkeypatch.setattr(pages, "_manifests", opened.append)
    found = index.find(digest(n) for n in range(0, 30_000, 300))
    assert (len(found), opened) == (100, [])


def test_what_a_crawl_adds_is_found_and_only_that_is_read(tmp_path: Path) -> None:
    manifest = crawl(tmp_path / "crawl", 1)
    index = PageIndex(tmp_path)
    assert list(index.find([digest(1), digest(2)])) == [digest(1)]
    whole = line(2, offset=5)
    with manifest.open("a") as out:
        out.write(whole[:130])
        out.flush()
        assert index.find([digest(2)]) == {}
        out.write(whole[130:])
    manifest.write_bytes(b"#" * 10 + manifest.read_bytes()[10:])  # read before: nobody looks there again
    assert index.find([digest(2)])[digest(2)].record == b"5678"
    crawl(tmp_path / "later" / "evidence", 3)
    assert list(index.find([digest(3)])) == [digest(3)]


def test_a_manifest_that_became_another_is_read_anew(tmp_path: Path) -> None:
    manifest = crawl(tmp_path, 1)
    index = PageIndex(tmp_path)
    assert list(index.find([digest(1)])) == [digest(1)]
    manifest.unlink()
    crawl(tmp_path, 2)
    assert list(index.find([digest(1), digest(2)])) == [digest(2)]
    manifest.write_text(line(4))  # as long as before
    assert list(index.find([digest(2), digest(4)])) == [digest(4)]


def test_a_page_that_several_crawls_met_is_taken_where_its_record_is(tmp_path: Path) -> None:
    crawl(tmp_path / "a", 1)
    (tmp_path / "a" / "x.warc.gz").unlink()
    crawl(tmp_path / "b", 1)
    assert find_pages(tmp_path, [digest(1)])[digest(1)].record == b"0123"


@pytest.mark.parametrize("named", ["../secret", "/etc/hostname", "..\\secret"])
def test_a_manifest_leads_out_of_no_folder(tmp_path: Path, named: str) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    folder = tmp_path / "evidence"
    crawl(folder, 1).write_text(line(1, file=named))
    assert find_pages(folder, [digest(1)]) == {}


@pytest.mark.parametrize("asked", ["sha1:00", "sha256:", "", "sha256:" + "A" * 64, "x" * 5000])
def test_what_is_no_digest_is_not_found(tmp_path: Path, asked: str) -> None:
    crawl(tmp_path, 1)
    assert find_pages(tmp_path, [asked]) == {}
