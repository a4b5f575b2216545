# shellcheck shell=bash
# shellcheck disable=SC2034 # EDGE_* are of smoke.sh, FAILURE is of scripts/deploy
# Deployment with docker-compose.yml, by `docker compose` or docker-compose 1.29. A version is the tag of its images
# (VERSION), built or pulled before; which one runs is kept as VERSION in .env, so that every other command of compose
# goes on with it. Replicas are added with the new image beside the old ones, which then stop. nginx comes last, and only
# where its image has something new: its port cannot be in two containers, so nobody is served while they change places.
HOME_DIR=${DEPLOY_DIR:-.run/deploy}

# What docker-compose.yml reads from .env is ours as well; the environment goes before it.
setting() { # NAME DEFAULT
  local line
  [ -z "${!1:-}" ] || return 0
  line=$(grep "^$1=" .env 2>/dev/null | tail -n 1) || :
  line=${line#*=}
  printf -v "$1" '%s' "${line:-$2}"
}
setting SECRETS_DIR ./secrets
setting IMAGE_PREFIX myhibachi
setting HTTPS_PORT 8443
setting SERVER_NAMES localhost
EDGE_URL=https://${SERVER_NAMES%% *}:$HTTPS_PORT EDGE_CA=''
# Whatever DNS says of that name: this nginx. Its own CA is asked for where it signed what is served.
EDGE_OPTIONS=(--connect-to "::127.0.0.1:$HTTPS_PORT")
! openssl verify -CAfile "$SECRETS_DIR/ca.pem" "$SECRETS_DIR/tls-cert" >/dev/null 2>&1 || EDGE_CA=$SECRETS_DIR/ca.pem
: "${HEALTHY_S:=90}"
LONGEST_S=5 # what nginx may still finish when its container is replaced

compose() { # VERSION ARGUMENT...
  local version=$1
  shift
  if docker compose version >/dev/null 2>&1; then
    VERSION=$version docker compose "$@"
  else
    VERSION=$version docker-compose "$@"
  fi 8>&-
}

# Docker itself is asked, since compose takes its time.
containers() { # SERVICE
  [ -n "$PROJECT" ] || die "nothing runs: docker compose up -d starts it"
  docker ps -a -q -f "label=com.docker.compose.project=$PROJECT" -f "label=com.docker.compose.service=$1" \
    -f label=com.docker.compose.oneoff=False
}
PROJECT=$(compose latest ps -q 2>/dev/null | sed -n 1p)
[ -z "$PROJECT" ] || PROJECT=$(docker inspect -f '{{index .Config.Labels "com.docker.compose.project"}}' "$PROJECT")

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
  for s in migrate nginx $(scripts/services); do
    docker image inspect "$IMAGE_PREFIX/$s:$1" >/dev/null 2>&1 || compose "$1" pull -q "$s" >/dev/null 2>&1 ||
      { printf 'deploy: there is no image %s\n' "$IMAGE_PREFIX/$s:$1" >&2 && return 1; }
  done
  echo "$1"
}

version_now() {
  local c
  c=$(containers booking | sed -n 1p)
  [ -n "$c" ] || die "nothing runs: docker compose up -d starts it"
  c=$(image_of "$c")
  echo "${c##*:}"
}

version_before() {
  [ -s "$HOME_DIR/before" ] && cat "$HOME_DIR/before"
}

counts() {
  local s
  for s in $(scripts/services); do printf '%s=%s ' "$s" "$(containers "$s" | wc -l)"; done
}

once() { # VERSION SERVICE ARGUMENT...: a container that does one thing
  local version=$1 service=$2
  shift 2
  compose "$version" run --rm --no-deps -T "$service" "$@" </dev/null 2> >(grep -v '^ *\(Creating\|Container\) ' >&2)
}

check_config() { # VERSION
  local s
  for s in $(scripts/services); do once "$1" "$s" --check-config || return 1; done
  check_edge "$1"
}
check_edge() { # VERSION
  local said
  said=$(once "$1" nginx check 2>&1) || { refused "$said"; return 1; }
}

check_schema() { # VERSION [back]
  once "$1" migrate check "$2"
}

migrate() {
  once "$TO" migrate
}

