#!/usr/bin/env bash
# Runs a command with what `sam local` needs: a Docker engine and AWS's Lambda image.
#     .ci/docker.sh run COMMAND [ARG...]
# An engine and an image that are there are used. Missing ones are made for this run and removed
# after it, also on Ctrl-C. Packages, logs and pulled images stay. The exit code is COMMAND's.
set -euo pipefail

say() { printf 'docker.sh: %s\n' "$*" >&2; }
die() { say "$@"; exit 1; }

if [ "${1:-}" != run ] || [ $# -lt 2 ]; then
    die 'no command given. Usage: .ci/docker.sh run COMMAND [ARG...]'
fi
shift

# Where Debian has dockerd; a root shell by `su` without `-` may not look there.
PATH=$PATH:/usr/sbin:/sbin

root=$(cd "$(dirname "$0")/.." && pwd -P)
cd "$root"
state=$root/target/docker
mkdir -p "$state"
case $(uname -m) in
    x86_64) arch=x86_64 ;;
    aarch64 | arm64) arch=arm64 ;;
    *) die "Lambda has no $(uname -m) machines. Use an x86_64 or arm64 machine." ;;
esac
image=public.ecr.aws/lambda/provided:al2023-$arch
label=lambda-stand-in=$image

# What this run started, for clean_up.
command='' engine='' run='' tree='' bridge_before='' containers_before=''

debian_root() { [ "$(id -u)" = 0 ] && [ -e /etc/debian_version ]; }

install_package() { .ci/install "$1" || die "install $1, then try again"; }

# --- the engine ------------------------------------------------------------------

ensure_engine() {
    if docker info >/dev/null 2>&1; then
        # sam does not know docker's contexts (Docker Desktop, rootless, Colima).
        DOCKER_HOST=${DOCKER_HOST:-$(docker context inspect --format '{{.Endpoints.docker.Host}}' 2>/dev/null || true)}
        if [ -n "$DOCKER_HOST" ]; then export DOCKER_HOST; else unset DOCKER_HOST; fi
        containers_before=$(containers)
        return
    fi
    debian_root || die "\`sam local\` needs Docker: no engine answers." \
        "Start Docker, or run this as root on Debian, where it installs and starts an engine of its own."
    command -v dockerd >/dev/null || install_package docker.io
    command -v docker >/dev/null || install_package docker-cli # a package of its own since Debian 13
    start_engine
}

