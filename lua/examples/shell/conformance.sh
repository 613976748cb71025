#!/usr/bin/env bash
# Replays the scenarios of luatest/scenarios through redis-cli: conformance.sh redis://host:port. It needs jq as well.
#
# The server is emptied, and some scenarios change its settings: use one that holds nothing and serves nobody else.
set -uo pipefail
cd "$(dirname "$0")" || exit
export LC_ALL=C
. ./redilock.sh
url=$1 scenarios=../../../luatest/scenarios manifest=../../dist/manifest.json
work=$(mktemp -d)
mkfifo "$work"/{to,from}_{redis,jq}
pids=()
trap 'stop_listening; rm -rf "$work"' EXIT

# Bytes are hexadecimal digits in jq. What goes to redis-cli is quoted, what comes from it is parsed.
cat >"$work/lib.jq" <<'JQ'
def digits: "0123456789abcdef";
def h2: (. / 16 | floor) as $a | digits[$a:$a + 1] + digits[. - 16 * $a:. - 16 * $a + 1];
def hex: @uri | [scan("%..|.") | if length == 3 then .[1:] | ascii_downcase else explode[0] | h2 end] | add // "";
def quoted: "\"" + ([scan("..") | "\\x" + .] | add // "") + "\"";
def value($s):
  if type == "string" then hex
  elif type == "number" then tostring | hex
  elif has("key") then $s.keys[.key]
  elif has("hex") then .hex
  elif has("times") then .text * .times // "" | hex
  elif has("var") then $s.vars[.var] | tostring | hex
  else [.join[] | value($s)] | add // "" end;
def line($s): map(value($s) | quoted) | join(" ");
def escapes: {"n": "0a", "r": "0d", "t": "09", "a": "07", "b": "08", "\\": "5c", "\"": "22"};
def unquoted: [.[1:-1] | scan("\\\\x..|\\\\.|.")
  | if length == 4 then .[2:] elif length == 2 then escapes[.[1:]] else explode[0] | h2 end] | add // "";
def leaf:
  if . == "(nil)" then {kind: "nil"}
  elif . == "(empty array)" then {kind: "array", array: []}
  elif startswith("(integer) ") then {kind: "int", int: (.[10:] | tonumber)}
  elif startswith("(error) ") then {kind: "error", error: .[8:]}
  elif startswith("\"") then {kind: "string", string: unquoted}
  else {kind: "status", status: .} end;
def reply: # of its lines; what an element of an array has below its first line is indented by as much as its number
  . as $lines | (.[0] | [match("^ *[0-9]+\\) ") | .length][0]) as $w
  | if $w == null then .[0] | leaf else
      {kind: "array", array: (reduce $lines[] as $l ([];
        if $l[:$w] == " " * $w then .[-1] += [$l[$w:]] else . + [[$l[$w:]]] end) | map(reply))} end;
def sorted: .array |= sort_by(.string);
def match($w; $s): # the variables afterwards, or null
  . as $g | ($w | type) as $t
  | if $t == "null" then .kind == "nil"
    elif $t == "number" then .int == $w
    elif $t == "string" then .string == ($w | hex)
    elif $t == "array" then
      if .kind != "array" or (.array | length) != ($w | length) then false
      else reduce range($w | length) as $i ($s.vars;
        if . == null then . else . as $v | $g.array[$i] | match($w[$i]; $s + {vars: $v}) end) end
    elif $w | has("any") then .kind != "error"
    elif $w | has("error") then .error == $w.error
    elif $w | has("code") then .kind == "error" and (.error | split(" ")[0]) == $w.code
    elif $w | has("status") then .status == $w.status
    elif $w | has("var") then .kind == "int" and .int == $s.vars[$w.var]
    elif $w | has("integer") then $w.integer as $i
      | if .kind == "int" and .int >= ($i.min // .int) and .int <= ($i.max // .int)
          and ($i.above == null or .int > $s.vars[$i.above])
        then $s.vars + (if $i.bind then {($i.bind): .int} else {} end) else false end
    else .string == ($w | value($s)) end
  | if . == true then $s.vars elif . == false then null else . end;

def tagged: [scan("..")] | index("7b") as $open | $open != null and (.[$open + 1:] | index("7d") // 0) > 0;
def start($f; $scenario): # of the manifest: the scenario's keys and scripts, and its variables
  [.scripts[] | select(.version == $f.version and (.name | startswith($f.primitive + ".")))] as $scripts
  | ($scenario | if has("lock") then .lock else .name end | value({})) as $name
  | (if $name | tagged then $name else "7b" + $name + "7d" end) as $base
  | ($scripts[0].keys | map({(.name): (if .suffix then $base + (.suffix | hex) else $name end)})) as $keys
  | {vars: {}, keys: ($keys | add), order: [$keys[][]],
     scripts: ($scripts | map({(.name | ltrimstr($f.primitive + ".")): .sha1}) | add)};
def flat: if .repeat then . as $r | range(1; .repeat + 1) as $n | {bind: {($r.as): $n}}, ($r.steps[] | flat) else . end;

def read($k; $s): ($k.key | value($s) | quoted) as $name | "TYPE " + $name, "PTTL " + $name,
  if $k | has("value") then "GET " + $name elif $k | has("members") then "ZRANGE " + $name + " 0 -1"
  elif $k | has("fields") then "HKEYS " + $name else "PING" end;
def has_state($want; $s): # the replies to what read asked, after that to KEYS
  if (.[0].array | map(.string) | sort) != ($want | map(.key | value($s)) | sort) then null else
    . as $r | reduce range($want | length) as $i ($s.vars; if . == null then . else . as $v | $want[$i] as $k
      | $r[3 * $i + 1:3 * $i + 4] as [$type, $pttl, $value]
      | if $type.status != $k.type then null else ($pttl | match($k.pttl; $s + {vars: $v})) as $v
        | ($k | if has("value") then .value elif has("members") then .members else .fields end) as $want
        | if $v == null then null elif $want == null then $v
          elif $k | has("fields") then $value | sorted | match($want; $s + {vars: $v})
          else $value | match($want; $s + {vars: $v}) end end end) end;

# What is to be done for a step: redis and commands, each a line of redis-cli; listen, unlisten, or heard and channels.
def plan($s):
  if .call then "redis", "EVALSHA " + $s.scripts[.call] + " " + (
    (if .keys then .keys | map(value($s)) else $s.order end) as $keys
    | [($keys | length | tostring | hex)] + $keys + (.args | map(value($s))) | map(quoted) | join(" "))
  elif .do then "redis", (.do | line($s))
  elif .advance_ms then "advance", .advance_ms
  elif .subscribe then "listen", (.subscribe[] | value($s))
  elif .unsubscribe then "unlisten", (.unsubscribe[] | value($s))
  elif .messages then "heard", (.messages.channel | value($s))
  elif .state then "redis", "KEYS *", (.state[] | read(.; $s))
  else "none" end;
def parts: reduce (split("\u001f")[]) as $l ([[]]; if $l == "\"part\"" then . + [[]] else .[-1] += [$l] end)
  | map(select(. != []) | reply);
def judge($step; $s): parts
  | if $step.call then .[0] | match($step.reply; $s)
    elif $step.do then .[0] | match($step | if has("reply") then .reply else {any: true} end; $s)
    elif $step.messages then {kind: "array", array: .} | match($step.messages.payloads; $s)
    elif $step.state then has_state($step.state; $s)
    else $s.vars + ($step.bind // {}) end;
# A line of commands for each step, parted by a separator; after each a line of replies comes in.
def run($steps; $i; $s):
  if $i == ($steps | length) then "passed" else
    ([$steps[$i] | plan($s)] | map(tostring) | join("\u001f")),
    (input as $in | ($in | judge($steps[$i]; $s)) as $v
      | if $v == null then "failed", "\($steps[$i] | tojson)\u001f  got \($in)"
        else run($steps; $i + 1; $s + {vars: $v}) end)
  end;
JQ

ask() { redis-cli -u "$url" "$@"; }
quoted() { sed 's/../\\x&/g; s/.*/"&"/' <<<"$1"; }

stop_listening() {
  [ ${#pids[@]} -eq 0 ] || { kill "${pids[@]}"; wait "${pids[@]}"; } 2>/dev/null
  pids=()
  rm -f "$work"/heard.* "$work"/seen.*
}

# until_true COMMAND…, for ten seconds at the most.
until_true() {
  local n
  for ((n = 0; n < 1000; n++)); do "$@" && return; sleep 0.01; done
  echo "no answer on the subscribed connection" >&2
}

nobody_listens() { printf 'PUBSUB NUMSUB %s\n' "$(quoted "$1")" | redis-cli -u "$url" --no-raw | grep -q '(integer) 0'; }

# listen HEX: on a connection of its own, and on a channel for what settles it.
listen() {
  : >"$work/heard.$1"
  printf 'SUBSCRIBE %s settle:%s\n' "$(quoted "$1")" "$1" | redis-cli -u "$url" --no-raw \
    >"$work/heard.$1" 2>/dev/null 3>&- 4<&- 5>&- 6<&- &
  pids+=($!)
  echo $! >"$work/pid.$1"
  echo 0 >"$work/seen.$1"
  until_true grep -q '^3) (integer) 2$' "$work/heard.$1"
}

# heard HEX prints the messages since it was last asked for. Those before the one that settles it are all there.
settled=0
heard() {
  settled=$((settled + 1))
  ask PUBLISH "settle:$1" "settled $settled" >/dev/null
  until_true grep -q "^3) \"settled $settled\"\$" "$work/heard.$1"
  grep '^[123]) ' "$work/heard.$1" | paste - - - | grep $'^1) "message"\t' | grep -v $'\t2) "settle:' \
    | sed 's/.*\t3) //' >"$work/all"
  tail -n +$(($(cat "$work/seen.$1") + 1)) "$work/all" | sed 's/$/\n"part"/' | tr '\n' '\037' | sed 's/\x1f$//'
  wc -l <"$work/all" >"$work/seen.$1"
}

micros() { ask TIME | tr '\n' ' ' | awk '{ printf "%d%06d\n", $1, $2 }'; }
advance() {
  local end left
  end=$(($(micros) + $1 * 1000 + 1000))
  while left=$((end - $(micros))) && [ "$left" -gt 0 ]; do sleep "$((left / 1000000)).$(printf %06d $((left % 1000000)))"; done
}

# send COMMAND… by the scenario's one connection, and print the replies.
send() {
  local command line replies=""
  for command; do
    printf '%s\nECHO part\n' "$command" >&3
    while IFS= read -r -t 10 -u 4 line; do
      replies+=$line$'\x1f'
      [ "$line" != '"part"' ] || break
    done
  done
  printf '%s\n' "${replies%$'\x1f'}"
}

# replay FILE SCENARIO says what went wrong.
replay() {
  local plan words channel answer status=1
  redis-cli -u "$url" --no-raw <"$work/to_redis" >"$work/from_redis" 2>/dev/null &
  local redis=$!
  jq --unbuffered -n -R -r --argjson f "$1" --argjson sc "$2" --slurpfile m "$manifest" -L "$work" \
    'include "lib"; ($m[0] | start($f; $sc)) as $s | run([$sc.steps[] | flat]; 0; $s)' <"$work/to_jq" >"$work/from_jq" &
  local jq=$!
  exec 3>"$work/to_redis" 4<"$work/from_redis" 5>"$work/to_jq" 6<"$work/from_jq"
  while IFS= read -r -u 6 plan; do
    IFS=$'\x1f' read -r -a words <<<"$plan"
    set -- "${words[@]:1}"
    answer=""
    case ${words[0]} in
      redis) answer=$(send "$@") ;;
      advance) advance "$1" ;;
      listen) for channel; do listen "$channel"; done ;;
      unlisten) for channel; do kill "$(cat "$work/pid.$channel")"; until_true nobody_listens "$channel"; done ;;
      heard) answer=$(heard "$1") ;;
      none) ;;
      passed*) status=0; break ;;
      failed*) IFS= read -r -u 6 plan; tr '\037' '\n' <<<"$plan"; break ;;
    esac
    printf '%s\n' "$answer" >&5
  done
  exec 3>&- 4<&- 5>&- 6<&-
  wait "$jq" "$redis" 2>/dev/null
  return "$status"
}

