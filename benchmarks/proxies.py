"""The proxies that are compared, each with one worker before one nginx upstream, as processes on loopback."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.gateway_lab import ROOT, free_port, wait_for_port

PACKAGES = {"nginx": "nginx", "haproxy": "haproxy", "caddy": "caddy", "wrk": "wrk"}
_DEBIAN_PYTHON = "/usr/bin/python3"
ANSWER = json.dumps({"sku": "WIDGET", "name": "A widget of the usual kind", "price": "12.50", "n": "x" * 42})

_NGINX = """
worker_processes 1; daemon off; error_log stderr error; pid {folder}/{name}.pid;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 1000000000; keepalive_timeout 75s; client_max_body_size 0;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  {http}
}}
"""
_UPSTREAM = """server {{ listen 127.0.0.1:{port} backlog=1024; default_type application/json;
    location / {{ return 200 '{answer}'; }}
    location /varied/ {{ add_header ETag '"$request_id"'; return 200 '{answer}'; }} }}"""
_FORWARD = """upstream up {{ server 127.0.0.1:{behind}; keepalive 256; keepalive_requests 1000000000; }}
  server {{ listen 127.0.0.1:{port} backlog=1024;
    location / {{ proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Request-Id $request_id;
      proxy_request_buffering off; proxy_max_temp_file_size 0; }} }}"""
_HAPROXY = """
global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 1s
  timeout client 60s
  timeout server 60s
  option forwardfor
  http-reuse always
frontend front
  bind 127.0.0.1:{port}
  unique-id-format %{{+X}}o\\ %ci:%cp_%fi:%fp_%Ts_%rt:%pid
  unique-id-header X-Request-Id
  default_backend back
backend back
  server one 127.0.0.1:{behind}
"""
_CADDY = """
{{
  admin off
  auto_https off
  log {{
    level ERROR
  }}
}}
http://127.0.0.1:{port} {{
  reverse_proxy 127.0.0.1:{behind} {{
    header_up X-Request-Id {{http.request.uuid}}
    transport http {{
      keepalive_idle_conns_per_host 256
    }}
  }}
}}
"""


@dataclass(frozen=True)
class Running:
    """A process that serves on ``port``; without ``process`` its cost is nobody's."""

    port: int
    process: subprocess.Popen[bytes] | None

    def pids(self) -> list[int]:
        """The process and its children: all that do its work."""
        if self.process is None:
            return []
        main = self.process.pid
        children = Path(f"/proc/{main}/task/{main}/children").read_text().split()
        return [main, *(int(child) for child in children)]

    def cpu(self) -> float:
        """Seconds of processor time so far."""
        ticks = 0
        for pid in self.pids():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """Resident MiB."""
        pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in self.pids())
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def install_missing() -> None:
    """Get the tools that are not here from Debian's packages, and say so."""
    missing = [package for tool, package in PACKAGES.items() if _find(tool) is None]
    if missing:
        print(f"installing {', '.join(missing)} with apt-get", file=sys.stderr)
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "install", "-y", "-qq", *missing], check=True, env=environment)


def _find(tool: str) -> str | None:
    return shutil.which(tool, path=f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin")


@contextmanager
def _running(
    port: int, command: list[str], environment: Mapping[str, str] | None = None
) -> Iterator[Running]:
    command[0] = _find(command[0]) or command[0]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, env={**os.environ, **(environment or {})}
    )
    try:
        wait_for_port(port)
        yield Running(port, process)
    finally:
        process.terminate()
        process.wait()


@contextmanager
def _nginx(folder: Path, name: str, port: int, http: str) -> Iterator[Running]:
    config = folder / f"{name}.conf"
    config.write_text(_NGINX.format(folder=folder, name=name, http=http))
    with _running(port, ["nginx", "-c", str(config), "-e", "stderr"]) as running:
        yield running


@contextmanager
def upstream(folder: Path) -> Iterator[Running]:
    """An nginx that answers everything with the same small JSON."""
    port = free_port()
    with _nginx(folder, "upstream", port, _UPSTREAM.format(port=port, answer=ANSWER)) as running:
        yield running


@contextmanager
def nginx(folder: Path, behind: int) -> Iterator[Running]:
    """nginx as a reverse proxy with kept connections."""
    port = free_port()
    with _nginx(folder, "nginx", port, _FORWARD.format(port=port, behind=behind)) as running:
        yield running


@contextmanager
def haproxy(folder: Path, behind: int) -> Iterator[Running]:
    """HAProxy with one thread."""
    port, config = free_port(), folder / "haproxy.cfg"
    config.write_text(_HAPROXY.format(port=port, behind=behind))
    with _running(port, ["haproxy", "-db", "-f", str(config)]) as running:
        yield running


@contextmanager
def caddy(folder: Path, behind: int) -> Iterator[Running]:
    """Caddy with one processor."""
    port, config = free_port(), folder / "Caddyfile"
    config.write_text(_CADDY.format(port=port, behind=behind))
    environment = {"GOMAXPROCS": "1", "HOME": str(folder)}
    command = ["caddy", "run", "--config", str(config), "--adapter", "caddyfile"]
    with _running(port, command, environment) as running:
        yield running


@contextmanager
def msctl(
    folder: Path, behind: int, routes: int = 10, auth: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """This gateway: circuit, balancing, trace context, metrics, one request of a hundred logged.

    With ``auth`` every route wants a token with the scope ``orders:read``.
    """
    port, config = free_port(), folder / "gateway.yaml"
    paths = [f"/api/{number}/{{rest:path}}" for number in range(routes - 1)]
    document: dict[str, Any] = {
        "listen": f"127.0.0.1:{port}",
        "access_log": 0.01,
        "services": {"items": {"instances": [f"127.0.0.1:{behind}"]}},
        "routes": [{"path": path, "service": "items"} for path in [*paths, "/{rest:path}"]],
    }
    if auth is not None:
        guarded = [{**route, "scopes": ["orders:read"]} for route in document["routes"]]
        document |= {"auth": dict(auth), "routes": guarded}
    config.write_text(json.dumps(document))
    python, environment = interpreter()
    with _running(port, [python, "-m", "msctl.gateway", "--config", str(config)], environment) as running:
        yield running


def interpreter() -> tuple[str, Mapping[str, str]]:
    """Debian's Python with the packages of this one, where both fit: it is what the gateway's image has.

    A Python that was built on this machine is often not optimised, as those of distributions are.
    """
    ours = sys.version_info[:2]
    asked = [_DEBIAN_PYTHON, "-c", "import sys; print(sys.version_info[:2])"]
    if Path(_DEBIAN_PYTHON).exists():
        theirs = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
        if theirs == str(ours):
            return _DEBIAN_PYTHON, {"PYTHONPATH": sysconfig.get_paths()["purelib"]}
    return sys.executable, {}


PROXIES: Mapping[str, Callable[[Path, int], AbstractContextManager[Running]]] = {
    "nginx": nginx,
    "haproxy": haproxy,
    "caddy": caddy,
    "msctl": msctl,
}
