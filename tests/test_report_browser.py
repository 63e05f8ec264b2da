"""The report's page in a real browser: it must load nothing, run nothing and break no rule of its own policy."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests import report_sample

CHROMIUM = shutil.which("chromium")
FLAGS = [
    *["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"],
    *["--disable-background-networking", "--disable-component-update", "--disable-sync", "--enable-logging=stderr"],
]
# The browser's own traffic, which no flag stops altogether, is of its maker's hosts.
OWN_HOSTS = [f"MAP *.{host} ~NOTFOUND" for host in ("google.com", "googleapis.com", "gstatic.com")]
DARK = "--blink-settings=preferredColorScheme=0"


@pytest.fixture(autouse=True)
def needs_a_browser() -> None:
    if CHROMIUM is None:
        pytest.skip("no `chromium` on PATH: the report was looked at by no browser")


@pytest.fixture
def page(tmp_path: Path) -> Path:
    return report_sample.write(tmp_path / "report") / "report.html"


class Listener:
    """Counts who connects. Every host that a page asks for leads here."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.connections = 0
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            connection.close()


@pytest.fixture
def network() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.socket.close()


def browse(page: Path, network: Listener, *arguments: str) -> tuple[str, list[str]]:
    """What the browser prints, and what its console says."""
    profile = page.parent / f"profile-{len(list(page.parent.iterdir()))}"
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", *arguments]
    rules = ",".join([*OWN_HOSTS, f"MAP * 127.0.0.1:{network.port}"])
    command += [f"--host-resolver-rules={rules}", page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


class Texts(HTMLParser):
    """Elements, and the text of the one with class `name`."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.name = ""
        self.inside = False
        self.feed(document)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.inside = ("class", "name") in attrs

    def handle_endtag(self, tag: str) -> None:
        self.inside = False

    def handle_data(self, data: str) -> None:
        self.name += data if self.inside else ""


def test_the_page_runs_nothing_loads_nothing_and_its_console_is_silent(page: Path, network: Listener) -> None:
    document, console = browse(page, network, "--dump-dom")

    seen = Texts(document)
    assert console == []
    assert network.connections == 0
    assert seen.name == report_sample.HOSTILE_NAME + "\\u{202e}gnp.exe"
    assert {"svg", "table", "h1"} <= seen.elements
    assert not {"script", "img", "iframe", "link", "object", "embed"} & seen.elements


def test_a_page_that_breaks_its_policy_would_be_noticed(page: Path, network: Listener) -> None:
    broken = page.with_name("broken.html")
    broken.write_text(page.read_text().replace("<main>", "<main><script>1</script><p style='color: red'>x</p>"))

    _, console = browse(broken, network, "--dump-dom")

    assert len(console) >= 2, console


def test_a_page_that_loads_something_would_be_noticed(page: Path, network: Listener) -> None:
    open_page = page.with_name("open.html")
    text = page.read_text().replace('http-equiv="Content-Security-Policy"', 'name="none"')
    open_page.write_text(text.replace("<main>", "<main><img src=https://evil.example/x>"))

    browse(open_page, network, "--dump-dom")

    assert network.connections > 0


def test_the_page_is_drawn_by_day_by_night_and_on_a_phone(page: Path, network: Listener) -> None:
    pictures = {}
    for name, size, more in [("day", "1100,1600", []), ("night", "1100,1600", [DARK]), ("phone", "500,1600", [])]:
        picture = page.with_name(f"{name}.png")
        browse(page, network, f"--window-size={size}", f"--screenshot={picture}", *more)
        pictures[name] = picture.read_bytes()

    assert all(picture.startswith(b"\x89PNG") and len(picture) > 20_000 for picture in pictures.values())
    assert len(set(pictures.values())) == 3


def test_the_page_can_be_printed(page: Path, network: Listener) -> None:
    printed = page.with_name("report.pdf")

    browse(page, network, "--no-pdf-header-footer", f"--print-to-pdf={printed}")

    assert printed.read_bytes().startswith(b"%PDF")
