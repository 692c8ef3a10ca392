from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from model.errors import InputError, ReleaseError
from model.schema.decision import Label, Provenance
from model.training.dataset import load_dataset
from model.training.importing import import_file, parse_mapping
from model.training.snapshots import build_snapshot, export_rows, load_snapshot
from model.training.sources import (
    DataSource,
    check_sources,
    load_sources,
    register_source,
    renew_sources,
)

TEXT = "Typing work in Poipet with flight and room paid, 2500 USD a month, write to us now please thank you"


def rows() -> list[Label]:
    texts = ["Baker wanted in Porto, mornings", "Driver with licence for Accra", "Nurse for a clinic in Lima"]
    return [
        Label(
            id=f"r{n}",
            text=text,
            label="legitimate",
            language="en",
            provenance=Provenance.PARTNER if n else Provenance.AUTHORED,
        )
        for n, text in enumerate(texts)
    ]


def test_a_snapshot_reads_back_as_the_rows_that_went_in(
    write_rows: Callable[..., Path], tmp_path: Path
) -> None:
    snapshot = build_snapshot([write_rows(*rows())], output=tmp_path / "snapshots")
    assert load_snapshot(snapshot.folder).rows == tuple(rows())
    assert snapshot.manifest["by_provenance"] == {"authored": 1, "partner": 2}


def test_the_same_rows_give_the_same_version_and_bytes(
    write_rows: Callable[..., Path], tmp_path: Path
) -> None:
    path = write_rows(*rows())
    first, second = (build_snapshot([path], output=tmp_path / name).manifest for name in ("a", "b"))
    assert first == second
    changed = write_rows(*rows()[:2], name="fewer.jsonl")
    assert build_snapshot([changed], output=tmp_path / "a").manifest["version"] != first["version"]


def test_rows_that_contradict_each_other_are_listed_and_kept_out(
    write_rows: Callable[..., Path], tmp_path: Path
) -> None:
    lure = Label(id="x", text=TEXT, label="scam_centre", language="en")
    other = Label(id="y", text=TEXT, label="legitimate", language="en")
    manifest = build_snapshot([write_rows(*rows(), lure, other)], output=tmp_path / "s").manifest
    assert (manifest["rows"], manifest["rows_kept_out"]) == (3, ["x", "y"])
    assert manifest["conflicts"][0]["label_a"] == "scam_centre"


def test_a_changed_snapshot_is_refused(write_rows: Callable[..., Path], tmp_path: Path) -> None:
    folder = build_snapshot([write_rows(*rows())], output=tmp_path / "s").folder
    with (folder / "labels.parquet").open("ab") as stream:
        stream.write(b"x")
    with pytest.raises(ReleaseError, match="build the snapshot again"):
        load_snapshot(folder)


def test_a_folder_that_is_no_snapshot_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="lurewatch data build"):
        load_snapshot(tmp_path)


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_an_export_can_be_imported_again(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    assert export_rows(rows(), path) == 3
    mapping = parse_mapping("id=id,text=text,label=label,language=language")
    assert [row.text for row in import_file(path, mapping, name="again").rows] == [row.text for row in rows()]


def test_an_export_masks_contacts_unless_told_otherwise(tmp_path: Path) -> None:
    row = Label(id="c", text="Cook wanted, Telegram @some_real_name", label="legitimate", language="en")
    export_rows([row], tmp_path / "masked.jsonl")
    export_rows([row], tmp_path / "plain.jsonl", masked=False)
    assert load_dataset([tmp_path / "masked.jsonl"]).rows[0].text == "Cook wanted, Telegram @example_contact"
    assert load_dataset([tmp_path / "plain.jsonl"]).rows[0].text == row.text


def test_an_unknown_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"end it in \.jsonl"):
        export_rows(rows(), tmp_path / "out.xlsx")


def test_the_register_holds_sets_in_the_repository_to_their_rows_and_bytes(
    write_rows: Callable[..., Path], tmp_path: Path
) -> None:
    path = write_rows(*rows())
    register = tmp_path / "sources.csv"
    register_source(
        DataSource("mine", path.name, "here", "CC0-1.0", "2026-01-01", 0, "0", "training"), register
    )
    register_source(
        DataSource("theirs", "", "there", "none stated", "2026-01-01", 9, "1", "experiments"), register
    )
    assert len(check_sources(register, root=tmp_path)) == 1
    renewed = renew_sources(on=date(2026, 2, 3), path=register, root=tmp_path)
    assert [(s.name, s.rows, s.date) for s in renewed] == [
        ("mine", 3, "2026-02-03"),
        ("theirs", 9, "2026-01-01"),
    ]
    assert check_sources(register, root=tmp_path) == []
    path.write_text(path.read_text().replace("Porto", "Braga"))
    assert "mine has 3 rows" in check_sources(register, root=tmp_path)[0]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("a,,o,,2026-01-01,3,0,training", "sources.csv:2: needs a count of rows and a licence"),
        ("a,,o,MIT,2026-01-01,many,0,training", "sources.csv:2: needs a count of rows"),
        ("a,,o,MIT", "sources.csv:2: needs 8 values"),
    ],
)
def test_a_bad_row_of_the_register_is_named(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "sources.csv"
    path.write_text("name,path,origin,licence,date,rows,sha256,use\n" + line + "\n")
    with pytest.raises(InputError, match=said):
        load_sources(path)


def test_the_register_of_the_repository_can_be_read() -> None:
    assert {"authored", "emscad"} <= {source.name for source in load_sources()}
