# shellcheck shell=bash
# Deployment with docker-compose.yml, by `docker compose` or docker-compose 1.29. A version is the tag of its images
# (VERSION), built or pulled before; which one runs is kept as VERSION in .env, so that every other command of compose
# goes on with it. Replicas are added with the new image beside the old ones, which then stop; nginx's own container is
# left alone, because its port cannot be in two of them.
HOME_DIR=${DEPLOY_DIR:-.run/deploy}
: "${SECRETS_DIR:=./secrets}" "${IMAGE_PREFIX:=myhibachi}"
# shellcheck disable=SC2034 # of smoke.sh
EDGE_URL=https://localhost:${HTTPS_PORT:-8443} EDGE_CA=$SECRETS_DIR/ca.pem
HEALTHY_S=90

compose() { # VERSION ARGUMENT...
  local version=$1
  shift
  if docker compose version >/dev/null 2>&1; then
    VERSION=$version docker compose "$@"
  else
    VERSION=$version docker-compose "$@"
  fi 8>&-
}

# The database's server and Redis are no part of a version.
services() {
  printf 'identity\nbooking\n'
}

containers() { # SERVICE
  compose "${TO:-latest}" ps -q "$1" 2>/dev/null
}

image_of() { # CONTAINER
  docker inspect -f '{{.Config.Image}}' "$1"
}

address_of() { # CONTAINER: where nginx finds it
  docker inspect -f '{{range $name, $n := .NetworkSettings.Networks}}{{$name}} {{$n.IPAddress}}{{"\n"}}{{end}}' "$1" |
    awk '$1 ~ /_services$/ { print $2 ":8080" }'
}

# Those with the image of a version, or those with another one.
of_version() { # SERVICE VERSION
  local c
  for c in $(containers "$1"); do [ "$(image_of "$c")" != "$IMAGE_PREFIX/$1:$2" ] || echo "$c"; done
}
of_others() { # SERVICE VERSION
  local c
  for c in $(containers "$1"); do [ "$(image_of "$c")" = "$IMAGE_PREFIX/$1:$2" ] || echo "$c"; done
}

take_in() { # VERSION
  local s
  [[ ${1:-} =~ ^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$ ]] || { printf 'deploy: which version?\n' >&2 && return 1; }
  for s in migrate $(services); do
    docker image inspect "$IMAGE_PREFIX/$s:$1" >/dev/null 2>&1 || compose "$1" pull -q "$s" >/dev/null 2>&1 ||
      { printf 'deploy: there is no image %s\n' "$IMAGE_PREFIX/$s:$1" >&2 && return 1; }
  done
  echo "$1"
}

version_now() {
  local c
  c=$(containers booking | head -n 1)
  [ -n "$c" ] || die "nothing runs: docker compose up -d starts it"
  c=$(image_of "$c")
  echo "${c##*:}"
}

version_before() {
  [ -s "$HOME_DIR/before" ] && cat "$HOME_DIR/before"
}

counts() {
  local s
  for s in $(services); do printf '%s=%s ' "$s" "$(containers "$s" | wc -l)"; done
}

once() { # VERSION SERVICE ARGUMENT...: a container that does one thing
  local version=$1 service=$2
  shift 2
  compose "$version" run --rm --no-deps -T "$service" "$@" </dev/null
}

check_config() { # VERSION
  local s
  for s in $(services); do once "$1" "$s" --check-config || return 1; done
}

check_schema() { # VERSION [back]
  once "$1" migrate check "$2"
}

migrate() {
  once "$TO" migrate
}

edge_update() {
  :
}

edge_status() {
  compose "${TO:-latest}" exec -T nginx curl -fsS --max-time 5 --unix-socket /tmp/temp/status.sock http://localhost/replicas \
    </dev/null
}

await_healthy() { # CONTAINER
  local i
  for ((i = 0; i < HEALTHY_S * 5; i++)); do
    [ "$(docker inspect -f '{{.State.Health.Status}}' "$1")" != healthy ] || return 0
    sleep 0.2
  done
  return 1
}

# Each that is new has to be healthy and used before anything else happens.
replace() { # SERVICE VERSION COUNT SMOKE
  local service=$1 version=$2 count=$3 smoke=$4 c old program tried=''
  program=$(once "$version" "$service" --version | cut -d' ' -f2)
  while :; do
    for c in $(of_version "$service" "$version"); do
      await_healthy "$c" || { docker logs --tail 20 "$c" >>"$HOME_DIR/log" 2>&1; return 1; }
      await_used "$service" "$(address_of "$c")" "$program" || return 1
      [ -n "$tried" ] || "$smoke" "$service" "$program" || return 1
      tried=1
    done
    old=$(of_others "$service" "$version" | head -n 1)
    if [ -n "$old" ] && [ "$(of_version "$service" "$version" | wc -l)" -ge 1 ] &&
      [ "$(containers "$service" | wc -l)" -gt "$count" ]; then
      { docker stop -t 45 "$old" && docker rm "$old"; } >>"$HOME_DIR/log" 2>&1 || return 1
    elif [ "$(of_version "$service" "$version" | wc -l)" -lt "$count" ]; then
      compose "$version" up -d --no-deps --no-recreate --scale "$service=$(($(containers "$service" | wc -l) + 1))" \
        "$service" >>"$HOME_DIR/log" 2>&1 || return 1
    else
      return 0
    fi
  done
}

settle() { # VERSION
  local id
  [ "$FROM" = "$1" ] || echo "$FROM" >"$HOME_DIR/before"
  { grep -v '^VERSION=' .env 2>/dev/null || :; echo "VERSION=$1"; } >.env.new
  mv .env.new .env
  id=$(compose "$1" ps -q nginx 2>/dev/null | head -n 1)
  [ -z "$id" ] || [ "$(image_of "$id")" = "$IMAGE_PREFIX/nginx:$1" ] ||
    say "nginx still runs $(image_of "$id"): docker compose up -d --no-deps nginx replaces it, and is away for a second"
}
