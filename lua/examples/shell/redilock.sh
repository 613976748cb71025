#!/bin/sh
# Distributed locks and semaphores on plain Redis: the scripts of go-redilock, with redis-cli alone (7.0 or newer). Times are ms.
#
#   redilock.sh [--limit N [--weight N]] NAME LEASE COMMAND [ARGUMENT…]
#                   waits for the lock, and runs the command under it; with a limit, N may do so at once on all machines
#   . redilock.sh   defines the functions; set REDILOCK_DIST before, unless you are here
#
# REDIS_CLI is how to reach the server: "redis-cli -h host -p port". A process has one lock at a time. Names have no NUL
# bytes and do not end with a newline. For every sh on Linux that has `local`: dash, bash, busybox.

REDIS_CLI=${REDIS_CLI:-redis-cli}
REDILOCK_DIST=${REDILOCK_DIST:-$(dirname "$0")/../../dist}
redilock_token='' redilock_pending='' # of the lock that we have, of the one that we wait for
redilock_limit='' redilock_weight=1 # of the semaphore that it is of, and how many of its permits; no limit: a mutex
redilock_ifs=$(printf ' \t\n.') # words are split as ever here, whatever the caller's IFS is
redilock_ifs=${redilock_ifs%.}
redilock_presence=6000 # how long the server believes a waiter alive that does not ask

# Of the manifest, which has one member a line: the name, sha1, file and key suffixes of each script.
redilock_scripts=$(awk -F'"' '
  $2 == "name" && $4 ~ /^[a-z]+\./ { verb = $4; line[verb] = verb }
  $2 == "version" && verb && $3 !~ /1/ { delete line[verb]; verb = "" }
  verb && $2 ~ /^(sha1|file|suffix)$/ { value[verb, $2] = value[verb, $2] " " $4 }
  END { for (v in line) print v value[v, "sha1"] value[v, "file"] value[v, "suffix"] }' "$REDILOCK_DIST/manifest.json")

# redilock_base NAME prints what the companion keys begin with: a hash tag keeps them in the lock's cluster slot.
redilock_base() {
  local rest="${1#*\{}"
  if [ "$rest" != "$1" ] && [ "${rest%%\}*}" != "$rest" ] && [ -n "${rest%%\}*}" ]; then
    rest=$1 # it has one
    case $1 in
      \{*\}) [ "${1#*\}}" != "" ] || rest= ;; # {x} would have the companions of x
      *:redilock:*) # the form of a companion key, if there are lower-case letters behind it, and nothing else
        case ${1##*:redilock:} in
          '' | *[!abcdefghijklmnopqrstuvwxyz]*) ;;
          *) rest= ;;
        esac ;;
    esac
  elif [ -z "$1" ] || [ "${1#*\}}" != "$1" ]; then
    rest=
  else
    rest="{$1}"
  fi
  [ -n "$rest" ] && [ "$(printf %s "$1" | wc -c)" -le 1024 ] && printf '%s\n' "$rest" && return
  echo "redilock: a name has 1 to 1024 bytes, no } except in a hash tag like {this}:lock, and is no companion key" >&2
  return 2
}

# redilock_load FILE loads a script. In a cluster redis-cli -c follows keys, and SCRIPT LOAD has none: it goes to every master.
redilock_load() {
  case " $REDIS_CLI " in
    *" -c "*)
      $REDIS_CLI CLUSTER NODES </dev/null | awk '$3 ~ /master/ && $3 !~ /fail|noaddr/ {
        sub(/@.*/, "", $2); port = $2; sub(/.*:/, "", port); print substr($2, 1, length($2) - length(port) - 1), port }' |
        while read -r host port; do $REDIS_CLI -h "$host" -p "$port" -e -x SCRIPT LOAD <"$1" >/dev/null || :; done ;;
    *) $REDIS_CLI -e -x SCRIPT LOAD <"$1" >/dev/null ;;
  esac
}