refused() { # WHAT NGINX SAID
  say "nginx: $(awk '/emerg/ && !first { first = $0 } { last = $0 } END { print first ? first : last }' <<<"$1")"
}

# Certificates; all else of nginx is in its image and its container's settings.
edge_update() {
  local said
  said=$(in_edge /opt/myhibachi/docker/edge reload 2>&1 >/dev/null) || { refused "$said"; return 1; }
}

layers() { # IMAGE
  docker image inspect -f '{{json .RootFS.Layers}}' "$1"
}

# Whether a container may stay: the layers of its image, its settings, and its certificate are what they would be. A
# file that took the place of the one that it was given it cannot see.
same_edge() { # CONTAINER VERSION
  local now
  now=$(image_of "$1")
  [ "$(layers "$(docker inspect -f '{{.Image}}' "$1")")" = "$(layers "$IMAGE_PREFIX/nginx:$2")" ] &&
    [ "$(compose "${now##*:}" config --hash nginx)" = \
      "nginx $(docker inspect -f '{{index .Config.Labels "com.docker.compose.config-hash"}}' "$1")" ] &&
    in_edge sh -c 'cat /run/secrets/tls-*' | cmp -s - <(cat "$SECRETS_DIR"/tls-{cert,key})
}

# nginx itself, where it has to be replaced.
edge() { # VERSION
  local c
  c=$(containers nginx)
  [ -z "$c" ] || same_edge "$c" "$1" || echo nginx
}

in_edge() { # COMMAND...
  docker exec "$(containers nginx)" "$@"
}

edge_status() {
  in_edge curl -fsS --max-time 5 --unix-socket /tmp/temp/status.sock http://localhost/replicas
}

# By the check that Docker makes, too, but every few seconds only. What starts again and again will not get there.
await_healthy() { # CONTAINER
  local i check
  check=$(docker inspect -f '{{range slice .Config.Healthcheck.Test 1}}{{.}} {{end}}' "$1") || return 1
  for ((i = 0; i < HEALTHY_S * 5; i++)); do
    # shellcheck disable=SC2086 # a list of words
    ! docker exec "$1" $check >/dev/null 2>&1 || return 0
    [ "$(docker inspect -f '{{.RestartCount}}' "$1")" -lt 5 ] || break
    sleep 0.2
  done
  docker logs --tail 20 "$1" >>"$HOME_DIR/log" 2>&1
  return 1
}

# Tried in a container aside; only then the one that serves goes, without the connections that its clients keep, and
# with time to end what it has begun.
replace_edge() { # VERSION SMOKE
  local c
  if [ -n "$(edge "$1")" ]; then
    check_edge "$1" || { FAILURE="nginx refuses its configuration"; return 1; }
    in_edge /opt/myhibachi/docker/edge close >>"$HOME_DIR/log" 2>&1 && sleep 3
    say "nginx: its container is replaced; new connections fail for about two seconds"
    compose "$1" up -d --no-deps --force-recreate -t "$LONGEST_S" nginx >>"$HOME_DIR/log" 2>&1 ||
      { FAILURE="nginx cannot be started"; return 1; }
  fi
  c=$(containers nginx)
  await_healthy "$c" || { FAILURE="nginx does not get ready"; return 1; }
  "$2" nginx ''
}

# Each that is new has to be healthy and used before anything else happens.
replace() { # SERVICE VERSION COUNT SMOKE
  local service=$1 version=$2 count=$3 smoke=$4 c old program tried=''
  [ "$service" != nginx ] || { replace_edge "$version" "$smoke"; return; }
  program=$(docker run --rm --network none "$IMAGE_PREFIX/$service:$version" --version | cut -d' ' -f2)
  while :; do
    for c in $(of_version "$service" "$version"); do
      await_healthy "$c" || return 1
      await_used "$service" "$(address_of "$c")" "$program" || return 1
      [ -n "$tried" ] || "$smoke" "$service" "$program" || return 1
      tried=1
    done
    old=$(of_others "$service" "$version" | sed -n 1p)
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
  [ "$FROM" = "$1" ] || echo "$FROM" >"$HOME_DIR/before"
  { grep -v '^VERSION=' .env 2>/dev/null || :; echo "VERSION=$1"; } >.env.new
  mv .env.new .env
}
