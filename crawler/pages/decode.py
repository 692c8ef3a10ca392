"""Page bytes → characters.

The declared encoding is often wrong; valid UTF-8 with letters beyond ASCII is hardly ever an
accident, so it wins over what header or markup say.
"""

import codecs
import re

_DECLARED = re.compile(
    rb"""(?:<meta[^>]{0,200}?charset\s*=\s*["']?\s*|<\?xml[^>]{0,200}?encoding\s*=\s*\\?["'])([A-Za-z0-9_.:-]{2,40})""",
    re.IGNORECASE,
)
_HEADER = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{2,40})", re.IGNORECASE)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LOOK_AT = 4096


def decode_page(body: bytes, *, content_type: str | None = None) -> str:
    """Give the page's characters; never raises, undecodable bytes become U+FFFD."""
    for mark, name in _BOMS:
        if body.startswith(mark):
            return (
                body[len(codecs.BOM_UTF8) :].decode("utf-8", "replace")
                if name == "utf-8"
                else body.decode(name, "replace")
            )
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        pass
    for name in _declared(body, content_type):
        try:
            return body.decode(name)
        except (LookupError, UnicodeDecodeError):
            continue
    # mostly UTF-8 with a few broken bytes, or a Western page that says nothing
    broken = body.decode("utf-8", "replace")
    return broken if broken.count("\ufffd") * 50 < len(broken) else body.decode("cp1252", "replace")


def _declared(body: bytes, content_type: str | None) -> list[str]:
    found = [match.group(1) for match in _HEADER.finditer(content_type or "")]
    found += [match.group(1).decode("ascii") for match in _DECLARED.finditer(body[:_LOOK_AT])]
    names = [name.lower() for name in found]
    # browsers read these two as their Windows supersets
    return [
        "cp1252" if name in {"iso-8859-1", "latin-1", "latin1"} else name for name in names if name != "utf-8"
    ]
