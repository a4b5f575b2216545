# shellcheck shell=bash
# nginx, with a configuration rendered for this stack, and the pages that it serves itself.

# Pages: the front page, the API reference, and the merged OpenAPI document.
pages() {
  local www=$STATE/www s f
  for s in $SERVICES; do
    "$BIN_DIR/$s" --openapi >"$RUN_DIR/openapi/$s.json"
  done
  scripts/merge-openapi "$RUN_DIR"/openapi/*.json >"$RUN_DIR/openapi.merged"
  install -m 644 "$RUN_DIR/openapi.merged" "$www/api/openapi.json"
  rm -f "$RUN_DIR/openapi.merged"
  install -m 644 web/index.html "$www"
  install -m 644 web/docs/* "$www/api/docs"
  if scripts/fetch-docs build/docs; then
    for f in build/docs/*; do install -m 644 "$f" "$www/api/docs"; done
  fi
}

# Tells nginx where replicas are; it looks by itself (nginx/balancer.lua).
replicas() {
  local p port
  for p in $SERVICE_PARTS; do
    port=$(variable_of "$p")_PORT
    echo "${p%-[0-9]*} 127.0.0.1:${!port}"
  done >"$STATE/replicas.new"
  chmod 644 "$STATE/replicas.new"
  mv "$STATE/replicas.new" "$STATE/replicas"
}

nginx_render() { # FOLDER
  export HTTPS_PORT HTTP_PORT SERVER_NAMES CORS_ORIGINS CONNECTIONS_PER_IP HSTS_SECONDS
  TLS_CERT=$RUN_DIR/tls/server.pem TLS_KEY=$RUN_DIR/tls/server.key WWW_DIR=$STATE/www \
    TEMP_DIR=$STATE/nginx LOG_DIR=$RUN_DIR/logs REPLICAS_FILE=$STATE/replicas \
    scripts/render-nginx "$1"
}

# What nginx would refuse is beside what it runs with, and stays there.
nginx_signature() {
  nginx_render "$RUN_DIR/nginx.new"
  cat "$RUN_DIR"/nginx.new/*.{conf,lua} "$RUN_DIR"/tls/server.{pem,key}
}

nginx_accept() {
  /usr/sbin/nginx -t -q -p "$RUN_DIR/nginx.new" -e "$RUN_DIR/logs/nginx-error.log" -c nginx.conf ||
    die "nginx refuses its configuration"
  nginx_render "$RUN_DIR/nginx"
}

nginx_start() {
  nginx_accept
  rm -f "$STATE/nginx/status.sock" "$STATE/nginx/closing" # of one that was killed
  launch nginx /usr/sbin/nginx -p "$RUN_DIR/nginx" -e "$RUN_DIR/logs/nginx-error.log" \
    -c nginx.conf -g 'daemon off;'
}

nginx_reload() {
  nginx_accept
  NGINX_ERRORS=$RUN_DIR/logs/nginx-error.log scripts/reload-nginx "$RUN_DIR/nginx" "$STATE/nginx"
}

nginx_ready() {
  curl -fsS --max-time 2 --cacert "$RUN_DIR/tls/ca.pem" "https://localhost:$HTTPS_PORT/api/v1/health"
}
