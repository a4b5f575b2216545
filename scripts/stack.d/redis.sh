# shellcheck shell=bash
# Redis: rate limits, cache, doorbell. Nothing in it has to survive, so nothing is written to disk.
# Services may touch their own keys and channels, and nothing that concerns the server.

redis_settings() {
  cat <<END
bind 127.0.0.1
port $REDIS_PORT
dir $STATE/redis
save ""
appendonly no
maxmemory 128mb
maxmemory-policy allkeys-lru
user default off
user admin on >$(secret redis-admin) ~* &* +@all
user service on >$(secret redis-service) ~mh:* &mh:* +@all -@admin -@dangerous +info
END
}

redis_signature() {
  redis-server --version
  redis_settings
}

# The configuration comes in by standard input: the passwords are in no argument and in no file that
# the server's user could leave readable.
redis_start() {
  redis_settings >"$RUN_DIR/redis.conf"
  as redis
  LAUNCH_INPUT=$RUN_DIR/redis.conf launch redis "${AS[@]}" redis-server -
}

redis_ready() {
  REDISCLI_AUTH=$(secret redis-admin) redis-cli --no-auth-warning --user admin -h 127.0.0.1 \
    -p "$REDIS_PORT" ping | grep -q PONG
}
