import json
from collections.abc import Iterator

import pytest
import structlog

from service.logs import configure, get_logger


@pytest.fixture(autouse=True)
def _reset_structlog() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def test_no_private_value_reaches_a_log_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure(json=True, level="INFO")
    get_logger().info("stored", advert_id="adv_1", text="Free flight", contact="@example_hr", key="lw_live_x")
    line = json.loads(capsys.readouterr().err)
    assert (line["advert_id"], line["event"], line["level"]) == ("adv_1", "stored", "info")
    assert {line["text"], line["contact"], line["key"]} == {"[not logged]"}


def test_the_level_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    configure(json=False, level="WARNING")
    get_logger().info("quiet")
    get_logger().warning("loud")
    assert "quiet" not in (told := capsys.readouterr().err)
    assert "loud" in told
