#!/usr/bin/env bash
# A container engine and a compose that answer. `up` uses what is there and, as root on Debian or
# Ubuntu, installs and starts what is not; `stop` ends an engine that `up` started, if it is idle;
# `test-programs`, `fuzz-programs` and `dev-programs` do the same for what tests and `make dev` start.
set -euo pipefail

state=${SANDFLEET_HOME:-.sandfleet}
dockerd_pid_file=$state/dockerd.pid
dockerd_log=$state/dockerd.log
start_deadline_s=60

say() { printf '  %s\n' "$*"; }

stop_with() {
    printf '\n%s\n' "$1" >&2
    shift
    printf '    %s\n' "$@" >&2
    exit 1
}

engine_answers() { timeout 15 docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }
engine_complaint() { timeout 15 docker version 2>&1 >/dev/null | tail -n 1 || true; }
is_root() { [ "$(id -u)" -eq 0 ]; }
has_apt() { command -v apt-get >/dev/null && [ -e /etc/debian_version ]; }

# Debian's packages, quietly: the log tells the rest.
install_packages() {
    mkdir -p "$state/log"
    local log=$state/log/apt.log
    say "installing $*"
    export DEBIAN_FRONTEND=noninteractive
    # One source of many that does not answer is no reason to give up: the installation decides.
    timeout 300 apt-get update >"$log" 2>&1 </dev/null || true
    if ! timeout 900 apt-get install -y --no-install-recommends "$@" >>"$log" 2>&1 </dev/null; then
        tail -n 20 "$log" >&2
        stop_with "apt-get could not install $*; the lines above are the end of $log." \
            "Install them by hand, then run make again."
    fi
}

packaged() { apt-cache show "$1" >/dev/null 2>&1; }

install_engine() {
    if ! is_root || ! has_apt; then
        stop_with "No container engine is installed." \
            "On Debian or Ubuntu:  sudo apt-get install docker.io docker-compose" \
            "Elsewhere:            https://docs.docker.com/engine/install/" \
            "or run make as root on Debian or Ubuntu, and it does that for you."
    fi
    local packages=(docker.io)
    # Newer Debian ships the client as a package of its own.
    if ! command -v docker >/dev/null && packaged docker-cli; then packages+=(docker-cli); fi
    install_packages "${packages[@]}"
}

# A pid file can outlive its engine (a power cut, a copied machine); the number may by now belong to
# somebody else, and dockerd would refuse to start.
drop_stale_pid_file() {
    local file=/var/run/docker.pid pid
    [ -e "$file" ] || return 0
    pid=$(cat "$file" 2>/dev/null || true)
    if [ -z "$pid" ] || [ "$(cat "/proc/$pid/comm" 2>/dev/null || true)" != dockerd ]; then
        rm -f "$file"
    fi
}

# Without pgrep, which a minimal machine does not have.
dockerd_runs() { grep -qsx dockerd /proc/[0-9]*/comm; }

start_engine() {
    if [ -d /run/systemd/system ]; then
        say "starting the engine with systemd"
        timeout 90 systemctl start docker || stop_with "systemd could not start docker." \
            "See: systemctl status docker; journalctl -u docker"
    elif ! dockerd_runs; then
        say "starting dockerd (log: $dockerd_log)"
        drop_stale_pid_file
        mkdir -p "$state"
        # A session of its own, so that the end of make or of a terminal does not end the engine.
        setsid dockerd >>"$dockerd_log" 2>&1 </dev/null &
        echo $! >"$dockerd_pid_file"
    fi
    local deadline=$((SECONDS + start_deadline_s))
    until engine_answers; do
        if [ -e "$dockerd_pid_file" ] && ! kill -0 "$(cat "$dockerd_pid_file")" 2>/dev/null; then
            rm -f "$dockerd_pid_file"
            tail -n 15 "$dockerd_log" >&2
            stop_with "dockerd ended right after its start; the lines above say why." \
                "The usual reasons: not a full virtual machine, no cgroups mounted, no iptables."
        fi
        if [ "$SECONDS" -ge "$deadline" ]; then
            stop_with "The engine did not answer within ${start_deadline_s} s: $(engine_complaint)" \
                "Its log: $dockerd_log, or journalctl -u docker"
        fi
        sleep 0.3
    done
}

