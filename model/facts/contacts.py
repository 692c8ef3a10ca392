"""Finds the ways an advert asks to be answered, whichever way they are written or broken up.

The kind of a contact is a fact; the contact itself is masked before any n-gram is taken (`masked`), so that no
handle, number or placeholder is ever learnt. Free and corporate mail are told apart; phone regions come from
the international prefix (phonenumbers).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import phonenumbers

from model.schema.advert import ContactKind
from model.text.normalise import NormalText

FREE_MAIL = frozenset(
    "gmail.com googlemail.com yahoo.com hotmail.com outlook.com live.com msn.com aol.com icloud.com protonmail.com proton.me "
    "qq.com 163.com 126.com sina.com foxmail.com naver.com daum.net hanmail.net mail.ru yandex.ru bk.ru list.ru inbox.ru "
    "rambler.ru gmx.com gmx.de web.de ymail.com rediffmail.com yandex.com tutanota.com".split(),
)
"""Mail anybody can have within a minute; a company's own domain is a (weak) sign of a company."""

_MOST_CONTACTS = 40
_LEAST_PHONE_DIGITS = 7
_MOST_PHONE_DIGITS = 15


@dataclass(frozen=True, slots=True)
class ContactFound:
    """One contact: where it stands in the folded text, its kind, and its value in one spelling."""

    start: int
    end: int
    kind: ContactKind
    value: str
    region: str | None = None
    """ISO country of an international phone number."""
    corporate: bool = False
    """A mail address or site on a domain of its own."""


_APPS: dict[ContactKind, str] = {
    ContactKind.TELEGRAM: r"telegram|telegrm|telegarm|tele|tg|телеграмм?|телега|тг|电报|纸飞机|飞机号?|เทเลแกรม|텔레그램|텔레|テレグラム|تليجرام|تلغرام|टेलीग्राम|টেলিগ্রাম|ቴሌግራም|តេលេក្រាម|တယ်လီဂရမ်",
    ContactKind.WHATSAPP: r"whats ?app|watsapp|wa|ws|wsp|wapp|ватсап|вотсап|واتساب|واتس|व्हाट्सएप|हোয়াটসঅ্যাপ|হোয়াটসঅ্যাপ|ዋትሳፕ",
    ContactKind.LINE: r"line ?id|id ?line|line|(?<!ออน)ไลน์|ไอดีไลน์|ไอดี|라인|ライン",
    ContactKind.WECHAT: r"we ?chat|weixin|wx|vx|v信|微信|威信|薇信|加v|加薇|위챗",
    ContactKind.ZALO: r"zalo|za lo",
    ContactKind.KAKAO: r"kakao ?talk|kakao|카카오톡|카톡|오픈톡|オープンチャット",
    ContactKind.FACEBOOK: r"facebook|fb|messenger|เฟส|เพจ|фейсбук",
    ContactKind.INSTAGRAM: r"instagram|ig|insta|инст|インスタ",
    ContactKind.SIGNAL: r"signal|シグナル",
    ContactKind.VIBER: r"viber|вайбер",
}
_URL = re.compile(r"(?:https?://|www\.)[^\s<>\"'()，。、]+")
_LINK = re.compile(
    r"(?<![\w@.])(?:t\s?\.\s?me|wa\.me|line\.me|zalo\.me|m\.me|chat\.whatsapp\.com|fb\.com|facebook\.com|"
    r"open\.kakao\.com|lin\.ee|bit\.ly|forms\.gle|instagram\.com)\s?/\s?[^\s<>\"'()，。、]+",
)
_HOST_ENDS = (".me", ". me", ".com", ".ee", ".ly", ".gle")
_MAIL_SIGN = re.compile(r"(?:@|\[at\]|\(at\))\s?(?:[a-z0-9\-]+\.)+[a-z]{2,}")
_MAILBOX = re.compile(r"[a-z0-9][a-z0-9._%+\-]*\s?\Z")
_HANDLE = re.compile(r"@(?<![\w@.]@)\s?[a-z0-9_][a-z0-9_.]{2,}")
_APP_ID = re.compile(
    "(?<![^\\W_])(?:" + "|".join(f"(?P<{kind.name}>{words})" for kind, words in _APPS.items()) + r")"
    r"\s{0,2}(?:id|no|number|ของ)?\s{0,2}[:：=>\-]{1,3}\s{0,2}(?P<value>@?[a-z0-9+][a-z0-9_.+\-]{2,})",
)
_PHONE = re.compile(r"[+(\d](?<![\w.,/@:].)(?:[\d(]|(?<=\d)[\s.\-])[\d\s().\-]{4,20}\d(?!\w)", re.DOTALL)
_APP_BEFORE = re.compile(
    "(?:" + "|".join(f"(?P<{kind.name}>{words})" for kind, words in _APPS.items()) + r")[\s:：./]{0,3}$"
)
_HOSTS = {
    "t.me": ContactKind.TELEGRAM,
    "wa.me": ContactKind.WHATSAPP,
    "chat.whatsapp.com": ContactKind.WHATSAPP,
    "line.me": ContactKind.LINE,
    "lin.ee": ContactKind.LINE,
    "zalo.me": ContactKind.ZALO,
    "m.me": ContactKind.FACEBOOK,
    "fb.com": ContactKind.FACEBOOK,
    "facebook.com": ContactKind.FACEBOOK,
    "www.facebook.com": ContactKind.FACEBOOK,
    "open.kakao.com": ContactKind.KAKAO,
    "instagram.com": ContactKind.INSTAGRAM,
}
_SHORT_LINKS = frozenset({"bit.ly", "forms.gle", "tinyurl.com", "docs.google.com"})


