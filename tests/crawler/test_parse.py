"""Texts → values: amounts, pay, dates, contacts and plain text in many languages."""

# ruff: noqa: E501 - a table of cases reads best one case a line
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.pages.json_text import parse_json, repair
from crawler.parse.contact import contact_of_link, contact_of_text
from crawler.parse.dates import parse_date
from crawler.parse.numbers import fold_digits, parse_amount
from crawler.parse.pay import parse_pay
from crawler.parse.plain import parse_line, parse_plain
from model.schema.advert import PayPeriod

TODAY = date(2026, 11, 20)
HOUR, DAY, WEEK, MONTH, YEAR = PayPeriod.HOUR, PayPeriod.DAY, PayPeriod.WEEK, PayPeriod.MONTH, PayPeriod.YEAR


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1500", 1500), ("1,500", 1500), ("1.500", 1500), ("1 500", 1500), ("1.234.567,89", 1234567.89), ("1,234,567.89", 1234567.89),
        ("12.5", 12.5), ("12,50", 12.5), ("0.500", 0.5), ("1,50,000", 150000), ("1.500,000,00", 150000000), ("90k", 90000), ("25tr", 25e6), ("15 triệu", 15e6), ("1.5万", 15000),
        ("50 тыс", 50000), ("8 juta", 8e6), ("१२,०००", 12000), ("٣٥٠٠", 3500), ("๓๐๐๐๐", 30000), ("1'200", 1200), ("2 lakh", 200000),
    ],
)  # fmt: skip
def test_an_amount_is_read_in_the_way_it_was_written(text: str, value: float) -> None:
    assert parse_amount(text) == value


@pytest.mark.parametrize("text", ["", "YTES", "Competitive", "10-20", "12 months", "9" * 40])
def test_what_is_no_single_amount_is_none(text: str) -> None:
    assert parse_amount(text) is None


@pytest.mark.parametrize(
    ("text", "low", "high", "currency", "period"),
    [
        ("$50,000 - $60,000 per year", 50000, 60000, "USD", YEAR),
        ("$90k - $105k", 90000, 105000, "USD", None),
        ("£19.50 an hour", 19.5, 19.5, "GBP", HOUR),
        ("up to 2000 EUR / month", None, 2000, "EUR", MONTH),
        ("from 1200 USD weekly", 1200, None, "USD", WEEK),
        ("Rp 4.000.000 – Rp 5.700.000 per bulan", 4e6, 5.7e6, "IDR", MONTH),
        ("RM 5,500 – RM 8,000 per month", 5500, 8000, "MYR", MONTH),
        ("lương 25-40tr/tháng", 25e6, 40e6, "VND", MONTH),
        ("15Tr - 30Tr", 15e6, 30e6, "VND", None),
        ("月薪1.2万到3万元", 12000, 30000, "CNY", MONTH),
        ("от 50 000 ₽", 50000, None, "RUB", None),
        ("до 120 тыс. руб. в месяц", None, 120000, "RUB", MONTH),
        ("R$ 1.500,00 - R$ 3.000,00", 1500, 3000, "BRL", None),
        ("เงินเดือน 30,000 บาท", 30000, 30000, "THB", MONTH),
        ("₹18,000 से ₹24,000 मासिक", 18000, 18000, "INR", MONTH),
        ("Palkka on 2 870,50 euroa kuukaudessa.", 2870.5, 2870.5, "EUR", MONTH),
        ("시급 11,000원", 11000, 11000, "KRW", HOUR),
        ("800 USDT", 800, 800, "USDT", None),
        ("راتب ٣٠٠٠ درهم شهريا", 3000, 3000, "AED", MONTH),
        ("CHF 30 an hour", 30, 30, "CHF", HOUR),
        ("1.800 € brutto im Monat", 1800, 1800, "EUR", MONTH),
        ("500 000 тг", 500000, 500000, "KZT", None),
    ],
)
def test_pay_in_words_is_understood(
    text: str, low: float | None, high: float | None, currency: str | None, period: PayPeriod | None
) -> None:
    pay = parse_pay(text)

    assert pay is not None
    assert (pay.min, pay.max, pay.currency, pay.period) == (low, high, currency, period)


