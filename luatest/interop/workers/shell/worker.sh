#!/bin/sh
# A contestant of the interop matrix: worker.sh KIND HOST PORT. doc.go has the protocol.

REDIS_CLI="redis-cli -h $2 -p $3"
REDILOCK_DIST=$(dirname "$0")/../../../../lua/dist
. "$(dirname "$0")/../../../../lua/examples/shell/redilock.sh"

echo "ready $(redis-cli --version)"
while read -r command key path weight counter; do
  if [ "$command" = permit ]; then
    if redilock_lock --limit "$path" --weight "$weight" "$key" 5000 30000 2; then
      used=$($REDIS_CLI INCRBY "$counter" "$weight")
      $REDIS_CLI DECRBY "$counter" "$weight" >/dev/null
      redilock_release "$key" && echo "done $used $redilock_fence" || echo "fail release"
    else
      echo "fail lock"
    fi
  elif redilock_lock "$key" 5000 30000 2; then
    value=$(($(cat "$path") + 1))
    echo "$value" >"$path"
    redilock_release "$key" && echo "done $value $redilock_fence" || echo "fail release"
  else
    echo "fail lock"
  fi
done
