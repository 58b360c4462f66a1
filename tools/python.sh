#!/bin/sh
# Make .venv with msctl in it. Usage: tools/python.sh [EXTRA]; EXTRA is a pip extra such as "dev".
set -eu
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
cd "$(dirname "$0")/.."
extra=${1:-}
stamp=.venv/.msctl${extra:+-$extra}
: "${DISTRIBUTION_PYTHON:=/usr/bin/python3}"

recent() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

# False also for a venv whose making was interrupted, whose Python is gone, or that was made for another folder.
usable() {
    recent .venv/bin/python && .venv/bin/pip --version 2>/dev/null | grep -qF "from $(pwd -P)/.venv/"
}

can_make_venvs() {
    "$1" -c 'import ensurepip, venv' 2>/dev/null
}

# A distribution's own Python is built with optimizations, one of a version manager often is not: a quarter of every
# command's time. One that lacks what a venv needs comes last, since that has to be installed first.
find_python() {
    for wanted in can_make_venvs true; do
        for candidate in "${PYTHON:-}" "$DISTRIBUTION_PYTHON" python3 python3.13 python3.12 python3.11; do
            [ -n "$candidate" ] && command -v "$candidate" >/dev/null || continue
            recent "$candidate" && "$wanted" "$candidate" || continue
            echo "$candidate"
            return
        done
    done
    echo "error: Python 3.11 or newer is needed, and none was found; set PYTHON=/path/to/python3" >&2
    exit 1
}

make_venv() {
    "$1" -m venv .venv 2>/dev/null && return
    rm -rf .venv
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "installing the distribution's python3-venv" >&2
        sh tools/apt.sh python3-venv && "$1" -m venv .venv && return
    fi
    echo "error: $1 cannot make a virtual environment; install python3-venv (apt-get install python3-venv)" >&2
    exit 1
}

if ! usable; then
    python=$(find_python) || exit 1
    rm -rf .venv
    make_venv "$python"
fi
if [ ! -e "$stamp" ] || [ pyproject.toml -nt "$stamp" ]; then
    echo "installing msctl into .venv" >&2
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --editable ".${extra:+[$extra]}"
    .venv/bin/python -m compileall -q msctl
    touch "$stamp"
fi