@pytest.mark.parametrize("text", [None, "", "Competitive salary", "YTES", "nach Vereinbarung", "100% remote"])
def test_words_without_an_amount_are_no_pay(text: str | None) -> None:
    assert parse_pay(text) is None


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-08-31T14:42:53+02:00", date(2026, 8, 31)), ("2026-8-28 15:08 UTC", date(2026, 8, 28)), ("20260831", date(2026, 8, 31)),
        ("2026-09-24T23:59:00-04:00", date(2026, 9, 24)), ("2012-03-12 10:16:56.14", date(2012, 3, 12)), ("2026/10/02", date(2026, 10, 2)),
        ("Wed Aug 05 02:00:00 UTC 2026", date(2026, 8, 5)), ("Fri, 04 Sep 2026 14:50:13 +0300", date(2026, 9, 4)),
        ("17/06/2026", date(2026, 6, 17)), ("07/31/2026 10:20:00", date(2026, 7, 31)), ("31.12.26", date(2026, 12, 31)),
        ("1790412915", date(2026, 9, 26)), ("1782214185805", date(2026, 6, 23)), ("Posted on October 02, 2026", date(2026, 10, 2)),
        ("2026年9月4日", date(2026, 9, 4)), ("2026년 9월 4일", date(2026, 9, 4)), ("٢٠٢٦-٠٩-٠٤", date(2026, 9, 4)), ("4 сентября 2026", date(2026, 9, 4)),
        ("4 de septiembre de 2026", date(2026, 9, 4)), ("04/09/2569", date(2026, 9, 4)), ("4 tháng 9, 2026", date(2026, 9, 4)),
    ],
)  # fmt: skip
def test_a_date_is_the_day_the_page_states(text: str, day: date) -> None:
    assert parse_date(text) == day


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "1970-01-01",
        "9999-12-31",
        "9999-12-3125340218200000000:00",
        "2026-13-45",
        "Posted 30+ Days Ago",
        "Ontem",
        "soon",
        "x" * 500,
        "0",
        "٣",
    ],
)
def test_a_date_that_cannot_be_is_none_and_never_a_guess(text: str | None) -> None:
    assert parse_date(text) is None


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Posted Today", TODAY), ("Posted Yesterday", date(2026, 11, 19)), ("Posted 5 Days Ago", date(2026, 11, 15)), ("hôm nay", TODAY),
        ("hace 2 días", date(2026, 11, 18)), ("vor 3 Tagen", date(2026, 11, 17)), ("2 дня назад", date(2026, 11, 18)),
    ],
)  # fmt: skip
def test_a_relative_date_is_read_against_the_day_of_the_visit(text: str, day: date) -> None:
    assert parse_date(text, today=TODAY) == day


@pytest.mark.parametrize(
    ("link", "kind", "value"),
    [
        ("https://t.me/example_hr_00", "telegram", "@example_hr_00"), ("https://t.me/s/example_jobs/12", "telegram", "@example_jobs"),
        ("https://t.me/+AbCd", "telegram", "+AbCd"), ("https://wa.me/85500000000?text=hi", "whatsapp", "+85500000000"),
        ("https://api.whatsapp.com/send?phone=6500000000", "whatsapp", "+6500000000"), ("mailto:hr@example.com", "email", "hr@example.com"),
        ("tel:+441632960000", "phone", "+441632960000"), ("https://line.me/ti/p/~example00", "line", "p/~example00"),
        ("https://zalo.me/0900000000", "zalo", "0900000000"), ("https://www.facebook.com/example.page", "facebook", "example.page"),
    ],
)  # fmt: skip
def test_a_link_to_a_messenger_is_a_contact(link: str, kind: str, value: str) -> None:
    contact = contact_of_link(link)

    assert contact is not None
    assert (contact.kind, contact.value) == (kind, value)


