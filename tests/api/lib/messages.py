"""Who is told of deployments: takes the messages of scripts/deploy and looks at their signatures."""
import hashlib
import hmac
import http.server
import json
import threading

KEY = "a key for the messages"


class Listener:
    """Takes the messages, and answers as it is told."""

    def __init__(self):
        self.messages, self.status = [], 204
        listener = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                listener.messages.append((self.headers, body))
                self.send_response(listener.status)
                self.end_headers()

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def events(self):
        """What was told, when each is signed."""
        told = []
        for headers, body in self.messages:
            at, v1 = (p.split("=")[1] for p in headers["X-Signature"].split(","))
            assert v1 == hmac.new(KEY.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()
            told.append(json.loads(body))
        return told
