# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""What the person at the terminal sees: progress, and one sentence when something is in the way.

Progress goes to stderr, so that ``dev/odoo`` can be used in a pipe.
"""

import contextlib
import subprocess
import sys
import threading
import time

HEARTBEAT = 15  # seconds of silence after which a long step says that it is alive


class Stop(Exception):
    """Ends the command with a sentence for the user that names the remedy, and an exit code."""

    def __init__(self, message, exit_code=1):
        super().__init__(message)
        self.exit_code = exit_code


def say(message=''):
    """Print a line to the terminal at once."""
    print(message, file=sys.stderr, flush=True)


@contextlib.contextmanager
def step(title):
    """Show that a long step has begun, that it is alive, and how many seconds it took."""
    started = time.monotonic()
    over = threading.Event()

    def beat():
        while not over.wait(HEARTBEAT):
            say(f"       … {title} ({time.monotonic() - started:.0f} s so far)")

    terminal = sys.stderr.isatty()
    if terminal:
        print(f"  …    {title}", end="\r", file=sys.stderr, flush=True)
    threading.Thread(target=beat, daemon=True).start()
    try:
        yield
    except BaseException:
        if terminal:
            say()
        raise
    finally:
        over.set()
    say(f"{time.monotonic() - started:4.0f} s {title}")


def run(argv, log, env=None, cwd=None, text_input=None):
    """Run a program and append what it prints to the file ``log``.

    :return: its exit code; 127 when the program does not exist
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open('ab') as stream:
        stream.write(f"\n$ {' '.join(map(str, argv))}\n".encode())
        stream.flush()
        try:
            return subprocess.run(
                argv, stdout=stream, stderr=stream, env=env, cwd=cwd, check=False,
                input=text_input.encode() if text_input is not None else None,
                stdin=subprocess.DEVNULL if text_input is None else None,
            ).returncode
        except FileNotFoundError:
            stream.write(b"not found\n")
            return 127


def tail(log, lines=15):
    """Return the last lines of a log file, indented, to be shown under an error."""
    if not log.exists():
        return ""
    text = log.read_text(encoding='utf-8', errors='replace').splitlines()[-lines:]
    return "\n".join(f"    {line}" for line in text)
