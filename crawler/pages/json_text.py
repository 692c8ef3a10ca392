"""JSON as job boards really write it → values.

Seen in the wild: raw line feeds and control characters inside strings, comments, trailing commas
and semicolons, unescaped quotes, `&quot;` throughout, CDATA and HTML comment wrappers, a byte
order mark, several objects in one script, an end cut off. Strict JSON is tried first; the repair
is one pass over the text, so its time grows with the length and not with the hostility.
"""

import html
import json
import re
from collections.abc import Iterator
from typing import Any

MAX_CHARS = 8_000_000
"""Longer texts are not read: no honest advert needs them."""
MAX_NODES = 300_000
"""How many values of one text are looked at; what lies beyond is left unread."""
MAX_DEPTH = 200
"""Text nested deeper than this is not repaired."""
_WRAPPERS = re.compile(
    r"^\s*(?:(?://|/\*)?\s*<!\[CDATA\[\s*(?:\*/)?|<!--(?=\s*[\[{])|\ufeff)|(?:(?://|/\*)?\s*\]\]>\s*(?:\*/)?|-->|;)\s*$"
)
_DECODER = json.JSONDecoder(strict=False)
_OPENERS = re.compile(r"[\[{]")
_ESCAPABLE = frozenset('"\\/bfnrtu')
_CONTROL = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_HEX4 = re.compile(r"[0-9a-fA-F]{4}")
_WORD = re.compile(r"[A-Za-z_$][\w$]*")
_CONSTANTS = {"true", "false", "null"}


def parse_json(text: str) -> list[Any]:
    """Give the JSON values that a script's text holds; an empty list when nothing can be made of it."""
    if len(text) > MAX_CHARS:
        return []
    text = _unwrap(text)
    if not text:
        return []
    for attempt in (text, html.unescape(text) if "&quot;" in text or "&#34;" in text else None):
        if attempt is not None and (value := _strict(attempt)) is not _FAILED:
            return [value]
    values = list(_in_a_row(text))
    if values:
        return values
    repaired = _strict(repair(html.unescape(text) if text.lstrip("[{ \n\t").startswith("&quot;") else text))
    return [] if repaired is _FAILED else [repaired]


def parse_json_at(text: str, start: int) -> tuple[Any, int] | None:
    """Read one JSON value that begins at `start`: (value, one past its end), or None."""
    try:
        value, end = _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        return None
    return value, end


def walk(value: Any) -> Iterator[dict[str, Any]]:
    """Give every object inside a JSON value, outermost first, without recursion and within `MAX_NODES`."""
    stack: list[Any] = [value]
    seen = 0
    while stack and seen < MAX_NODES:
        node = stack.pop()
        seen += 1
        if isinstance(node, dict):
            yield node
            stack.extend(child for child in reversed(node.values()) if isinstance(child, dict | list))
        elif isinstance(node, list):
            stack.extend(child for child in reversed(node) if isinstance(child, dict | list))


_FAILED = object()


def _strict(text: str) -> Any:
    try:
        return _DECODER.decode(text)
    except (ValueError, RecursionError):
        return _FAILED


def _unwrap(text: str) -> str:
    for _layer in range(4):
        bare = _WRAPPERS.sub("", text).strip()
        if bare == text:
            break
        text = bare
    return text


def _in_a_row(text: str) -> Iterator[Any]:
    """Several whole objects one after another, with only separators between them."""
    at = 0
    while (opener := _OPENERS.search(text, at)) is not None:
        if text[at : opener.start()].strip(" \t\r\n,;"):
            return
        found = parse_json_at(text, opener.start())
        if found is None:
            return
        yield found[0]
        at = found[1]


def repair(text: str) -> str:
    """Rewrite almost-JSON as JSON: one pass, outside strings and inside them by different rules."""
    out: list[str] = []
    open_brackets: list[str] = []
    at = 0
    while at < len(text):
        char = text[at]
        if char in "{[":
            if len(open_brackets) >= MAX_DEPTH:
                return ""
            _separate(out)
            open_brackets.append("}" if char == "{" else "]")
            out.append(char)
            at += 1
        elif char in "}]":
            at += 1
            if char in open_brackets:
                _close(out, open_brackets, char)
            if not open_brackets:
                break
        else:
            at = _copy(text, at, out)
    while open_brackets:
        _close(out, open_brackets, open_brackets[-1])
    return "".join(out)


def _copy(text: str, at: int, out: list[str]) -> int:
    """Copy a string or a bare word, pass over spaces and comments; gives where to go on."""
    if text[at].isspace():
        return at + 1
    if text.startswith(("//", "<!--", "/*"), at):
        return _comment_end(text, at)
    if text[at] == '"':
        _separate(out)
        piece, at = _string(text, at)
    else:
        piece, at = _bare(text, at)
    out.append(piece)
    return at


def _separate(out: list[str]) -> None:
    """Put the comma that is missing between two values."""
    if out and out[-1].endswith(("}", "]", '"')):
        out.append(",")


def _close(out: list[str], open_brackets: list[str], char: str) -> None:
    while True:
        _drop_dangling(out)
        closed = open_brackets.pop()
        out.append(closed)
        if closed == char:
            return


def _drop_dangling(out: list[str]) -> None:
    """Before a closing bracket, take away a comma, or give a lone key the value null."""
    while out and out[-1] in {"", ","}:
        out.pop()
    if out and out[-1] == ":":
        out.append("null")


def _comment_end(text: str, at: int) -> int:
    closing = {"//": "\n", "<!": "-->", "/*": "*/"}[text[at : at + 2]]
    end = text.find(closing, at + 2)
    return len(text) if end < 0 else end + len(closing)


def _bare(text: str, at: int) -> tuple[str, int]:
    word = _WORD.match(text, at)
    if word is None:
        return (text[at] if text[at] != ";" else ""), at + 1
    name = word.group()
    if name in _CONSTANTS or name in {"e", "E"}:
        return name, word.end()
    return ("null" if name in {"undefined", "NaN", "Infinity"} else json.dumps(name)), word.end()


def _string(text: str, start: int) -> tuple[str, int]:
    """Copy one string, escaping what should have been; it ends where a quote can only be its end."""
    out = ['"']
    at = start + 1
    while at < len(text):
        char = text[at]
        if char == "\\":
            piece, at = _escape(text, at)
            out.append(piece)
            continue
        if char == '"':
            if _ends_string(text, at):
                out.append('"')
                return "".join(out), at + 1
            out.append('\\"')
        elif char < " ":
            out.append(_CONTROL.get(char, " "))
        else:
            out.append(char)
        at += 1
    out.append('"')
    return "".join(out), at


def _escape(text: str, at: int) -> tuple[str, int]:
    following = text[at + 1 : at + 2]
    if following == "u" and not _HEX4.match(text, at + 2):
        return "\\\\u", at + 2
    if following in _ESCAPABLE and following:
        return text[at : at + 2], at + 2
    return (json.dumps(following)[1:-1] if following else ""), at + 2


_AFTER_STRING = re.compile(r"[ \t\r\n]*(?:([:}\]]|\Z|//|/\*)|,[ \t\r\n]*(?=[\"{\[}\]\dtfn/-]))")


def _ends_string(text: str, quote: int) -> bool:
    return _AFTER_STRING.match(text, quote + 1) is not None
