"""`lurewatch extract`: saved files in, JSON lines out, nothing passed over in silence."""

import json
from pathlib import Path
from typing import Any

PAGES = Path(__file__).parents[1] / "pages"


def lines_of(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


def test_each_advert_is_a_line_with_its_file_and_the_pages_own_words(lurewatch: Any) -> None:
    file = PAGES / "feeds" / "job-xml-with-cdata" / "page.xml"

    done = lurewatch("extract", str(file))

    [line] = lines_of(done.stdout)
    assert done.returncode == 0
    assert line["file"] == str(file)
    assert line["advert"]["pay"] == {"min": 50000.0, "max": 60000.0, "currency": "USD", "period": "year"}
    assert line["raw"]["salary"] == "$50,000 - $60,000 per year"
    assert line["raw"]["date_posted"] == "2026-06-29T22:49:39Z"


def test_an_address_makes_relative_links_absolute(lurewatch: Any) -> None:
    file = PAGES / "microdata" / "nested-and-forgotten-scopes" / "page.html"

    [plain] = lines_of(lurewatch("extract", str(file)).stdout)
    [placed] = lines_of(lurewatch("extract", str(file), "--url", "https://board.example.com/list").stdout)

    assert plain["advert"]["url"] == "/job/88"
    assert placed["advert"]["url"] == "https://board.example.com/job/88"


def test_a_file_without_adverts_is_named_and_the_others_are_read(lurewatch: Any) -> None:
    empty, good = PAGES / "visible" / "no-job-at-all" / "page.html", PAGES / "feeds" / "atom" / "page.xml"

    done = lurewatch("extract", str(empty), str(good))

    assert done.returncode == 0
    assert [line["file"] for line in lines_of(done.stdout)] == [str(good)]
    assert f"{empty}: no adverts found (html)" in done.stdout


def test_a_file_that_cannot_be_read_ends_with_exit_code_2_and_its_name(
    lurewatch: Any, tmp_path: Path
) -> None:
    done = lurewatch("extract", str(tmp_path / "missing.html"))

    assert done.returncode == 2
    assert "missing.html: cannot be read" in done.stdout


def test_broken_json_ld_is_said_and_the_rest_of_the_page_is_read(lurewatch: Any, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text(
        '<script type="application/ld+json">, , ,</script><script type="application/ld+json">{"@type":"JobPosting","title":"Cook"}</script>'
    )

    done = lurewatch("extract", str(file))

    assert [line["advert"]["title"] for line in lines_of(done.stdout)] == ["Cook"]
    assert "1 JSON-LD block(s) that cannot be read" in done.stdout
