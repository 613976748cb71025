#!/usr/bin/env bash
# What callers' shells do with redilock.sh: tests.sh PORT [CLUSTER-PORT], servers for tests alone.
set -uo pipefail
cd "$(dirname "$0")" || exit
export REDIS_CLI="redis-cli -p $1" REDILOCK_DIST=../../dist
failed=0 name=shell:$$
for _ in {1..100}; do $REDIS_CLI PING >/dev/null 2>&1 && break; sleep 0.1; done # one that has just been started

# check WHAT EXPECTED GOT
check() { [ "$2" = "$3" ] || { echo "FAILED $1: expected '$2', got '$3'"; failed=1; }; }
free() { $REDIS_CLI EXISTS "$name" "{$name}:redilock:queue"; }

strict='. ./redilock.sh; redilock_lock "$1" 20000; redilock_extend "$1" 30000; redilock_try "$1" 5 || echo held; redilock_release "$1"
  redilock_with "$1" 20000 sh -c "exit 3" || echo "status $?"; redilock_with "$1" 20000 echo ran; echo end'
modes=("bash -c" "bash -uc" "bash -euo pipefail -c" "bash -euCfo pipefail -c" "bash --posix -euc" "sh -c" "sh -euc")
for mode in "${modes[@]}"; do
  for ifs in '' "IFS=\$'\\n\\t'; " "IFS=,; "; do
    [[ $mode == sh* && $ifs == *\$* ]] && continue
    check "$mode $ifs" $'held\nstatus 3\nran\nend' "$($mode "$ifs$strict" bash "$name" 2>&1)"
    check "$mode $ifs: what is left" 0 "$(free)"
  done
done

for shell in bash sh; do
  # The caller's traps run, once each, and are in force again behind it.
  check "$shell: a trap behind it" $'ran\nmine' "$($shell -c '. ./redilock.sh; trap "echo mine" TERM EXIT; trap "echo own; exit 4" HUP
    redilock_with "$1" 20000 echo ran; trap - EXIT; kill -TERM $$' x "$name" 2>&1)"
  check "$shell: a trap within it" $'own\nstatus 4' "$($shell -c '. ./redilock.sh; trap "echo own; exit 4" TERM
    redilock_with "$1" 20000 sh -c "kill -TERM \$PPID; sleep 0.1"; echo not reached' x "$name" 2>&1; echo "status $?")"
  check "$shell: what a trap left" 0 "$(free)"
  $shell -c '. ./redilock.sh; redilock_with "$1" 20000 sh -c "kill -TERM \$PPID; sleep 0.1"; echo not reached' x "$name"
  check "$shell: killed by its signal" 143 $?
  check "$shell: what a signal left" 0 "$(free)"
  # While it waits, too.
  $REDIS_CLI SET "$name" somebody PX 30000 >/dev/null
  $shell -c '. ./redilock.sh; redilock_with "$1" 20000 echo not reached' x "$name" & waiter=$!
  for ((i = 0; i < 500; i++)); do [ "$($REDIS_CLI ZCARD "{$name}:redilock:queue")" = 1 ] && break; sleep 0.02; done
  kill -TERM "$waiter"; wait "$waiter"
  check "$shell: killed in the queue" 143 $?
  check "$shell: the queue" 0 "$($REDIS_CLI ZCARD "{$name}:redilock:queue")"
  $REDIS_CLI DEL "$name" >/dev/null
done

# A semaphore: as many as the limit, and no more; weights; what is left.
permits='. ./redilock.sh; redilock_lock --limit 3 --weight 2 "$1" 20000 1000; redilock_extend "$1" 30000; first=$redilock_token
  redilock_try --limit 3 "$1" 20000; second=$redilock_token; redilock_try --limit 3 "$1" 20000 || echo full
  redilock_lock --limit 3 "$1" 20000 20 5 || echo late; redilock_token=$second; redilock_release "$1"; redilock_token=$first
  redilock_release "$1"; redilock_release "$1" || echo lost
  redilock_with --limit 1 "$1" 20000 echo ran; redilock_with "$1" 20000 echo mutex'
for mode in "${modes[@]}"; do
  check "$mode: permits" $'full\nlate\nlost\nran\nmutex' "$($mode "$permits" bash "$name" 2>&1)"
  check "$mode: what the permits left" 0 "$($REDIS_CLI EXISTS "$name" "{$name}:redilock:pending" "{$name}:redilock:members")"
done
used=$(mktemp)
for i in 1 2 3 4 5 6 7 8; do
  ./redilock.sh --limit 3 --weight $((1 + i % 2)) "$name" 20000 sh -c '$REDIS_CLI INCRBY "$1" "$2" >>"$3"; sleep 0.05
    $REDIS_CLI DECRBY "$1" "$2" >/dev/null' x "$name:used" $((1 + i % 2)) "$used" &
done
wait
check "a semaphore of many processes" "8 times, more than 3: 0" "$(grep -c . "$used") times, more than 3: $(grep -c '[^123]' "$used")"
$REDIS_CLI DEL "$name:used" >/dev/null
rm "$used"
for shell in bash sh; do
  for bad in "--limit" "--limit x" "--limit 0" "--limit 2147483648" "--weight 2" "--limit 2 --weight 3"; do
    # shellcheck disable=SC2086 # words
    check "$shell: $bad" 2 "$($shell -c '. ./redilock.sh; redilock_with "$@"' x $bad "$name" 20000 echo not reached >/dev/null 2>&1; echo $?)"
  done
  $REDIS_CLI EVALSHA "$($REDIS_CLI -x SCRIPT LOAD <../../dist/semaphore/v1/acquire.lua)" 4 "$name" "{$name}:redilock:fence" \
    "{$name}:redilock:pending" "{$name}:redilock:members" somebody 20000 2 2 >/dev/null
  $shell -c '. ./redilock.sh; redilock_with --limit 2 "$1" 20000 echo not reached' x "$name" & waiter=$!
  for ((i = 0; i < 500; i++)); do [ "$($REDIS_CLI ZCARD "{$name}:redilock:pending")" = 1 ] && break; sleep 0.02; done
  kill -TERM "$waiter"; wait "$waiter"
  check "$shell: killed in the queue of a semaphore" 143 $?
  check "$shell: the queue of the semaphore" 0 "$($REDIS_CLI ZCARD "{$name}:redilock:pending")"
  $REDIS_CLI DEL "$name" "{$name}:redilock:members" >/dev/null
done

# A reply that is not known is no grant, and nothing to wait on.
fake=$(mktemp) && printf '#!/bin/sh\necho LATER\n' >"$fake" && chmod +x "$fake"
check "an unknown reply" $'redilock: acquire answered LATER, which this client does not know\nstatus 2' \
  "$(REDIS_CLI=$fake sh -c '. ./redilock.sh; redilock_lock x 5000' 2>&1; echo "status $?")"
rm "$fake"

if [ $# -gt 1 ]; then
  export REDIS_CLI="redis-cli -c -p $2"
  for port in $($REDIS_CLI CLUSTER NODES | sed 's/^[^ ]* [^ ]*:\([0-9]*\)@.*/\1/'); do redis-cli -p "$port" SCRIPT FLUSH >/dev/null; done
  for i in 1 2 3 4 5 6; do
    check "cluster $i" $'ran\nran too' "$(sh -c '. ./redilock.sh; redilock_with "$1" 20000 echo ran
      redilock_with --limit 3 "$1" 20000 echo ran too' x "$name$i" 2>&1)"
  done
else
  echo "NOT PROVEN: a cluster"
fi
[ "$failed" -eq 0 ] && echo passed
exit "$failed"
