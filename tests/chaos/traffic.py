"""Who uses the suite while it suffers: visitors that book and cancel, that move their bookings, that hold a time and
then take it or give it back; people who sign in; staff that read the calendar. All of them want the same few
slots. Everything is written to the journal, and what has no clear answer is asked again with the same key, as a
good client does."""
import asyncio
import base64
import hashlib
import json
import random
import time

from http1 import Broken

STATION = "c4a05000-0000-4000-8000-000000000001"
ZIP = "00150"
TIME = "18:00"
CLIENTS = {"bookings": 24, "reschedules": 12, "holds": 16, "logins": 4, "calendar": 8}  # 64
MOVES = 3  # with the booking and its end five mails, which is what an outsider can have sent in an hour
TRIES = 12
UNSURE = ("idempotency_in_progress",)


class Client:
    def __init__(self, stage, traffic, number):
        self.stage, self.traffic = stage, traffic
        self.name = f"{traffic}-{number}"
        self.dice = random.Random(f"{stage.seed} {self.name}")
        self.count = 0

    # --- asking -----------------------------------------------------------------------------------

    async def ask(self, what, method, path, body=None, headers=None, tries=TRIES, read=None, **asked):
        """The reply that settles it, or None when there was none. `read` gives what else the journal keeps."""
        stage = self.stage
        self.count += 1
        stage.asked += 1
        key = f"{stage.name}-{self.name}-{self.count}" if method == "POST" and what != "login" else None
        sent = (headers or {}) | ({"Idempotency-Key": key} if key else {})
        n = stage.journal.invoke(client=self.name, traffic=self.traffic, what=what, key=key, **asked)
        request = (method, path, body, sent)
        for i in range(tries):
            if i:
                await asyncio.sleep(min(0.05 * 2 ** i, 1) * (0.5 + self.dice.random()))
                stage.journal.again(n)
            reply = await self.once(n, request, read)
            if reply:
                if key and reply.status < 300:
                    stage.sent[n] = request
                return reply
            if stage.over.is_set():
                break
        stage.unsettled.append((n, request, read))
        return None

    async def once(self, n, request, read):
        """One try; None when its outcome is unknown."""
        journal = self.stage.journal
        try:
            reply = await self.stage.http.request(*request)
        except Broken as e:
            journal.done(n, "info", why=str(e))
            return None
        code = reply.code
        if reply.status >= 500 or code in UNSURE or reply.status == 429:
            journal.done(n, "info", status=reply.status, code=code,
                         retry_after="retry-after" in reply.headers)
            return None
        if reply.status >= 400:
            journal.done(n, "fail", status=reply.status, code=code)
            return reply
        journal.done(n, "ok", status=reply.status, digest=digest(reply.body),
                     **(read(reply.json()) if read else {}))
        return reply

    async def pause(self, seconds):
        await asyncio.sleep(seconds * (0.5 + self.dice.random()))

    # --- what is asked for ------------------------------------------------------------------------

    def slot(self, but=None):
        return self.dice.choice([s for s in self.stage.slots if s != but])

    async def book(self, slot, hold=None):
        who = f"{self.stage.name}.{self.name}.{self.count}@example.com"
        body = {"event_date": slot, "event_time": TIME, "adults": self.dice.randint(4, 20), "venue_zip": ZIP,
                "station_id": STATION, "venue_address": f"{self.dice.randint(1, 999)} Pier Road",
                "contact": {"name": "Chaos Test", "email": who, "phone": "+14085550100"}}
        if hold:
            body["hold_token"] = hold["token"]
        reply = await self.ask("book", "POST", "/api/v1/bookings", body, read=lambda b: {"id": b["id"]}, slot=slot,
                               hold=hold and hold["id"], email=who, adults=body["adults"],
                               address=body["venue_address"])
        return reply.json() if reply and reply.status == 201 else None

    async def cancel(self, booking, slot):
        return await self.ask("cancel", "POST", f"/api/v1/bookings/{booking['id']}/cancel", {"reason": "chaos"},
                              headers=link(booking), slot=slot, booking=booking["id"])

    async def move(self, booking, slot, to):
        return await self.ask("move", "POST", f"/api/v1/bookings/{booking['id']}/reschedule",
                              {"event_date": to, "event_time": TIME}, headers=link(booking), slot=slot, to=to,
                              booking=booking["id"])

    # --- what each kind does, again and again -----------------------------------------------------

    async def bookings(self):
        slot = self.slot()
        booking = await self.book(slot)
        if booking and self.dice.random() < 0.9:
            await self.pause(0.2)
            await self.cancel(booking, slot)

    async def reschedules(self):
        slot = self.slot()
        booking = await self.book(slot)
        for _ in range(MOVES if booking else 0):
            await self.pause(0.1)
            to = self.slot(but=slot)
            reply = await self.move(booking, slot, to)
            if reply is None:
                return  # where it is nobody knows
            slot = to if reply.status == 200 else slot
        if booking:
            await self.cancel(booking, slot)

    async def holds(self):
        slot = self.slot()
        body = {"event_date": slot, "event_time": TIME, "venue_zip": ZIP, "station_id": STATION}
        reply = await self.ask("hold", "POST", "/api/v1/holds", body, slot=slot,
                               read=lambda h: {"id": h["id"], "expires_at": h["expires_at"]})
        if not reply or reply.status != 201:
            return
        hold, dice = reply.json(), self.dice.random()
        await self.pause(0.1)
        if dice < 0.55:
            booking = await self.book(slot, hold)
            if booking:
                await self.pause(0.1)
                await self.cancel(booking, slot)
        elif dice < 0.97:
            await self.ask("release", "DELETE", f"/api/v1/holds/{hold['token']}", slot=slot, hold=hold["id"])

    async def logins(self):
        role = self.dice.choice(sorted(self.stage.users))
        user = self.stage.users[role]
        reply = await self.ask("login", "POST", "/api/v1/auth/login", {k: user[k] for k in ("email", "password")},
                               read=lambda t: {"session": claims(t["access_token"])["sid"]}, email=user["email"])
        if reply and reply.status == 200:
            token = reply.json()["access_token"]
            await self.ask("me", "GET", "/api/v1/me", headers={"Authorization": f"Bearer {token}"},
                           email=user["email"])
        await self.pause(0.4)

    async def calendar(self):
        slot = self.slot()
        query = f"view=day&date={slot}&chef_id={self.stage.chef}"

        def seen(reply):
            there = [b["id"] for day in reply["days"] if day["date"] == slot for b in day["bookings"]]
            return {"seen": there[0] if len(there) == 1 else there or None}

        reply = await self.ask("read", "GET", f"/api/v1/calendar?{query}", read=seen, slot=slot,
                               headers={"Authorization": f"Bearer {self.stage.token}"})
        if reply and reply.status == 401:
            await self.stage.sign_in()
        await self.pause(0.1)

    async def run(self):
        await asyncio.sleep(self.dice.random() * 0.5)
        while not self.stage.over.is_set():
            started = time.monotonic()
            await getattr(self, self.traffic)()
            # A client thinks between two deeds, and longer where the machine is slow.
            await self.pause(self.stage.think_s + 0.3 * min(time.monotonic() - started, 1))


def link(booking):
    return {"Authorization": f"Link {booking['link']['token']}"}


def claims(token):
    text = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def digest(body):
    return hashlib.sha256(body).hexdigest()[:24]
