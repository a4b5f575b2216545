# shellcheck shell=bash
# shellcheck disable=SC2034 # FAILURE is of scripts/deploy
# What a customer does, through nginx, while the first new replica serves beside the old ones.
SMOKE_QUOTES=5

ask() { # PATH [CURL ARGUMENT...]: the body; fails when it is no success
  local path=$1
  shift
  curl -fsS --max-time 20 ${EDGE_CA:+--cacert "$EDGE_CA"} "${EDGE_OPTIONS[@]}" -H 'Content-Type: application/json' "$@" \
    "$EDGE_URL$path" 2>/dev/null
}

quote() {
  ask /api/v1/bookings/quote --data-binary "$SMOKE_QUOTE" >/dev/null
}

# Where no quote can be made before, as in a catalogue that is empty, none is asked for after.
smoke_before() {
  QUOTES=$SMOKE_QUOTES
  quote || {
    QUOTES=0
    say "no quote can be made of SMOKE_QUOTE: left out of the smoke test"
  }
}

# Asks until the new version has answered: who is asked is nginx's choice.
version_answers() { # SERVICE VERSION
  local i path=/api/v1/health
  [ "$1" = booking ] || return 0 # that is where nginx sends it; of the others nginx itself told the version
  for ((i = 0; i < 200; i++)); do
    case $(ask "$path") in *"\"version\":\"$2\""*) return 0 ;; esac
    sleep 0.1
  done
  return 1
}

smoke() { # SERVICE VERSION
  local i
  ask /api/v1/health >/dev/null || { FAILURE="smoke test: health" && return 1; }
  version_answers "$1" "$2" || { FAILURE="smoke test: no answer from version $2" && return 1; }
  for ((i = 0; i < QUOTES; i++)); do
    quote || { FAILURE="smoke test: a quote" && return 1; }
  done
  [ -z "$SMOKE_LOGIN_FILE" ] || ask /api/v1/auth/login --data-binary "@$SMOKE_LOGIN_FILE" >/dev/null ||
    { FAILURE="smoke test: a login" && return 1; }
}
