"""The real app in a process of its own, which a test may kill at any moment.

Only the detector is small, and leases are short so that nobody waits for those of the dead.
"""

import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


@dataclass
class Served:
    """A running service."""

    process: subprocess.Popen[bytes]
    url: str

    def kill(self) -> None:
        """End it at once; nothing happens when it has ended."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        self._close()

    def stop(self) -> int:
        self.process.terminate()
        code = self.process.wait(30)
        self._close()
        return code

    def _close(self) -> None:
        if self.process.stdout:
            self.process.stdout.close()


def start(**settings: object) -> Served:
    """Start the service on a free port of this machine and wait until it listens."""
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "tests.service.serving", json.dumps(settings, default=str)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL if not os.environ.get("SERVING_LOG") else None,
    )
    assert process.stdout
    port = process.stdout.readline().decode().strip()
    if not port:
        process.wait()
        process.stdout.close()
        message = "the service did not start; set SERVING_LOG=1 to see why"
        raise AssertionError(message)
    return Served(process, f"http://127.0.0.1:{port}")


def main(said: str) -> None:
    import uvicorn

    from service.api import jobs
    from service.app import create_app
    from service.logs import configure
    from service.settings import Settings
    from service.store import answers
    from service.webhooks import delivering
    from tests.fakes import PhraseDetector

    answers.HELD_FOR = delivering.LEASE = timedelta(seconds=2)
    chosen = json.loads(said)
    jobs.MOST_WAITING = chosen.pop("most_waiting", jobs.MOST_WAITING)
    configure(json=False, level="WARNING")
    app = create_app(Settings(**chosen), detector=PhraseDetector())
    with socket.socket(proto=socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        sys.stdout.write(f"{listener.getsockname()[1]}\n")
        sys.stdout.flush()
        uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False)).run(sockets=[listener])


if __name__ == "__main__":
    main(sys.argv[1])
