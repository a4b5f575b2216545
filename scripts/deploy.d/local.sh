# shellcheck shell=bash
# Deployment to the local stack. A release is a folder, RUN_DIR/releases/ID: bin, migrations and scripts/migrate. Its
# name is its version and a digest of what is in it, so that two builds of one commit are two releases.
case $RUN_DIR in /*) ;; *) RUN_DIR=$PWD/$RUN_DIR ;; esac
export RUN_DIR
[ -r "$RUN_DIR/env" ] || die "no stack runs in $RUN_DIR"
# shellcheck source=/dev/null
. "$RUN_DIR/env"
HOME_DIR=$RUN_DIR/releases
# shellcheck disable=SC2034 # of smoke.sh
EDGE_URL=$BASE_URL EDGE_CA=$CA_FILE EDGE_OPTIONS=()
KEEP=5
MOST_REPLICAS=10

stack() {
  scripts/stack "$@" 8>&- >>"$HOME_DIR/log" 2>&1
}

version_of() { # RELEASE SERVICE
  "$HOME_DIR/$1/bin/$2" --version | cut -d' ' -f2
}

name_of() { # FOLDER
  printf '%s-%s\n' "$("$1/booking" --version | cut -d' ' -f2)" "$(cat "$1"/* migrations/*/* scripts/migrate | sha256sum | cut -c1-8)"
}

keep_release() { # FOLDER of programs: prints the release
  local id
  id=$(name_of "$1") || return 1
  if [ ! -d "$HOME_DIR/$id" ]; then
    rm -rf "$HOME_DIR/new"
    mkdir -p "$HOME_DIR/new/bin" "$HOME_DIR/new/scripts"
    cp "$1"/* "$HOME_DIR/new/bin"
    cp -R migrations "$HOME_DIR/new"
    cp scripts/migrate "$HOME_DIR/new/scripts"
    mv "$HOME_DIR/new" "$HOME_DIR/$id"
  fi
  echo "$id"
}

take_in() { # FOLDER
  local folder=${1:-build/release/bin} s
  for s in $(scripts/services); do
    [ -x "$folder/$s" ] || { printf 'deploy: there is no %s/%s\n' "$folder" "$s" >&2 && return 1; }
  done
  keep_release "$folder"
}

# What runs; the first time its programs are copied, wherever they were started from.
version_now() {
  local folder=$HOME_DIR/running
  if [ -s "$HOME_DIR/current" ] && [ -d "$HOME_DIR/$(cat "$HOME_DIR/current")" ]; then
    cat "$HOME_DIR/current"
    return
  fi
  rm -rf "$folder"
  mkdir "$folder"
  stack keep "$folder"
  keep_release "$folder"
  rm -rf "$folder"
}

version_before() {
  [ -s "$HOME_DIR/before" ] && [ -d "$HOME_DIR/$(cat "$HOME_DIR/before")" ] && cat "$HOME_DIR/before"
}

# "booking=2 identity=1"
counts() {
  local s
  for s in $(scripts/services); do printf '%s=%s ' "$s" "$(grep -c "^$s " "$RUN_DIR/state/replicas")"; done
}

check_config() { # RELEASE
  RELEASE=$HOME_DIR/$1 scripts/stack check 8>&-
}

pg_port() {
  sed -n 's/^PG_PORT=//p' "$RUN_DIR/settings"
}

check_schema() { # RELEASE [back]
  PGHOST=127.0.0.1 PGPORT=$(pg_port) SECRETS=$RUN_DIR/secrets "$HOME_DIR/$1/scripts/migrate" check "$2" 8>&-
}

migrate() {
  PGHOST=127.0.0.1 PGPORT=$(pg_port) SECRETS=$RUN_DIR/secrets "$HOME_DIR/$TO/scripts/migrate" 8>&-
}

edge_update() {
  stack start nginx || { tail -n 3 "$HOME_DIR/log"; return 1; }
}

# nginx's program is the machine's.
edge() {
  :
}

edge_status() {
  curl -fsS --max-time 5 --unix-socket "$RUN_DIR/state/nginx/status.sock" http://localhost/replicas
}

used() { # SERVICE PART RELEASE
  await_used "$1" "127.0.0.1:$(scripts/stack port "$2")" "$(version_of "$3" "$1")"
}

# One more replica for the time being, so that there are never fewer; it is the first of the new ones.
replace() { # SERVICE RELEASE COUNT SMOKE
  local service=$1 release=$2 count=$3 smoke=$4 n part first
  local RELEASE=$HOME_DIR/$release
  export RELEASE
  first=$((count < MOST_REPLICAS ? count + 1 : 1))
  stack scale "$service=$((count < MOST_REPLICAS ? count + 1 : count))" || return 1
  for n in $first $(seq 1 "$count"); do
    part=$(scripts/stack part "$service" "$n")
    stack start "$part" && used "$service" "$part" "$release" || return 1
    if [ "$n" -eq "$first" ]; then
      "$smoke" "$service" "$(version_of "$release" "$service")" || return 1
    fi
  done
  stack scale "$service=$count"
}

settle() { # RELEASE
  RELEASE=$HOME_DIR/$1 stack settle
  if [ -s "$HOME_DIR/current" ] && [ "$(cat "$HOME_DIR/current")" != "$1" ]; then
    cp "$HOME_DIR/current" "$HOME_DIR/before"
  elif [ "$FROM" != "$1" ]; then
    echo "$FROM" >"$HOME_DIR/before"
  fi
  echo "$1" >"$HOME_DIR/current.new"
  mv "$HOME_DIR/current.new" "$HOME_DIR/current"
  # The oldest go, but never what runs or ran.
  find "$HOME_DIR" -mindepth 1 -maxdepth 1 -type d -printf '%T@ %f\n' | sort -rn | tail -n "+$((KEEP + 1))" |
    while read -r _ old; do
      grep -qxF "$old" "$HOME_DIR/current" "$HOME_DIR/before" || rm -rf "${HOME_DIR:?}/$old"
    done
}
