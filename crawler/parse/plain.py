"""HTML or half-escaped HTML → the text a reader of the page would see.

Job boards put markup into every field, often escaped once or twice over. The letters stay as
published (no spelling, case or mojibake is mended): only markup and entities are taken away.
"""

import html
import re

from lxml import etree
from lxml import html as lxml_html

_BLOCK_NAMES = """
    address article aside blockquote br dd div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6
    header hr li main nav ol p pre section table tbody tfoot thead tr ul
"""
_INLINE_NAMES = """
    a abbr b big cite code em font i img ins del html body center td th meta link label mark o:p q s small
    span strike strong sub sup time tt u var wbr input button video audio
"""
BLOCKS = frozenset(_BLOCK_NAMES.split())
"""Elements that stand on lines of their own."""
_SILENT = frozenset({"script", "style", "noscript", "template", "iframe", "object", "svg", "head", "title"})
_NAMES = "|".join(sorted(BLOCKS | _SILENT | set(_INLINE_NAMES.split()), key=lambda name: (len(name), name)))
TAG = re.compile(
    rf"</?(?:{_NAMES})(?:\s[^<>]*)?/?>|</[a-z][\w:-]*>|<!--|<(?:{_NAMES})\s[^<>]*\Z", re.IGNORECASE
)
"""A real HTML tag (the last one may be cut off), not just a `<` in a sentence."""
_ESCAPED_TAG = re.compile(rf"&(?:amp;)*lt;/?(?:{_NAMES})(?:\s[^<>]*?)?/?&(?:amp;)*gt;", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_MARKED = re.compile("[<&]")
"""Without one of these a text holds neither tags nor entities."""
_SPACES = re.compile(r"[ \t\r\f\v\u00a0]+")
_MANY_LINES = re.compile(r"\n{3,}")
_MAX_ROUNDS = 3


def parse_plain(value: object) -> str | None:
    """Give the text of a field that may hold HTML, escaped HTML or entities; None when nothing is left."""
    if not isinstance(value, str):
        return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
    text = value
    for _round in range(_MAX_ROUNDS if _MARKED.search(value) else 0):
        if _ESCAPED_TAG.search(text) and not TAG.search(text):
            text = html.unescape(text)
        elif TAG.search(text):
            text = _strip_markup(text)
        elif _ENTITY.search(text):
            text = html.unescape(text)
        else:
            break
    return tidy(text)


def parse_line(value: object) -> str | None:
    """Give a one-line field (a title, a name): `parse_plain` with all white space folded."""
    text = value if isinstance(value, str) and not _MARKED.search(value) else parse_plain(value)
    return (" ".join(text.split()) or None) if text else None


def tidy(text: str) -> str | None:
    """Fold spaces within lines and rows of empty lines; None when nothing is left."""
    lines = (_SPACES.sub(" ", line).strip() for line in text.replace("\r\n", "\n").split("\n"))
    return _MANY_LINES.sub("\n\n", "\n".join(lines)).strip() or None


def element_text(element: etree._Element) -> str | None:
    """Give the visible text below an element, block elements on lines of their own."""
    return tidy("".join(_pieces(element)))


def _strip_markup(text: str) -> str:
    try:
        root = lxml_html.fromstring(f"<div>{text}</div>")
    except (etree.ParserError, ValueError):
        return TAG.sub(" ", text)
    return "".join(_pieces(root))


def _pieces(root: etree._Element) -> list[str]:
    """Collect text in document order without recursion: hostile pages nest deeply."""
    pieces: list[str] = []
    stack: list[tuple[etree._Element, bool]] = [(root, False)]
    while stack:
        element, done = stack.pop()
        name = element.tag.lower() if isinstance(element.tag, str) else ""
        if done:
            if name in BLOCKS and name != "br":
                pieces.append("\n")
            if element is not root and element.tail:
                pieces.append(element.tail)
            continue
        stack.append((element, True))
        if not name or name in _SILENT or _is_hidden(element):
            continue
        if name in BLOCKS:
            pieces.append("\n")
        elif name in {"td", "th"}:
            pieces.append(" ")
        if element.text:
            pieces.append(element.text)
        stack.extend((child, False) for child in reversed(element))
    return pieces


def _is_hidden(element: etree._Element) -> bool:
    return "hidden" in element.attrib or "display:none" in (element.get("style") or "").replace(" ", "")
