#!/usr/bin/env bash
# Runs plain `cargo lambda watch`, in a shell without variables of ours, and tries it: the work of `make watch-test`.
set -euo pipefail
cd "$(dirname "$0")/.."

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
url=http://127.0.0.1:$port
log=target/watch.log
plain=(env -i "PATH=$PATH" "HOME=$HOME" ${CARGO_TARGET_DIR:+"CARGO_TARGET_DIR=$CARGO_TARGET_DIR"})

# It leads a process group of its own, in which it and everything that it starts ends.
set -m
"${plain[@]}" cargo lambda watch --invoke-address 127.0.0.1 --invoke-port "$port" >"$log" 2>&1 &
watch=$!
set +m
trap 'kill -- "-$watch" 2>/dev/null || true; wait "$watch" 2>/dev/null || true' EXIT

# Each function is built at its first request.
for path in /status/ /token /users/me/ /users/me/items/ /openapi.json /docs /nowhere; do
    for _ in $(seq 50); do
        curl --silent --noproxy '*' --max-time 900 --output /dev/null "$url$path" && continue 2
        kill -0 "$watch" 2>/dev/null || break 2
        sleep 0.2
    done
    cat "$log" >&2
    exit 1
done

python3 tests/readme.py "$url"

# What cargo-lambda does otherwise than AWS's gateway, here: a header that is
# not UTF-8 is 500.
key=$(sed -n 's/^JWT_SECRET_KEY=//p' events/dev.env)
API_URL=$url JWT_SECRET_KEY=$key PARITY_TIERS=core,framework,edge PARITY_WITHOUT=me_non_ascii_token \
    cargo test --quiet --package tests --test live -- --ignored --nocapture --test-threads 1 \
    the_pages_flow answers_as_fastapi_does it_describes_itself

answer=$(cargo lambda invoke users-me --invoke-address 127.0.0.1 --invoke-port "$port" --data-file events/users-me.json)
echo "cargo lambda invoke users-me: $answer"
[[ $answer == *'"statusCode":200'* ]]

# A function that cannot start says why, although cargo-lambda does not answer its report.
reason=$(env AWS_LAMBDA_FUNCTION_NAME=status AWS_LAMBDA_FUNCTION_VERSION=1 AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128 \
    AWS_LAMBDA_RUNTIME_API="$url/.rt/status" USER_STORE=nowhere "${CARGO_TARGET_DIR:-target}/debug/status" 2>&1) && exit 1
echo "a function that cannot start: $reason"
[[ $reason == *'USER_STORE: unknown store "nowhere"'* ]]
