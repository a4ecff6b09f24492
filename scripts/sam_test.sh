#!/usr/bin/env bash
# Runs the functions that `sam build` built in Lambda's image: each with its event, then the API
# over HTTP, then a route behind the authorizer. It is the work of `make sam-test`.
set -euo pipefail
cd "$(dirname "$0")/.."

# provided.al2023 has glibc 2.34: a binary that wants a later symbol would not start there.
for bootstrap in .aws-sam/build/*/bootstrap; do
    glibc=$(grep -aoE 'GLIBC_[0-9]+\.[0-9]+' "$bootstrap" | sort -uV | tail -n 1)
    echo "$bootstrap needs $glibc"
    [ "$(printf '%s\n' "$glibc" GLIBC_2.34 | sort -V | tail -n 1)" = GLIBC_2.34 ] || {
        echo "$bootstrap: needs $glibc, but provided.al2023 has 2.34; build it with zig: make build" >&2
        exit 1
    }
done

# The development values come by samconfig.toml.
options=(--skip-pull-image)
for folder in functions/*/; do
    name=$(basename "$folder")
    resource=$(sed -E 's/(^|-)(.)/\U\2/g' <<<"$name")Function
    answer=$(sam local invoke "$resource" --event "events/$name.json" "${options[@]}" 2>target/sam-invoke.log) || {
        cat target/sam-invoke.log >&2
        exit 1
    }
    echo "sam local invoke $resource: ${answer:0:400}"
    # The template's RefreshIdleDays holds here, so there are sessions, and a POST /revoke.
    expected=200
    # The development key is no ring, so nothing is published; the template checks no clients; the session of
    # the event is not in this container's memory.
    [[ $name != @(not-found|well-known|introspect|users-me-session) ]] || expected=404
    # An authorizer has a verdict, and no status.
    [[ $name != authorizer || $answer != *"\"isAuthorized\": true"* ]] || continue
    [[ $answer == *"\"statusCode\":$expected,"* || $answer == *"\"statusCode\": $expected,"* ]] || {
        echo "$resource answered events/$name.json with another status than $expected" >&2
        exit 1
    }
done

api=
stop_api() {
    if [ -n "$api" ]; then
        kill "$api" 2>/dev/null || true
        wait "$api" 2>/dev/null || true
    fi
}
trap stop_api EXIT

# Starts the API of a template on $port.
start_api() {
    stop_api
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    sam local start-api --port "$port" --warm-containers EAGER "${options[@]}" "$@" >target/sam-api.log 2>&1 &
    api=$!
    for _ in $(seq 300); do
        (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && return
        kill -0 "$api" 2>/dev/null || break
        sleep 0.2
    done
    cat target/sam-api.log >&2
    exit 1
}

start_api
key=$(sed -n 's/^JWT_SECRET_KEY=//p' events/dev.env)
# The template names CORS, if only on a condition: that is enough for sam local to answer OPTIONS itself.
API_URL=http://127.0.0.1:$port JWT_SECRET_KEY=$key PARITY_WITHOUT=method_OPTIONS \
    cargo test --package tests --test live -- --ignored --nocapture --test-threads 1 \
    the_pages_flow answers_as_fastapi_does it_describes_itself

start_api --template tests/protected.yaml --env-vars events/env.json
status_with() {
    token=$(curl -s "http://127.0.0.1:$port/token" -d "username=johndoe&password=secret&scope=$1" | sed 's/.*"access_token":"\([^"]*\).*/\1/')
    curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/openapi.json" ${1:+-H "Authorization: Bearer $token"}
}
answers="$(status_with items+me) $(status_with me) $(status_with '')"
echo "sam local start-api, GET /openapi.json behind the authorizer, with both scopes, with one, without a header: $answers"
[ "$answers" = '200 403 401' ] || { cat target/sam-api.log >&2; exit 1; }
