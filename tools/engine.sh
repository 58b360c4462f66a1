#!/bin/sh
# Make sure that a Docker Engine answers: use the one that is there, else start or install the
# distribution's own where that is possible, else say what to do.
set -eu
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
no_engine=3
elsewhere=4
log=/var/log/dockerd.log
dockerd=

# 0: an engine answers; $no_engine: none at the usual place of this machine; $elsewhere: none where the
# settings point, which nothing started here would change; any other code: msctl itself does not run.
answers() {
    .venv/bin/python - "$no_engine" "$elsewhere" <<'PY'
import os
import sys
from msctl.engine.docker import connect
from msctl.engine.docker.address import DEFAULT_URL, find_address
from msctl.errors import EngineUnavailable, MsctlError

def say(error):
    print("error:", error.message, file=sys.stderr)
    if error.hint:
        print("hint:", error.hint, file=sys.stderr)

no_engine, elsewhere = map(int, sys.argv[1:])
usual = False
try:
    usual = find_address(os.environ).url == DEFAULT_URL
    connect().ping()
except EngineUnavailable as error:
    say(error)
    sys.exit(no_engine if usual else elsewhere)
except MsctlError as error:
    say(error)
    sys.exit(1)
PY
}

start() {
    if [ -d /run/systemd/system ]; then
        systemctl start docker
    else
        setsid nohup dockerd >"$log" 2>&1 </dev/null &
        dockerd=$!
    fi
}

wait_for_answer() {
    tries=0
    until answers 2>/dev/null; do
        if [ -n "$dockerd" ] && ! kill -0 "$dockerd" 2>/dev/null; then
            echo "error: dockerd ended right after its start; the last lines of $log:" >&2
            tail -n 15 "$log" >&2
            exit "$no_engine"
        fi
        tries=$((tries + 1))
        if [ "$tries" -ge 60 ]; then
            echo "error: dockerd was started but does not answer; see $log or journalctl -u docker" >&2
            exit "$no_engine"
        fi
        sleep 0.5
    done
}

cd "$(dirname "$0")/.."
code=0
said=$(answers 2>&1) || code=$?
case $code in
    0) exit 0 ;;
    "$no_engine") ;;
    "$elsewhere") echo "$said" >&2; exit "$no_engine" ;;
    *) echo "$said" >&2; exit "$code" ;;
esac
if [ "$(id -u)" != 0 ]; then
    echo "$said" >&2
    exit "$no_engine"
fi
if ! command -v dockerd >/dev/null; then
    if ! command -v apt-get >/dev/null; then
        echo "$said" >&2
        echo "hint: install Docker Engine 20.10 or newer (https://docs.docker.com/engine/install)" >&2
        exit "$no_engine"
    fi
    echo "no container engine answers: installing the distribution's docker.io" >&2
    sh tools/apt.sh docker.io iptables
fi
answers 2>/dev/null || start
wait_for_answer
