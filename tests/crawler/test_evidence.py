"""Evidence: every advert's page is archived, every altered byte is found and named, by a script that needs nothing."""

# ruff: noqa: S603, S607 - openssl and the verifier are run as an investigator would
import gzip
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator

from crawler.evidence import verify_evidence
from crawler.evidence.archive import Archive
from crawler.evidence.verify_evidence import merkle_root, read_stamp, verify

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
VERIFIER = Path(verify_evidence.__file__)


@pytest.fixture(scope="module")
def crawled(board: str, crawl_into: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return crawl_into(tmp_path_factory.mktemp("evidence"), "sample-board", board)


@pytest.fixture
def copy(crawled: Any, tmp_path: Path) -> Path:
    """A copy of a crawl's folder, to be tampered with."""
    return Path(shutil.copytree(crawled.folder, tmp_path / "copy"))


def manifest(folder: Path) -> list[dict[str, Any]]:
    return [
        json.loads(line) for line in next(folder.glob("evidence/*manifest.jsonl")).read_text().splitlines()
    ]


def script(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The stand-alone script, in an interpreter that sees no installed package and no part of Lurewatch."""
    return subprocess.run(
        [sys.executable, "-I", "-S", str(VERIFIER), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_crawled_advert_has_a_record_whose_digest_verifies_without_our_software(crawled: Any) -> None:
    done = script(crawled.folder)

    assert done.returncode == 0, done.stdout
    assert f"{len(crawled.lines())} adverts, 0 faults" in done.stdout
    assert {advert["page_digest"] for advert in crawled.lines()} <= {
        entry["payload"] for entry in manifest(crawled.folder)
    }


def test_the_archive_is_ordinary_warc_that_warcio_reads_back_byte_for_byte(crawled: Any, board: str) -> None:
    records = {}
    with next(crawled.folder.glob("evidence/*.warc.gz")).open("rb") as warc:
        for record in ArchiveIterator(warc, check_digests="raise"):
            if record.rec_type == "response":
                records[record.rec_headers.get_header("WARC-Target-URI")] = record.raw_stream.read()

    assert len(records) == len(manifest(crawled.folder))
    assert records[f"{board}/robots.txt"].startswith(b"User-agent: *")


@pytest.mark.parametrize("where", [0.1, 0.5, 0.95])
def test_one_flipped_byte_is_found_and_its_page_named(copy: Path, where: float) -> None:
    entry = manifest(copy)[20]
    path = copy / "evidence" / entry["file"]
    data = bytearray(path.read_bytes())
    data[entry["offset"] + int(entry["length"] * where)] ^= 1
    path.write_bytes(data)

    faults = verify(copy).faults
    done = script(copy)

    assert any(entry["url"] in fault.where for fault in faults)
    assert done.returncode == 1
    assert entry["url"] in done.stdout


def test_a_page_replaced_with_all_its_digests_is_found_by_the_root(copy: Path) -> None:
    path = next(copy.glob("evidence/*manifest.jsonl"))
    entries = manifest(copy)
    warc = copy / "evidence" / entries[5]["file"]
    data = warc.read_bytes()
    old = data[entries[5]["offset"] : entries[5]["offset"] + entries[5]["length"]]
    record = gzip.decompress(old)
    forged = gzip.compress(record.replace(b"Sample", b"Forged"))
    body = verify_evidence.payload_of(gzip.decompress(forged))
    import hashlib

    warc.with_name("forged.warc.gz").write_bytes(forged)
    entries[5] |= {
        "file": "forged.warc.gz", "offset": 0, "length": len(forged), "record": hashlib.sha256(forged).hexdigest(),
        "payload": "sha256:" + hashlib.sha256(body).hexdigest(),
    }  # fmt: skip
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries))

    assert [fault.what for fault in verify(copy).faults if "roots" in fault.where] == [
        "its Merkle root differs: a record was added, taken out or altered"
    ]


def test_a_record_taken_out_of_the_manifest_is_found(copy: Path) -> None:
    path = next(copy.glob("evidence/*manifest.jsonl"))
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:10] + lines[11:]))

    assert any("roots.jsonl:1" in fault.where for fault in verify(copy).faults)


def test_an_advert_without_a_page_is_found(copy: Path) -> None:
    feed = copy / "adverts.jsonl"
    lines = feed.read_text().splitlines()
    forged = json.loads(lines[0]) | {"page_digest": "sha256:" + "0" * 64}
    feed.write_text("\n".join([json.dumps(forged), *lines[1:]]) + "\n")

    assert [fault.where.partition(" ")[0] for fault in verify(copy).faults] == ["adverts.jsonl:1"]


def test_a_missing_warc_file_is_named(copy: Path) -> None:
    next(copy.glob("evidence/*.warc.gz")).unlink()

    assert verify(copy).faults[0].what == "the WARC file is missing"


def test_a_manifest_line_that_leads_out_of_the_folder_is_refused(copy: Path) -> None:
    path = next(copy.glob("evidence/*manifest.jsonl"))
    entries = manifest(copy)
    entries[0]["file"] = "../../secret"
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries))

    assert "leads out of the evidence folder" in verify(copy).faults[0].what


def test_the_command_says_the_same_and_prints_json(copy: Path, lurewatch: Any) -> None:
    next(copy.glob("evidence/*.warc.gz")).unlink()

    done = lurewatch("evidence", "verify", str(copy), "--json")
    nothing = lurewatch("evidence", "verify", str(copy / "evidence"))

    assert done.returncode == 1
    assert json.loads(done.stdout.splitlines()[0])["faults"]
    assert nothing.returncode == 2
    assert "was the crawl run with evidence?" in nothing.stdout


def test_the_script_can_be_handed_over_by_the_command(lurewatch: Any) -> None:
    assert lurewatch("evidence", "script").stdout == VERIFIER.read_text(encoding="utf-8")


def keep(archive: Archive, n: int, now: datetime) -> None:
    archive.keep(
        url=f"https://jobs.example.com/{n}",
        status=200,
        headers=[("Content-Type", "text/html")],
        body=b"page %d" % n,
        now=now,
    )


def test_a_root_is_taken_each_hour_and_chained_to_the_one_before(tmp_path: Path) -> None:
    stamped: list[bytes] = []
    archive = Archive(
        tmp_path / "evidence",
        source="s",
        started=NOW,
        about={},
        stamp=lambda root, _path: stamped.append(root),
    )
    for n, minutes in enumerate((0, 30, 61, 90, 130)):
        keep(archive, n, NOW + timedelta(minutes=minutes))
    archive.close(NOW + timedelta(minutes=140))

    roots = [json.loads(line) for line in (tmp_path / "evidence" / "s-roots.jsonl").read_text().splitlines()]
    assert [root["records"] for root in roots] == [3, 2]
    assert [root["first"] for root in roots] == [0, 3]
    assert [bytes.fromhex(root["chain"]) for root in roots] == stamped
    assert verify(tmp_path).faults == []
    assert verify(tmp_path)[:2] == (5, 2)


def test_records_of_a_killed_run_come_under_the_next_root(tmp_path: Path) -> None:
    killed = Archive(tmp_path / "evidence", source="s", started=NOW, about={})
    keep(killed, 1, NOW)
    assert verify(tmp_path).notes == ["s-manifest.jsonl: 1 record(s) not under a Merkle root yet"]

    following = Archive(tmp_path / "evidence", source="s", started=NOW, about={})
    keep(following, 2, NOW)
    following.close(NOW)

    assert verify(tmp_path).faults == []
    assert json.loads((tmp_path / "evidence" / "s-roots.jsonl").read_text())["records"] == 2
    killed.close(NOW)


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=40), st.data())
def test_any_altered_or_missing_leaf_changes_the_root(leaves: list[bytes], data: st.DataObject) -> None:
    whole = [leaf.hex() for leaf in leaves]
    at = data.draw(st.integers(0, len(whole) - 1))
    other = [*whole[:at], "ff" * 31 + "00", *whole[at + 1 :]]

    assert merkle_root(whole) != merkle_root(whole[:at] + whole[at + 1 :])
    assert (merkle_root(other) == merkle_root(whole)) == (other == whole)


@pytest.fixture
def authority(tmp_path: Path, site: Any) -> Iterator[str]:
    """A real RFC 3161 time stamping authority, run by openssl on this machine."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl on this machine to play the time stamping authority")
    folder = tmp_path / "tsa"
    folder.mkdir()
    (folder / "tsa.cnf").write_text(
        "[tsa]\ndefault_tsa=t\n[t]\nserial=serial\nsigner_cert=c.pem\nsigner_key=k.pem\nsigner_digest=sha256\ndefault_policy=1.2.3.4\n"
        "digests=sha256,sha512\naccuracy=secs:1\ness_cert_id_alg=sha256\n[ext]\nextendedKeyUsage=critical,timeStamping\n"
        "[req]\ndistinguished_name=dn\n[dn]\n"
    )
    (folder / "serial").write_text("01\n")
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "k.pem", "-out", "c.pem", "-days", "2", "-subj", "/CN=Test TSA",
         "-config", "tsa.cnf", "-extensions", "ext"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    import http.server
    import threading

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            (folder / "q.tsq").write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
            subprocess.run(
                [openssl, "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "q.tsq", "-out", "r.tsr"],
                cwd=folder,
                check=True,
                capture_output=True,
            )
            self.send_response(200)
            self.end_headers()
            self.wfile.write((folder / "r.tsr").read_bytes())

        def log_message(self, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_a_root_is_time_stamped_by_the_named_authority(
    authority: str, board: str, crawl: Any, tmp_path: Path
) -> None:
    crawled = crawl("sample-board", board, "--tsa", authority)

    [stamp] = crawled.folder.glob("evidence/*.tsr")
    root = json.loads(next(crawled.folder.glob("evidence/*roots.jsonl")).read_text())
    (tmp_path / "root.bin").write_bytes(bytes.fromhex(root["chain"]))
    checked = subprocess.run(
        ["openssl", "ts", "-verify", "-data", str(tmp_path / "root.bin"), "-in", str(stamp), "-CAfile", str(tmp_path / "tsa" / "c.pem")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Verification: OK" in checked.stdout + checked.stderr


@pytest.fixture
def stamped(authority: str, board: str, crawl: Any) -> Path:
    """The folder of a crawl whose root the authority stamped."""
    return Path(crawl("sample-board", board, "--tsa", authority).folder)


def test_a_time_stamp_is_checked_against_its_root_with_and_without_our_software(
    stamped: Path, tmp_path: Path, lurewatch: Any
) -> None:
    certificate = tmp_path / "tsa" / "c.pem"

    done = lurewatch("evidence", "verify", str(stamped), "--tsa-ca", str(certificate))
    alone = script("--tsa-ca", str(certificate), str(stamped))

    assert (done.returncode, alone.returncode) == (0, 0), alone.stdout + alone.stderr
    assert "1 Merkle roots, 1 time stamps" in done.stdout
    assert "not checked" not in alone.stdout
    assert "whose signature they bear was not checked" in script(str(stamped)).stdout


def test_when_the_stamp_says_it_was_given_is_read_as_openssl_reads_it(stamped: Path) -> None:
    [path] = stamped.glob("evidence/*.tsr")
    told = subprocess.run(
        ["openssl", "ts", "-reply", "-in", str(path), "-text"], capture_output=True, text=True, check=True
    )
    stated = next(line for line in told.stdout.splitlines() if line.startswith("Time stamp:"))

    assert read_stamp(path.read_bytes()).at.strftime("%b %e %H:%M:%S %Y GMT") == stated.partition(": ")[2]


def test_a_stamp_over_something_else_a_broken_one_and_one_without_its_root_are_named(stamped: Path) -> None:
    [path] = stamped.glob("evidence/*.tsr")
    good = path.read_bytes()
    imprint = read_stamp(good).digest

    path.write_bytes(good.replace(imprint, bytes([imprint[0] ^ 1]) + imprint[1:]))
    assert [fault.what for fault in verify(stamped).faults] == [
        "stamps something else than the root it is named after"
    ]
    path.write_bytes(good[:40])
    assert [fault.what for fault in verify(stamped).faults] == ["is no granted time stamp that can be read"]
    path.write_bytes(good)
    path.rename(path.with_name("sample-board-0123456789abcdef.tsr"))
    assert [fault.what for fault in verify(stamped).faults] == ["a time stamp over a root that is not here"]


def test_a_stamp_of_another_authority_is_not_believed(stamped: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(tmp_path / "k"), "-out", str(other), "-days", "2",
         "-subj", "/CN=Test TSA"],
        check=True, capture_output=True,
    )  # fmt: skip

    done = script("--tsa-ca", str(other), str(stamped))

    assert done.returncode == 1
    assert "its signature is not one that the named certificate vouches for" in done.stdout


@given(st.binary(max_size=200))
def test_bytes_that_are_no_stamp_never_break_the_reader(reply: bytes) -> None:
    with pytest.raises((ValueError, IndexError)):
        read_stamp(reply)


def test_an_authority_out_of_reach_is_reported_and_the_evidence_kept(board: str, crawl: Any) -> None:
    crawled = crawl("sample-board", board, "--tsa", "http://127.0.0.1:9")

    assert crawled.exit_code == 1
    assert "gave no time stamp" in crawled.output
    assert verify(crawled.folder).faults == []
    assert len(crawled.lines()) == 52
