"""The files of the page on the wire: what is there, what is not, and what the browser is told about them."""

import re
import socket
from http.client import HTTPConnection

import pytest

POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
}


@pytest.fixture
def ask(service):
    """Send a request; return the status, the headers and the body of the answer."""

    def send(path, method="GET", **headers):
        connection = HTTPConnection("127.0.0.1", service.port, timeout=30)
        try:
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    return send


def test_whatever_the_page_names_is_there_with_its_type(ask):
    found, todo = {}, {"/"}
    while todo:
        path = todo.pop()
        status, headers, body = ask(path)
        assert status == 200, path
        found[path] = headers.get_content_type()
        folder, text = path.rpartition("/")[0], body.decode()
        named = re.findall(r'(?:src|href)="([^"#:]+)"|url\("([^")]+)"\)|from "(\.[^"]+)"', text)
        for name in filter(None, (one for names in named for one in names)):
            parts = f"{folder}/{name}".split("/")
            while ".." in parts:
                at = parts.index("..")
                del parts[at - 1 : at + 1]
            todo |= {"/".join(part for part in parts if part != ".")} - found.keys()
    assert set(found.values()) == {"text/html", "text/css", "text/javascript", "image/svg+xml"}
    assert {"/safelight.js", "/safelight/watch.js", "/ui/page.js", "/ui/cross.svg"} <= found.keys()


@pytest.mark.parametrize(
    "path", ["/", "/ui/page.js", "/ui/room.css", "/safelight.js", "/safelight-element.js", "/safelight-react.js"]
)
def test_file_is_sent_once_and_asked_about_again(ask, path):
    status, headers, body = ask(path)
    assert (status, headers["Cache-Control"], headers["X-Content-Type-Options"]) == (200, "no-cache", "nosniff")
    assert set(headers["Content-Security-Policy"].split("; ")) == POLICY
    again = ask(path, **{"If-None-Match": headers["ETag"]})
    assert (again[0], again[1]["ETag"], again[2]) == (304, headers["ETag"], b"")
    assert ask(path, **{"If-None-Match": '"another"'})[0] == 200
    head = ask(path, "HEAD")
    assert (head[0], head[1]["Content-Length"], head[2]) == (200, str(len(body)), b"")
    assert ask(path, "POST")[0] == 405


@pytest.mark.parametrize(
    "path",
    [
        "/ui/../ui.py",
        "/ui/..%2fui.py",
        "/ui/%2e%2e/app.py",
        "/ui/....//app.py",
        "/ui/client/safelight.js",
        "/ui/",
        "/ui/index.html",
        "/safelight/../../ui.py",
        "/safelight/test/parser.test.js",
        "/ui//etc/passwd",
        "/ui/page.js%00",
    ],
)
def test_nothing_else_can_be_had(service, path):
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as raw:
        raw.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: raw.recv(65536), b""))
    assert answer.split()[1] in {b"404", b"400"}, answer[:200]


def test_page_has_nothing_inline_and_nothing_from_elsewhere(ask):
    page = ask("/")[2].decode()
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script>|https?://", page)
