#!/usr/bin/env bash
# Runs the gateway's image without a container engine, and fails unless it holds what docs/container.md says: it starts
# as process 1, as its own user without capabilities, on a read-only root with an empty volume; its health check succeeds;
# the demo provider answers a request with a key; SIGTERM ends it with 0. Needs root, buildah, curl and util-linux.
#
#   try-image.sh [image]
set -euo pipefail

# Needs no more of the kernel than copying files.
buildah() { command buildah --storage-driver vfs "$@"; }

image=${1:-localhost/amsterdam}
setting() { buildah inspect --type image --format "{{range .Docker.Config.$1}}{{println .}}{{end}}" "$image"; }
mapfile -t environment < <(setting Env)
mapfile -t entrypoint < <(setting Entrypoint)
mapfile -t arguments < <(setting Cmd)
user=$(buildah inspect --type image --format '{{.Docker.Config.User}}' "$image")
folder=$(buildah inspect --type image --format '{{.Docker.Config.WorkingDir}}' "$image")

key="a key of this trial"
port=$((20000 + RANDOM % 10000))
environment+=("PORT=$port" "AMP_API_KEY=$key")
log=$(mktemp)
container=$(buildah from "$image")
root=$(buildah mount "$container")
engine=
finish() {
  # Where something failed, process 1 is still there. Its change of user undid the tie to the parent's life.
  [ -z "$engine" ] || pkill -KILL --parent "$engine" || true
  buildah rm "$container" >/dev/null
  rm -f "$log"
}
trap finish EXIT

# The mounts are in a namespace of their own and end with it. The last argument list becomes process 1.
env --ignore-environment "${environment[@]}" unshare --mount --pid --fork bash -euc '
  root=$1 folder=$2 user=$3 volume=$1$2/data
  shift 3
  mount --bind "$root" "$root"
  mount --options remount,bind,ro "$root"
  mount --types tmpfs --options "uid=${user%:*},gid=${user#*:},mode=0700" data "$volume"
  mount --types proc proc "$root/proc"
  mount --rbind /dev "$root/dev"
  exec setpriv --no-new-privs \
    unshare --root="$root" --wd="$folder" --setgid="${user#*:}" --setuid="${user%:*}" "$@"
' run "$root" "$folder" "$user" "${entrypoint[@]}" "${arguments[@]}" >"$log" 2>&1 &
engine=$!

inside() {
  nsenter --target "$(pgrep --parent "$engine")" --mount --pid --root --wd --setgid="${user#*:}" \
    --setuid="${user%:*}" "$@"
}
fail() {
  echo "FAILED: $1" >&2
  cat "$log" >&2
  exit 1
}

for _ in $(seq 100); do
  grep -q 'listens on' "$log" && break
  kill -0 "$engine" 2>/dev/null || fail "it did not start"
  sleep 0.1
done
grep -q 'listens on' "$log" || fail "it did not start within 10 s"

process=/proc/$(pgrep --parent "$engine")
grep -E '^(NSpid|Uid|Gid|CapEff|NoNewPrivs):' "$process/status"
awk '$5 == "/" && $6 ~ /^ro(,|$)/ { found = 1 } END { exit !found }' "$process/mountinfo" ||
  fail "its root can be written to"
inside "${entrypoint[0]}" health --url "http://127.0.0.1:$port" || fail "its health check"
answer=$(curl --silent --show-error "http://127.0.0.1:$port/v1/chat/completions" \
  --header "Authorization: Bearer $key" --header "Content-Type: application/json" \
  --data '{"model":"demo/echo","messages":[{"role":"user","content":"Hello"}]}')
echo "$answer"
grep -q 'You said: Hello' <<<"$answer" || fail "the request"

kill -TERM "$(pgrep --parent "$engine")"
code=0
wait "$engine" || code=$?
[ "$code" = 0 ] || fail "it ended with $code at SIGTERM"
echo "It ended with 0 at SIGTERM."
