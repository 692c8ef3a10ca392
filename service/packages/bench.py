"""`lurewatch bench-packages`: how long a STIX bundle of many objects takes, and what memory it needs.

The adverts are made up; each gives what one in a full package gives. What is measured is a process of its
own that builds the bundle and writes it to a file; its peak is the whole process's, the interpreter with it.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from service.errors import InputError, ShortfallError

BAR_S = 10.0
BAR_MB = 200.0
PER_ADVERT = 8
"""Objects that one advert gives: observed data, file, address, two accounts, e-mail address, note, opinion."""


def bench_packages(
    objects: Annotated[int, typer.Option(min=100, help="How many objects the bundle holds.")] = 25_000,
    *,
    parse: Annotated[
        bool, typer.Option("--parse", help="Read the bundle back with the stix2 library; takes a minute.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Measure evidence packages: the STIX bundle; exits 1 when a bar is missed.

    Example: lurewatch bench-packages --parse
    """
    with tempfile.TemporaryDirectory(prefix="lurewatch-bench-") as folder:
        path = Path(folder) / "bundle.json"
        command = [sys.executable, "-m", "service.packages.bench", str(path), str(objects)]
        done = subprocess.run(command, capture_output=True, check=True)  # noqa: S603 - our own command
        told: dict[str, Any] = json.loads(done.stdout)
        if parse:
            told["parsed"] = _count_parsed(path)
    typer.echo(json.dumps(told) if as_json else _in_words(told))
    if told["seconds"] > BAR_S or told["peak_mb"] > BAR_MB or told.get("parsed", objects) < objects:
        raise ShortfallError(f"above the bar of {BAR_S:.0f} s and {BAR_MB:.0f} MB, or not all objects parsed")


def _in_words(told: dict[str, Any]) -> str:
    line = (
        f"{told['objects']:,} STIX objects, {told['bundle_mb']} MB: {told['seconds']} s "
        f"({told['cpu_s']} s of processor time), bar {BAR_S:.0f} s; "
        f"peak {told['peak_mb']} MB, bar {BAR_MB:.0f} MB"
    )
    return line + (f"; stix2 parsed {told['parsed']:,}" if "parsed" in told else "")


def _count_parsed(path: Path) -> int:
    try:
        import stix2
    except ImportError:
        raise InputError("--parse needs the stix2 library; install lurewatch[dev]") from None
    return len(stix2.parse(path.read_text(encoding="utf-8"), allow_custom=False).objects)


def _measure(path: Path, objects: int) -> dict[str, Any]:
    from service.packages import stix
    from service.packages.contents import Contents

    items = tuple(_items(-(-objects // PER_ADVERT)))
    made_at = datetime(2026, 11, 21, tzinfo=UTC)
    contents = Contents(
        items, (), full=True, purpose=None, campaign_id=None, made_by="bench", made_at=made_at
    )
    begun, cpu = time.perf_counter(), time.process_time()
    with path.open("wb") as out:
        n_written = stix.write_bundle(stix.objects_of(contents), out, name="bench")
    return {
        "objects": n_written,
        "seconds": round(time.perf_counter() - begun, 2),
        "cpu_s": round(time.process_time() - cpu, 2),
        "bundle_mb": round(path.stat().st_size / 1e6, 1),
        "peak_mb": round(_peak_mb(), 1),
    }


def _peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1024)


def _items(n: int) -> Iterator[Any]:
    from model.schema.advert import JobAdvert
    from model.schema.assessment import read_assessment
    from model.schema.decision import Decision
    from service.packages.contents import Item

    start = datetime(2026, 11, 1, tzinfo=UTC)
    reason = {
        "code": "all_inclusive_package", "title": "Flight, room and meals all paid", "log_odds": 1.4, "sources": [],
        "spans": [{"field": "description", "start": 0, "end": 11, "text": "Free flight", "gloss": "flight paid"}],
    }  # fmt: skip
    for number in range(n):
        at = start + timedelta(seconds=number)
        assessment = {
            "advert_id": str(number), "score": 0.93, "band": "high", "thresholds": {"review": 0.5, "high": 0.9},
            "patterns": {"scam_centre": 0.93}, "reasons": [reason] * 6,
            "language": {"code": "en", "script": "Latn", "support": "full"},
            "model_version": "bench", "catalogue_version": "bench", "assessed_at": at.isoformat(),
        }  # fmt: skip
        advert = {
            "id": str(number), "description": "Free flight, room and meals. " * 20,
            "url": f"https://board.example/{number}",
            "contacts": [
                {"kind": "telegram", "value": f"example_{number}"}, {"kind": "phone", "value": f"+855 12 {number:06}"},
                {"kind": "email", "value": f"hr{number}@example.com"},
            ],
        }  # fmt: skip
        decision = {
            "id": f"dec_{number}", "advert_id": str(number), "verdict": "confirmed", "pattern": "scam_centre",
            "decided_by": "heron", "decided_at": at.isoformat(),
        }  # fmt: skip
        yield Item(
            f"rev_{number}",
            f"{number:064x}",
            at,
            JobAdvert.model_validate(advert),
            read_assessment(assessment),
            (Decision.model_validate(decision),),
        )


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_measure(Path(sys.argv[1]), int(sys.argv[2]))))