@pytest.mark.parametrize(
    "link",
    ["https://jobs.example.com/apply", "https://t.me/share/url?url=x", "http://[broken", "", "/relative"],
)
def test_an_ordinary_link_is_no_contact(link: str) -> None:
    assert contact_of_link(link) is None


@pytest.mark.parametrize(
    ("text", "kind"), [("hr@example.com", "email"), ("+44 1632 960000", "phone"), ("ask for Ann", "other")]
)
def test_a_contact_box_is_read_by_what_it_holds(text: str, kind: str) -> None:
    assert contact_of_text(text).kind == kind


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One &amp; two</p><p>three<br>four</p>", "One & two\n\nthree\nfour"),
        ("&lt;p&gt;Twice &amp;amp; escaped&lt;/p&gt;", "Twice & escaped"),
        ("&amp;lt;li&amp;gt;thrice&amp;lt;/li&amp;gt;", "thrice"),
        ("Pay < 500 and > 300", "Pay < 500 and > 300"),
        ("<script>alert(1)</script><style>p{}</style>Text", "Text"),
        ("Opens <highlighttext>tags</highlighttext>", "Opens tags"),
        ("<ul><li>a</li><li>b</li></ul>", "a\n\nb"),
        ("cut off <p class='x", "cut off"),
        ("<span style='display: none'>hidden</span>shown", "shown"),
        ("&#x1F600; caf&eacute;", "😀 café"),
        ("   ", None),
        (None, None),
        (42, "42"),
    ],
)
def test_markup_and_entities_go_and_the_words_stay(html: object, text: str | None) -> None:
    assert parse_plain(html) == text


def test_a_line_has_no_line_breaks() -> None:
    assert parse_line("<b>Night\n porter</b> ") == "Night porter"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": "x\ny"}', {"a": "x\ny"}), ('{"a": 1,}', {"a": 1}), ('{"a": 1};', {"a": 1}), ('// hi\n{"a": 1}', {"a": 1}), ('/* a */ {"a": 1}', {"a": 1}),
        ('<!-- {"a": 1} -->', {"a": 1}), ('{"a": "say "no" now"}', {"a": 'say "no" now'}), ("{a: 'x'}", None), ('{"a": undefined}', {"a": None}),
        ('[{"a": 1}{"b": 2}', [{"a": 1}, {"b": 2}]), ('{"a": {"b": "c', {"a": {"b": "c"}}), ('{"a": 1}{"b": 2}', {"a": 1}), ('\ufeff{"a": 1}', {"a": 1}),
        ("{&quot;a&quot;: &quot;b&quot;}", {"a": "b"}), ('{"a": "\\x"}', {"a": "x"}), ('{"a":}', {"a": None}), ('{"u": "\\u12"}', {"u": "\\u12"}),
    ],
)  # fmt: skip
def test_json_as_boards_write_it_is_read(text: str, value: object) -> None:
    found = parse_json(text)

    if value is not None:
        assert found[0] == value


@pytest.mark.parametrize(
    "text",
    ["", "   ", "[" * 1_000_000, '{"a":' * 300_000, '"' * 400_000, "}" * 100_000, '{"a":"' + '\\"' * 300_000],
)
def test_texts_made_to_break_the_reader_end_quickly(text: str) -> None:
    parse_json(text)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
        max_leaves=12,
    )
)
def test_repairing_sound_json_changes_nothing(value: object) -> None:
    import json

    text = json.dumps({"value": value}, ensure_ascii=False)

    assert json.loads(repair(text)) == {"value": value}


@given(st.text(max_size=60))
def test_plain_text_is_plain_already(text: str) -> None:
    once = parse_plain(text)

    if once is not None and "&" not in once and "<" not in once:
        assert parse_plain(once) == once


@given(st.text(max_size=60))
def test_folding_digits_keeps_every_character_in_its_place(text: str) -> None:
    assert len(fold_digits(text)) == len(text)


@settings(deadline=None)
@given(st.text(max_size=80))
def test_no_text_breaks_the_reading_of_dates_and_pay(text: str) -> None:
    parse_date(text, today=TODAY)
    parse_pay(text)
