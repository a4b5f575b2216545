# shellcheck shell=bash
# Demo accounts and data, and what to tell the one who started the stack.

# Both commands may be repeated; they are, when the data or their own text is new.
demo() {
  local signature role email id station password comma=''
  signature=$(cat scripts/demo-users scripts/demo.sql "$RUN_DIR"/secrets/pg-mh_* | sha256sum)
  if [ -s "$RUN_DIR/demo.json" ] && [ "$(cat "$STATE/demo.signature" 2>/dev/null)" = "$signature" ]; then
    return
  fi
  say "loading demo accounts and data"
  # shellcheck disable=SC2034 # of service_run
  RUN=()
  {
    printf '{\n  "base_url": "https://localhost:%s",\n  "ca_file": "%s",\n  "users": {' \
      "$HTTPS_PORT" "$RUN_DIR/tls/ca.pem"
    while read -r role email id station; do
      case $role in '' | '#'*) continue ;; esac
      password=$(secret "demo-$role" 12)
      set -- --email "$email" --role "$role" --id "$id"
      [ "$station" = - ] || set -- "$@" --station "$station"
      printf '%s\n' "$password" | service_run identity create-user "$@" >>"$RUN_DIR/logs/demo.log" 2>&1 ||
        failed demo "account $email could not be made"
      printf '%s\n    "%s": {"email": "%s", "password": "%s"}' "$comma" "$role" "$email" "$password"
      comma=,
    done <scripts/demo-users
    printf '\n  }\n}\n'
  } >"$RUN_DIR/demo.new"
  pg_sql mh_owner myhibachi <scripts/demo.sql >>"$RUN_DIR/logs/demo.log" 2>&1 ||
    failed demo "data could not be loaded"
  mv "$RUN_DIR/demo.new" "$RUN_DIR/demo.json"
  echo "$signature" >"$STATE/demo.signature"
}

summary() {
  local url=https://localhost:$HTTPS_PORT role email rest ca="$RUN_DIR/tls/ca.pem"
  cat <<END

Ready: $url         API reference: $url/api/docs/
Mails that are sent appear at http://127.0.0.1:$MAIL_PORT

Logins (also in ${RUN_DIR#"$ROOT"/}/demo.json):
END
  while read -r role email rest; do
    case $role in '' | '#'*) continue ;; esac
    printf '  %-17s %-27s %s\n' "$role" "$email" "$(secret "demo-$role" 12)"
  done <scripts/demo-users
  cat <<END

Try:
  curl --cacert '$ca' $url/api/v1/health
  curl --cacert '$ca' $url/api/v1/auth/login -H 'Content-Type: application/json' -d '{"email":"customer@myhibachi.test","password":"$(secret demo-CUSTOMER 12)"}'
  curl --cacert '$ca' $url/api/v1/bookings/quote -H 'Content-Type: application/json' -d '{"guest_count":10,"venue_zip":"95112","event_type":"birthday","addons":["sake_bar"]}'

make stop, make status, make logs, make reset
END
}
