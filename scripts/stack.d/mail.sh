# shellcheck shell=bash
# The mail catcher: takes every mail and shows it on a page; nothing leaves the machine.

mail_signature() {
  cat tests/sim/mail/catcher.py
  echo "$SMTP_PORT $MAIL_PORT"
}

mail_start() {
  launch mail /usr/bin/python3 tests/sim/mail/catcher.py --smtp-port "$SMTP_PORT" \
    --http-port "$MAIL_PORT" --dir "$RUN_DIR/mail"
}

mail_ready() {
  port_taken "$SMTP_PORT" && port_taken "$MAIL_PORT"
}
