"""The model's commands: score, train, evaluate, compare, promote, rollback, data, catalogue."""

import importlib
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from model.errors import GateError, InputError

data = typer.Typer(
    help="Check, build, import and export training data.", no_args_is_help=True, rich_markup_mode=None
)
catalogue = typer.Typer(help="Check and list the indicators.", no_args_is_help=True, rich_markup_mode=None)

_PROTOCOLS = {
    "real": ("model.training.real_protocol", "evaluate_folder"),
    "emscad": ("model.training.emscad", "evaluate_emscad"),
    "labels": ("model.training.labels_protocol", "evaluate_labels"),
    "models": ("model.training.models_protocol", "evaluate_models"),
    "drift": ("model.training.drift", "evaluate_drift"),
    "settings": ("model.training.settings_protocol", "evaluate_settings"),
}
JsonFlag = Annotated[bool, typer.Option("--json", help="Print figures as JSON.")]


def score(
    file: Annotated[
        Path | None, typer.Argument(help="JSON lines of adverts; - or nothing for standard input.")
    ] = None,
    *,
    text: Annotated[str | None, typer.Option("--text", help="Score this one text instead of a file.")] = None,
    table: Annotated[bool, typer.Option("--table", help="Print a table for people, riskiest first.")] = False,
    model: Annotated[
        str | None, typer.Option("--model", help="Version of the release; the promoted one by default.")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler, for a corpus: tcp://host:port.")
    ] = None,
    notices: Annotated[
        str | None,
        typer.Option(
            "--notices",
            metavar="LANGUAGE",
            help="Add notices and referrals in this language (en, th, zh-Hant, ...); with `own`, the advert's.",
        ),
    ] = None,
) -> None:
    """Score adverts: one JSON assessment a line, in the order of the input.

    A line that is no advert is named on standard error and passed over; the exit code is then 1.

    Example: lurewatch score adverts.jsonl > assessments.jsonl
    """
    from model.classifier.assessor import Assessor
    from model.schema.advert import JobAdvert
    from model.scoring import Faults, assess_on_cluster, assess_stream, read_lines

    faults = Faults()
    if text is not None:
        if not text.strip():
            raise InputError("--text is empty; give the words of an advert")
        adverts: Iterable[JobAdvert] = [JobAdvert.model_validate({"description": text})]
    else:
        adverts = read_lines(_lines(file), name=str(file or "-"), faults=faults)
    pairs = (
        assess_on_cluster(adverts, scheduler=scheduler, version=model)
        if scheduler
        else assess_stream(adverts, Assessor.load(version=model))
    )
    if table:
        _print_table(list(pairs))
    else:
        out = sys.stdout
        for _, assessment in pairs:
            out.write((_with_notices(assessment, notices) if notices else assessment.to_line()) + "\n")
        out.flush()
    if faults.ignored:
        _say(f"ignored fields: {', '.join(sorted(faults.ignored))}")
    for message in faults.messages:
        _say(message)
    if faults.messages:
        raise GateError(f"{len(faults.messages)} line(s) could not be scored")


def _lines(file: Path | None) -> Iterator[bytes]:
    if file is None or str(file) == "-":
        yield from sys.stdin.buffer
        return
    try:
        with file.open("rb") as stream:
            yield from stream
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror})") from error


