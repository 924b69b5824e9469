#!/usr/bin/env bash
# The virtual environment of the checks and tests, from the hashed requirements; nothing to do when
# they have not changed.
set -euo pipefail

venv=${1:?usage: setup/venv.sh FOLDER}
python=${PYTHON:-python3}
stamp=$venv/.requirements
wanted=$(cat requirements-dev.txt | sha256sum)

if [ -x "$venv/bin/python" ] && [ "$(cat "$stamp" 2>/dev/null || true)" = "$wanted" ]; then exit 0; fi

# Debian ships venv as a package of its own; without it the module is there, but not its pip.
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    if [ "$(id -u)" -ne 0 ] || [ ! -e /etc/debian_version ]; then
        echo "Python's venv is missing. On Debian or Ubuntu: sudo apt-get install python3-venv" >&2
        exit 1
    fi
    export DEBIAN_FRONTEND=noninteractive
    echo "  installing python3-venv"
    apt-get update -qq || true
    apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
fi

echo "  installing the tools of checks and tests into $venv"
log=${SANDFLEET_HOME:-.sandfleet}/log/venv.log
mkdir -p "$(dirname "$log")"
rm -rf "$venv"
if ! { "$python" -m venv "$venv" && "$venv/bin/python" -m pip install --disable-pip-version-check \
    --require-hashes --requirement requirements-dev.txt; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "The virtual environment could not be made; the lines above are the end of $log." >&2
    exit 1
fi
printf '%s\n' "$wanted" >"$stamp"
