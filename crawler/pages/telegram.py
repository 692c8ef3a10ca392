"""Posts of public Telegram channels, as the preview pages `t.me/s/<channel>` show them.

Every post with words is a draft; which of them are job adverts is the detector's to say. A post
has no title. Replies quote other posts: only the post's own text is taken.
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
    for name in ("tgme_widget_message_poll_question", "tgme_widget_message_document_title")
)
"""What a post without a text says: a poll's question, a document's name."""


def is_telegram(page: str) -> bool:
    """Whether a page is a channel preview."""
    return "tgme_widget_message" in page or "tgme_channel_info" in page or "tgme_page" in page


def read_telegram(root: etree._Element) -> tuple[Draft, ...]:
    """Give the posts of a preview page that have a text, in the page's order."""
    return tuple(draft for post in elements(root, _POST) if (draft := _post(post)) is not None)


def _post(post: etree._Element) -> Draft | None:
    texts = [text for element in elements(post, _TEXT) if (text := element_text(element))]
    if not texts:
        texts = [text for element in elements(post, _CAPTION) if (text := element_text(element))]
    if not texts:
        return None
    name = str(post.get("data-post"))
    links = _links(post)
    return Draft(
        reader="telegram",
        description="\n\n".join(texts),
        posted=_first(post, ".//a[contains(@class, 'tgme_widget_message_date')]//time/@datetime"),
        url=_first(post, ".//a[contains(@class, 'tgme_widget_message_date')]/@href")
        or f"https://t.me/{name}",
        identifier=name,
        contacts=_contacts(links, channel=name.partition("/")[0]),
        extra={
            "post": name,
            "datetime": _first(post, ".//a[contains(@class, 'tgme_widget_message_date')]//time/@datetime"),
            "views": _words(post, "tgme_widget_message_views"),
            "edited": bool(
                post.xpath(".//*[contains(@class, 'tgme_widget_message_meta')][contains(., 'edited')]")
            ),
            "forwarded_from": _words(post, "tgme_widget_message_forwarded_from_name"),
            "forwarded_url": _first(
                post, ".//a[contains(@class, 'tgme_widget_message_forwarded_from_name')]/@href"
            ),
            "links": list(links),
        },
    )


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
