"""Channel previews in all the forms that posts take; the mark-up follows that of real preview pages."""

from typing import Any

import pytest

from crawler.pages.advert import read_advert
from crawler.pages.reader import Page, read_page

FOOTER = (
    '<div class="tgme_widget_message_footer compact js-message_footer"><div class="tgme_widget_message_info short">'
    '<span class="tgme_widget_message_views">1.2K</span><span class="copyonly"> views</span>{author}<span class="tgme_widget_message_meta">{edited}'
    '<a class="tgme_widget_message_date" href="https://t.me/example_jobs/{n}"><time datetime="2026-11-05T14:02:00+00:00" class="time">14:02</time></a>'
    "</span></div></div>"
)


def post(n: int, inside: str, *, kind: str = "", edited: str = "", author: str = "") -> str:
    return (
        f'<div class="tgme_widget_message_wrap js-widget_message_wrap"><div class="tgme_widget_message text_not_supported_wrap {kind} '
        f'js-widget_message" data-post="example_jobs/{n}"><div class="tgme_widget_message_bubble">{inside}'
        f"{FOOTER.format(n=n, edited=edited, author=author)}</div></div></div>"
    )


def text(words: str) -> str:
    return f'<div class="tgme_widget_message_text js-message_text" dir="auto">{words}</div>'


def preview(*posts: str) -> Page:
    return read_page(
        f'<html><body><section class="tgme_channel_history">{"".join(posts)}</section></body></html>'.encode()
    )


def only(page: Page) -> tuple[str | None, dict[str, Any]]:
    [draft] = page.drafts
    reading = read_advert(draft)
    assert reading is not None
    return reading.advert.description, reading.raw


def test_an_edited_post_says_so_and_one_that_speaks_of_edited_videos_does_not() -> None:
    edited = preview(post(1, text("Cook wanted"), edited="edited&nbsp; "))
    plain = preview(post(1, text("Video editor wanted: edited reels")))

    assert only(edited)[1]["edited"] is True
    assert "edited" not in only(plain)[1]


def test_a_forwarded_post_names_where_it_comes_from_and_who_wrote_it() -> None:
    head = (
        '<div class="tgme_widget_message_forwarded_from accent_color">Forwarded from&nbsp;<a class="tgme_widget_message_forwarded_from_name" '
        'href="https://t.me/other_example/3"><span dir="auto">Other jobs</span></a>&nbsp;(<span class="tgme_widget_message_forwarded_from_author">'
        "Ann</span>)</div>"
    )

    _said, raw = only(preview(post(2, head + text("Cook wanted"))))

    assert (raw["forwarded_from"], raw["forwarded_url"]) == ("Other jobs", "https://t.me/other_example/3")
    assert raw["forwarded_author"] == "Ann"


def test_a_forward_from_somebody_who_hides_their_account_keeps_the_name() -> None:
    head = '<div class="tgme_widget_message_forwarded_from">Forwarded from <span class="tgme_widget_message_forwarded_from_name">Hidden name</span></div>'

    _said, raw = only(preview(post(2, head + text("Cook wanted"))))

    assert raw["forwarded_from"] == "Hidden name"
    assert "forwarded_url" not in raw


def test_an_album_is_one_post_with_its_words_and_as_many_pictures_as_it_shows() -> None:
    photo = '<a class="tgme_widget_message_photo_wrap grouped_media_wrap" href="https://t.me/example_jobs/{}?single"></a>'
    album = f'<div class="tgme_widget_message_grouped_wrap">{photo.format(3)}{photo.format(4)}{photo.format(5)}</div>'

    said, raw = only(preview(post(3, album + text("Casino staff wanted"))))

    assert said == "Casino staff wanted"
    assert raw["media"] == ["photo"] * 3


def test_a_reply_is_read_without_what_it_quotes() -> None:
    quoted = (
        '<a class="tgme_widget_message_reply user-color-3" href="https://t.me/example_jobs/1"><i class="tgme_widget_message_photo_wrap"></i>'
        '<div class="tgme_widget_message_author"><span>Example jobs</span></div>'
        '<div class="tgme_widget_message_text js-message_reply_text" dir="auto">The first advert</div></a>'
    )

    said, raw = only(preview(post(6, quoted + text("Still open"))))

    assert said == "Still open"
    assert raw["reply_to"] == "https://t.me/example_jobs/1"
    assert "media" not in raw