# names: those that a shell can hold.
names() {
  local wrong=0 name base want
  while IFS=$'\t' read -r name want; do
    name=$(printf %b. "$name") name=${name%.}
    base=$(redilock_base "$name" 2>/dev/null)
    [ "$base" = "$(printf %b "$want")" ] || { echo "FAILED names: $name"; wrong=1; }
  done < <(jq -r -L "$work" 'include "lib"; def printf: [scan("..") | "\\x" + .] | add // "";
    .names[] | select(has("hex") | not) | [((.name * (.times // 1)) // "" | hex | printf),
      (if .refused then "" elif .fence then .fence | rtrimstr(":redilock:fence") | hex | printf
       else "{" + .name * .times + "}" end)] | @tsv' "$scenarios/mutex/names.json" | sed 's/\\\\/\\/g')
  return "$wrong"
}

[ "$(ask DBSIZE)" = 0 ] || { echo "the database is not empty: this would delete what it holds" >&2; exit 1; }
passed=0 failed=0 skipped=0
for script in $(jq -r '.scripts[] | .file + ":" + .sha1' "$manifest"); do
  [ "$(ask -x SCRIPT LOAD <"../../dist/${script%:*}")" = "${script#*:}" ] || { echo "${script%:*}: not the manifest's sha1" >&2; exit 1; }
done
if names; then passed=1; else failed=1; fi
for path in "$scenarios"/*/*.json; do
  [ "$(jq 'has("$schema") or (has("scenarios") | not)' "$path")" = false ] || continue
  file=$(jq -c 'del(.scenarios)' "$path")
  while IFS=$'\t' read -r why scenario; do
    if [ "$why" != run ]; then
      skipped=$((skipped + 1))
      echo "skipped 1: $why"
      continue
    elif replay "$file" "$scenario" >"$work/said"; then
      passed=$((passed + 1))
    else
      failed=$((failed + 1))
      printf 'FAILED %s (%s): %s\n%s\n' "$(jq -r .name <<<"$scenario")" "$path" "$(jq -r .title <<<"$scenario")" "$(cat "$work/said")"
    fi
    stop_listening
    # A scenario that ended early may have left these.
    printf '%s\n' "CONFIG SET maxmemory 0" "REPLICAOF NO ONE" FLUSHDB | ask >/dev/null
  done < <(jq -r '.scenarios[] | (if .engines and (.engines | index("real") | not) then .reason else "run" end) + "\t" + tojson' "$path")
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
