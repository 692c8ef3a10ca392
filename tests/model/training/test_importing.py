import csv
import json
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from model.errors import InputError
from model.schema.decision import Provenance
from model.training.importing import digest_of, import_file, mask_contacts, parse_mapping

ROWS = [
    {
        "description": "Baker wanted in Porto, paid by the hour",
        "title": "Baker",
        "fraudulent": "0",
        "firm": "Example Ltd",
    },
    {
        "description": "Pay first, then fly to Canada, write jobs@corp-example.net",
        "title": "",
        "fraudulent": "1",
        "firm": "",
    },
]
MAPPING = parse_mapping(
    "text=description,title=title,label=fraudulent,employer=firm",
    "1=fee_fraud,0=legitimate",
    language="en",
)


def write(path: Path, rows: list[dict[str, str]] = ROWS) -> Path:
    if path.suffix == ".parquet":
        parquet.write_table(pa.Table.from_pylist(rows), path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    else:
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]), delimiter="\t" if path.suffix == ".tsv" else ",")
            writer.writeheader()
            writer.writerows(rows)
    return path


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_every_format_gives_the_same_rows(tmp_path: Path, suffix: str) -> None:
    imported = import_file(write(tmp_path / f"set{suffix}"), MAPPING, name="demo")
    assert [(row.label, row.language, row.title) for row in imported.rows] == [
        ("legitimate", "en", "Baker"),
        ("fee_fraud", "en", None),
    ]
    assert {row.origin for row in imported.rows} == {"import:demo"}
    assert {row.provenance for row in imported.rows} == {Provenance.IMPORTED}
    assert all(row.id.startswith("demo-") for row in imported.rows)


def test_contacts_are_masked_and_employers_become_digests(tmp_path: Path) -> None:
    imported = import_file(write(tmp_path / "set.csv"), MAPPING, name="demo")
    assert imported.rows[1].text == "Pay first, then fly to Canada, write contact@example.com"
    assert imported.contacts_masked == {"email": 1}
    assert imported.rows[0].employer is not None
    assert imported.rows[0].employer.startswith("emp_")
    assert "Example Ltd" not in imported.rows[0].to_line()


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Call +63 917 555 0142 today", "Call +63 000 000 0000 today"),
        ("Call 0917 555 0142 today", "Call 0000 000 0000 today"),
        ("Telegram @some_real_name now", "Telegram @example_contact now"),
        ("see t.me/some_channel now", "see t.me/example_contact now"),
        ("mail somebody@gmail.com now", "mail [mail address] now"),
        ("see https://jobs.some-firm.com/apply?id=7 now", "see https://example.com/ now"),
        ("Pay 15,000 a month, no contact", "Pay 15,000 a month, no contact"),
    ],
)
def test_a_masked_contact_keeps_its_kind_and_reaches_nobody(text: str, masked: str) -> None:
    assert mask_contacts(text) == masked


@pytest.mark.parametrize(
    ("columns", "labels", "said"),
    [
        (
            "text=words,label=fraudulent",
            "1=fee_fraud,0=legitimate",
            "set.csv: has no column words; its columns are description",
        ),
        (
            "text=description,label=fraudulent",
            "1=fee_fraud",
            "set.csv: row 1: label value '0' has no meaning; add 0=LABEL",
        ),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(
    tmp_path: Path, columns: str, labels: str, said: str
) -> None:
    with pytest.raises(InputError) as caught:
        import_file(write(tmp_path / "set.csv"), parse_mapping(columns, labels), name="demo")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("columns", "labels", "said"),
    [
        ("description", "", "'description' is no pair"),
        ("text=a,label=b,colour=c", "", "no field colour"),
        ("label=b", "", "text must be named"),
        ("text=a,label=b", "1=scam", "no label scam"),
    ],
)
def test_a_mapping_that_means_nothing_is_refused(columns: str, labels: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse_mapping(columns, labels)


def test_one_label_for_all_needs_no_label_column(tmp_path: Path) -> None:
    mapping = parse_mapping("text=title+description", "*=legitimate", language="en")
    imported = import_file(write(tmp_path / "set.csv"), mapping, name="demo")
    assert [row.label for row in imported.rows] == ["legitimate", "legitimate"]
    assert imported.rows[0].text.startswith("Baker\nBaker wanted")


def test_left_out_rows_are_counted_by_reason(tmp_path: Path) -> None:
    rows = [*ROWS, ROWS[0], {**ROWS[0], "description": ""}, {**ROWS[0], "fraudulent": "2"}]
    mapping = parse_mapping(
        "text=description,label=fraudulent", "1=fee_fraud,0=legitimate,2=skip", language="en"
    )
    imported = import_file(write(tmp_path / "set.csv", rows), mapping, name="demo")
    assert imported.read == 5
    assert imported.left_out == {
        "same text and label as an earlier row": 1,
        "no text": 1,
        "label value 2": 1,
    }


def test_a_file_with_other_bytes_than_registered_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "set.csv")
    assert len(import_file(path, MAPPING, name="demo", sha256="sha256:" + digest_of(path)).rows) == 2
    with pytest.raises(InputError, match="get the file registered"):
        import_file(path, MAPPING, name="demo", sha256="0" * 64)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("set.xlsx", b"x", "is none of .csv"),
        ("set.jsonl", b'{"text": 1}\nnothing', "set.jsonl:2: is no JSON"),
        ("set.csv", b"text,label\n\xff\xfe,1\n", "is not UTF-8"),
        ("set.csv", b"text,label\na,b,c\n", "set.csv:2: more values than columns"),
        ("set.parquet", b"not parquet", "is no Parquet file"),
    ],
)
def test_an_unreadable_file_is_named_with_line_and_remedy(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=said):
        import_file(path, parse_mapping("text=text", "*=legitimate"), name="demo")
