#!/usr/bin/env bash
# A virtual environment from hashed requirements, those of the checks and tests unless others are named;
# nothing to do when they have not changed.
set -euo pipefail

venv=${1:?usage: setup/venv.sh FOLDER [REQUIREMENTS]}
requirements=${2:-requirements-dev.txt}
python=${PYTHON:-python3}
stamp=$venv/.requirements
wanted=$(sha256sum <"$requirements")

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

echo "  installing $requirements into $venv"
log=${SANDFLEET_HOME:-.sandfleet}/log/venv.log
mkdir -p "$(dirname "$log")"
rm -rf "$venv"
# The authorities this machine trusts, which pip would otherwise not look at.
bundle=/etc/ssl/certs/ca-certificates.crt
if [ -z "${PIP_CERT:-}" ] && [ -e "$bundle" ]; then export PIP_CERT=$bundle; fi
if ! { "$python" -m venv "$venv" && "$venv/bin/python" -m pip install --disable-pip-version-check \
    --require-hashes --requirement "$requirements"; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "The virtual environment could not be made; the lines above are the end of $log." >&2
    exit 1
fi
printf '%s\n' "$wanted" >"$stamp"
