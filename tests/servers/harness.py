"""What both server checks share: a server that is stopped whatever happens, the real smol, and `ok` lines."""

import ctypes
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

LIBC = ctypes.CDLL(None)
passed, failed = 0, 0


def ok(what, holds, seen=""):
    """One line of the result; what was seen instead is printed only where it is not what it should be."""
    global passed, failed
    if holds:
        passed += 1
        print(f"ok - {what}", flush=True)
    else:
        failed += 1
        print(f"not ok - {what}", flush=True)
        for line in str(seen).splitlines()[-40:]:
            print(f"    {line}", flush=True)
    return holds


def end():
    print(f"\n{passed} passed, {failed} failed", flush=True)
    sys.exit(1 if failed or not passed else 0)


def limit(seconds):
    """The whole check ends after so long, and a polite kill ends it as an error does: servers are stopped on the way."""

    def stop(number, _frame):
        signal.signal(number, signal.SIG_IGN)
        print(f"not ok - stopped by {signal.Signals(number).name}; the limit is {seconds} s", flush=True)
        sys.exit(1)

    for name in (signal.SIGALRM, signal.SIGTERM, signal.SIGINT):
        signal.signal(name, stop)
    signal.alarm(seconds)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Workplace:
    """A directory for everything that one check writes, gone afterwards."""

    def __enter__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="smol-servers-"))
        return self.path

    def __exit__(self, *_error):
        shutil.rmtree(self.path, ignore_errors=True)


class Server:
    """A server in a process group of its own. It ends with this block, and also when this process is killed."""

    def __init__(self, command, health, log, env=None, headers=None, patience=120):
        self.command, self.health, self.log, self.env = command, health, log, env
        self.headers, self.patience = headers or {}, patience

    def __enter__(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.env, cwd=self.log.parent,
                start_new_session=True, preexec_fn=die_with_parent,
            )
        try:
            self.wait()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_error):
        self.stop()

    def wait(self):
        deadline = time.monotonic() + self.patience
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                sys.exit(f"the server ended with {self.process.returncode}:\n{self.words()}")
            if fetch(self.health, headers=self.headers, seconds=5)[0] == 200:
                return
            time.sleep(0.2)
        sys.exit(f"the server did not answer within {self.patience} s:\n{self.words()}")

    def stop(self):
        for number, patience in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
            try:
                os.killpg(self.process.pid, number)
            except ProcessLookupError:
                break
            try:
                self.process.wait(patience)
            except subprocess.TimeoutExpired:
                continue
        self.process.wait(10)

    def is_gone(self):
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return True
        return False

    def words(self):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-30:])


def die_with_parent():
    set_death_signal = 1
    LIBC.prctl(set_death_signal, signal.SIGKILL)


class Outside:
    """The way out that the environment names: it leads nowhere, and remembers who wanted to take it."""

    def __enter__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.wanted = []
        threading.Thread(target=self.listen, daemon=True).start()
        return self

    def __exit__(self, *_error):
        self.socket.close()

    def listen(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                try:
                    self.wanted.append(connection.recv(4096).decode(errors="replace").split("\r\n")[0])
                    connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
                except OSError:
                    pass

    def env(self):
        way = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        names = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
        return {**{name: way for name in names}, "no_proxy": "127.0.0.1,localhost", "NO_PROXY": "127.0.0.1,localhost"}


def fetch(url, body=None, headers=None, seconds=60):
    """Status and text of an answer; status 0 when there is none."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", **(headers or {})})
    # No proxy of the environment: everything here is on loopback.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=seconds) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)


def chunks(text):
    """The data of an event stream, without its end mark."""
    lines = [line[6:] for line in text.splitlines() if line.startswith("data: ")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


class Ran:
    """One run of smol: exit code, the words on stderr, the events on stdout."""

    def __init__(self, code, out, err, seconds):
        self.code, self.out, self.err, self.seconds = code, out, err, seconds
        self.events = [json.loads(line) for line in out.splitlines() if line.startswith("{")]

    def named(self, name):
        return [event for event in self.events if event.get("event") == name]

    @property
    def report(self):
        return self.events[-1] if self.events else {}

    def __str__(self):
        return f"exit {self.code} after {self.seconds:.1f} s\n{self.out[-3000:]}\n{self.err[-3000:]}"


def smol(binary, home, base_url, model, *more, key="", spec="A stopwatch in one page.", seconds=120):
    """Runs smol in `home`, with nothing of this machine's settings."""
    env = {"PATH": os.environ.get("PATH", ""), "HOME": str(home), "XDG_CONFIG_HOME": str(home), "TERM": "dumb"}
    env |= {"OPENAI_API_KEY": key} if key else {}
    command = [binary, "gen", spec, "--base-url", base_url, "--model", model, *more]
    begun = time.monotonic()
    ran = subprocess.run(
        command, cwd=home, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds,
        preexec_fn=die_with_parent,
    )
    return Ran(ran.returncode, ran.stdout, ran.stderr, time.monotonic() - begun)


def files_in(directory):
    """Path to text of everything that was written, smol's own records aside."""
    directory = pathlib.Path(directory)
    files = (path for path in directory.rglob("*") if path.is_file() and ".smol" not in path.parts)
    return {str(path.relative_to(directory)): path.read_text() for path in files}
