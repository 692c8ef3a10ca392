"""Every recorded page under `tests/pages/` gives exactly the adverts beside it, field for field.

A case is a folder: the page as received, where and when it was fetched, and the adverts expected.
`lurewatch sources new` writes such a folder for every new source.
"""

import json
from datetime import datetime
from pathlib import Path

import pytest

from crawler.new_source import expected_of

PAGES = Path(__file__).parents[1] / "pages"
CASES = sorted(path.parent for path in PAGES.glob("*/*/meta.json"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_a_recorded_page_gives_the_adverts_beside_it(case: Path) -> None:
    meta = json.loads((case / "meta.json").read_text(encoding="utf-8"))
    body = next(case.glob("page.*")).read_bytes()

    found = expected_of(
        body, url=meta["url"], source=meta["source"], fetched_at=datetime.fromisoformat(meta["fetched_at"])
    )

    assert found == json.loads((case / "adverts.json").read_text(encoding="utf-8"))


def test_there_is_a_recorded_page_for_every_kind_of_markup() -> None:
    assert {case.parent.name for case in CASES} >= {
        "json-ld",
        "microdata",
        "page-state",
        "visible",
        "feeds",
        "apis",
        "telegram",
    }
