"""`lurewatch crawl`, `sources`, `extract` and `evidence`."""

# ruff: noqa: FBT002 - a command talks by printing; its options are its arguments
import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from crawler.errors import FellShortError, SourceError, UnreadableFileError
from crawler.source import REGISTER, Source, check_crawlable, find_source, load_register

Register = Annotated[
    Path, typer.Option("--register", help="Folder of source files.", show_default="the bundled register")
]


def crawl(
    names: Annotated[
        list[str], typer.Argument(metavar="SOURCE...", help="Names in the register, or source files.")
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="Folder for adverts, evidence and report; made when missing."),
    ] = Path("crawled"),
    base_url: Annotated[
        str | None, typer.Option(help="Crawl this address instead of the source's own (tests, the demo).")
    ] = None,
    contact: Annotated[
        str | None,
        typer.Option(help="Web or mail address of whoever runs this crawler; also LUREWATCH_CONTACT."),
    ] = None,
    max_pages: Annotated[int | None, typer.Option(min=1, help="Most pages per source in this run.")] = None,
    total_pages: Annotated[
        int | None,
        typer.Option(
            min=1, help="Pages for all sources together; more go to those with more confirmed adverts."
        ),
    ] = None,
    confirmed: Annotated[
        Path | None,
        typer.Option(
            help="File of the ids of adverts that people confirmed, for --total-pages; "
            "`lurewatch labels confirmed > FILE` writes it."
        ),
    ] = None,
    allow_loopback: Annotated[
        bool,
        typer.Option("--allow-loopback", help="Let the crawler fetch from this machine (tests, the demo)."),
    ] = False,
    evidence: Annotated[bool, typer.Option(help="Keep every response as WARC.")] = True,
    tsa: Annotated[str | None, typer.Option(help="Address of an RFC 3161 time stamping service.")] = None,
    robots_max_age: Annotated[
        float, typer.Option(min=0, help="Seconds after which robots.txt is read again.")
    ] = 3600,
    redis: Annotated[
        str | None,
        typer.Option(
            help="Share one frontier between processes, each with an --output of its own; "
            "for example redis://127.0.0.1:6379/0."
        ),
    ] = None,
    register: Register = REGISTER,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Fetch public job adverts from registered sources.

    Example: lurewatch crawl sample-board --base-url http://127.0.0.1:8900 --allow-loopback -o out
    """
    from crawler.budget import read_confirmed
    from crawler.crawl import Options, crawl_sources
    from crawler.progress import shown

    sources = [find_source(name, register=register) for name in dict.fromkeys(names)]
    options = Options(
        folder=output,
        contact=_contact(contact, sources, base_url),
        base_url=base_url,
        allow_loopback=allow_loopback,
        evidence=evidence,
        budget=max_pages,
        total_pages=total_pages,
        confirmed=read_confirmed(confirmed) if confirmed else frozenset(),
        tsa=tsa,
        settings=(("LUREWATCH_ROBOTS_MAX_AGE_S", robots_max_age), *_redis_settings(redis)),
    )
    with shown() as progress:
        report = crawl_sources(sources, options, progress=progress)
    if as_json:
        print(json.dumps(report, ensure_ascii=False))
    else:
        _print_report(report, output)
    if report["problems"]:
        raise FellShortError(f"{len(report['problems'])} thing(s) fell short; see {output / 'report.json'}")


def _contact(stated: str | None, sources: list[Source], base_url: str | None) -> str:
    """Whoever crawls other people's servers says who they are."""
    contact = stated or os.environ.get("LUREWATCH_CONTACT")
    if contact:
        return contact
    local = all(source.bundled for source in sources) or urlsplit(base_url or "").hostname in {
        "127.0.0.1",
        "localhost",
    }
    if not local:
        raise SourceError(
            "nobody to write to: pass --contact or set LUREWATCH_CONTACT to your web or mail address"
        )
    return "https://example.org/lurewatch"