def _words_of(pattern: str) -> Iterator[str]:
    """Give the ends that a text has where one of an app's names stands: its last letter before any optional part."""
    for word in pattern.split("|"):
        plain = re.sub(r"\(\?<!.*?\)", "", word).rstrip("?")
        yield plain[-2:]
        if word.endswith("?"):
            yield plain[-3:-1]


_LABEL_ENDS = tuple(
    {end for words in _APPS.values() for end in _words_of(words)} | {"id", "no", "number", "ของ"}
)


def find_contacts(text: NormalText) -> list[ContactFound]:
    """Find contacts in reading order; overlapping readings keep the more telling one."""
    folded = text.text
    found: list[ContactFound] = []
    taken: list[tuple[int, int]] = []
    for reader in (_emails, _urls, _app_ids, _handles, _phones):
        for contact in reader(folded):
            if len(found) < _MOST_CONTACTS and all(contact.end <= a or b <= contact.start for a, b in taken):
                found.append(contact)
                taken.append((contact.start, contact.end))
    return sorted(found, key=lambda contact: contact.start)


def masked(text: str, contacts: list[ContactFound]) -> str:
    """Put each contact's kind in its place, at its length, so that positions stay."""
    for contact in contacts:
        width = contact.end - contact.start
        text = text[: contact.start] + "\u0001" * width + text[contact.end :]
    return text


def _emails(text: str) -> list[ContactFound]:
    found: list[ContactFound] = []
    end = 0
    for match in _MAIL_SIGN.finditer(text) if "@" in text or "at)" in text or "at]" in text else ():
        mailbox = _MAILBOX.search(text, max(end, match.start() - _LONGEST_MAILBOX), match.start())
        if mailbox is None:
            continue
        end = match.end()
        value = re.sub(r"\s|\[at\]|\(at\)", lambda m: "@" if "at" in m[0] else "", mailbox[0] + match[0])
        domain = value.rpartition("@")[2]
        found.append(
            ContactFound(mailbox.start(), end, ContactKind.EMAIL, value, corporate=domain not in FREE_MAIL)
        )
    return found


def _urls(text: str) -> list[ContactFound]:
    matches: list[re.Match[str]] = []
    if "://" in text or "www." in text:
        matches.extend(_URL.finditer(text))
    if "/" in text and any(end in text for end in _HOST_ENDS):
        matches.extend(_LINK.finditer(text))
    found = []
    for match in matches:
        value = re.sub(r"\s", "", match[0]).rstrip(".,;!")
        host = re.sub(r"^(?:https?://)?", "", value).split("/", 1)[0]
        kind = _HOSTS.get(host, ContactKind.URL)
        own = kind is ContactKind.URL and host not in _SHORT_LINKS
        found.append(ContactFound(*match.span(), kind, value, corporate=own))
    return found


def _app_ids(text: str) -> list[ContactFound]:
    found = []
    for labelled in _LABELLED.finditer(text):
        before = text[max(0, labelled.start() - _LONGEST_LABEL) : labelled.start()].rstrip()
        if not before.endswith(_LABEL_ENDS):
            continue
        match = _APP_ID.search(text, max(0, labelled.start() - _LONGEST_LABEL), labelled.end())
        if match is None:
            continue
        kind = next(ContactKind[name] for name in _KIND_NAMES if match[name])
        start, end = match.span("value")
        found.append(ContactFound(start, end, kind, match["value"].lstrip("@")))
    return found


def _handles(text: str) -> list[ContactFound]:
    return [
        _named_app(text, match, re.sub(r"[@\s]", "", match[0]), ContactKind.TELEGRAM)
        for match in _HANDLE.finditer(text)
    ]


def _phones(text: str) -> list[ContactFound]:
    if sum(map(text.count, "0123456789")) <= _LEAST_PHONE_DIGITS:
        return []
    found = []
    for match in _PHONE.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        grouped = _GROUPED_AMOUNT.fullmatch(match[0]) is not None
        if grouped or not _LEAST_PHONE_DIGITS < len(digits) <= _MOST_PHONE_DIGITS:
            continue
        region = None
        if match[0].startswith(("+", "00")):
            region = _region("+" + digits.removeprefix("00"))
        contact = _named_app(text, match, digits, ContactKind.PHONE)
        found.append(ContactFound(contact.start, contact.end, contact.kind, digits, region=region))
    return found


def _named_app(text: str, match: re.Match[str], value: str, otherwise: ContactKind) -> ContactFound:
    """Call a handle or number by the app named right before it."""
    before = _APP_BEFORE.search(text[max(0, match.start() - 20) : match.start()])
    kind = otherwise
    if before is not None:
        kind = next(ContactKind[name] for name in _KIND_NAMES if before[name])
    return ContactFound(match.start(), match.end(), kind, value)


def _region(number: str) -> str | None:
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.region_code_for_country_code(parsed.country_code) if parsed.country_code else None


_LABELLED = re.compile(r"[:：=>\-]{1,3}\s{0,2}@?[a-z0-9+][a-z0-9_.+\-]{2,}")
_LONGEST_LABEL = 24
_LONGEST_MAILBOX = 64
"""RFC 5321, 4.5.3.1.1."""
_KIND_NAMES = [kind.name for kind in _APPS]
_GROUPED_AMOUNT = re.compile(
    r"\d{1,3}(?:[., ]\d{3})+(?:\s?-\s?\d{1,3}(?:[., ]\d{3})+)?|\d{1,4}\s?-\s?\d{1,5}"
)
