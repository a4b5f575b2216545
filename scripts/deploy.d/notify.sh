# shellcheck shell=bash
# Tells somebody, by a message that is signed. That it cannot be told is no reason to fail.

# The key is read from its file by the program that signs: it is in no argument.
signature() { # FILE SECONDS
  python3 - "$NOTIFY_SECRET_FILE" "$1" "$2" <<'END'
import hashlib, hmac, pathlib, sys
key, body = (pathlib.Path(p).read_bytes() for p in sys.argv[1:3])
print(hmac.new(key.strip(), sys.argv[3].encode() + b"." + body, hashlib.sha256).hexdigest())
END
}

notify() { # EVENT REASON
  [ -n "$NOTIFY_URL" ] || return 0
  local body=$HOME_DIR/message at v1
  at=$(date +%s)
  python3 - "$1" "$2" "$FROM" "$TO" "$at" >"$body" <<'END' || return 0
import json, sys
event, reason, before, to, at = sys.argv[1:]
json.dump({"type": "deployment." + event, "at": int(at), "from": before, "to": to} | ({"reason": reason} if reason else {}),
          sys.stdout)
END
  v1=$(signature "$body" "$at" 2>/dev/null) || {
    say "not told: NOTIFY_SECRET_FILE cannot be read"
    return 0
  }
  curl -fsS -o /dev/null --max-time 10 --retry 1 -H 'Content-Type: application/json' -H "X-Signature: t=$at,v1=$v1" \
    --data-binary "@$body" "$NOTIFY_URL" 2>/dev/null || say "not told: NOTIFY_URL does not take the message"
}