ensure_engine() {
    if command -v docker >/dev/null && engine_answers; then return; fi
    if [ -n "${DOCKER_HOST:-}" ]; then
        stop_with "DOCKER_HOST is set and nothing answers there: $(engine_complaint)" \
            "Start that engine, or unset DOCKER_HOST to use the one of this machine."
    fi
    if ! is_root && [ -S /var/run/docker.sock ] && [ ! -w /var/run/docker.sock ]; then
        stop_with "The engine is there, but this user may not talk to it." \
            "sudo usermod -aG docker \"\$USER\"    then log out and in again" \
            "Whoever is in that group is root on this machine; SECURITY.md says more."
    fi
    if ! command -v docker >/dev/null || ! command -v dockerd >/dev/null; then install_engine; fi
    if engine_answers; then return; fi
    if ! is_root; then
        stop_with "The container engine does not run." "sudo systemctl start docker"
    fi
    start_engine
}

ensure_compose() {
    if timeout 15 docker compose version >/dev/null 2>&1; then return; fi
    if timeout 30 docker-compose version >/dev/null 2>&1; then return; fi
    if ! is_root || ! has_apt; then
        stop_with "Neither 'docker compose' nor 'docker-compose' is installed." \
            "On Debian or Ubuntu:  sudo apt-get install docker-compose"
    fi
    timeout 300 apt-get update >/dev/null 2>&1 || true
    if packaged docker-compose-v2; then install_packages docker-compose-v2; else install_packages docker-compose; fi
}

# redis-server: the chaos campaign kills and freezes its own. crun and buildah: sandboxes and images
# without an engine.
ensure_test_programs() {
    local missing=()
    for program in redis-server crun buildah openssl; do
        command -v "$program" >/dev/null || missing+=("$program")
    done
    if [ ${#missing[@]} -eq 0 ]; then return; fi
    if ! is_root || ! has_apt; then
        stop_with "The tests need ${missing[*]}." \
            "On Debian or Ubuntu:  sudo apt-get install ${missing[*]}"
    fi
    install_packages "${missing[@]}"
    # The tests need the program, not a server of the machine's own.
    if [[ " ${missing[*]} " == *" redis-server "* && -d /run/systemd/system ]]; then
        timeout 60 systemctl disable --now redis-server >/dev/null 2>&1 || true
    fi
}

# What `make dev` runs on instead of an engine. debootstrap: for bases where no registry answers.
ensure_dev_programs() {
    local missing=() program
    for program in crun buildah unshare setpriv; do
        command -v "$program" >/dev/null || missing+=("$program")
    done
    if ! is_root || [ "$(uname)" != Linux ]; then
        stop_with "make dev makes its sandboxes without an engine, and for that it must be root on Linux." \
            "Here:       sudo make dev" \
            "Otherwise:  make up, which needs a container engine that this user may talk to."
    fi
    if [ ! -x "$state/dev/venv/bin/python" ] && ! "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null; then
        missing+=(python3-venv)
    fi
    if [ ${#missing[@]} -eq 0 ]; then return; fi
    if ! has_apt; then
        stop_with "make dev needs ${missing[*]}." \
            "Install them with the package manager of this system, then run it again;" \
            "or run make up, which needs a container engine instead."
    fi
    install_packages crun buildah debootstrap debian-archive-keyring python3-venv
}

ensure_fuzz_programs() {
    if compgen -c | grep -qE '^clang(-[0-9]+)?$'; then return; fi
    if ! is_root || ! has_apt; then
        stop_with "Fuzzing init needs clang with its sanitizers." \
            "On Debian or Ubuntu:  sudo apt-get install clang libclang-rt-dev"
    fi
    install_packages clang libclang-rt-dev
}

stop_engine() {
    [ -e "$dockerd_pid_file" ] || return 0
    local pid
    pid=$(cat "$dockerd_pid_file")
    if [ "$(cat "/proc/$pid/comm" 2>/dev/null || true)" != dockerd ]; then
        rm -f "$dockerd_pid_file"
        return 0
    fi
    if [ -n "$(timeout 30 docker ps --quiet)" ]; then
        say "the engine keeps running: other containers use it"
        return 0
    fi
    say "stopping the engine that make started"
    kill "$pid"
    local deadline=$((SECONDS + 30))
    while kill -0 "$pid" 2>/dev/null; do
        [ "$SECONDS" -lt "$deadline" ] || stop_with "dockerd ($pid) does not end." "See $dockerd_log"
        sleep 0.2
    done
    rm -f "$dockerd_pid_file"
}

case ${1:-} in
up)
    ensure_engine
    ensure_compose
    ;;
stop) stop_engine ;;
test-programs) ensure_test_programs ;;
fuzz-programs) ensure_fuzz_programs ;;
dev-programs) ensure_dev_programs ;;
*) stop_with "usage: setup/engine.sh up|stop|test-programs|fuzz-programs|dev-programs" ;;
esac
