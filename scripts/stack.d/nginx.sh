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

nginx_render() {
  local s p port servers
  for s in $SERVICES; do
    servers=
    for p in $SERVICE_PARTS; do
      [ "${p%-[0-9]*}" = "$s" ] || continue
      port=$(printf '%s' "$p" | tr 'a-z-' 'A-Z_')_PORT
      servers+="127.0.0.1:${!port} "
    done
    export "UPSTREAM_$(printf '%s' "$s" | tr 'a-z-' 'A-Z_')=$servers"
  done
  export HTTPS_PORT HTTP_PORT SERVER_NAMES CORS_ORIGINS CONNECTIONS_PER_IP HSTS_SECONDS
  TLS_CERT=$RUN_DIR/tls/server.pem TLS_KEY=$RUN_DIR/tls/server.key WWW_DIR=$STATE/www \
    TEMP_DIR=$STATE/nginx LOG_DIR=$RUN_DIR/logs scripts/render-nginx "$RUN_DIR/nginx"
}

nginx_signature() {
  nginx_render
  cat "$RUN_DIR"/nginx/*.conf "$RUN_DIR/tls/server.pem"
}

nginx_start() {
  launch nginx /usr/sbin/nginx -p "$RUN_DIR/nginx" -e "$RUN_DIR/logs/nginx-error.log" \
    -c nginx.conf -g 'daemon off;'
}

nginx_reload() {
  /usr/sbin/nginx -t -q -p "$RUN_DIR/nginx" -e "$RUN_DIR/logs/nginx-error.log" -c nginx.conf
  signal_part nginx HUP
}

nginx_ready() {
  curl -fsS --max-time 2 --cacert "$RUN_DIR/tls/ca.pem" "https://localhost:$HTTPS_PORT/api/v1/health"
}
