#!/bin/sh
# A contestant of the interop matrix: worker.sh KIND HOST PORT. doc.go has the protocol.

REDIS_CLI="redis-cli -h $2 -p $3"
REDILOCK_DIST=$(dirname "$0")/../../../../lua/dist
. "$(dirname "$0")/../../../../lua/examples/shell/redilock.sh"

echo "ready $(redis-cli --version)"
while read -r _ key path; do
  if redilock_lock "$key" 5000 30000 2; then
    value=$(($(cat "$path") + 1))
    echo "$value" >"$path"
    redilock_release "$key" && echo "done $value $redilock_fence" || echo "fail release"
  else
    echo "fail lock"
  fi
done
