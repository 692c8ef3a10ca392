"""A run's pages go to the sources whose adverts people confirmed, and nobody is left without any."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.budget import Yield, read_confirmed, share_pages
from crawler.errors import UnreadableFileError

UNKNOWN = Yield(0, 0)


def test_sources_of_which_nothing_is_known_share_evenly() -> None:
    caps = dict.fromkeys("abcd", 10_000)

    assert share_pages(400, dict.fromkeys("abcd", UNKNOWN), caps=caps) == dict.fromkeys("abcd", 100)


def test_the_source_with_more_confirmed_adverts_per_1000_pages_gets_more() -> None:
    yields = {"rich": Yield(2_000, 29), "poor": Yield(2_000, 0), "new": UNKNOWN}

    shares = share_pages(1_000, yields, caps=dict.fromkeys(yields, 10_000))

    assert sum(shares.values()) == 1_000
    assert shares["rich"] > 5 * shares["new"] > 5 * shares["poor"] > 5 * 83
    assert yields["rich"].per_1000 == 10


def test_what_a_source_may_not_use_goes_to_the_others() -> None:
    yields = {"rich": Yield(1_000, 99), "poor": Yield(1_000, 0)}

    assert share_pages(1_000, yields, caps={"rich": 200, "poor": 5_000}) == {"rich": 200, "poor": 800}


@given(
    st.integers(1, 5_000),
    st.dictionaries(
        st.sampled_from("abcdefgh"),
        st.tuples(st.integers(0, 10**6), st.integers(0, 10**4), st.integers(1, 10**4)),
        min_size=1,
    ),
)
def test_never_more_than_the_total_nor_than_a_cap_and_everybody_gets_a_page(
    total: int, sources: dict[str, tuple[int, int, int]]
) -> None:
    yields = {name: Yield(pages, confirmed) for name, (pages, confirmed, _cap) in sources.items()}
    caps = {name: cap for name, (_pages, _confirmed, cap) in sources.items()}

    shares = share_pages(total, yields, caps=caps)

    assert all(1 <= shares[name] <= caps[name] for name in yields)
    assert sum(shares.values()) <= max(total, len(yields))
    assert sum(shares.values()) == max(min(total, sum(caps.values())), len(yields)) or total < len(yields)


def test_confirmations_are_read_from_ids_or_from_decisions(tmp_path: Path) -> None:
    path = tmp_path / "confirmed.txt"
    path.write_text(
        'adv_1\n\n{"advert_id": "adv_2", "verdict": "confirmed"}\n{"advert_id": "adv_3", "verdict": "legitimate"}\n{"id": "adv_4"}\n'
    )

    assert read_confirmed(path) == {"adv_1", "adv_2", "adv_4"}


@pytest.mark.parametrize("line", ["{}", "{broken", '{"verdict": "confirmed"}'])
def test_a_line_without_an_advert_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "confirmed.txt"
    path.write_text(f"adv_1\n{line}\n")

    with pytest.raises(UnreadableFileError, match=r"confirmed\.txt:2: states no `advert_id`"):
        read_confirmed(path)


def test_a_run_moves_its_pages_to_the_source_that_was_confirmed_before(
    site: Any, make_source: Any, make_job_page: Any, lurewatch: Any, tmp_path: Path
) -> None:
    """Two sources of one server, forty pages each time: first evenly, then by what people confirmed."""

    def answer(asked: Any) -> None:
        if asked.path == "/robots.txt":
            asked.reply("", kind="text/plain")
        elif asked.path in {"/a", "/b"}:
            asked.reply("".join(f'<a href="{asked.path}/job/{n}">x</a>' for n in range(200)))
        else:
            asked.reply(make_job_page(f"Cook {asked.path}", url=asked.path))

    host, out, confirmed = site(answer), tmp_path / "out", tmp_path / "confirmed.jsonl"
    files = [str(make_source(f"site-{s}", base_url=host.url, start=[f"/{s}"], concurrency=1)) for s in "ab"]
    crawl = ["crawl", *files, "--allow-loopback", "-o", str(out), "--total-pages", "40"]

    lurewatch(*crawl)
    first = json.loads((out / "report.json").read_text())["sources"]
    adverts = [json.loads(line) for line in (out / "adverts.jsonl").read_text().splitlines()]
    confirmed.write_text(
        "".join(json.dumps({"advert_id": a["id"]}) + "\n" for a in adverts if a["source"] == "site-a")
    )
    lurewatch(*crawl, "--confirmed", str(confirmed))
    second = json.loads((out / "report.json").read_text())["sources"]

    assert {name: source["budget"] for name, source in first.items()} == {"site-a": 20, "site-b": 20}
    assert second["site-a"]["budget"] > 2 * second["site-b"]["budget"] > 0
    assert second["site-a"]["confirmed"] > 10
    assert second["site-a"]["pages"] > second["site-b"]["pages"]
