"""Near-duplicates and shared contacts meet, whatever the order of arrival."""

import random

import pytest

from model.campaigns.grouping import contact_keys, group_adverts, group_texts
from model.campaigns.signature import likeness, sign
from model.schema.advert import JobAdvert

TEMPLATE = "Tuyển gấp {} bạn chat tiếng Anh, lương {} triệu, bao ăn ở, vé máy bay công ty lo, liên hệ zalo {} ngay hôm nay"


def test_copies_with_other_numbers_are_one_group() -> None:
    texts = [TEMPLATE.format(n, 20 + n, f"09{n}0 000 000") for n in range(1, 6)]
    assert group_texts([*texts, "Quán phở cần phụ bếp ca tối ở Hà Đông"]) == [[0, 1, 2, 3, 4]]


def test_unspaced_scripts_group_too() -> None:
    a = "高薪招聘海外客服人员包吃包住包机票联系微信我们公司在柬埔寨"
    b = "高薪招聘海外客服人员包吃包住包机票联系微信我们公司在缅甸"
    assert likeness(sign(a), sign(b)) > 0.5
    assert group_texts([a, b]) == [[0, 1]]


def test_a_shared_handle_links_different_texts_and_is_stored_as_a_digest() -> None:
    adverts = [
        JobAdvert(id="1", description="Chat job abroad, write @hr_example_77"),
        JobAdvert(id="2", description="โทรหาเรา ทำงานออนไลน์ @hr_example_77"),
        JobAdvert(id="3", description="Baker wanted, Leeds"),
    ]
    campaign = group_adverts(adverts)[0]
    assert campaign.advert_ids == ("1", "2")
    assert campaign.via == ("telegram",)
    assert "hr_example" not in "".join(campaign.contacts)


def test_the_order_of_arrival_changes_nothing() -> None:
    adverts = [
        JobAdvert(id=str(n), description=TEMPLATE.format(n, 20 + n, f"09{n}0 000 000")) for n in range(1, 7)
    ]
    first = group_adverts(adverts)
    random.Random(4).shuffle(adverts)
    assert group_adverts(adverts) == first


def test_the_template_keeps_fixed_words_and_leaves_slots() -> None:
    adverts = [
        JobAdvert(id=str(n), description=TEMPLATE.format(n, 20 + n, f"09{n}0 000 000")) for n in range(1, 4)
    ]
    template = group_adverts(adverts)[0].template
    assert "" in template
    assert any("bạn chat tiếng Anh, lương" in piece for piece in template)


@pytest.mark.parametrize(
    ("abroad", "at_home"),
    [
        ("+855 12 000 001", "012-000-001"),
        ("855 12 000 001", "012000001"),
        ("0084 912 000 001", "0912.000.001"),
        ("+62 812-0000-0001", "0812 0000 0001"),
        ("62 81200000001", "081200000001"),
        ("+852 9100 0001", "9100 0001"),
        ("+7 912 000 00 01", "8 912 000 00 01"),
    ],
)
def test_a_number_is_one_contact_with_and_without_its_country(abroad: str, at_home: str) -> None:
    keys = [set(contact_keys(JobAdvert(id="a", description=f"Call {one}"))) for one in (abroad, at_home)]
    assert keys[0] == keys[1] != set()


def test_two_subscribers_with_the_same_last_eight_digits_are_two() -> None:
    keys = [
        set(contact_keys(JobAdvert(id="a", description=f"Call {one}")))
        for one in ("0900 000 001", "0800 000 001")
    ]
    assert not keys[0] & keys[1]
