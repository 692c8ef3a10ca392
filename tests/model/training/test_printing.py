from model.training.printing import lines_of

SHARE = {"value": 0.5, "n": 40, "low": 0.31, "high": 0.69}


def test_a_share_stands_with_interval_and_count() -> None:
    (line,) = lines_of({"recall": SHARE})
    assert line.split() == ["recall", "50.0%", "[31%", "-", "69%]", "of", "40"]


def test_rows_of_one_shape_are_a_table_with_one_line_each() -> None:
    rows = {"vi": {"found": SHARE, "flagged": None}, "en": {"found": SHARE, "flagged": 0.25}}
    head, first, second = lines_of(rows)
    assert head.split() == ["found", "flagged"]
    assert first.startswith("vi")
    assert first.endswith("none")
    assert second.endswith("0.25")
    assert head.index("flagged") == second.index("0.25")


def test_a_list_of_rows_is_a_numbered_table() -> None:
    lines = list(lines_of({"curve": [{"rows": 1, "recall": 0.1}, {"rows": 2, "recall": 0.2}]}))
    assert [line.split() for line in lines] == [
        ["curve"],
        ["rows", "recall"],
        ["1", "1", "0.1"],
        ["2", "2", "0.2"],
    ]


def test_nothing_measured_says_so() -> None:
    assert next(lines_of({"recall": {**SHARE, "n": 0}})).endswith("not measured")
