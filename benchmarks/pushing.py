"""How fast and how surely we push: `ApnsClient` beside `h2load`, against the same nginx with HTTP/2.

    python -m benchmarks.pushing [--pushes 20000] [--rounds 5]

The limit is what `h2load` reaches on one connection with 500 streams; our ratio to it should be at least
0.40. Rounds alternate, so that a busy machine slows both. Then nginx sends GOAWAY every 5,000 requests, and
no push may be lost. Needs nginx and h2load (Debian: nginx-light, nghttp2-client); says so and ends with
status 2 where they are missing.
"""

import argparse
import os
import re
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from app.sandbox.certificates import DevelopmentAuthority
from app.wallets.apple.apns import ApnsClient
from app.wallets.apple.apns_replies import Push, Verdict

TOPIC = "pass.example.cafe"
TARGET = 0.40
STREAMS = 500
GOAWAY_EVERY = 5_000

_CONF = """
daemon off; master_process off; worker_processes 1; pid {home}/nginx.pid; error_log stderr crit;
events {{ worker_connections 1024; }}
http {{
  log_format push '$msec $uri'; access_log {log}; server_tokens off;
  http2_max_concurrent_streams 1000; keepalive_timeout 600;
  client_body_temp_path {home}/body; proxy_temp_path {home}/proxy; fastcgi_temp_path {home}/fastcgi;
  uwsgi_temp_path {home}/uwsgi; scgi_temp_path {home}/scgi;
  ssl_certificate {certificate}; ssl_certificate_key {key}; ssl_protocols TLSv1.2 TLSv1.3;
  ssl_client_certificate {clients}; ssl_verify_client optional; ssl_verify_depth 3;
  {servers}
}}
"""
_SERVER = """server {{
    listen 127.0.0.1:{port} ssl http2; keepalive_requests {requests};
    location /3/device/ {{ if ($ssl_client_verify != SUCCESS) {{ return 403; }} return 200; }}
    location /without-certificate {{ return 200; }}
  }}"""


class ToolMissing(Exception):
    """A program that this benchmark cannot do without."""


@dataclass(frozen=True)
class StandIn:
    """A running nginx: `url` keeps its connections, `restless_url` sends GOAWAY every 5,000 requests."""

    url: str
    restless_url: str
    papers: Path
    ca: Path

    def client(self, url: str, *, in_flight: int) -> ApnsClient:
        return ApnsClient(
            url,
            self.papers / "certificate.pem",
            self.papers / "key.pem",
            self.ca,
            topic=TOPIC,
            in_flight=in_flight,
        )


def tool(name: str) -> str:
    """The path of a program; servers are often outside a person's PATH. Raises ToolMissing."""
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if not found:
        raise ToolMissing(
            f"{name} is missing: install nginx-light and nghttp2-client (or your system's names)"
        )
    return found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def nginx(home: Path, *, log: str = "off") -> Iterator[StandIn]:
    """An nginx with one worker on the first CPU, while the context lasts; `log` is its access_log, with the
    format `push` for the time and the token of every request.
    """
    authority = DevelopmentAuthority(home, now=lambda: datetime.now(UTC))
    certificate, key = authority.apns_server()
    ports = free_port(), free_port()
    servers = [
        _SERVER.format(port=port, requests=n) for port, n in zip(ports, (10**9, GOAWAY_EVERY), strict=True)
    ]
    conf = home / "nginx.conf"
    conf.write_text(
        _CONF.format(
            home=home,
            log=log,
            certificate=certificate,
            key=key,
            clients=authority.clients_ca,
            servers="\n".join(servers),
        )
    )
    running = subprocess.Popen([tool("nginx"), "-p", str(home), "-c", str(conf)], stdin=subprocess.DEVNULL)
    pin(running.pid, 0)
    try:
        wait_for(ports[0], running)
        urls = [f"https://127.0.0.1:{port}" for port in ports]
        yield StandIn(*urls, papers=authority.issue(TOPIC, home / "certs"), ca=authority.root)
    finally:
        running.terminate()
        running.wait(10)


def pin(pid: int, cpu: int) -> None:
    """Keep a process on one CPU, where there are two to share out."""
    if hasattr(os, "sched_setaffinity") and len(os.sched_getaffinity(0)) > 1:
        os.sched_setaffinity(pid, {sorted(os.sched_getaffinity(0))[cpu]})


