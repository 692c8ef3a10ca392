"""What an advert said before: each version with what the next one changed."""

import re
import time
from collections.abc import Callable

from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from service.assessing import Context, assess_and_store
from service.console.versions import changes_of
from service.store.partners import ensure_partner
from service.store.tables import CRAWLER
from tests.factories import LURE, make_advert
from tests.service.test_review import add

Browse = Callable[..., TestClient]


def send(context: Context, text: str) -> None:
    context.clock.move(minutes=5)
    advert = make_advert(id="ad-0", text=text)
    assess_and_store(context, [advert], partner_id=CRAWLER, at=context.clock())


def test_the_page_shows_what_changed_from_version_to_version(context: Context, browse: Browse) -> None:
    review_id, browser = add(context, LURE)[0], browse()
    path = f"/console/reviews/{review_id}"
    assert "versions</summary>" not in browser.get(path).text
    send(context, LURE.replace("Poipet", "Sihanoukville"))
    send(context, LURE.replace("Poipet", "Sihanoukville").replace("@example_hr", "@example_new <b>"))
    page = browser.get(path).text
    assert "3 versions</summary>" in page
    changes = re.findall(r"<(del|ins)>([^<]+)</\1>", page)
    assert changes[-2:] == [("del", "Poipet"), ("ins", "Sihanoukville")]
    assert ("ins", "example_new &lt;b&gt;") in changes or "&lt;b&gt;" in page
    assert "<b>" not in page
    outside = browse("olu", "outside_reviewer").get(path).text
    assert "3 versions</summary>" in outside
    assert "example_new" not in outside
    assert "example_hr" not in outside


def test_versions_of_another_partner_are_not_shown(context: Context, browse: Browse) -> None:
    review_id = add(context, LURE)[0]
    with context.database.writing() as session:
        other = ensure_partner(session, "Example Jobs", at=context.clock()).id
    context.clock.move(minutes=5)
    advert = make_advert(id="ad-0", text=LURE + " now")
    assess_and_store(context, [advert], partner_id=other, at=context.clock())
    assert "versions</summary>" not in browse().get(f"/console/reviews/{review_id}").text


@given(st.text(max_size=60), st.text(max_size=60))
def test_every_character_of_both_versions_comes_out(old: str, new: str) -> None:
    changes = list(changes_of(old, new))
    assert "".join(change.text for change in changes if change.kind != "new") == old
    assert "".join(change.text for change in changes if change.kind != "gone") == new


def test_texts_made_to_be_slow_are_not() -> None:
    begun = time.perf_counter()
    list(changes_of("a " * 30_000, "a b " * 20_000))
    assert time.perf_counter() - begun < 2
