# SPDX-License-Identifier: Apache-2.0
"""Who listens where syslog and the journal would: everything that programs of the box say is kept in one file each.

In the box nobody else stands behind /dev/log and /run/systemd/journal/socket, so what sshd, sudo, the PAM modules and the
daemons log is all here: for tests that ask what was said, and for the search for leaked tokens at the end of a session.
"""

import os
import select
import socket
import threading
import time

SYSLOG = "/dev/log"
JOURNAL = "/run/systemd/journal/socket"


class LogCollector:
    def __init__(self, folder: str) -> None:
        self.syslog_file = os.path.join(folder, "syslog")
        self.journal_file = os.path.join(folder, "journal")
        self._stop, self._stopped = os.pipe()
        self._sockets = []
        self._grew = threading.Condition()
        for path, kept in ((SYSLOG, self.syslog_file), (JOURNAL, self.journal_file)):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
            listener.bind(path)
            os.chmod(path, 0o666)
            self._sockets.append((listener, open(kept, "ab", buffering=0)))
        self._thread = threading.Thread(target=self._collect, daemon=True)
        self._thread.start()

    def _collect(self) -> None:
        while True:
            readable = select.select([self._stop] + [listener for listener, _ in self._sockets], [], [])[0]
            if self._stop in readable:
                return
            for listener, kept in self._sockets:
                if listener in readable:
                    self._take(listener, kept)
            with self._grew:
                self._grew.notify_all()

    @staticmethod
    def _take(listener: socket.socket, kept) -> None:
        message, descriptors, _, _ = socket.recv_fds(listener, 1 << 20, 1)
        if descriptors:  # a journal message too large for a datagram comes as a memfd
            with open(descriptors[0], "rb") as body:
                body.seek(0)
                message = body.read()
        kept.write(message.rstrip(b"\n\0") + b"\n")

    def mark(self) -> int:
        """Where the syslog stands now; hand it to wait_for to look only at what comes later."""
        return os.path.getsize(self.syslog_file)

    def since(self, mark: int) -> str:
        with open(self.syslog_file, "rb") as file:
            file.seek(mark)
            return file.read().decode("utf-8", "replace")

    def wait_for(self, text: str, mark: int, seconds: float = 20) -> str:
        """The syslog since `mark` once it holds `text`; TimeoutError with what there was instead."""
        deadline = time.monotonic() + seconds
        with self._grew:
            while text not in (found := self.since(mark)):
                left = deadline - time.monotonic()
                if left <= 0 or not self._grew.wait(left):
                    raise TimeoutError(f"syslog never said {text!r}; it said:\n{found}")
        return found

    def close(self) -> None:
        os.write(self._stopped, b".")
        self._thread.join()
        for listener, kept in self._sockets:
            listener.close()
            kept.close()
