# shellcheck shell=bash
# Parts as processes: started in the background, known by process id and birth, asked to stop by a
# signal. A part's kind has three functions: KIND_signature (what it runs with; a change restarts
# it), KIND_start and KIND_ready, and KIND_reload where a restart is not needed.

say() {
  printf '%s\n' "$*"
}

die() {
  printf 'stack: %s\n' "$*" >&2
  exit 1
}

kind_of() {
  case " $PARTS " in *" $1 "*) ;; *) die "there is no part '$1'; they are:$PARTS" ;; esac
  case $1 in nginx | postgres | redis | mail) echo "$1" ;; *) echo service ;; esac
}

ports_of() {
  local part variable rest
  case " $SERVICE_PARTS " in
  *" $1 "*) printf '%s_PORT\n%s_METRICS_PORT\n' "$(variable_of "$1")" "$(variable_of "$1")" ;;
  *)
    while read -r part variable rest; do
      [ "$part" != "$1" ] || echo "$variable"
    done <scripts/stack.conf
    ;;
  esac
}

# Birth and state of a process. A process id alone may be somebody else's by now.
birth_of() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  stat=${stat##*) }
  # shellcheck disable=SC2086 # words: state is the first, start time the 20th
  set -- $stat
  [ "$1" != Z ] || return 1
  echo "${20}"
}

# Prints the process id of a part that is alive.
pid_of() {
  local pid birth now
  read -r pid birth 2>/dev/null <"$RUN_DIR/proc/$1.pid" || return 1
  now=$(birth_of "$pid") && [ "$now" = "$birth" ] || return 1 # one that ended at once has no birth
  echo "$pid"
}

# launch PART COMMAND...: its own session, so that no terminal stops it. LAUNCH_INPUT is its input.
launch() {
  local part=$1
  shift
  setsid "$@" <"${LAUNCH_INPUT:-/dev/null}" >>"$RUN_DIR/logs/$part.log" 2>&1 9>&- &
  echo "$! $(birth_of $!)" >"$RUN_DIR/proc/$part.pid"
}

signal_part() {
  local pid
  kind_of "$1" >/dev/null
  pid=$(pid_of "$1") || return 1
  kill -s "$2" "$pid"
}

stop_part() {
  local part=$1 pid signal=TERM i
  pid=$(pid_of "$part") || return 0
  [ "$part" != postgres ] || signal=INT # fast: do not wait for clients
  kill -s $signal "$pid" 2>/dev/null || :
  for ((i = 0; i < 800; i++)); do
    pid_of "$part" >/dev/null || {
      rm -f "$RUN_DIR/proc/$part".*
      return 0
    }
    sleep 0.05
  done
  die "$part (process $pid) did not stop within 40 s of SIG$signal; see $RUN_DIR/logs/$part.log"
}

port_taken() {
  (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# The workers of a service whose parent was killed finish their requests before they give the port up.
await_port() { # PORT
  local i
  for ((i = 0; i < 100; i++)); do
    port_taken "$1" || return 0
    sleep 0.05
  done
  return 1
}

failed() {
  printf '\n%s %s. The end of %s:\n' "$1" "$2" "$RUN_DIR/logs/$1.log" >&2
  tail -n 20 "$RUN_DIR/logs/$1.log" | sed 's/^/    /' >&2
  exit 1
}

# Until the part is ready, or dead, or it took too long.
await() {
  local part=$1 kind i
  kind=$(kind_of "$part")
  for ((i = 0; i < 1200; i++)); do
    "${kind}_ready" "$part" >/dev/null 2>&1 && return
    pid_of "$part" >/dev/null || failed "$part" "stopped again"
    sleep 0.05
  done
  failed "$part" "does not get ready"
}

ensure() {
  local part=$1 kind signature variable
  kind=$(kind_of "$part")
  signature=$("${kind}_signature" "$part" | sha256sum)
  if pid_of "$part" >/dev/null; then
    if [ "$(cat "$RUN_DIR/proc/$part.signature" 2>/dev/null)" = "$signature" ]; then
      await "$part"
      return
    fi
    if declare -F "${kind}_reload" >/dev/null; then
      say "reloading $part"
      "${kind}_reload" "$part"
      await "$part"
      echo "$signature" >"$RUN_DIR/proc/$part.signature"
      return
    fi
    say "restarting $part"
    stop_part "$part"
  else
    say "starting $part"
  fi
  for variable in $(ports_of "$part"); do
    if ! await_port "${!variable}"; then
      die "port ${!variable} is taken by another program; $part needs it: set $variable to a free one"
    fi
  done
  "${kind}_start" "$part"
  await "$part"
  echo "$signature" >"$RUN_DIR/proc/$part.signature"
}

status() {
  local part pid variable state
  for part in $PARTS; do
    state=stopped
    if pid=$(pid_of "$part"); then
      state=starting
      if "$(kind_of "$part")_ready" "$part" >/dev/null 2>&1; then state=ready; fi
    fi
    printf '%-10s %-9s %7s ' "$part" "$state" "${pid:--}"
    for variable in $(ports_of "$part"); do printf ' %s=%s' "$variable" "${!variable}"; done
    echo
  done
}