# redilock_call VERB NAME ARGUMENT… prints the reply, a line for each element.
redilock_call() {
  local verb="$1" name="$2" base sha1 file fence queue waiters error primitive=mutex IFS="$redilock_ifs"
  [ -z "$redilock_limit" ] || primitive=semaphore
  base=$(redilock_base "$2") || return
  shift 2
  read -r _ sha1 file fence queue waiters <<EOF
$(printf '%s\n' "$redilock_scripts" | grep "^$primitive\.$verb ")
EOF
  set -- EVALSHA "$sha1" 4 "$name" "$base$fence" "$base$queue" "$base$waiters" "$@"
  { error=$($REDIS_CLI -e "$@" 2>&1 >&3 </dev/null) && return; } 3>&1
  case $error in
    NOSCRIPT*) redilock_load "$REDILOCK_DIST/$file" && $REDIS_CLI -e "$@" </dev/null ;;
    *) printf '%s\n' "$error" >&2 && return 1 ;;
  esac
}

# redilock_unknown VERB TAG: what the manifest does not list is never taken for one of the answers that it lists.
redilock_unknown() { echo "redilock: $1 answered ${2:-nothing}, which this client does not know" >&2; }

# A clock that nobody sets, in steps of 10 ms: Linux has one.
redilock_now() {
  local up
  read -r up _ </proc/uptime && echo "${up%.*}${up#*.}0"
}

# redilock_options [--limit N] [--weight N] … sets what it is a lock of; redilock_words counts the words that it took.
redilock_options() {
  redilock_limit='' redilock_weight=1 redilock_words=0
  while [ $# -gt 1 ]; do
    case $1 in
      --limit) redilock_limit=$2 ;;
      --weight) redilock_weight=$2 ;;
      *) break ;;
    esac
    case $2 in
      '' | *[!0-9]*) echo "redilock: $1 takes a number" >&2; return 2 ;;
    esac
    shift 2
    redilock_words=$((redilock_words + 2))
  done
  case ${redilock_limit:-limit} in
    limit) [ "$redilock_weight" = 1 ] || { echo "redilock: --weight is of a semaphore: give its --limit, too" >&2; return 2; } ;;
  esac
}

# redilock_acquire NAME LEASE PRESENCE TIMEOUT POLL sets redilock_token, _fence and _deadline (on redilock_now). It fails
# with 1 if somebody else has the lock. It counts from before the request, less 1 % + 2 ms for clocks that run apart and
# 10 ms for ours.
redilock_acquire() {
  local name="$1" sent end pause reply tries=0 permits='' IFS="$redilock_ifs"
  [ -z "$redilock_limit" ] || permits="$redilock_limit $redilock_weight"
  redilock_pending=$(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n')
  end=$(($(redilock_now) + $4))
  while :; do
    sent=$(redilock_now)
    # shellcheck disable=SC2086 # none or two words
    reply=$(redilock_call acquire "$name" "$redilock_pending" "$2" $permits "$3") || break
    # shellcheck disable=SC2086 # GRANTED fence lease fences | QUEUED wait position | HELD wait
    set -- "$1" "$2" "$3" "$4" "$5" $reply
    case ${6-} in
      GRANTED)
        redilock_fence=$7 redilock_deadline=$((sent + $8 * 99 / 100 - 12))
        if [ "$(redilock_now)" -lt "$redilock_deadline" ]; then
          redilock_token=$redilock_pending redilock_pending=''
          return 0
        fi
        echo "redilock: the answer took longer than the lease" >&2
        break ;;
      HELD)
        tries=$((tries + 1))
        [ "$7" != 0 ] || [ "$tries" -gt 100 ] || continue # ask again at once
        redilock_pending=''
        return 1 ;;
      QUEUED) ;;
      *) redilock_unknown acquire "${6-}"; break ;;
    esac
    [ "$sent" -lt "$end" ] || { redilock_call release "$name" "$redilock_pending" >/dev/null || :; redilock_pending=''; return 1; }
    # The first waiter asks every POLL, and when the lease ends; the others the less, the further behind they stand.
    pause=$(($5 * $8))
    [ "$8" -gt 1 ] || [ "$7" -lt 0 ] || [ "$7" -ge "$pause" ] || pause=$(($7 + 1))
    [ "$pause" -le $((redilock_presence / 3)) ] || pause=$((redilock_presence / 3))
    sleep "$((pause / 1000)).$(printf %03d $((pause % 1000)))"
  done
  redilock_call release "$name" "$redilock_pending" >/dev/null 2>&1 || : # neither a lock nor a place in the queue is left behind
  redilock_pending=''
  return 2
}

