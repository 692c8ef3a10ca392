"""Serves the sample board: `python -m crawler.sample_board --port 0` prints its address and waits."""

import argparse
import http.server
import socketserver
import sys
from typing import cast

from crawler.sample_board.board import draw_page, etag_of


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers with the board's pages, and with 304 where a page has not changed."""

    protocol_version = "HTTP/1.1"
    server_version = "SampleBoard"

    def do_GET(self) -> None:
        """Answer one request."""
        status, kind, body = draw_page(self.path, base=address_of(self.server))
        tag = etag_of(body)
        if status == 200 and self.headers.get("If-None-Match") == tag:  # noqa: PLR2004
            status, body = 304, b""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("ETag", tag)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name http.server asks for
        """Stay quiet."""


def address_of(server: socketserver.BaseServer) -> str:
    """Give a server's address as a link."""
    host, port = cast("tuple[str, int]", server.server_address)[:2]
    return f"http://{host}:{port}"


def make_server(port: int = 0) -> http.server.ThreadingHTTPServer:
    """Give a server on 127.0.0.1, and nowhere else; port 0 takes a free one."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    return server


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(prog="python -m crawler.sample_board", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    server = make_server(parser.parse_args().port)
    sys.stdout.write(f"{address_of(server)}\n")
    sys.stdout.flush()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
