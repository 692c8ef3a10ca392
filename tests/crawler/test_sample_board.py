"""The bundled board, crawled as the demo does: everything on it arrives, once, with evidence."""

from typing import Any

import pytest
import yaml

from crawler.parse.plain import parse_plain
from crawler.sample_board.board import draw_advert, draw_page, load_adverts
from model.schema.advert import JobAdvert


@pytest.fixture(scope="module")
def crawled(board: str, crawl_into: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return crawl_into(tmp_path_factory.mktemp("board"), "sample-board", board)


def test_the_board_holds_enough_adverts_in_enough_languages_and_both_kinds() -> None:
    adverts = load_adverts()
    luring = sum(1 for advert in adverts if advert["luring"])

    assert len(adverts) >= 45
    assert len({advert["lang"].partition("-")[0] for advert in adverts}) >= 12
    assert 0.35 <= luring / len(adverts) <= 0.45


def test_no_page_says_which_adverts_are_luring() -> None:
    assert not any("luring" in draw_advert(advert, base="http://127.0.0.1:1") for advert in load_adverts())


def test_every_advert_of_the_board_arrives_once_and_the_command_succeeds(crawled: Any) -> None:
    adverts = crawled.lines()

    assert crawled.exit_code == 0, crawled.output
    assert sorted(advert["url"].rpartition("/")[2] for advert in adverts) == sorted(
        a["slug"] for a in load_adverts()
    )
    assert crawled.source["seconds"] < 20


def test_title_employer_place_pay_date_and_text_agree_with_what_the_board_meant(crawled: Any) -> None:
    by_slug = {line["url"].rpartition("/")[2]: JobAdvert.from_json(line) for line in crawled.lines()}

    for meant in load_adverts():
        advert = by_slug[meant["slug"]]
        assert advert.title == meant["title"]
        assert advert.description == parse_plain(meant["text"])
        assert advert.posted_on == meant["posted"]
        if meant["markup"] != "minimal":
            assert (advert.employer.name if advert.employer else "") == meant["employer"] or not meant[
                "employer"
            ]
            assert meant["place"][0] in "".join(advert.places)
        if meant["pay"] and meant["markup"] != "minimal":
            assert advert.pay is not None
            assert [advert.pay.min, advert.pay.max, advert.pay.currency] == meant["pay"][:3]
            assert advert.pay.period is not None
            assert advert.pay.period.name == meant["pay"][3]


def test_every_advert_names_a_page_that_the_evidence_holds(crawled: Any, lurewatch: Any) -> None:
    done = lurewatch("evidence", "verify", str(crawled.folder))

    assert done.returncode == 0, done.stdout
    assert f"{len(load_adverts())} adverts, 0 faults" in done.stdout


def test_a_second_crawl_repeats_nothing_and_fetches_no_unchanged_page_whole(
    crawled: Any, board: str, crawl: Any
) -> None:
    again = crawl("sample-board", board, folder=crawled.folder)

    assert again.exit_code == 0, again.output
    assert len(again.lines()) == len(load_adverts())
    assert (again.source["new"], again.source["unchanged"], again.source["gone"]) == (
        0,
        len(load_adverts()),
        0,
    )
    assert again.source["not_modified"] == len(load_adverts())


def test_the_board_asks_crawlers_to_stay_out_of_one_path_and_states_no_delay() -> None:
    _status, _kind, body = draw_page("/robots.txt", base="http://127.0.0.1:1")

    assert b"Disallow: /private/" in body
    assert b"Crawl-delay: 0" in body


def test_the_boards_texts_use_only_fictional_contacts() -> None:
    texts = yaml.safe_dump([advert["text"] for advert in load_adverts()], allow_unicode=True, width=10_000)

    assert "@" in texts
    mails = [word for word in texts.split() if "@" in word.strip("@") and "." in word.rpartition("@")[2]]
    assert all("example" in mail for mail in mails), mails
