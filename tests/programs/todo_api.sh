#!/usr/bin/env bash
# Checks a todo service written to the specification in examples/todo-api/prompt.md.
#
#   bash tests/programs/todo_api.sh <program-dir>
#
# Runs the program's own tests, then starts the service on a free port of the loopback interface
# and sends it requests. Works on a copy. Needs python3 (3.11 or newer) and curl.

set -uo pipefail

if [ $# -ne 1 ] || [ ! -d "$1" ]; then
  echo "usage: bash tests/programs/todo_api.sh <program-dir>" >&2
  exit 2
fi

work=$(mktemp -d)
program=$work/program
service=
passed=0
failed=0

cleanup() {
  if [ -n "$service" ]; then
    { kill -KILL "$service" && wait "$service"; } 2>/dev/null
  fi
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

mkdir "$program"
cp -R "$1"/. "$program"
cd "$program" || exit 1

ok() {
  passed=$((passed + 1))
  echo "ok - $1"
}

# not_ok <name> <what is wrong>
not_ok() {
  failed=$((failed + 1))
  echo "not ok - $1"
  printf '%s\n' "$2" | sed 's/^/    /'
}

finish() {
  echo "$passed passed, $failed failed"
  [ "$failed" -eq 0 ]
  exit
}

# Nothing of the caller's environment reaches the program, but what Python needs to start.
clean=(env -i PATH="$PATH" HOME="$work" LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1)

start_service() {
  local _
  "${clean[@]}" TODO_HOST=127.0.0.1 TODO_PORT="$port" TODO_DB="$work/todos.sqlite3" \
    python3 -m todo_api >"$work/out" 2>"$work/log" &
  service=$!
  for _ in $(seq 100); do
    if ! kill -0 "$service" 2>/dev/null; then return 1; fi
    if curl -fsS -m 2 "$url/health" >/dev/null 2>&1; then return 0; fi
    sleep 0.1
  done
  return 1
}

# Ends the service with SIGTERM; returns its exit code, or 124 when it has not ended within 5 s.
stop_service() {
  local pid=$service _
  kill -TERM "$pid" 2>/dev/null
  for _ in $(seq 50); do
    if ! kill -0 "$pid" 2>/dev/null; then
      service=
      wait "$pid"
      return
    fi
    sleep 0.1
  done
  return 124
}

# check <name> <expected status> <condition> <curl arguments...>
# The condition is a Python expression over `data`, the answer's JSON (None when there is none),
# and `headers`, the answer's headers with names in lower case.
check() {
  local name=$1 expected=$2 condition=$3 status problem
  shift 3
  if ! status=$(curl -sS -m 5 -D "$work/headers" -o "$work/body" -w '%{http_code}' "$@" 2>"$work/curl"); then
    not_ok "$name" "$(cat "$work/curl")"
    return
  fi
  if [ "$status" != "$expected" ]; then
    not_ok "$name" "the status is $status, not $expected; the body is: $(head -c 400 "$work/body")"
    return
  fi
  if problem=$(python3 - "$work" "$condition" 2>&1 <<'PYTHON'
import json
import re
import sys
from pathlib import Path

work, condition = Path(sys.argv[1]), sys.argv[2]
text = (work / "body").read_text("utf-8") if (work / "body").exists() else ""
lines = (work / "headers").read_text("latin-1").splitlines()
headers = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
data = json.loads(text) if text.startswith("{") else None
try:
    problem = None if eval(f"({condition})") else "is not true"
except Exception as error:
    problem = f"cannot be evaluated: {error!r}"
if problem:
    sys.exit(f"{condition} {problem}\nbody: {text[:400]}")
PYTHON
  ); then
    ok "$name"
  else
    not_ok "$name" "$problem"
  fi
  rm -f "$work/body" "$work/headers"
}

json=(-H 'Content-Type: application/json')

# The program's own tests. They need the loopback interface only.
if "${clean[@]}" timeout 60 python3 -m unittest >"$work/unittest" 2>&1 &&
  grep -Eq '^Ran [1-9][0-9]* tests? ' "$work/unittest"; then
  ok "its own tests pass ($(grep -Eo '^Ran [0-9]+ tests?' "$work/unittest"))"
else
  not_ok "its own tests pass" "$(tail -n 25 "$work/unittest")"
fi

# The service.
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
url=http://127.0.0.1:$port
export no_proxy=127.0.0.1

if start_service; then
  ok "it starts with TODO_HOST, TODO_PORT and TODO_DB"
else
  not_ok "it starts with TODO_HOST, TODO_PORT and TODO_DB" "$(cat "$work/out" "$work/log")"
  finish
fi
check "it has a health check" 200 'data == {"status": "ok"}' "$url/health"
if grep -q ":$port\b" "$work/out"; then
  ok "it prints its address"
else
  not_ok "it prints its address" "stdout was: $(cat "$work/out")"
fi

check "it creates a todo" 201 'headers["location"] == "/todos/1"
  and {k: v for k, v in data.items() if k != "created_at"} == {"id": 1, "title": "Buy tea", "done": False}
  and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", data["created_at"])' \
  "${json[@]}" -d '{"title": "  Buy tea "}' "$url/todos"
check "it creates a done todo, with letters of any language" 201 \
  'data["id"] == 2 and data["title"] == "Öl kaufen" and data["done"] is True' \
  "${json[@]}" -d '{"title": "Öl kaufen", "done": true}' "$url/todos"
check "it shows a todo" 200 'data["title"] == "Buy tea" and set(data) == {"id", "title", "done", "created_at"}' \
  "$url/todos/1"
check "it lists todos, oldest first" 200 '[t["id"] for t in data["todos"]] == [1, 2] and data["total"] == 2' \
  "$url/todos"
check "it filters by done" 200 '[t["id"] for t in data["todos"]] == [2] and data["total"] == 1' \
  "$url/todos?done=true"
check "it searches titles in any case, beyond ASCII" 200 '[t["id"] for t in data["todos"]] == [2]' \
  "$url/todos?q=%C3%B6L"
check "it pages" 200 '[t["id"] for t in data["todos"]] == [2] and data["total"] == 2' \
  "$url/todos?limit=1&offset=1"
check "it changes only what is sent" 200 'data["done"] is True and data["title"] == "Buy tea"' \
  -X PATCH "${json[@]}" -d '{"done": true}' "$url/todos/1"
check "it keeps the change" 200 'data["done"] is True' "$url/todos/1"
check "it answers HEAD" 200 'int(headers["content-length"]) > 0' --head "$url/todos"

error() { printf 'data["error"]["code"] == "%s" and data["error"]["message"] and %s' "$1" "${2:-True}"; }

check "404 for an unknown id" 404 "$(error not_found)" "$url/todos/999"
check "404 for an id beyond all integers" 404 "$(error not_found)" "$url/todos/99999999999999999999999"
check "404 for an unknown path" 404 "$(error not_found)" "$url/nothing"
check "405 tells the allowed methods" 405 "$(error method_not_allowed '"PATCH" in headers["allow"]')" \
  -X PUT "${json[@]}" -d '{"title": "Tea"}' "$url/todos/1"
check "400 for bad JSON" 400 "$(error invalid_json)" "${json[@]}" -d '{"title": ' "$url/todos"
check "400 for a bad query" 400 "$(error invalid_query 'set(data["error"]["fields"]) == {"done", "limit"}')" \
  "$url/todos?done=maybe&limit=1000"
check "422 names every bad field" 422 \
  "$(error invalid_fields 'set(data["error"]["fields"]) == {"title", "done", "color"}')" \
  "${json[@]}" -d '{"title": " ", "done": 1, "color": "red"}' "$url/todos"
check "422 for a todo without a title" 422 "$(error invalid_fields '"title" in data["error"]["fields"]')" \
  "${json[@]}" -d '{}' "$url/todos"
check "422 for a change without fields" 422 "$(error invalid_fields)" \
  -X PATCH "${json[@]}" -d '{}' "$url/todos/1"
check "415 for what is not sent as JSON" 415 "$(error unsupported_media_type)" \
  -H 'Content-Type: text/plain' -d '{"title": "Tea"}' "$url/todos"
head -c 20000 /dev/zero | tr '\0' ' ' >"$work/large"
check "413 for a large body" 413 "$(error body_too_large)" \
  "${json[@]}" --data-binary "@$work/large" "$url/todos"
check "501 for an unknown method, as JSON" 501 "$(error not_implemented)" -X BREW "$url/todos"
check "none of these created a todo" 200 'data["total"] == 2' "$url/todos"

check "it deletes" 204 'data is None' -X DELETE "$url/todos/2"
check "404 after the deletion" 404 "$(error not_found)" -X DELETE "$url/todos/2"

stop_service
code=$?
if [ "$code" -eq 0 ]; then
  ok "SIGTERM ends it with exit code 0"
else
  not_ok "SIGTERM ends it with exit code 0" "the exit code is $code; log: $(tail -n 5 "$work/log")"
fi

if [ -z "$service" ] && start_service; then
  check "todos survive a restart" 200 '[t["id"] for t in data["todos"]] == [1]' "$url/todos"
  check "an id is never used again" 201 'data["id"] == 3' "${json[@]}" -d '{"title": "Tea"}' "$url/todos"
  stop_service || not_ok "it stops again" "log: $(tail -n 5 "$work/log")"
else
  not_ok "todos survive a restart" "$(cat "$work/out" "$work/log")"
fi

"${clean[@]}" TODO_PORT=http TODO_DB=:memory: timeout 10 python3 -m todo_api >"$work/out" 2>"$work/log"
code=$?
if [ "$code" -eq 2 ] && grep -q TODO_PORT "$work/log" && ! grep -q Traceback "$work/log"; then
  ok "a bad TODO_PORT is told, exit code 2"
else
  not_ok "a bad TODO_PORT is told, exit code 2" "the exit code is $code; stderr: $(cat "$work/log")"
fi

finish
