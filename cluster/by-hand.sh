#!/usr/bin/env bash
# A Ray cluster of two or three hosts that have emodist installed and see one another, by hand:
#
#   cluster/by-hand.sh head    # on the first host; prints the next line
#   ssh HEAD cat .ray/auth_token | cluster/by-hand.sh worker HEAD:6379    # on each other host
#   cluster/by-hand.sh stop    # on each host
#
# Every host needs the same Python, Ray and emodist (constraints.txt), and sees the media and the
# output at the same path: a shared folder, or s3://.
set -euo pipefail

# The token stands in a file that only this user reads: on a command line others would see it.
TOKEN_FILE="${RAY_AUTH_TOKEN_PATH:-$HOME/.ray/auth_token}"
# Where Ray puts what does not fit into memory, unpacked jobs and its logs: a local disk, never the
# shared folder. Sockets below it need a short path.
SCRATCH="${EMODIST_SCRATCH:-/tmp/ray-emodist}"
PIDS="$SCRATCH.pid"

usage() {
    sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

start() {
    if ! command -v ray >/dev/null; then
        echo "no \`ray\` on the PATH; activate the environment that emodist is installed in" >&2
        exit 2
    fi
    mkdir -p "$SCRATCH"
    export RAY_AUTH_MODE=token RAY_AUTH_TOKEN_PATH="$TOKEN_FILE"
    # In a session of its own, so that `stop` ends this cluster and no other Ray of the host:
    # `ray stop` would end them all. The agent takes any free port, in case another Ray has its own.
    setsid ray start "$@" --block --temp-dir="$SCRATCH" --dashboard-agent-listen-port=0 \
        --disable-usage-stats </dev/null >"$SCRATCH/start.log" 2>&1 &
    echo $! >"$PIDS"
    until grep -qs "Ray runtime started" "$SCRATCH/start.log"; do
        if ! kill -0 $!; then
            cat "$SCRATCH/start.log" >&2
            exit 1
        fi
        sleep 0.5
    done
}

case "${1:-}" in
    head)
        if [ ! -s "$TOKEN_FILE" ]; then
            mkdir -p "$(dirname "$TOKEN_FILE")"
            (umask 077 && python3 -c 'import secrets; print(secrets.token_hex(32))' >"$TOKEN_FILE")
        fi
        # The dashboard takes jobs: reach it from this host, or through `ssh -L 8265:localhost:8265`.
        start --head --port="${PORT:-6379}" --dashboard-host=127.0.0.1 \
            --dashboard-port="${DASHBOARD_PORT:-8265}"
        echo "head started (its log: $SCRATCH/start.log); on each other host:"
        echo "  ssh $(hostname) cat $TOKEN_FILE | cluster/by-hand.sh worker $(hostname):${PORT:-6379}"
        echo "then here: emodist submit featurize jobs/featurize.yaml path=... out=..."
        ;;
    worker)
        [ -n "${2:-}" ] || usage
        if [ ! -s "$TOKEN_FILE" ]; then
            mkdir -p "$(dirname "$TOKEN_FILE")"
            (umask 077 && cat >"$TOKEN_FILE")
        fi
        start --address="$2"
        echo "worker started; its log is $SCRATCH/start.log"
        ;;
    stop)
        group="$(cat "$PIDS")"
        kill -- "-$group" || true
        for _ in $(seq 100); do
            kill -0 -- "-$group" 2>/dev/null || break
            sleep 0.1
        done
        # Ray's own processes do not all end when they are asked to.
        kill -KILL -- "-$group" 2>/dev/null || true
        rm -f "$PIDS"
        ;;
    *) usage ;;
esac
