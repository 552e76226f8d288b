"""Chromium, spoken to over a pipe: no driver to install, no port to open.

    with browser() as chromium:
        page = chromium.open(path)
        page.evaluate("document.title")

Chromium's DevTools protocol with ``--remote-debugging-pipe``: messages are JSON, ended
by a zero byte, on the file descriptors 3 and 4 of the browser.

References:
    Chrome DevTools Protocol, https://chromedevtools.github.io/devtools-protocol, 2024.
"""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


def executable() -> str | None:
    """Where a Chromium is, if there is one."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Chromium:
    """A running browser; ``messages`` of its pages are kept."""

    def __init__(self, to: int, fro: int) -> None:
        self._to, self._from = to, fro
        self._buffer = b""
        self._ids = itertools.count(1)
        self.events: list[dict[str, Any]] = []

    def call(self, method: str, session: str | None = None, **params: Any) -> Any:
        """Send one command and wait for its answer; events on the way are kept."""
        number = next(self._ids)
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def wait(self, method: str) -> dict[str, Any]:
        """The first event of a kind, from now or from before."""
        for n, event in enumerate(self.events):
            if event.get("method") == method:
                return self.events.pop(n)
        while True:
            event = self._next()
            if event.get("method") == method:
                return event
            self.events.append(event)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            piece = os.read(self._from, 1 << 16)
            if not piece:
                raise RuntimeError("the browser ended")
            self._buffer += piece
        line, self._buffer = self._buffer.split(b"\0", 1)
        return json.loads(line)

    def open(self, path: Path, address: str = "", width: int = 1280) -> Page:
        """Open a file in a new tab and wait until it is loaded."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        page = Page(self, attached["sessionId"])
        for domain in ("Page", "Runtime", "Log"):
            page.call(f"{domain}.enable")
        page.resize(width)
        self.events.clear()
        page.call("Page.navigate", url=f"{path.absolute().as_uri()}{address}")
        self.wait("Page.loadEventFired")
        return page


class Page:
    """One tab."""

    def __init__(self, browser: Chromium, session: str) -> None:
        self._browser, self._session = browser, session

    def call(self, method: str, **params: Any) -> Any:
        """One command to this tab."""
        return self._browser.call(method, self._session, **params)

    def evaluate(self, expression: str) -> Any:
        """The value of an expression, as JSON has it."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True
        )
        if "exceptionDetails" in answer:
            raise RuntimeError(json.dumps(answer["exceptionDetails"])[:2000])
        return answer["result"].get("value")

    def press(self, *keys: str) -> None:
        """Press and release keys, by their names."""
        for key in keys:
            text = {"text": "\r" if key == "Enter" else key} if len(key) == 1 else {}
            codes = {"Tab": 9, "Enter": 13, "ArrowLeft": 37, "ArrowUp": 38}
            codes |= {"ArrowRight": 39, "ArrowDown": 40, "Backspace": 8}
            code = {"windowsVirtualKeyCode": codes.get(key, 0)}
            for kind in ("keyDown", "keyUp"):
                self.call("Input.dispatchKeyEvent", type=kind, key=key, **text, **code)

    def hover(self, selector: str) -> None:
        """Move the mouse over the middle of an element."""
        found = f"document.querySelector({json.dumps(selector)})"
        self.evaluate(f"{found}.scrollIntoView({{block: 'center'}})")
        x, y = self.evaluate(
            f"(r => [r.x + r.width / 2, r.y + r.height / 2])"
            f"({found}.getBoundingClientRect())"
        )
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def resize(self, width: int, height: int = 900, scale: float = 1) -> None:
        """Give the tab another size."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=width < 600,
        )

    def prefer(self, scheme: str) -> None:
        """Light or dark, as the reader's system says it."""
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.call("Emulation.setEmulatedMedia", features=[feature])

    def screenshot(self, path: Path) -> None:
        """The whole page as a PNG."""
        answer = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(answer["data"]))

    def complaints(self) -> list[str]:
        """Errors and warnings of the console, and exceptions, since it was opened."""
        self.evaluate("0")
        kinds = (
            "Runtime.exceptionThrown",
            "Runtime.consoleAPICalled",
            "Log.entryAdded",
        )
        return [
            json.dumps(event["params"])
            for event in self._browser.events
            if event.get("method") in kinds
        ]


@contextlib.contextmanager
def browser() -> Iterator[Chromium]:
    """A headless Chromium that ends with the block."""
    to_read, to_write = os.pipe()
    from_read, from_write = os.pipe()
    with tempfile.TemporaryDirectory() as profile:
        words = [
            str(executable()),
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--no-first-run",
            "--remote-debugging-pipe",
            f"--user-data-dir={profile}",
        ]
        shell = f'exec "$@" 3<&{to_read} 4>&{from_write}'
        process = subprocess.Popen(
            ["bash", "-c", shell, "_", *words],
            pass_fds=(to_read, from_write),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_read)
        os.close(from_write)
        chromium = Chromium(to_write, from_read)
        try:
            yield chromium
            chromium.call("Browser.close")
            process.wait(20)
        finally:
            process.kill()
            process.wait()
            os.close(to_write)
            os.close(from_read)