def wait_for(port: int, running: subprocess.Popen[bytes]) -> None:
    for _ in range(100):
        if running.poll() is not None:
            raise SystemExit("nginx did not start")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("nginx does not answer")


def tokens(count: int) -> list[Push]:
    """As many distinct tokens, 32 bytes each."""
    return [Push(f"{number:064x}") for number in range(count)]


def our_rate(client: ApnsClient, pushes: list[Push]) -> tuple[float, float]:
    """Pushes a second, and CPU milliseconds for a thousand; all of them have to be answered 200."""
    list(client.push(pushes[:1]))  # the handshake is not what is measured
    begun, cpu = time.perf_counter(), time.process_time()
    sent = sum(result.verdict is Verdict.SENT for result in client.push(pushes))
    took, cpu = time.perf_counter() - begun, time.process_time() - cpu
    if sent != len(pushes):
        raise SystemExit(f"only {sent} of {len(pushes)} were answered 200")
    return len(pushes) / took, cpu * 1e6 / len(pushes)


def limit_rate(url: str, body: Path, count: int, cpu: int = 1) -> tuple[float, float]:
    """Requests a second of h2load on one connection, and CPU milliseconds for a thousand."""
    command = [tool("h2load"), "-c1", f"-m{STREAMS}", f"-n{count}", "-d", str(body)]
    if shutil.which("taskset") and (os.cpu_count() or 1) > 1:
        command = ["taskset", "-c", str(cpu), *command]
    before = children_cpu_s()
    said = subprocess.run(
        [*command, f"{url}/without-certificate"], capture_output=True, text=True, check=True
    ).stdout
    found = re.search(r"finished in [^,]+, ([\d.]+) req/s", said)
    if not found or f"{count} succeeded" not in said:
        raise SystemExit(f"h2load did not do its work:\n{said}")
    return float(found[1]), (children_cpu_s() - before) * 1e6 / count


def children_cpu_s() -> float:
    """CPU seconds of the programs that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(stand_in: StandIn, home: Path, *, pushes: int, rounds: int, in_flight: int) -> float:
    """Alternate both, print the medians, and give the ratio."""
    body = home / "body.json"
    body.write_text("{}")
    limits, ours = [], []
    batch = tokens(pushes)
    with closing(stand_in.client(stand_in.url, in_flight=in_flight)) as client:
        for number in range(rounds):
            limits.append(limit_rate(stand_in.url, body, pushes))
            ours.append(our_rate(client, batch))
            print(f"round {number + 1}:  h2load {row(*limits[-1])}   ours {row(*ours[-1])}")
    limit, our = [
        [statistics.median(column) for column in zip(*rows, strict=True)] for rows in (limits, ours)
    ]
    ratio = our[0] / limit[0]
    print(f"median of {rounds}, {in_flight} in flight:  h2load {row(*limit)}   ours {row(*our)}")
    print(f"ratio {ratio:.2f} by the clock (target {TARGET:.2f}), {limit[1] / our[1]:.2f} by CPU time")
    return ratio


def row(rate: float, cpu_ms: float) -> str:
    return f"{rate:>8,.0f}/s {cpu_ms:>5.1f} ms CPU per 1,000"


def lost(stand_in: StandIn, pushes: int, in_flight: int) -> int:
    """Pushes without a 200 where the server says GOAWAY every 5,000 requests."""
    with closing(stand_in.client(stand_in.restless_url, in_flight=in_flight)) as client:
        verdicts = Counter(result.verdict.value for result in client.push(tokens(pushes)))
    missing = pushes - verdicts[Verdict.SENT.value]
    print(f"GOAWAY every {GOAWAY_EVERY:,}: {missing} of {pushes:,} lost  {dict(verdicts)}")
    return missing


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pushes", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--in-flight", type=int, default=STREAMS, help="streams at once (a real link needs 1,000)"
    )
    asked = parser.parse_args()
    try:
        tool("h2load")
        with tempfile.TemporaryDirectory(prefix="pushing-") as folder, nginx(Path(folder)) as stand_in:
            pin(0, -1)
            ratio = measure(
                stand_in, Path(folder), pushes=asked.pushes, rounds=asked.rounds, in_flight=asked.in_flight
            )
            missing = lost(stand_in, asked.pushes, asked.in_flight)
    except ToolMissing as missing_tool:
        print(missing_tool, file=sys.stderr)
        return 2
    return 0 if ratio >= TARGET and not missing else 1


if __name__ == "__main__":
    sys.exit(main())
