# shellcheck shell=bash
# How many replicas of a service there are. scripts/stack.conf says with how many a stack starts;
# RUN_DIR/scale, "SERVICE N" a line, what was said since.

MOST_REPLICAS=10 # the ports of the next service begin there

count_of() { # SERVICE
  local s n part count=0
  for part in $CONF_PARTS; do
    [ "${part%-[0-9]*}" != "$1" ] || count=$((count + 1))
  done
  while read -r s n; do
    [ "$s" != "$1" ] || count=$n
  done < <(cat "$RUN_DIR/scale" 2>/dev/null)
  echo "$count"
}

# replica_of SERVICE N: the Nth's name. The first one of a service that starts alone has no number.
replica_of() {
  case "$2: $CONF_PARTS " in
  "1:"*" $1 "*) echo "$1" ;;
  *) echo "$1-$2" ;;
  esac
}

variable_of() { # PART
  printf '%s' "$1" | tr 'a-z-' 'A-Z_'
}

# Sets SERVICE_PARTS and PARTS, and the ports of those that scripts/stack.conf does not name.
place_replicas() {
  local s n part name first
  SERVICE_PARTS=''
  for s in $SERVICES; do
    first=$(variable_of "$(replica_of "$s" 1)")
    for ((n = 1; n <= $(count_of "$s"); n++)); do
      part=$(replica_of "$s" "$n")
      name=$(variable_of "$part")
      eval ": \"\${${name}_PORT:=\$((${first}_PORT + n - 1))}\""
      eval ": \"\${${name}_METRICS_PORT:=\$((${first}_METRICS_PORT + n - 1))}\""
      SERVICE_PARTS+=" $part"
    done
  done
  # shellcheck disable=SC2034 # of scripts/stack
  PARTS=$BASE_PARTS$SERVICE_PARTS
}

scale() { # SERVICE=N...
  local want s n before=$SERVICE_PARTS part
  for want in "${@:?which service? SERVICE=N}"; do
    s=${want%%=*} n=${want#*=}
    case " $SERVICES " in *" $s "*) ;; *) die "there is no service '$s'; they are:$SERVICES" ;; esac
    [[ $n =~ ^[1-9][0-9]?$ && $n -le $MOST_REPLICAS ]] || die "$s: 1 to $MOST_REPLICAS replicas, not '$n'"
    { grep -v "^$s " "$RUN_DIR/scale" 2>/dev/null || :; echo "$s $n"; } >"$RUN_DIR/scale.new"
    mv "$RUN_DIR/scale.new" "$RUN_DIR/scale"
  done
  place_replicas
  for part in $SERVICE_PARTS; do
    if [ -z "${RELEASE:-}" ] || ! pid_of "$part" >/dev/null; then ensure "$part"; fi
  done
  replicas
  for part in $before; do
    case " $SERVICE_PARTS " in *" $part "*) ;; *) say "stopping $part" && stop_part "$part" ;; esac
  done
}
