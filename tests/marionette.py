"""Drives Debian's Firefox by its own protocol: Playwright only drives a Firefox of its own.

Messages are ``length:[type, id, command, parameters]`` over a socket on loopback.
"""

import json
import socket
import subprocess
import time
from pathlib import Path
from typing import Any, Self

START_S = 60.0


class Firefox:
    """A headless Firefox with a profile of its own in ``folder``; close it when done."""

    def __init__(self, program: str, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        (folder / "user.js").write_text(
            f'user_pref("marionette.port", {port});\n'
            'user_pref("browser.shell.checkDefaultBrowser", false);\n'
            'user_pref("datareporting.policy.dataSubmissionEnabled", false);\n'
            'user_pref("app.normandy.enabled", false);\n'
        )
        self._process = subprocess.Popen(
            [program, "--headless", "--marionette", "--no-remote", "--profile", str(folder)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._number = 0
        self._socket = self._connected(port)
        self._answer()  # who it is
        self("WebDriver:NewSession", capabilities={})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        self._process.terminate()
        self._process.wait(timeout=30)

    def __call__(self, command: str, **parameters: Any) -> Any:
        """Send a command and return its value."""
        self._number += 1
        data = json.dumps([0, self._number, command, parameters]).encode()
        self._socket.sendall(b"%d:%b" % (len(data), data))
        _, _, error, value = self._answer()
        assert error is None, error
        return value.get("value", value) if isinstance(value, dict) else value

    def run(self, script: str) -> Any:
        """What a script in the page returns."""
        return self("WebDriver:ExecuteScript", script=script, args=[], newSandbox=False)

    def _connected(self, port: int) -> socket.socket:
        end = time.monotonic() + START_S
        while True:
            try:
                return socket.create_connection(("127.0.0.1", port), timeout=START_S)
            except OSError:
                if time.monotonic() > end or self._process.poll() is not None:
                    self._process.kill()
                    raise
                time.sleep(0.2)

    def _answer(self) -> Any:
        length = b""
        while not length.endswith(b":"):
            length += self._socket.recv(1)
        data = b""
        while len(data) < int(length[:-1]):
            data += self._socket.recv(int(length[:-1]) - len(data))
        return json.loads(data)