def test_a_poll_is_its_question_and_its_answers() -> None:
    options = "".join(
        f'<div class="tgme_widget_message_poll_option"><div class="tgme_widget_message_poll_option_percent">50%</div>'
        f'<div class="tgme_widget_message_poll_option_text">{answer}</div></div>'
        for answer in ("Poipet", "Manila")
    )
    poll = f'<div class="tgme_widget_message_poll"><div class="tgme_widget_message_poll_question">Where would you work?</div>{options}</div>'

    said, raw = only(preview(post(7, poll)))

    assert said == "Where would you work?\n\nPoipet\n\nManila"
    assert raw["media"] == ["poll"]


def test_what_telegram_itself_says_is_no_post() -> None:
    page = preview(post(1, text("Channel created"), kind="service_message"), post(2, text("Cook wanted")))

    assert only(page)[0] == "Cook wanted"
    assert page.faults == ()


def test_pictures_without_words_are_no_adverts_but_are_counted() -> None:
    picture = '<a class="tgme_widget_message_photo_wrap" href="https://t.me/example_jobs/8"></a>'
    voice = '<a class="tgme_widget_message_voice_player"></a>'

    page = preview(post(8, picture), post(9, voice), post(10, picture + text("With words")))

    assert only(page)[0] == "With words"
    assert page.faults == ("2 post(s) of pictures or sound without words",)


def test_links_buttons_previews_and_signatures_are_kept_beside_the_words() -> None:
    inside = (
        text(
            'Write to <a href="https://t.me/example_hr_00">me</a> <a href="?q=%23jobs">#jobs</a> <tg-spoiler>500$</tg-spoiler>'
        )
        + '<a class="tgme_widget_message_link_preview" href="https://jobs.example.com/7"><div class="link_preview_title">Cook, Hull</div></a>'
        + '<div class="tgme_widget_message_inline_keyboard"><a class="tgme_widget_message_inline_button" href="https://wa.me/85500000000">W</a></div>'
    )
    author = '<span class="tgme_widget_message_from_author" dir="auto">Ann</span>, '

    said, raw = only(preview(post(11, inside, author=author)))

    assert said == "Write to me #jobs 500$"
    assert raw["links"] == ["https://t.me/example_hr_00", "https://wa.me/85500000000"]
    assert (raw["preview_url"], raw["preview_title"]) == ("https://jobs.example.com/7", "Cook, Hull")
    assert (raw["author"], raw["views"]) == ("Ann", "1.2K")


@pytest.mark.parametrize(
    "page",
    [
        (
            '<html><body><div class="tgme_page"><div class="tgme_page_title">Example</div><div class="tgme_page_extra">2 310 subscribers</div>'
            '<a class="tgme_action_button_new" href="tg://resolve?domain=example_jobs">View in Telegram</a></div></body></html>'
        ),
        '<html><body><div class="tgme_page"><div class="tgme_page_description">If you have <b>Telegram</b>, you can contact @example</div></div></body></html>',
    ],
    ids=["channel", "account"],
)
def test_a_channel_that_hides_its_posts_is_named_and_never_joined(page: str) -> None:
    found = read_page(page.encode())

    assert (found.kind, found.drafts) == ("telegram", ())
    assert found.faults == ("the channel shows no preview to the public",)


def test_a_channel_that_hides_its_posts_fails_the_run(site: Any, make_source: Any, crawl: Any) -> None:
    hidden = (
        '<html><body><div class="tgme_page"><div class="tgme_page_title">Example</div></div></body></html>'
    )

    def answer(asked: Any) -> None:
        asked.reply(
            "" if asked.path == "/robots.txt" else hidden,
            kind="text/plain" if asked.path == "/robots.txt" else "text/html",
        )

    crawled = crawl(
        make_source(kind="telegram", start=["/s/example_jobs"], detail=None, expect={"min": 1}),
        site(answer).url,
    )

    assert crawled.exit_code == 1
    assert "0 adverts, expected at least 1" in crawled.output
    assert crawled.source["faults"] == {"the channel shows no preview to the public": 1}
