"""Posts of public Telegram channels, as the preview pages `t.me/s/<channel>` show them.

Every post with words is a draft; which of them are job adverts is the detector's to say. A post
has no title. Replies quote other posts: only the post's own text is taken. What Telegram itself says
(a channel was made, a post was pinned) is no post.
"""

from lxml import etree

from crawler.pages.draft import Draft
from crawler.pages.query import elements, strings
from crawler.parse.contact import contact_of_link
from crawler.parse.plain import element_text, parse_line
from model.schema.advert import Contact

_HAS_CLASS = "contains(concat(' ', normalize-space(@class), ' '), ' {} ')"
_POST = f"//*[@data-post][{_HAS_CLASS.format('tgme_widget_message')}]"
_QUOTED = _HAS_CLASS.format("tgme_widget_message_reply")
_TEXT = f".//*[{_HAS_CLASS.format('tgme_widget_message_text')}][not(ancestor::*[{_QUOTED}])]"
_CAPTION = " | ".join(
    f".//*[{_HAS_CLASS.format(name)}]"
    for name in (
        "tgme_widget_message_poll_question",
        "tgme_widget_message_document_title",
        "tgme_widget_message_location_title",
        "tgme_widget_message_contact_name",
    )
)
"""What a post without a text says: a poll's question, a document's name."""
_OPTIONS = f".//*[{_HAS_CLASS.format('tgme_widget_message_poll_option_text')}]"
_SERVICE = _HAS_CLASS.format("service_message")
_FORWARDED = _HAS_CLASS.format("tgme_widget_message_forwarded_from_name")
_MEDIA = {
    "photo": "tgme_widget_message_photo_wrap",
    "video": "tgme_widget_message_video_player",
    "round video": "tgme_widget_message_roundvideo_player",
    "voice": "tgme_widget_message_voice_player",
    "document": "tgme_widget_message_document_wrap",
    "sticker": "tgme_widget_message_sticker_wrap",
    "poll": "tgme_widget_message_poll",
    "location": "tgme_widget_message_location_wrap",
}


def is_telegram(page: str) -> bool:
    """Whether a page is a channel preview, or what Telegram shows where there is none."""
    return "tgme_widget_message" in page or "tgme_channel_info" in page or "tgme_page" in page


def read_telegram(root: etree._Element) -> tuple[tuple[Draft, ...], tuple[str, ...]]:
    """Give the posts of a preview page that have words, in the page's order, and what could not be read."""
    posts = [post for post in elements(root, _POST) if not post.xpath(f"boolean(self::*[{_SERVICE}])")]
    drafts = [draft for post in posts if (draft := _post(post)) is not None]
    wordless = sum(1 for post in posts if _media(post)) - sum(1 for draft in drafts if draft.extra["media"])
    faults = []
    if wordless > 0:
        faults.append(f"{wordless} post(s) of pictures or sound without words")
    if not elements(root, _POST) and "tgme_page" in " ".join(strings(root, "//@class")):
        faults.append("the channel shows no preview to the public")
    return tuple(drafts), tuple(faults)


def _post(post: etree._Element) -> Draft | None:
    texts = [text for element in elements(post, _TEXT) if (text := element_text(element))]
    if not texts:
        said = [*elements(post, _CAPTION), *elements(post, _OPTIONS)]
        texts = [text for element in said if (text := element_text(element))]
    if not texts:
        return None
    name = str(post.get("data-post"))
    links = _links(post)
    date_link = ".//a[contains(@class, 'tgme_widget_message_date')]"
    return Draft(
        reader="telegram",
        description="\n\n".join(texts),
        posted=_first(post, f"{date_link}//time/@datetime"),
        url=_first(post, f"{date_link}/@href") or f"https://t.me/{name}",
        identifier=name,
        contacts=_contacts(links, channel=name.partition("/")[0]),
        extra={
            "post": name,
            "datetime": _first(post, f"{date_link}//time/@datetime"),
            "views": _words(post, "tgme_widget_message_views"),
            "edited": _is_edited(post),
            "author": _words(post, "tgme_widget_message_from_author"),
            "forwarded_from": _words(post, "tgme_widget_message_forwarded_from_name"),
            "forwarded_url": _first(post, f".//a[{_FORWARDED}]/@href"),
            "forwarded_author": _words(post, "tgme_widget_message_forwarded_from_author"),
            "reply_to": _first(post, f".//a[{_QUOTED}]/@href"),
            "via_bot": _words(post, "tgme_widget_message_via_bot"),
            "media": _media(post),
            "preview_url": _first(
                post, f".//a[{_HAS_CLASS.format('tgme_widget_message_link_preview')}]/@href"
            ),
            "preview_title": _words(post, "link_preview_title"),
            "links": list(links),
        },
    )


def _is_edited(post: etree._Element) -> bool:
    """Said beside the time, before it: `edited 14:02`."""
    stated = elements(post, f".//*[{_HAS_CLASS.format('tgme_widget_message_meta')}]")
    return any("edited" in (element_text(meta) or "").lower().split() for meta in stated)


def _media(post: etree._Element) -> list[str]:
    """What a post shows besides words; one word per picture of an album."""
    own = f"[not(ancestor::*[{_QUOTED}])]"
    return [
        name
        for name, mark in _MEDIA.items()
        for _one in elements(post, f".//*[{_HAS_CLASS.format(mark)}]{own}")
    ]


def _first(post: etree._Element, path: str) -> str | None:
    return next(iter(strings(post, path)), None)


def _words(post: etree._Element, name: str) -> str | None:
    found = elements(post, f".//*[{_HAS_CLASS.format(name)}]")
    return parse_line(element_text(found[0])) if found else None


def _links(post: etree._Element) -> tuple[str, ...]:
    """Links in the text and on the buttons below it, each once."""
    found = [link for element in elements(post, _TEXT) for link in strings(element, ".//a/@href")]
    found += strings(post, f".//a[{_HAS_CLASS.format('tgme_widget_message_inline_button')}]/@href")
    # a hashtag links to a search on the page itself
    return tuple(dict.fromkeys(link for link in found if not link.startswith("?")))


def _contacts(links: tuple[str, ...], *, channel: str) -> tuple[Contact, ...]:
    """Accounts, numbers and addresses that links lead to; not the channel's own posts."""
    found = (contact_of_link(link) for link in links)
    own = f"@{channel}".lower()
    return tuple(dict.fromkeys(contact for contact in found if contact and contact.value.lower() != own))
