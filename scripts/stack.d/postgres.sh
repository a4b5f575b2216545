# shellcheck shell=bash
# PostgreSQL 15 in STATE/pg, its database, its roles and the migrations. TCP on loopback with
# passwords only; the superuser's is known to this script alone.
PG_BIN=/usr/lib/postgresql/15/bin

pg_parameters() {
  printf 'sslmode=%s' "$PG_SSLMODE"
  [ "$PG_SSLMODE" = disable ] || printf '&sslrootcert=%s' "$RUN_DIR/tls/ca.pem"
}

pg_url() { # ROLE PASSWORD
  echo "postgresql://$1:$2@127.0.0.1:$PG_PORT/myhibachi?$(pg_parameters)"
}

# Reads SQL; as a role, in a database.
pg_sql() {
  PGPASSWORD=$(secret "pg-$1") "$PG_BIN/psql" -X -q -A -t -v ON_ERROR_STOP=1 \
    -h 127.0.0.1 -p "$PG_PORT" -U "$1" -d "$2"
}

postgres_settings() {
  cat scripts/stack.d/postgresql.conf
  echo "port = $PG_PORT"
}

postgres_signature() {
  "$PG_BIN/postgres" --version
  postgres_settings
  cat "$RUN_DIR/tls/server.pem"
}

postgres_create() {
  local data=$STATE/pg new=$STATE/pg.new password=$STATE/pg.password
  say "creating the database cluster in $data"
  rm -rf "$new"
  mkdir "$new"
  secret pg-postgres >"$password"
  give postgres "$new" "$password"
  as postgres
  (cd / && "${AS[@]}" "$PG_BIN/initdb" -D "$new" -U postgres --pwfile="$password" \
    --encoding=UTF8 --locale=C.UTF-8 --data-checksums --auth=scram-sha-256) \
    >"$RUN_DIR/logs/postgres.log" 2>&1 || failed postgres "could not be created"
  rm -f "$password"
  mv "$new" "$data"
}

postgres_start() {
  local data=$STATE/pg
  [ -f "$data/PG_VERSION" ] || postgres_create
  postgres_settings >"$data/postgresql.conf"
  echo 'host all all 127.0.0.1/32 scram-sha-256' >"$data/pg_hba.conf"
  cp "$RUN_DIR/tls/server.pem" "$RUN_DIR/tls/server.key" "$data"
  give postgres "$data"/{postgresql.conf,pg_hba.conf,server.pem,server.key}
  as postgres
  launch postgres "${AS[@]}" "$PG_BIN/postgres" -D "$data"
}

postgres_ready() {
  "$PG_BIN/pg_isready" -q -h 127.0.0.1 -p "$PG_PORT"
}

migrate() {
  PGHOST=127.0.0.1 PGPORT=$PG_PORT SECRETS=$RUN_DIR/secrets scripts/migrate \
    >"$RUN_DIR/logs/migrate.log" 2>&1 || failed migrate "failed"
}
