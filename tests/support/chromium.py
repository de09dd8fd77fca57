"""Headless Chromium through its DevTools protocol: JSON over two pipes, each message ended by a NUL."""

import base64
import json
import os
import subprocess
import time

TIMEOUT_SECONDS = 60
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
         "--hide-scrollbars", "--remote-debugging-pipe"]  # fmt: skip


class Page:
    """A page of a browser of its own: `with Page(profile) as page`, `profile` being a folder that may be filled."""

    def __init__(self, profile):
        self.profile = profile

    def __enter__(self):
        to_read, self.to = os.pipe()
        self.source, from_write = os.pipe()

        def as_3_and_4():  # what the browser reads and writes
            os.dup2(to_read, 13)
            os.dup2(from_write, 14)
            os.dup2(13, 3)
            os.dup2(14, 4)

        self.process = subprocess.Popen(["chromium", *FLAGS, f"--user-data-dir={self.profile}"], stderr=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, preexec_fn=as_3_and_4, close_fds=False)
        os.close(to_read)
        os.close(from_write)
        os.set_blocking(self.source, False)
        self.received, self.number, self.session, self.events = b"", 0, None, []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.ask(f"{domain}.enable")
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.to)
        os.close(self.source)

    def _next(self):
        """The next message; TimeoutError where none comes."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while b"\0" not in self.received:
            try:
                self.received += os.read(self.source, 1 << 20)
            except BlockingIOError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise TimeoutError(f"Chromium says nothing; its status is {self.process.poll()}") from None
                time.sleep(0.01)
        message, self.received = self.received.split(b"\0", 1)
        return json.loads(message)

    def ask(self, method, **params):
        """The answer to a command; what happens meanwhile goes to `events`."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self.number:
                assert "result" in answer, f"{method}: {answer}"
                return answer["result"]
            self.events.append(answer)

    def load(self, url, width, height=800):
        """Show a page in a window of that size and wait until it is there."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        self.events.clear()
        self.ask("Page.navigate", url=url)
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self.events.append(self._next())

    def value(self, expression):
        """Of a JavaScript expression."""
        return self.ask("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def pdf(self):
        """The page as it prints, on A4."""
        return base64.b64decode(self.ask("Page.printToPDF", paperWidth=8.27, paperHeight=11.69)["data"])
