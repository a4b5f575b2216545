# shellcheck shell=bash
# Folders, secrets, certificates, and the files that tell others where things are.

# AS=(words) to put before a server's command: a bare environment and, for root, another user.
as() {
  AS=(env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 TZ=UTC)
  if [ "$(id -u)" -eq 0 ]; then
    AS+=(setpriv --reuid="$1" --regid="$1" --init-groups --)
  fi
}

# give USER PATH...: hands files to the user that as() names.
give() {
  local user=$1
  shift
  if [ "$(id -u)" -eq 0 ]; then chown "$user:$user" "$@"; fi
}

folders() {
  mkdir -p "$RUN_DIR"/{logs,proc,secrets,env.d,nginx,mail,openapi}
  [ -O "$RUN_DIR" ] || die "$RUN_DIR belongs to another user; choose another RUN_DIR"
  STATE=$RUN_DIR/state
  if [ ! -d "$STATE/" ]; then
    rm -f "$STATE"
    if [ "$(id -u)" -eq 0 ]; then
      local key
      key=$(printf '%s' "$RUN_DIR" | sha256sum | cut -c1-12)
      # What a RUN_DIR of this name left that was removed by hand: nobody has its passwords any more.
      rm -rf "/var/lib/myhibachi/$key"
      mkdir -p "/var/lib/myhibachi/$key"
      chmod 755 /var/lib/myhibachi
      ln -s "/var/lib/myhibachi/$key" "$STATE"
    else
      mkdir "$STATE"
    fi
    echo "$RUN_DIR" >"$STATE/owner"
  fi
  STATE=$(cd "$STATE" && pwd -P)
  mkdir -p "$STATE"/{www/api/docs,redis,nginx}
  chmod 711 "$STATE"
  chmod 755 "$STATE"/www "$STATE"/www/api "$STATE"/www/api/docs
  give redis "$STATE/redis"
  give www-data "$STATE/nginx"
}

# Only what folders() made is removed.
remove_data() {
  local state
  if [ -f "$RUN_DIR/state/owner" ]; then
    state=$(cd "$RUN_DIR/state" && pwd -P)
    rm -rf "$state"
  fi
  (cd "$RUN_DIR" && rm -rf logs proc secrets env.d nginx nginx.new mail openapi tls state env demo.json settings \
    contract.jsonl clock-offset redis.conf scale lock)
  rmdir "$RUN_DIR" 2>/dev/null || :
}

# secret NAME [BYTES]: prints a random password, which is made once. Hexadecimal: it needs no quoting
# in URLs, SQL or shells.
secret() {
  local file=$RUN_DIR/secrets/$1
  [ -s "$file" ] || openssl rand -hex "${2:-24}" >"$file.new"
  [ ! -e "$file.new" ] || mv "$file.new" "$file"
  cat "$file"
}

certificates() {
  # shellcheck disable=SC2086 # a list of words
  scripts/certificate "$RUN_DIR/tls" $SERVER_NAMES || die "the certificates could not be made"
}

# RUN_DIR/env: what a tool or a test needs to find the stack.
environment() {
  local p variable
  {
    for p in BASE_URL="https://localhost:$HTTPS_PORT" \
      CA_FILE="$RUN_DIR/tls/ca.pem" \
      DATABASE_URL="$(pg_url mh_owner "$(secret pg-mh_owner)")" \
      REDIS_URL="redis://admin:$(secret redis-admin)@127.0.0.1:$REDIS_PORT/0" \
      MAIL_URL="http://127.0.0.1:$MAIL_PORT" \
      SMTP_URL="smtp://127.0.0.1:$SMTP_PORT" \
      DEMO_FILE="$RUN_DIR/demo.json" \
      CLOCK_OFFSET_FILE="${DRILL:+$RUN_DIR/clock-offset}" \
      RUN_DIR="$RUN_DIR" BIN_DIR="$BIN_DIR" APP_ENV="$APP_ENV"; do
      printf 'export %s=%q\n' "${p%%=*}" "${p#*=}"
    done
    for p in $SERVICE_PARTS; do
      variable=$(variable_of "$p")
      local port=${variable}_PORT metrics=${variable}_METRICS_PORT
      echo "export ${variable}_URL=http://127.0.0.1:${!port}"
      echo "export ${variable}_METRICS_URL=http://127.0.0.1:${!metrics}/metrics"
    done
  } >"$RUN_DIR/env"
}