def _with_notices(assessment: Any, language: str) -> str:
    from model.notices.notices import with_notices

    asked = assessment.language.code if language == "own" else language
    said = with_notices(assessment, language=asked)
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def _print_table(pairs: list[tuple[Any, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table("score", "band", "language", "advert", "strongest reasons")
    for advert, assessment in sorted(pairs, key=lambda pair: -pair[1].score):
        words = " ".join(text for _, text in advert.texts).split()
        reasons = [r.title for r in assessment.reasons if r.log_odds > 0 and r.code != "baseline"][:3]
        shown.add_row(
            f"{assessment.score:.2f}",
            assessment.band,
            assessment.language.code,
            Text(" ".join(words)[:90]),
            Text("; ".join(reasons)),
        )
    Console().print(shown)


def train(
    config: Annotated[Path | None, typer.Option(help="Every choice behind the fit.")] = None,
    output: Annotated[
        Path | None, typer.Option(help="Folder for the candidate; candidates/ by default.")
    ] = None,
    *,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler: folds and reading run there.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Train a candidate from the labelled adverts in the repository; the same inputs give the same numbers.

    Example: lurewatch train
    """
    from model.training.config import CONFIG
    from model.training.train import train as fit

    with _backend(scheduler), _progress() as progress:
        trained = fit(config_path=config or CONFIG, output=output, progress=progress)
    if as_json:
        _print_json({"version": trained.version, "folder": str(trained.folder), "metrics": trained.metrics})
        return
    print(f"candidate {trained.version} in {trained.folder}")
    _print_figures(trained.metrics["out_of_fold"])
    print(f"next: lurewatch evaluate --model {trained.version}; lurewatch promote {trained.version}")


def evaluate(
    *,
    data_path: Annotated[
        Path | None, typer.Option("--data", help="Folder of the `real` protocol, or the EMSCAD file.")
    ] = None,
    protocol: Annotated[
        str,
        typer.Option(
            help="`labels`: the training rows out of fold. `real`, `emscad`: --data. `models`: other kinds of"
            " detector on the same folds. `settings`: other settings of the fit."
            " `drift`: adverts in --data against the training rows."
        ),
    ] = "labels",
    model: Annotated[
        str | None,
        typer.Option("--model", help="Version of a candidate or release; the promoted one by default."),
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Write the HTML report here.")] = None,
    card: Annotated[
        bool, typer.Option("--card", help="With `real`: enter the figures in the release's model card.")
    ] = False,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler: fits and reading run there.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Measure a release on adverts it has not seen, and write a report with plots.

    Example: lurewatch evaluate --protocol real --data FOLDER --report reports/real.html
    """
    if protocol == "labels" and data_path is not None:
        protocol = "real"
    if protocol not in _PROTOCOLS:
        raise InputError(f"--protocol {protocol}: is none of {', '.join(_PROTOCOLS)}")
    if protocol in {"real", "emscad"} and data_path is None:
        raise InputError(f"--protocol {protocol} needs --data: a folder or file to measure on")
    if card and protocol != "real":
        raise InputError("--card goes with --protocol real: the card already has what training measured")
    module, function = _PROTOCOLS[protocol]
    measure: Callable[..., dict[str, Any]] = getattr(importlib.import_module(module), function)
    with _backend(scheduler), _progress() as progress:
        result = measure(data=data_path, version=model, progress=progress)
    if report is not None:
        from model.training.report import write_report

        report.parent.mkdir(parents=True, exist_ok=True)
        report.write_text(write_report(result), "utf-8")
    result = {key: value for key, value in result.items() if not key.startswith("_")}
    if as_json:
        _print_json(result)
    else:
        _print_figures(result)
    if report is not None:
        _say(f"report: {report}")
    if card:
        from model.training.card import amend_card, real_section
        from model.training.versions import folder_of

        _say(f"card: {amend_card(folder_of(model), real_section(result))}")


def compare(
    a: Annotated[str, typer.Argument(help="Version of a candidate or release.")],
    b: Annotated[str, typer.Argument(help="Version of another.")],
    *,
    on: Annotated[
        Path | None,
        typer.Option(
            "--on", help="Adverts without labels, JSON lines: what would change if B served instead of A."
        ),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Compare two releases on the training rows, out of fold: paired intervals, and the adverts whose band changes.

    Example: lurewatch compare r0123456789ab r123456789abc
    """
    from model.training.comparing import compare_rows
    from model.training.promotion import compare_versions

    with _progress() as progress:
        if on is not None:
            from model.training.shadow import shadow_file

            result = shadow_file(on, a, b, progress=progress)
        else:
            result = {**compare_rows(a, b, progress=progress), "as_each_was_trained": compare_versions(a, b)}
    if as_json:
        _print_json(result)
        return
    _print_figures(result)


def promote(
    version: Annotated[str, typer.Argument(help="Version of the candidate.")],
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Promote although the gate refuses; the reason is recorded.")
    ] = False,
    reason: Annotated[str, typer.Option(help="Why, with --force.")] = "",
) -> None:
    """Make a candidate the serving release, unless it is worse than the one that serves.

    Example: lurewatch promote r0123456789ab
    """
    from model.training.promotion import promote_version

    if force and not reason.strip():
        raise InputError("--force needs --reason: say why a worse candidate should serve")
    for line in promote_version(version, force=force, reason=reason, at=datetime.now(UTC)):
        print(line)


def rollback() -> None:
    """Return to the release that served before the present one.

    Example: lurewatch rollback
    """
    from model.training.promotion import roll_back

    print(roll_back(at=datetime.now(UTC)))


@data.command("check")
def data_check(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Label files or folders; the configured ones by default.")
    ] = None,
    *,
    noise: Annotated[
        int, typer.Option(help="Also rank this many labels that look wrong out of fold; ids only.")
    ] = 0,
    tables: Annotated[bool, typer.Option("--tables", help="Print every count, not only the sums.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Check labelled adverts: schema, twins, conflicts, leaks by style, language or contact form.

    Exit code 1 on a fault. Files of the evaluation format are counted by language and kind, and compared with
    label files given beside them.

    Example: lurewatch data check
    """
    from model.training.checks import check_data, in_short

    result, faults = check_data(files, noise=noise)
    _print_json(result) if as_json else _print_figures(result if tables else in_short(result))
    if files is None:
        from model.training.sources import check_sources

        faults += check_sources()
    for fault in faults:
        _say(fault)
    if faults:
        raise GateError(f"{len(faults)} fault(s) in the training data")


@data.command("import")
def data_import(
    file: Annotated[Path, typer.Argument(help="CSV, TSV, JSON lines or Parquet.")],
    *,
    columns: Annotated[
        str, typer.Option("--map", help="field=column, ...; several columns of one field joined by +.")
    ],
    name: Annotated[str, typer.Option(help="Short name of the set; rows carry it as their origin.")],
    labels: Annotated[
        str,
        typer.Option(help="value=label, ...; =skip leaves rows out. Not needed when values are label names."),
    ] = "",
    language: Annotated[
        str | None, typer.Option(help="ISO 639 code of every row; guessed when left out.")
    ] = None,
    provenance: Annotated[
        str, typer.Option(help="imported, partner, human, agreed or propagated.")
    ] = "imported",
    sha256: Annotated[str | None, typer.Option(help="Refuse a file with other bytes.")] = None,
    output: Annotated[
        Path | None, typer.Option(help="JSON lines of labels; var/imported/NAME.jsonl.")
    ] = None,
    origin: Annotated[
        str, typer.Option(help="With --licence: enter the set in training_data/sources.csv.")
    ] = "",
    licence: Annotated[str, typer.Option(help="Licence of the set, or `none stated`.")] = "",
    as_json: JsonFlag = False,
) -> None:
    """Read somebody else's labelled adverts into label rows, contacts masked.

    Example: lurewatch data import jobs.csv --name jobs --map text=description,label=fraudulent
    --labels 1=other_deceptive,0=legitimate
    """
    from model.schema.decision import Provenance
    from model.training.dataset import ROOT
    from model.training.importing import import_file, parse_mapping, save_labels

    if provenance not in set(Provenance):
        raise InputError(f"--provenance {provenance}: is none of {', '.join(Provenance)}")
    if bool(origin) != bool(licence):
        raise InputError("--origin and --licence go together: an entry in the register needs both")
    mapping = parse_mapping(columns, labels, language=language)
    imported = import_file(file, mapping, name=name, provenance=Provenance(provenance), sha256=sha256)
    path = output or ROOT / "var" / "imported" / f"{name}.jsonl"
    save_labels(path, imported.rows)
    if origin:
        from model.training.sources import DataSource, register_source

        today = datetime.now(UTC).date().isoformat()
        register_source(
            DataSource(name, "", origin, licence, today, imported.read, imported.sha256, "training")
        )
    figures = imported.to_json()
    _print_json(figures) if as_json else _print_figures(figures)
    _say(f"labels: {path}; next: lurewatch data check {path}")


@data.command("build")
def data_build(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Label files or folders; the configured ones by default.")
    ] = None,
    *,
    output: Annotated[
        Path | None, typer.Option(help="Folder for snapshots; var/snapshots by default.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Write the labelled rows as one Parquet snapshot with a manifest.

    Rows that contradict each other are listed and kept out.

    Example: lurewatch data build
    """
    from model.training.snapshots import SNAPSHOTS, build_snapshot

    snapshot = build_snapshot(files, output=output or SNAPSHOTS)
    _print_json(snapshot.manifest) if as_json else _print_figures(snapshot.manifest)
    _say(f"snapshot: {snapshot.folder}")


@data.command("export")
def data_export(
    output: Annotated[Path, typer.Argument(help="File to write: .jsonl, .csv or .parquet.")],
    *,
    snapshot: Annotated[
        Path | None, typer.Option(help="Folder of a snapshot; the configured labels by default.")
    ] = None,
    label: Annotated[list[str] | None, typer.Option(help="Only these labels; may be repeated.")] = None,
    language: Annotated[list[str] | None, typer.Option(help="Only these languages; may be repeated.")] = None,
    unmasked: Annotated[bool, typer.Option("--unmasked", help="Leave contacts as they are.")] = False,
) -> None:
    """Write labelled rows for use elsewhere, contacts masked unless told otherwise.

    Example: lurewatch data export labels.csv --language vi
    """
    from model.training.config import load_config
    from model.training.dataset import load_dataset
    from model.training.snapshots import export_rows, load_snapshot

    data_ = load_snapshot(snapshot) if snapshot else load_dataset(load_config().data.labels)
    rows = [
        row
        for row in data_.rows
        if (not label or row.label in label) and (not language or row.language in language)
    ]
    if not rows:
        raise InputError("no row has this label and language; `lurewatch data check` counts them")
    print(f"{export_rows(rows, output, masked=not unmasked)} rows in {output}")


@data.command("sources")
def data_sources(
    *,
    write: Annotated[
        bool, typer.Option("--write", help="Count and digest again what lies in the repository.")
    ] = False,
) -> None:
    """List the register of data sets and hold those in the repository to their rows and digests.

    Example: lurewatch data sources --write
    """
    from model.training.sources import check_sources, load_sources, renew_sources

    for source in renew_sources(on=datetime.now(UTC).date()) if write else load_sources():
        print(
            f"{source.name:24} {source.rows:7} rows  {source.use:12} {source.licence}  {source.sha256[:12]}"
        )
    faults = check_sources()
    for fault in faults:
        _say(fault)
    if faults:
        raise GateError(f"{len(faults)} set(s) differ from the register")


@catalogue.command("check")
def catalogue_check() -> None:
    """Check the catalogue against its own examples; faults are named as file:line: what; remedy.

    Example: lurewatch catalogue check
    """
    from model.indicators.checks import check_catalogue

    n_indicators, n_terms, n_examples, faults = check_catalogue()
    for fault in faults:
        _say(fault)
    print(f"{n_indicators} indicators, {n_terms} wordings, {n_examples} examples")
    if faults:
        raise GateError(f"{len(faults)} fault(s) in the catalogue")


@catalogue.command("list")
def catalogue_list() -> None:
    """List the indicators with kind, strength and languages.

    Example: lurewatch catalogue list
    """
    from model.indicators.registry import load_catalogue

    for indicator in load_catalogue().indicators.values():
        languages = len({term.language for term in indicator.terms})
        print(
            f"{indicator.id:34} {indicator.kind:8} {indicator.strength:9} {languages:3} languages {len(indicator.terms):5} wordings  {indicator.title}"
        )


@catalogue.command("show")
def catalogue_show(text: Annotated[str, typer.Argument(help="A text to read.")]) -> None:
    """Show what is found in a text: indicators, places, pay, contacts.

    Example: lurewatch catalogue show "Admin online, gaji 15 juta, tiket gratis"
    """
    from model.features.reading import Reader
    from model.indicators.registry import load_catalogue
    from model.schema.advert import JobAdvert

    reading = Reader(load_catalogue()).read(JobAdvert.model_validate({"description": text}))
    print(f"language {reading.language.code} ({reading.language.script})")
    for hit in reading.hits:
        print(f"{hit.indicator:34} {reading.text.text[hit.start : hit.end]!r} ({hit.gloss}, {hit.language})")
    for place in reading.places:
        print(f"{'place':34} {place.name} ({place.country}, {place.kind})")
    for pay in reading.pay:
        print(
            f"{'pay':34} {pay.low:g}-{pay.high:g} {pay.currency} per {pay.period or 'month?'}: {pay.monthly_usd[1]:.0f} USD a month"
        )
    for contact in reading.contacts:
        print(f"{'contact':34} {contact.kind}")


@catalogue.command("gazetteer")
def catalogue_gazetteer() -> None:
    """Build the list of places anew from CLDR, GeoNames and places.yaml.

    Example: lurewatch catalogue gazetteer
    """
    from model.facts import gazetteer

    path = Path(gazetteer.__file__).with_name("gazetteer.json.gz")
    path.write_bytes(gazetteer.build_gazetteer())
    print(f"{path.name}: {len(gazetteer.load_gazetteer())} names")


@contextmanager
def _backend(scheduler: str | None) -> Iterator[None]:
    """Send joblib's work to a Dask cluster when one is named."""
    if scheduler is None:
        yield
        return
    import joblib
    from distributed import Client

    with Client(scheduler), joblib.parallel_config(backend="dask"):  # type: ignore[no-untyped-call]
        yield


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar on a terminal, and a plain line per step otherwise."""
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import Progress, TaskID

        with Progress(console=Console(stderr=True), transient=True) as bar:
            tasks: dict[str, TaskID] = {}

            def step(what: str, done: int, total: int) -> None:
                if what not in tasks:
                    tasks[what] = bar.add_task(what, total=total)
                bar.update(tasks[what], completed=done)

            yield step
        return

    def line(what: str, done: int, total: int) -> None:
        if done >= total:
            _say(f"{what}: {done} of {total}")

    yield line


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=1, default=str))


def _print_figures(value: dict[str, Any]) -> None:
    from model.training.printing import lines_of

    for line in lines_of(value):
        print(line)


def _say(message: str) -> None:
    print(message, file=sys.stderr)
