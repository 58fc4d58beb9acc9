"""Run one server and end it when its starter is gone.

Started as a script by `streamsvd.embedded.process`, with the standard library only. Standard input is a pipe
whose other end only the starter holds: it closes when the starter asks for a stop, and also when the starter
dies in any way, `kill -9` included. The end of that pipe is the one signal to stop; it needs nothing that
only Linux has.

Arguments: seconds to wait between SIGTERM and SIGKILL, descriptors to hand on (comma-separated), a folder to
remove when the starter dies (empty for none), and the server's command. The server's process id is written to
standard output; its own output goes to standard error.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading

STOP = b"stop"


def main() -> int:
    """Run the server until it ends or the pipe does; return its exit code, 128 + signal when a signal ended
    it."""
    grace_seconds, descriptors, rubbish, *command = sys.argv[1:]
    hold = [int(number) for number in descriptors.split(",") if number]
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=2, stderr=2, pass_fds=hold)
    # Only the starter decides when to stop. Set after the start, because the server would inherit it.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    with contextlib.suppress(BrokenPipeError):
        os.write(1, f"{server.pid}\n".encode())
    said: list[bytes] = []
    threading.Thread(target=_follow, args=(server, float(grace_seconds), said), daemon=True).start()
    status = server.wait()
    if rubbish and said == [b""]:  # the starter died without a word: nothing else will clean up
        shutil.rmtree(rubbish, ignore_errors=True)
    return status if status >= 0 else 128 - status


def _follow(server: subprocess.Popen[bytes], grace_seconds: float, said: list[bytes]) -> None:
    """Wait for the starter's word or its death, then end the server."""
    said.append(os.read(0, len(STOP)))
    server.terminate()
    try:
        server.wait(grace_seconds)
    except subprocess.TimeoutExpired:
        server.kill()


if __name__ == "__main__":
    sys.exit(main())
