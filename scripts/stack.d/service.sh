# shellcheck shell=bash
# The services. A part is a process of one: booking-2 runs BIN_DIR/booking. Secrets reach them as
# files (NAME_FILE), never as arguments.

# Passwords and keys are made once; what tells where things are, each time.
service_secrets() {
  local dir=$RUN_DIR/secrets
  rm -f "$dir"/*.database-url "$dir/redis-url" "$dir/jwks-public.json"
  SECRETS_DIR=$dir SERVER_NAMES='' PGHOST=127.0.0.1 PGPORT=$PG_PORT PG_PARAMETERS=$(pg_parameters) \
    REDIS_HOST=127.0.0.1:$REDIS_PORT scripts/secrets || die "the secrets could not be made"
  [ -z "$DRILL" ] || [ -f "$RUN_DIR/clock-offset" ] || head -c 8 /dev/zero >"$RUN_DIR/clock-offset"
}

# An .env file's NAME=value lines, as shell assignments. A value may stand in quotes; nothing in it is
# expanded.
env_file() {
  local line value
  while IFS= read -r line; do
    [[ $line =~ ^[A-Z][A-Z0-9_]*= ]] || continue
    value=${line#*=}
    if [[ $value =~ ^\"(.*)\"$ || $value =~ ^\'(.*)\'$ ]]; then value=${BASH_REMATCH[1]}; fi
    printf '%s=%q\n' "${line%%=*}" "$value"
  done <"$1"
}

# The environment of a part, as shell assignments. Later lines win: .env, SERVICE_ENV, and what a test
# wants for this part alone.
service_env() {
  local part=$1 s=${1%-[0-9]*} name port metrics f
  name=$(variable_of "$part")
  port=${name}_PORT metrics=${name}_METRICS_PORT
  printf '%s=%q\n' \
    APP_ENV "$APP_ENV" \
    LISTEN_PORT "${!port}" \
    METRICS_PORT "${!metrics}" \
    DATABASE_URL_FILE "$RUN_DIR/secrets/$s.database-url" \
    REDIS_URL_FILE "$RUN_DIR/secrets/redis-url" \
    KEYRING_FILE "$RUN_DIR/secrets/$s.keyring" \
    JWKS_FILE "$RUN_DIR/secrets/jwks-$([ "$s" = identity ] && echo private || echo public).json" \
    LOG_FILE "$RUN_DIR/logs/$part.log" \
    CLOCK_OFFSET_FILE "${DRILL:+$RUN_DIR/clock-offset}" \
    WEB_URL "https://localhost:$HTTPS_PORT" \
    SMTP_URL "smtp://127.0.0.1:$SMTP_PORT" \
    MAIL_FROM 'My Hibachi <no-reply@myhibachi.test>'
  for f in .env "$SERVICE_ENV" "$RUN_DIR/env.d/$part.local"; do
    if [ -f "$f" ]; then env_file "$f"; fi
  done
}

# service_run PART COMMAND...: the service's program with that part's environment.
service_run() {
  local part=$1
  shift
  # shellcheck disable=SC2016 # expanded by the inner shell
  set -- env -i PATH=/usr/bin:/bin LC_ALL=C.UTF-8 TZ=UTC HOME="$RUN_DIR" \
    ASAN_OPTIONS="${ASAN_OPTIONS:-}" UBSAN_OPTIONS="${UBSAN_OPTIONS:-}" \
    sh -c 'set -a; . "$0"; exec "$@"' "$RUN_DIR/env.d/$part" "$BIN_DIR/${part%-[0-9]*}" "$@"
  service_env "$part" >"$RUN_DIR/env.d/$part"
  "${RUN[@]}" "$@"
}

# Every part's configuration, with the programs of BIN_DIR.
check() {
  local part bad=0
  # shellcheck disable=SC2034 # of service_run
  RUN=()
  for part in $SERVICE_PARTS; do service_run "$part" --check-config || bad=1; done
  return $bad
}

# The programs as they run, also when their files were replaced since.
keep() { # FOLDER
  local s pid
  for s in $SERVICES; do
    if pid=$(pid_of "$(replica_of "$s" 1)"); then
      cp "/proc/$pid/exe" "$1/$s"
    else
      cp "$BIN_DIR/$s" "$1/$s"
    fi
  done
}

service_signature() {
  service_env "$1"
  cat "$BIN_DIR/${1%-[0-9]*}" "$RUN_DIR"/secrets/{jwks-*.json,redis-url} \
    "$RUN_DIR/secrets/${1%-[0-9]*}".*
}

service_start() {
  RUN=(launch "$1")
  service_run "$1"
}

service_ready() {
  local port
  port=$(variable_of "$1")_PORT
  curl -fsS --max-time 2 "http://127.0.0.1:${!port}/api/v1/health/readiness"
}