# redilock_try [--limit N [--weight N]] NAME LEASE: one attempt.
redilock_try() {
  redilock_options "$@" || return
  shift "$redilock_words"
  redilock_acquire "$1" "$2" 0 0 0
}

# redilock_lock [--limit N [--weight N]] NAME LEASE [TIMEOUT [POLL]]: waits in the queue.
redilock_lock() {
  redilock_options "$@" || return
  shift "$redilock_words"
  redilock_acquire "$1" "$2" "$redilock_presence" "${3:-2147483647}" "${4:-250}"
}

# redilock_extend NAME LEASE keeps the lock for LEASE from now at least. It fails if it is lost.
redilock_extend() {
  local sent reply permits='' IFS="$redilock_ifs"
  [ -z "$redilock_limit" ] || permits="$redilock_weight $redilock_limit"
  sent=$(redilock_now)
  # shellcheck disable=SC2086 # none or two words
  reply=$(redilock_call extend "$1" "$redilock_token" "$2" $permits) || return 2
  # shellcheck disable=SC2086 # EXTENDED fence lease_left | NOTHELD wait
  set -- $reply
  case ${1-} in
    EXTENDED) ;;
    NOTHELD) return 1 ;;
    *) redilock_unknown extend "${1-}"; return 2 ;;
  esac
  redilock_fence=$2 sent=$((sent + $3 * 99 / 100 - 12))
  [ "$sent" -le "$redilock_deadline" ] || redilock_deadline=$sent
}

# redilock_release NAME gives the lock back, to the first that waits for it. It fails if it was lost.
redilock_release() {
  local name="$1" reply tag='' IFS="$redilock_ifs"
  while :; do
    reply=$(redilock_call release "$name" "$redilock_token") || return 2
    # shellcheck disable=SC2086 # RELEASED position … | HANDED … | LEFT position … | NOTHELD …; of a semaphore then comes: more
    set -- $reply
    tag=${tag:-${1-}}
    case ${1-} in
      NOTHELD) ;;
      RELEASED | LEFT) shift ;;
      HANDED) break ;;
      *) redilock_unknown release "${1-}"; return 2 ;;
    esac
    [ -n "$redilock_limit" ] && [ "${2-}" = 1 ] || break # a call admits a bounded number of those who wait
  done
  [ "$tag" != NOTHELD ]
}

# redilock_quit NAME SIGNAL NUMBER gives back, and lets the signal do what it would have done: the caller's trap, or the end.
redilock_quit() {
  redilock_call release "$1" "${redilock_pending:-$redilock_token}" >/dev/null 2>&1 || :
  trap - INT TERM HUP
  eval "$redilock_traps"
  kill -s "$2" "$(exec sh -c 'echo $PPID')" # this shell: $$ is the outermost
  exit $((128 + $3))
}

# redilock_with [--limit N [--weight N]] NAME LEASE COMMAND [ARGUMENT…] runs it with REDILOCK_FENCE set. A signal ends the
# program, when the command has ended, and gives the lock or the place in the queue back. The caller's own traps are in force
# again behind it. In a function that is the COMMAND, `set -e` does nothing, as in every condition.
redilock_with() {
  local name lease status=0
  redilock_options "$@" || return
  shift "$redilock_words"
  name=$1 lease=$2
  shift 2
  redilock_traps=$(mktemp) || return 2
  trap >|"$redilock_traps" # dash forgets the traps in $(trap)
  set -- "$(cat "$redilock_traps")" "$@"
  rm -f "$redilock_traps"
  redilock_traps=$1
  shift
  trap 'redilock_quit "$name" INT 2' INT; trap 'redilock_quit "$name" TERM 15' TERM; trap 'redilock_quit "$name" HUP 1' HUP
  redilock_acquire "$name" "$lease" "$redilock_presence" 2147483647 250 || status=$?
  if [ "$status" -eq 0 ]; then
    REDILOCK_FENCE=$redilock_fence "$@" || status=$?
    redilock_release "$name" || { echo "redilock: the lock was lost meanwhile" >&2; status=75; }
  fi
  trap - INT TERM HUP
  eval "$redilock_traps"
  return "$status"
}

case $0 in
  *redilock.sh) redilock_with "$@" ;;
esac
