"""One large job, killed half-way, with the memory it took: `python -m tests.service.bulk 100000`."""

import gzip
import json
import sys
import tempfile
import time
from pathlib import Path

import httpx2

from service.store.database import Database
from service.store.migrate import migrate
from tests.factories import HONEST, LURE
from tests.service.fuzzing import SECRET, make_key
from tests.service.serving import Served, start


def resident_mb(served: Served) -> float:
    said = Path(f"/proc/{served.process.pid}/status").read_text("utf-8")
    return int(said.partition("VmRSS:")[2].split()[0]) / 1024


def pack(path: Path, n_adverts: int) -> None:
    with gzip.open(path, "wb", compresslevel=1) as file:
        for n in range(n_adverts):
            text = f"{LURE if n % 50 == 0 else HONEST} Offer {n} in street {n * 7919 % 100_003}."
            file.write(json.dumps({"id": f"JB-{n}", "text": text}).encode() + b"\n")


def run(n_adverts: int, folder: Path) -> dict[str, object]:
    """Send the job, kill the service at 40%, let it finish, and give what was measured."""
    url = f"sqlite:///{folder}/bulk.sqlite3"
    migrate(Database(url))
    headers = {"Authorization": f"Bearer {make_key(url)}"}
    chosen = {"database_url": url, "secret": SECRET, "jobs_folder": folder / "jobs"}
    chosen |= {"sample_rate": 0, "adverts_per_minute": 0}
    pack(folder / "adverts.gz", n_adverts)
    served, begun, peaks, killed_at = start(**chosen), time.monotonic(), [], None
    sent = {**headers, "Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"}
    before = resident_mb(served)
    with (folder / "adverts.gz").open("rb") as file:
        job = httpx2.post(f"{served.url}/v1/jobs", content=file, headers=sent, timeout=600).json()
    after_upload = resident_mb(served)
    while True:
        said = httpx2.get(f"{served.url}/v1/jobs/{job['id']}", headers=headers, timeout=60).json()
        peaks.append(round(resident_mb(served), 1))
        sys.stderr.write(f"{said['progress']:.3f} {peaks[-1]} MB {time.monotonic() - begun:.0f} s\n")
        if killed_at is None and said["progress"] > 0.4:
            served.kill()
            killed_at = said["n_lines"]
            served = start(**chosen)
        if said["state"] == "done":
            break
        time.sleep(5 if n_adverts > 10_000 else 0.2)
    took = time.monotonic() - begun
    path = f"{served.url}/v1/jobs/{job['id']}/output"
    seen = []
    with httpx2.stream("GET", path, headers=headers, timeout=600) as output:
        seen = [int(line[9 : line.index(",")]) for line in output.iter_lines()]
    served.stop()
    return {
        "n_scored": said["n_scored"],
        "every_line_once": seen == list(range(1, n_adverts + 1)),
        "killed_at_line": killed_at,
        "seconds": round(took),
        "mb_before": round(before, 1),
        "mb_after_upload": round(after_upload, 1),
        "mb_at_10_percent": peaks[len(peaks) // 10],
        "mb_most": max(peaks),
        "mb_at_end": peaks[-1],
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        sys.stdout.write(json.dumps(run(int(sys.argv[1]), Path(name))) + "\n")
