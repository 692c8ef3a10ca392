import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from model.cli import data
from model.errors import GateError, InputError
from model.schema.decision import Label, LabelName

ROW = Label(id="a", text="Baker wanted in Porto, mornings", label="legitimate", language="pt")


def run(*arguments: str | Path) -> str:
    """Run a sub-command; its errors are raised, its output is given."""
    result = CliRunner().invoke(data, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def test_import_check_build_and_export_follow_one_another(tmp_path: Path) -> None:
    csv = tmp_path / "jobs.csv"
    csv.write_text(
        "body,verdict\nBaker wanted in Porto mornings,ok\nPay 50 USD first then fly to Canada,fake\n"
    )
    labels = tmp_path / "jobs.jsonl"
    mapping = (
        "--map",
        "text=body,label=verdict",
        "--labels",
        "ok=legitimate,fake=fee_fraud",
        "--language",
        "en",
    )
    run("import", csv, "--name", "jobs", *mapping, "--output", labels)
    assert '"jobs-' in labels.read_text()
    assert "rows                                         2" in run("check", labels)
    manifest = json.loads(
        run("build", labels, "--output", tmp_path / "snapshots", "--json").split("snapshot:")[0]
    )
    folder = tmp_path / "snapshots" / manifest["version"]
    out = tmp_path / "out.csv"
    assert run("export", out, "--snapshot", folder, "--label", "fee_fraud").startswith("1 rows")
    assert "Canada" in out.read_text()


def test_a_fault_in_the_data_ends_the_check_with_exit_code_1(write_rows: Callable[..., Path]) -> None:
    path = write_rows(ROW, ROW.model_copy(update={"id": "b", "label": LabelName.SCAM_CENTRE}))
    with pytest.raises(GateError, match="1 fault") as caught:
        run("check", path)
    assert caught.value.exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--provenance", "hearsay"), "--provenance hearsay: is none of"),
        (("--origin", "somewhere"), "--origin and --licence go together"),
    ],
)
def test_a_wrong_option_of_import_is_named(
    write_rows: Callable[..., Path], arguments: tuple[str, ...], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        run("import", write_rows(ROW), "--name", "x", "--map", "text=text,label=label", *arguments)


def test_an_export_of_nothing_is_refused(write_rows: Callable[..., Path], tmp_path: Path) -> None:
    run("build", write_rows(ROW), "--output", tmp_path / "s")
    folder = next((tmp_path / "s").iterdir())
    with pytest.raises(InputError, match="no row has this label and language"):
        run("export", tmp_path / "out.csv", "--snapshot", folder, "--language", "vi")
