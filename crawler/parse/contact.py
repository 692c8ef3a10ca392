"""Links and boxes that stand outside an advert's text → `Contact`s."""

import re
from urllib.parse import parse_qs, unquote, urlsplit

from model.schema.advert import Contact, ContactKind

_HANDLE_HOSTS = {
    "t.me": ContactKind.TELEGRAM, "telegram.me": ContactKind.TELEGRAM, "telegram.dog": ContactKind.TELEGRAM,
    "line.me": ContactKind.LINE, "lin.ee": ContactKind.LINE, "zalo.me": ContactKind.ZALO, "m.me": ContactKind.FACEBOOK,
    "facebook.com": ContactKind.FACEBOOK, "fb.com": ContactKind.FACEBOOK, "instagram.com": ContactKind.INSTAGRAM,
    "signal.me": ContactKind.SIGNAL, "open.kakao.com": ContactKind.KAKAO, "pf.kakao.com": ContactKind.KAKAO, "invite.viber.com": ContactKind.VIBER,
}  # fmt: skip
_WHATSAPP = {"wa.me", "api.whatsapp.com", "chat.whatsapp.com", "whatsapp.com"}
_SCHEMES = {
    "mailto": ContactKind.EMAIL,
    "tel": ContactKind.PHONE,
    "viber": ContactKind.VIBER,
    "weixin": ContactKind.WECHAT,
}
_DIGITS = re.compile(r"\d{6,15}")
_PHONE = re.compile(r"[+0-9(][0-9 ()./+-]{5,24}[0-9]")
_MAIL = re.compile(r"[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{2,24}){1,4}")


def contact_of_link(link: str) -> Contact | None:
    """Read a link as a way to answer; None for an ordinary web address."""
    try:
        parts = urlsplit(link.strip())
    except ValueError:
        return None
    kind = _SCHEMES.get(parts.scheme)
    if kind is not None:
        value = unquote(parts.path or parts.netloc).strip()
        return Contact(kind=kind, value=value) if value else None
    host = parts.netloc.lower().removeprefix("www.").partition(":")[0]
    if host in _WHATSAPP or parts.scheme == "whatsapp":
        return _whatsapp(parts.path, parts.query)
    known = _HANDLE_HOSTS.get(host)
    handle = unquote(parts.path).strip("/")
    return _handle(known, handle) if known and handle else None


def contact_of_text(value: str) -> Contact:
    """Read the value of a page's contact box, whatever it holds."""
    found = contact_of_link(value)
    if found is not None:
        return found
    if _MAIL.fullmatch(value):
        return Contact(kind=ContactKind.EMAIL, value=value)
    if _PHONE.fullmatch(value):
        return Contact(kind=ContactKind.PHONE, value=value)
    is_link = value.lower().startswith(("http://", "https://"))
    return Contact(kind=ContactKind.URL if is_link else ContactKind.OTHER, value=value)


def _handle(kind: ContactKind, path: str) -> Contact | None:
    """The account a link names: not the number of a post, and an invitation with its code."""
    parts = [part for part in path.split("/") if part]
    if kind is ContactKind.TELEGRAM:
        if parts[0] == "s":
            parts = parts[1:]
        if not parts or parts[0] in {"share", "proxy", "socks", "addstickers", "iv", "c"}:
            return None
        value = "/".join(parts[:2]) if parts[0] == "joinchat" else parts[0]
        return Contact(kind=kind, value=value if value.startswith(("+", "joinchat/")) else f"@{value}")
    return Contact(kind=kind, value="/".join(parts[-2:]))


def _whatsapp(path: str, query: str) -> Contact | None:
    number = _DIGITS.search(path) or _DIGITS.search(" ".join(parse_qs(query).get("phone", [])))
    if number:
        return Contact(kind=ContactKind.WHATSAPP, value=f"+{number.group()}")
    code = path.strip("/")
    return Contact(kind=ContactKind.WHATSAPP, value=code) if code and code != "send" else None