def _redis_settings(address: str | None) -> tuple[tuple[str, Any], ...]:
    if address is None:
        return ()
    from crawler.settings import SHARED_IDLE_S

    return (
        ("SCHEDULER", "scrapy_redis.scheduler.Scheduler"),
        ("DUPEFILTER_CLASS", "scrapy_redis.dupefilter.RFPDupeFilter"),
        ("SCHEDULER_PERSIST", True),
        ("LUREWATCH_IDLE_S", SHARED_IDLE_S),
        ("REDIS_URL", address),
    )


def _print_report(report: dict[str, Any], output: Path) -> None:
    for name, source in report["sources"].items():
        print(
            f"{name}: {source['pages']} pages, {source['adverts']} adverts ({source['new']} new, {source['changed']} changed, "
            f"{source['unchanged']} unchanged, {source['gone']} gone), {sum(source['faults'].values())} faults, {source['seconds']:.1f} s"
        )
    for problem in report["problems"]:
        print(f"fell short: {problem}")
    print(f"adverts: {output / 'adverts.jsonl'}   report: {output / 'report.html'}")


def extract(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="Saved pages, feeds, API answers, channel previews."),
    ],
    url: Annotated[
        str | None, typer.Option(help="Where the file was published; makes relative addresses absolute.")
    ] = None,
    measure: Annotated[
        bool,
        typer.Option(
            "--measure", help="FILE is an index of pages with known content: compare, extruct beside us."
        ),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="With --measure: print the figures as JSON.")
    ] = False,
) -> None:
    """Read the adverts out of saved pages, feeds and API answers, as JSON lines.

    Example: lurewatch extract page.html feed.xml --url https://jobs.example.com/
    """
    from crawler.pages.advert import read_advert
    from crawler.pages.reader import read_page
    from crawler.parse.dates import Patience

    if measure:
        _measure(files, as_json=as_json)
        return
    out = sys.stdout.buffer
    for file in files:
        try:
            body = file.read_bytes()
        except OSError as error:
            raise UnreadableFileError(
                f"{file}: cannot be read ({error.strerror}); name a readable file"
            ) from error
        page = read_page(body)
        for fault in page.faults:
            print(f"{file}: {fault}", file=sys.stderr)
        patience = Patience()
        found = (read_advert(draft, page_url=url, patience=patience) for draft in page.drafts)
        readings = [reading for reading in found if reading is not None]
        if not readings:
            print(f"{file}: no adverts found ({page.kind})", file=sys.stderr)
        for reading in readings:
            line = {
                "file": str(file),
                "advert": reading.advert.to_json(),
                "raw": reading.raw,
                "signals": list(reading.signals),
            }
            out.write(json.dumps(line, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
    out.flush()


def _measure(files: list[Path], *, as_json: bool) -> None:
    from crawler.measure import measure

    for file in files:
        result = measure(file)
        if as_json:
            print(json.dumps(result))
            continue
        for title in ("kinds", "fields"):
            print(f"{title:18} {'stated':>7} {'ours':>13} {'extruct':>15}")
            for name, row in result[title].items():
                ours, theirs = (
                    f"{row['ours']} ({row['share']:.1%})",
                    f"{row['extruct']} ({row['extruct_share']:.1%})",
                )
                print(f"{name:18} {row['stated']:7} {ours:>13} {theirs:>15}")
            print()
        print(
            f"jobs found: {result['jobs']['ours']} of {result['jobs']['stated']}; extruct {result['jobs']['extruct']}"
        )


sources = typer.Typer(
    help="List, check and add sources.", no_args_is_help=True, add_completion=False, rich_markup_mode=None
)
evidence = typer.Typer(
    help="Verify what was published, and when.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@sources.command("list")
def list_sources(
    register: Register = REGISTER,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """List the register: name, kind, languages, whether it may be crawled yet."""
    found = load_register(register)
    if as_json:
        print(json.dumps([source.to_json() for source in found], ensure_ascii=False))
        return
    for source in found:
        print(
            f"{source.name:24} {source.kind:13} {','.join(source.languages):12} {_state(source):28} {source.base_url}"
        )


def _state(source: Source) -> str:
    try:
        check_crawlable(source)
    except SourceError:
        return "robots.txt not checked yet"
    return "bundled" if source.bundled else f"checked {source.robots_checked_on}"


@sources.command("check")
def check(register: Register = REGISTER) -> None:
    """Check every source file; exit code 2 names each that is wrong."""
    found = load_register(register)
    print(f"{len(found)} source files, all complete")


@sources.command("new")
def new(
    url: Annotated[
        str,
        typer.Argument(help="A page of the site: a listing, a feed, an API, a t.me/s/ page or one advert."),
    ],
    register: Register = REGISTER,
    tests: Annotated[Path, typer.Option(help="Folder of recorded pages.")] = Path("tests/pages"),
    contact: Annotated[
        str | None, typer.Option(help="Your web or mail address; also LUREWATCH_CONTACT.")
    ] = None,
    allow_loopback: Annotated[bool, typer.Option("--allow-loopback")] = False,
) -> None:
    """Fetch one page, tell its kind, and write its source file and a recorded-page test.

    Example: lurewatch sources new https://jobs.example.com/vacancies --contact you@example.org
    """
    from crawler.new_source import make_source

    made = make_source(
        url, register=register, tests=tests, contact=_contact(contact, [], url), allow_loopback=allow_loopback
    )
    for line in made:
        print(line)


@sources.command("speed")
def speed(
    pages: Annotated[int, typer.Option(min=50, help="How many pages to serve and crawl.")] = 400,
    rounds: Annotated[int, typer.Option(min=1, help="How many times each way.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Measure pages a second against a local server, with evidence and without, in one run."""
    from crawler.speed import measure_speed

    result = measure_speed(pages, rounds=rounds)
    if as_json:
        print(json.dumps(result))
        return
    print(
        f"{result['rounds']} rounds of {pages} pages, with evidence and without in turns; median (lowest to highest)"
    )
    for name, title in (
        ("pages_per_cpu_s", "pages per second of one core, with evidence"),
        ("pages_per_cpu_s_without", "pages per second of one core, without"),
        ("pages_per_s", "pages per second by the clock, with evidence"),
    ):
        row = result[name]
        print(f"{title:46} {row['median']:7.1f} ({row['lowest']:.1f} to {row['highest']:.1f})")
    row = result["archive_share"]
    print(
        f"{'archiving alone, of the processor time':46} {row['median']:7.1%} ({row['lowest']:.1%} to {row['highest']:.1%}), "
        f"{result['archive_ms_per_page']:.2f} ms a page"
    )
    row = result["evidence_cost"]
    print(
        f"{'evidence costs, of the processor time':46} {row['median']:7.1%} ({row['lowest']:.1%} to {row['highest']:.1%})"
    )
    print(f"{'evidence costs, fastest round of each way':46} {result['evidence_cost_fastest']:7.1%}")


@evidence.command("verify")
def verify(
    folders: Annotated[list[Path], typer.Argument(metavar="FOLDER...", help="Output folders of crawls.")],
    tsa_ca: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="Certificate (PEM) of the time stamping authority to trust."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Check every record, Merkle root, time stamp and advert; exit code 1 names what does not verify.

    Example: lurewatch evidence verify crawled
    """
    from crawler.evidence import verify_evidence

    wrong = 0
    for folder in folders:
        try:
            result = verify_evidence.verify(folder, tsa_ca)
        except FileNotFoundError as error:
            raise UnreadableFileError(str(error)) from error
        wrong += len(result.faults)
        if as_json:
            print(
                json.dumps(
                    {
                        "folder": str(folder),
                        **result._asdict(),
                        "faults": [fault._asdict() for fault in result.faults],
                    }
                )
            )
            continue
        for note in result.notes:
            print(f"note: {note}")
        for fault in result.faults:
            print(f"FAULT {fault.where}: {fault.what}")
        print(
            f"{folder}: {result.records} records, {result.roots} Merkle roots, {result.stamps} time stamps, "
            f"{result.adverts} adverts, {len(result.faults)} faults"
        )
    if wrong:
        raise FellShortError(f"{wrong} thing(s) do not verify")


@evidence.command("script")
def script() -> None:
    """Print the stand-alone verifier: one file that needs nothing but Python."""
    from crawler.evidence import verify_evidence

    print(Path(verify_evidence.__file__).read_text(encoding="utf-8"), end="")


__all__ = ["crawl", "evidence", "extract", "sources"]
