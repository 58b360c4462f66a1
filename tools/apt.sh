#!/bin/sh
# Install packages of the distribution, as root. Usage: tools/apt.sh PACKAGE...
# Another apt, such as a fresh machine's own updates, is waited for: for two minutes in all.
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
patience=120
end=

may_wait() {
    if [ -z "$end" ]; then
        end=$(($(date +%s) + patience))
        echo "waiting for another apt to end: $1" >&2
    fi
    [ "$(date +%s)" -lt "$end" ]
}

apt() {
    until said=$(apt-get -qq "$@" 2>&1); do
        lock=$(echo "$said" | sed -n '/^E: Could not get lock /{s///p;q}')
        if [ -z "$lock" ] || ! may_wait "$lock"; then
            echo "$said" >&2
            exit 1
        fi
        sleep 1
    done
}

apt update
apt install --yes --no-install-recommends "$@"
