"""Killed at any moment and started again: nothing that was served is lost, nothing is written twice."""

import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from crawler.evidence.verify_evidence import verify

N_JOBS = 40


@pytest.fixture
def slow_site(site: Any, make_job_page: Any) -> Any:
    def answer(asked: Any) -> None:
        if asked.path == "/robots.txt":
            asked.reply("", kind="text/plain")
        elif asked.path == "/jobs":
            asked.reply("".join(f'<a href="/job/{n}">x</a>' for n in range(N_JOBS)))
        else:
            time.sleep(0.03)
            asked.reply(make_job_page(f"Cook {asked.path}", url=asked.path))

    return site(answer)


def count_lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def wait_for_lines(path: Path, n: int) -> None:
    end = time.monotonic() + 120
    while count_lines(path) < n:
        assert time.monotonic() < end, "the crawl wrote nothing"
        time.sleep(0.005)


def test_a_crawl_killed_twice_brings_every_advert_once(
    slow_site: Any, make_source: Any, start_crawl: Any, crawl: Any, tmp_path: Path
) -> None:
    source, folder = make_source(expect={"min": N_JOBS}), tmp_path / "out"
    for n in (7, 20):
        process = start_crawl(source, slow_site.url, folder)
        wait_for_lines(folder / "adverts.jsonl", n)
        process.kill()
        process.wait()

    crawled = crawl(source, slow_site.url)

    urls = Counter(advert["url"] for advert in crawled.lines())
    assert crawled.exit_code == 0, crawled.output
    assert crawled.source["resumed"] is True
    assert len(urls) == N_JOBS
    assert max(urls.values()) == 1
    assert crawled.source["done_before"] >= 18
    assert verify(folder).faults == []


def test_what_was_done_before_the_kill_is_not_fetched_again(
    slow_site: Any, make_source: Any, start_crawl: Any, crawl: Any, tmp_path: Path
) -> None:
    source, folder = make_source(), tmp_path / "out"
    process = start_crawl(source, slow_site.url, folder)
    wait_for_lines(folder / "adverts.jsonl", 15)
    process.kill()
    process.wait()
    crawl(source, slow_site.url)

    asked = Counter(path for path in slow_site.paths if path.startswith("/job/"))
    assert sum(1 for times in asked.values() if times > 1) <= 5
    assert len(asked) == N_JOBS


@pytest.mark.parametrize("cut", [1, 200])
def test_a_last_line_cut_off_by_a_kill_is_written_again_whole(
    slow_site: Any, make_source: Any, start_crawl: Any, crawl: Any, tmp_path: Path, cut: int
) -> None:
    source, folder = make_source(), tmp_path / "out"
    process = start_crawl(source, slow_site.url, folder)
    wait_for_lines(folder / "adverts.jsonl", 5)
    process.kill()
    process.wait()
    feed = folder / "adverts.jsonl"
    whole = feed.read_bytes()
    # as if the kill had come while the next line was being written, before the page was remembered
    feed.write_bytes(whole + whole.splitlines()[0].replace(b"adv_", b"adv_x")[:-cut])

    crawled = crawl(source, slow_site.url)

    assert len({advert["id"] for advert in crawled.lines()}) == len(crawled.lines()) == N_JOBS


def test_a_run_whose_budget_is_used_up_goes_on_where_it_ended(
    slow_site: Any, make_source: Any, crawl: Any
) -> None:
    source = make_source()
    counts = [len(crawl(source, slow_site.url, "--max-pages", "20").lines()) for _n in range(3)]

    assert counts[0] < N_JOBS
    assert counts[-1] == N_JOBS
    asked = Counter(path for path in slow_site.paths if path.startswith("/job/"))
    assert max(asked.values()) <= 2
    assert sum(asked.values()) <= N_JOBS + 10


def test_two_crawls_never_write_one_folder_at_a_time(
    slow_site: Any, make_source: Any, start_crawl: Any, crawl: Any, tmp_path: Path
) -> None:
    source, folder = make_source(), tmp_path / "out"
    first = start_crawl(source, slow_site.url, folder)
    wait_for_lines(folder / "adverts.jsonl", 3)
    second = crawl(source, slow_site.url)
    first.wait()

    assert second.exit_code == 2
    assert "another crawl is writing there" in second.output
    assert len(second.lines()) == N_JOBS


def test_a_folder_that_cannot_be_written_is_named(
    slow_site: Any, make_source: Any, crawl: Any, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("x")

    crawled = crawl(make_source(), slow_site.url, folder=tmp_path / "file" / "out")

    assert crawled.exit_code == 2
    assert "cannot be written" in crawled.output
