"""A server on this machine for one archive; it can break off, be slow, or know no ranges.

It takes the requests of a proxy, too, for any host.
"""

import hashlib
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from lessonlib.imagewoof.download import Source


class Served:
    """An archive on the server.

    breaks: after so many bytes each of the next connections is cut; slow: seconds before each
    4 KiB; seen: (first byte, bytes sent) of every answer; page: (type, bytes) to send in its place,
    without a length; refuses: a status to answer.
    """

    def __init__(self, data, ranges=True):
        self.data = data
        self.ranges = ranges
        self.breaks = []
        self.slow = 0
        self.seen = []
        self.page = None
        self.refuses = None

    @property
    def source(self):
        return Source(self.url, len(self.data), hashlib.md5(self.data[: 2**20]).hexdigest())


@contextmanager
def serving(data, ranges=True):
    served = Served(data, ranges)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def send_page(self):
            kind, page = served.page
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.send_header("Content-Type", kind)
            self.end_headers()
            served.seen.append((0, len(page)))
            self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(page), page))

        def do_GET(self):
            self.close_connection = True
            if served.refuses:
                return self.send_error(served.refuses)
            if served.page:
                return self.send_page()
            asked = self.headers.get("Range") if served.ranges else None
            first = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
            size = len(served.data)
            if first >= size:
                return self.send_error(416)
            self.send_response(206 if asked else 200)
            if asked:
                self.send_header("Content-Range", f"bytes {first}-{size - 1}/{size}")
            self.send_header("Content-Length", str(size - first))
            self.end_headers()
            until = first + served.breaks.pop(0) if served.breaks else size
            rest = served.data[first:until]
            served.seen.append((first, len(rest)))
            self.send_slowly(rest)

        def send_slowly(self, rest):
            with suppress(ConnectionError):  # of a reader that was killed
                for start in range(0, len(rest), 4096):
                    time.sleep(served.slow)
                    self.wfile.write(rest[start : start + 4096])

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        served.url = f"http://127.0.0.1:{server.server_port}/copy.tgz"
        yield served
        server.shutdown()
