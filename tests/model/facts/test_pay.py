"""Pay is read as people write it, and other numbers are left alone."""

import pytest

from model.facts.pay import find_pay
from model.text.normalise import normalise


@pytest.mark.parametrize(
    ("language", "script", "text", "low", "high", "currency", "period"),
    [
        ("vi", "Latn", "lương 25tr", 25e6, 25e6, "VND", None),
        ("vi", "Latn", "15 - 20 triệu/tháng", 15e6, 20e6, "VND", "month"),
        ("zh", "Hant", "月薪10萬起", 1e5, 1e5, "TWD", "month"),
        ("zh", "Hans", "月薪1800元起", 1800, 1800, "CNY", "month"),
        ("zh", "Hans", "一天200至500元", 200, 500, "CNY", "day"),
        ("ko", "Kore", "월 500 가능", 5e6, 5e6, "KRW", "month"),
        ("ko", "Kore", "월 800만", 8e6, 8e6, "KRW", "month"),
        ("id", "Latn", "gaji 7–15 jt + bonus 15%", 7e6, 15e6, "IDR", None),
        ("id", "Latn", "9 jam kerja, gaji 7 jt s/d 16 jt sebulan", 7e6, 16e6, "IDR", "month"),
        ("en", "Latn", "P40,000/month", 40e3, 40e3, "PHP", "month"),
        ("en", "Latn", "$15/hr", 15, 15, "USD", "hour"),
        ("km", "Khmr", "ប្រាក់ខែ $1,000-$1,200", 1000, 1200, "USD", "month"),
        ("ne", "Deva", "महिनाको ६० हजार रुपैयाँ", 60e3, 60e3, "NPR", "month"),
        ("hi", "Deva", "सैलरी ₹80,000 महीना", 80e3, 80e3, "INR", "month"),
        ("th", "Thai", "30,000 บาท/เดือน", 30e3, 30e3, "THB", "month"),
        ("th", "Thai", "วันละ 550 บาท", 550, 550, "THB", "day"),
        ("lo", "Laoo", "ເງິນເດືອນ 30.000 ບາດ", 30e3, 30e3, "THB", "month"),
        ("my", "Mymr", "လစာ သိန်း ၃၀", 3e6, 3e6, "MMK", "month"),
        ("ja", "Jpan", "時給1150円", 1150, 1150, "JPY", "hour"),
        ("ja", "Jpan", "月50万円", 5e5, 5e5, "JPY", "month"),
        ("ru", "Cyrl", "4–8 тыс. $ в месяц", 4000, 8000, "USD", "month"),
        ("bn", "Beng", "১৪,০০০ থেকে ১৮ হাজার টাকা বেতন", 14e3, 18e3, "BDT", None),
        ("am", "Ethi", "ከ100,000 እስከ 150,000 ብር", 1e5, 1.5e5, "ETB", None),
        ("pt", "Latn", "até R$ 15 mil por mês", 15e3, 15e3, "BRL", "month"),
        ("uz", "Latn", "oyligi 4–8 ming dollar", 4000, 8000, "USD", "month"),
        ("sw", "Latn", "KSh 22,000 kwa mwezi", 22e3, 22e3, "KES", "month"),
    ],
)
def test_pay_is_read_in_local_shorthand(
    language: str, script: str, text: str, low: float, high: float, currency: str, period: str | None
) -> None:
    pay = find_pay(normalise(text), language=language, script=script)[0]
    assert (pay.low, pay.high, pay.currency, pay.period) == (low, high, currency, period)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "age 18-28, since 2019, call 0917 000 0000"),
        ("id", "usia 20-35 tahun, 3 orang, jam 08.00"),
        ("ko", "나이 20~35, 3명"),
        ("ru", "график 5/2, с 2019 года"),
        ("en", "15% commission, 12 hours"),
        ("en", "call 1700 000 010 or 12' 000"),
    ],
)
def test_other_numbers_are_not_pay(language: str, text: str) -> None:
    assert find_pay(normalise(text), language=language) == []


def test_the_monthly_figure_is_in_dollars() -> None:
    pay = find_pay(normalise("THB 1,000 per day"), language="en")[0]
    assert pay.monthly_usd[1] == pytest.approx(1000 * 0.031 * 26, rel=0.01)


def test_the_span_leads_back_to_the_amount() -> None:
    text = normalise("Gaji: 𝟕 juta!")
    pay = find_pay(text, language="id")[0]
    first, last = text.received_span(pay.start, pay.end)
    assert text.received[first:last] == "𝟕 juta"