start_engine() {
    exec 9>"$state/lock"
    flock --nonblock 9 || { say "waiting for another run in $root to end"; flock 9; }

    run=$state/run
    # A unix socket's path has at most 107 bytes; the engine adds up to 40 to this one.
    if [ ${#run} -gt 60 ]; then run=$(mktemp -d); fi
    mkdir -p "$run"
    rm -f "$run/dockerd.pid"
    echo '{}' >"$state/daemon.json" # not the machine's settings, which are for its own engine
    [ ! -e /sys/class/net/docker0 ] || bridge_before=yes

    # No netfilter rules and no forwarding: dockerd would leave them behind, and for ports
    # published on 127.0.0.1 its proxy is enough.
    # The engine has a process group of its own, so that Ctrl-C does not reach it before sam is
    # done with it, and a death signal, so that it ends even when this script is killed.
    say "no Docker engine answers: starting one for this run (log: $state/dockerd.log)"
    set -m
    setpriv --pdeathsig TERM dockerd --config-file "$state/daemon.json" \
        --host "unix://$run/docker.sock" --pidfile "$run/dockerd.pid" \
        --exec-root "$run/exec" --data-root "$state/data" \
        --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false \
        >"$state/dockerd.log" 2>&1 </dev/null 9>&- &
    engine=$!
    set +m

    export DOCKER_HOST=unix://$run/docker.sock
    unset DOCKER_CONTEXT DOCKER_TLS_VERIFY DOCKER_CERT_PATH
    for _ in $(seq 150); do
        if docker info >/dev/null 2>&1; then return; fi
        kill -0 "$engine" 2>/dev/null || break
        sleep 0.2
    done
    die "dockerd does not start: $(tail -n 1 "$state/dockerd.log")." \
        "Start Docker yourself, or see $state/dockerd.log."
}

# --- the image -------------------------------------------------------------------

bounded() { if command -v timeout >/dev/null; then timeout "$@"; else shift; "$@"; fi; }

ensure_image() {
    remove_stand_ins # left by a killed run: by now the registry may be reachable
    if docker image inspect "$image" >/dev/null 2>&1; then say "using $image, which is here"; return; fi
    # If no registry can be reached, the engine says so by itself, within seconds.
    if bounded 120 docker pull --quiet "$image" >"$state/pull.log" 2>&1; then say "using $image, just pulled"; return; fi
    local cause
    cause=$(tail -n 1 "$state/pull.log")
    cause=${cause##*: } # the innermost of the nested errors
    cause=${cause:-no answer within 120 s}
    make_stand_in "$cause"
    say "using a stand-in for $image, which cannot be pulled ($cause)"
}

# An image that sam builds on top of a stand-in has its label too, so it is also removed.
remove_stand_ins() {
    local id
    for id in $(docker image ls -q --filter "label=$label"); do
        docker image rm -f "$id" >/dev/null 2>&1 || true
    done
}

# Makes an image with as much of Amazon Linux 2023 as sam's Dockerfile (sh, mv, chmod) and a
# Rust binary need, from files of this machine. Its glibc is not Amazon's, so sam_test.sh
# checks separately which glibc the bootstraps need.
make_stand_in() {
    local linux=/lib64/ld-linux-x86-64.so.2 kind=x86-64 lib path applet
    if [ "$arch" = arm64 ]; then linux=/lib/ld-linux-aarch64.so.1 kind=AArch64; fi
    if [ ! -e /bin/busybox ] && debian_root; then install_package busybox-static; fi
    if [ ! -e /bin/busybox ] || [ ! -e $linux ]; then
        die "$image cannot be pulled ($1), and a stand-in for it takes a glibc Linux with /bin/busybox." \
            'Make the image registry reachable, or install busybox-static.'
    fi

    tree=$(mktemp -d "$state/stand-in.XXXXXX")
    mkdir -p "$tree"/{bin,opt,tmp,etc/ssl,etc/pki/tls/certs,var/task,var/runtime,var/rapid}
    chmod 755 "$tree"
    chmod 1777 "$tree/tmp"
    cp /bin/busybox "$tree/bin/"
    for applet in sh mv chmod cp rm ls cat mkdir; do ln -s busybox "$tree/bin/$applet"; done
    install -D $linux "$tree$linux"
    for lib in libc.so.6 libm.so.6 libgcc_s.so.1 libpthread.so.0 libdl.so.2 librt.so.1 libresolv.so.2; do
        path=$(/sbin/ldconfig -p | awk -v lib="$lib" -v kind="$kind" '$1 == lib && index($0, kind) && !n++ { print $NF }')
        if [ -n "$path" ]; then install -D "$path" "$tree$path"; fi
    done
    echo 'root:x:0:0:root:/root:/bin/sh' >"$tree/etc/passwd"
    ln -s ../pki/tls/certs "$tree/etc/ssl/certs" # as on Amazon Linux
    if [ -e /etc/ssl/certs/ca-certificates.crt ]; then
        cp /etc/ssl/certs/ca-certificates.crt "$tree/etc/pki/tls/certs/ca-bundle.crt"
    fi
    tar -C "$tree" --owner=0 --group=0 -c . \
        | docker import --change "LABEL $label" --change 'ENV LAMBDA_TASK_ROOT=/var/task' - "$image" >"$state/import.log" 2>&1 \
        || die "docker import cannot make a stand-in for $image: $(tail -n 1 "$state/import.log"). See $state/import.log."
    rm -rf "$tree"
}

# --- the run ---------------------------------------------------------------------

# Lists the containers that mount a folder of this checkout; all, if the engine is our own.
containers() {
    docker ps -a --no-trunc --format '{{.ID}} {{.Mounts}}' 2>/dev/null \
        | awk -v root="$root/" -v all="$engine" 'all || index($0, root) { print $1 }'
}

# shellcheck disable=SC2317 # called by clean_up
# Waits up to $1 seconds until the process (or, as -N, the group) $2 is gone.
gone() {
    for _ in $(seq $(($1 * 10))); do
        kill -0 -- "$2" 2>/dev/null || return 0
        sleep 0.1
    done
    return 1
}

# shellcheck disable=SC2317 # called by clean_up
stop() {
    kill -TERM -- "$2" 2>/dev/null || return 0
    gone "$1" "$2" || kill -KILL -- "$2" 2>/dev/null || true
}

# shellcheck disable=SC2317 # called by the trap
clean_up() {
    local status=$? id
    trap - EXIT
    trap '' INT TERM HUP
    set +e
    if [ -n "$tree" ]; then rm -rf "$tree"; fi
    # sam removes its containers when it is asked to stop, so it goes first.
    if [ -n "$command" ]; then stop 15 "-$command"; fi
    if [ -n "${ready:-}" ]; then
        for id in $(containers); do
            case $containers_before in *"$id"*) ;; *) docker rm -f "$id" >/dev/null 2>&1 ;; esac
        done
        remove_stand_ins
    fi
    if [ -n "$engine" ]; then
        stop 20 "$engine"
        wait "$engine" 2>/dev/null
        if [ -z "$bridge_before" ] && command -v ip >/dev/null; then ip link delete docker0 2>/dev/null; fi
        rm -rf "$run"
    fi
    exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

ensure_engine
ready=yes
ensure_image

# COMMAND has a process group of its own, so that signals and clean_up reach all that it starts.
set -m
"$@" 9>&- &
command=$!
set +m
trap 'kill -INT -- "-$command" 2>/dev/null || true' INT
trap 'kill -TERM -- "-$command" 2>/dev/null || true' TERM HUP
while :; do
    status=0
    wait "$command" || status=$?
    kill -0 "$command" 2>/dev/null || break # if it still runs, a signal has only interrupted the wait
done
exit "$status"
