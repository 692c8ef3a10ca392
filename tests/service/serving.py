"""The real app in a process of its own, which a test may kill at any moment.

Only the detector is small, and leases are short so that nobody waits for those of the dead. Each process is
forked from one that has the imports behind it, so that a test may start many.
"""

import os
import signal
import socket
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
FORKING = get_context("forkserver")
FORKING.set_forkserver_preload(["service.app", "tests.fakes", "uvicorn"])


@dataclass
class Served:
    """A running service."""

    process: ForkServerProcess
    url: str

    def kill(self) -> None:
        """End it at once; nothing happens when it has ended."""
        self.process.kill()
        self.process.join()

    def stop(self) -> int:
        """Ask it to stop and give its exit code, below zero when a signal ended it."""
        self.process.terminate()
        self.process.join(30)
        code = self.process.exitcode
        assert code is not None, "the service did not stop"
        return code


def start(**settings: object) -> Served:
    """Start the service on a free port of this machine and wait until it listens."""
    heard, told = FORKING.Pipe(duplex=False)
    process = FORKING.Process(target=serve, args=(settings, told))
    process.start()
    told.close()
    try:
        port = heard.recv()
    except EOFError:
        process.join()
        message = "the service did not start; set SERVING_LOG=1 to see why"
        raise AssertionError(message) from None
    finally:
        heard.close()
    return Served(process, f"http://127.0.0.1:{port}")


def serve(chosen: dict[str, Any], told: Connection) -> None:
    import uvicorn

    from service.api import jobs
    from service.app import create_app
    from service.logs import configure
    from service.settings import Settings
    from service.store import answers
    from service.webhooks import delivering
    from tests.fakes import PhraseDetector

    if not os.environ.get("SERVING_LOG"):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.chdir(ROOT)
    answers.HELD_FOR = delivering.LEASE = timedelta(seconds=2)
    jobs.MOST_WAITING = chosen.pop("most_waiting", jobs.MOST_WAITING)
    configure(json=False, level="WARNING")
    app = create_app(Settings(**chosen), detector=PhraseDetector())
    with socket.socket(proto=socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        told.send(listener.getsockname()[1])
        told.close()
        uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False)).run(sockets=[listener])
