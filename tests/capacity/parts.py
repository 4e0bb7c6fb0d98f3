"""What the gateway takes of the processor for a request, and the store's time for a glossary."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from service.settings import Settings
from service.stores import open_glossary_store
from service.terms.glossary import Dictionary, Term
from tests.capacity.workload import TEXTS
from tests.gateway.conftest import free_ports
from tests.integration.conftest import serving, stub_models

_CLIENTS = 8
_REQUESTS = 2_000

_NGINX = """
pid PLACE/pid; error_log stderr crit; worker_processes 1; events { worker_connections 1024; }
http {
  access_log PLACE/access;
  client_body_temp_path PLACE/body; proxy_temp_path PLACE/proxy; fastcgi_temp_path PLACE/fastcgi;
  uwsgi_temp_path PLACE/uwsgi; scgi_temp_path PLACE/scgi;
  upstream service { server 127.0.0.1:UPSTREAM; keepalive 32; }
  server {
    listen 127.0.0.1:PORT ssl;
    ssl_certificate PLACE/certificate.pem; ssl_certificate_key PLACE/key.pem;
    location / {
      proxy_pass http://service; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off;
    }
  }
}
"""


def gateway() -> tuple[float, float]:
    """Core milliseconds of nginx for an article's digest: on a connection that is kept, and on one made anew
    with its TLS handshake."""
    place = Path(tempfile.mkdtemp())
    subject = ["-subj", "/CN=localhost", "-keyout", place / "key.pem", "-out", place / "certificate.pem"]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *subject],
        check=True,
        capture_output=True,
    )
    [port] = free_ports(1)
    with serving(stub_models()) as client:
        words = {"PLACE": str(place), "UPSTREAM": str(client.base_url.port), "PORT": str(port)}
        conf = _NGINX
        for word, value in words.items():
            conf = conf.replace(word, value)
        (place / "nginx.conf").write_text(conf, encoding="utf-8")
        stay = "daemon off; user root;" if os.geteuid() == 0 else "daemon off;"
        process = subprocess.Popen(["/usr/sbin/nginx", "-p", place, "-c", place / "nginx.conf", "-g", stay])
        try:
            time.sleep(1)
            return _core_ms(process.pid, port, keep=True), _core_ms(process.pid, port, keep=False)
        finally:
            process.terminate()
            process.wait(20)


def _core_ms(pid: int, port: int, *, keep: bool) -> float:
    limits = httpx.Limits(max_keepalive_connections=None if keep else 0)

    def call(requests: int) -> None:
        with httpx.Client(verify=False, trust_env=False, timeout=60, limits=limits) as http:  # noqa: S501 -- of its own
            for _ in range(requests):
                http.post(f"https://localhost:{port}/v1/digest", json={"text": TEXTS[0]}).raise_for_status()

    before = _core_seconds(pid)
    with ThreadPoolExecutor(_CLIENTS) as threads:
        list(threads.map(call, [_REQUESTS // _CLIENTS] * _CLIENTS))
    return (_core_seconds(pid) - before) / _REQUESTS * 1000


def _core_seconds(pid: int) -> float:
    """Of a process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    ticks = 0
    for each in (str(pid), *children):
        fields = Path(f"/proc/{each}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def report() -> str:
    kept, anew = gateway()
    written, read = store()
    return (
        f"nginx, core ms a digest: {kept:.2f} on a kept connection, {anew:.2f} on a new one\n"
        f"store, ms for a glossary of 100 terms: {written:.2f} to write, {read:.2f} to read"
    )


def store() -> tuple[float, float]:
    """Milliseconds, waiting for the disk included, to write a glossary of 100 terms and to read it."""
    terms = tuple(Term(f"Wort {number}", f"word {number}") for number in range(100))
    with tempfile.TemporaryDirectory() as place:
        kept = open_glossary_store(Settings(data_dir=Path(place)))
        started = time.perf_counter()
        made = [kept.add("name", [Dictionary("de", "en", terms)]).id for _ in range(200)]
        written = time.perf_counter()
        for identity in made:
            kept.terms(identity, "de", "en")
        read = time.perf_counter()
    return (written - started) / len(made) * 1000, (read - written) / len(made) * 1000
