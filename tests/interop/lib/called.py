"""Janet called by aiortc: usage called.py JANET; see called_by_aiortc."""

import asyncio
import contextlib
import fractions
import json
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
import wave
from pathlib import Path

import av
import numpy as np
import websockets
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack

ROOT = Path(__file__).resolve().parents[3]
CLIP, WORD = "goforward", "forward"
RATE, FRAME = 48_000, 960
PATIENCE_S = 90
# Of full scale: her voice is far above it, and what a codec makes of silence far below.
LOUD = 0.01


def speech():
    """The clip at 48 kHz, and when its speech ends in seconds."""
    with wave.open(str(ROOT / f"tests/data/speech/{CLIP}.wav")) as clip:
        rate = clip.getframerate()
        sound = np.frombuffer(clip.readframes(clip.getnframes()), np.int16)
    resampler = av.AudioResampler("s16", "mono", RATE)
    frame = av.AudioFrame.from_ndarray(sound[None, :], "s16", "mono")
    frame.sample_rate = rate
    parts = resampler.resample(frame) + resampler.resample(None)
    sound = np.concatenate([part.to_ndarray()[0] for part in parts])
    loud = np.flatnonzero(np.abs(sound) > 1000)
    return sound, loud[-1] / RATE


class Speaker(MediaStreamTrack):
    """Speaks a clip when it is told to, and is silent before and after."""

    kind = "audio"

    def __init__(self):
        super().__init__()
        self.sound, self.began_at, self.sent = np.zeros(0, np.int16), None, 0
        self.start = None

    def say(self, sound):
        self.sound, self.began_at = sound, None

    async def recv(self):
        self.start = self.start or time.monotonic()
        await asyncio.sleep(max(0, self.start + self.sent * FRAME / RATE - time.monotonic()))
        part = np.zeros(FRAME, np.int16)
        if len(self.sound):
            self.began_at = self.began_at or time.monotonic()
            here, self.sound = self.sound[:FRAME], self.sound[FRAME:]
            part[: len(here)] = here
        frame = av.AudioFrame.from_ndarray(part[None, :], "s16", "mono")
        frame.sample_rate, frame.pts = RATE, self.sent * FRAME
        frame.time_base = fractions.Fraction(1, RATE)
        self.sent += 1
        return frame


class Call:
    """One peer connection, what it hears and what is told on `events`."""

    def __init__(self):
        self.peer, self.speaker = RTCPeerConnection(RTCConfiguration(iceServers=[])), Speaker()
        self.frames, self.loud_s, self.first_loud, self.at = 0, 0.0, None, None
        self.clock, self.told, self.events, self.tasks = None, [], None, []
        self.peer.on("track", self.hear)
        self.peer.on("datachannel", self.listen)

    async def answer(self, offer):
        """Agrees to an offer: the description for the other side."""
        await self.peer.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        self.peer.addTrack(self.speaker)
        await self.peer.setLocalDescription(await self.peer.createAnswer())
        return self.peer.localDescription.sdp

    def listen(self, channel):
        if channel.label == "events":
            self.events = channel
            channel.on("message", self.note)

    def note(self, text):
        message = json.loads(text)
        self.told.append(message)
        if message["type"] == "face_clock":
            self.clock = message

    def hear(self, track):
        self.tasks.append(asyncio.ensure_future(self.drain(track)))

    async def drain(self, track):
        with contextlib.suppress(Exception):
            while True:
                frame = await track.recv()
                self.frames += 1
                self.at = frame.pts
                level = np.sqrt(np.mean((frame.to_ndarray().astype(np.float32) / 32768) ** 2))
                if level > LOUD:
                    self.first_loud = self.first_loud or time.monotonic()
                    self.loud_s += frame.samples / frame.sample_rate

    async def report(self):
        """What was played, as a client must say it every 100 ms."""
        receiver = self.peer.getReceivers()[0]
        while True:
            await asyncio.sleep(0.1)
            origin = receiver._RTCRtpReceiver__timestamp_mapper._origin
            if not self.clock or origin is None or self.events.readyState != "open":
                continue
            since = (self.at + origin - self.clock["rtp_timestamp"]) % 2**32
            if since < RATE * 600:
                played = (self.clock["sample"] + since) % 2**32
                self.events.send(json.dumps({"type": "playout", "played_sample": played}))

    async def close(self):
        for task in self.tasks:
            task.cancel()
        await self.peer.close()


class Socket:
    """A WebSocket client that keeps what it is told."""

    def __init__(self, socket):
        self.socket, self.seen = socket, []

    async def send(self, **message):
        await self.socket.send(json.dumps(message))

    async def until(self, *kinds):
        while True:
            frame = await asyncio.wait_for(self.socket.recv(), PATIENCE_S)
            if isinstance(frame, bytes):
                sys.exit("her voice came over the WebSocket")
            frame = json.loads(frame)
            self.seen.append(frame)
            if frame["type"] in kinds:
                return frame
            if frame["type"] == "error" and frame["code"] != "not_ready":
                sys.exit(f"an error: {frame}")

    async def during(self, seconds):
        """All that is told in this time."""
        before = len(self.seen)
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self.until("never"), seconds)
        return self.seen[before:]

    async def status(self, wanted):
        while (await self.until("vr_response", "vr_error")).get("status") != wanted:
            if self.seen[-1]["type"] == "vr_error":
                sys.exit(f"refused: {self.seen[-1]}")


async def talk(socket, call):
    """Speaks, and waits for the whole answer."""
    sound, ends_s = speech()
    reports = asyncio.ensure_future(call.report())
    call.loud_s, call.first_loud = 0.0, None
    call.speaker.say(sound)
    answer = await socket.until("assistant_message")
    # The message comes when she was heard to the end; the last frames are on their way.
    await asyncio.sleep(0.5)
    reports.cancel()
    if WORD not in answer["user_text"].lower() or not answer["text"].strip():
        sys.exit(f"she understood {answer['user_text']!r} and said {answer['text']!r}")
    if call.loud_s < 0.3:
        sys.exit(f"of her answer {call.loud_s:.2f} s were heard: {answer['text']!r}")
    kinds = {message["type"] for message in call.told}
    if not {"face_clock", "transcript", "speaking"} <= kinds:
        sys.exit(f"`events` told {sorted(kinds)}")
    first = call.first_loud - (call.speaker.began_at + ends_s)
    print(f"  {call.loud_s:.1f} s of her voice; first sound {first * 1000:.0f} ms after the end of speech: {answer['text']!r}")


async def client_offers(socket):
    call = Call()
    call.peer.addTrack(call.speaker)
    call.listen(call.peer.createDataChannel("events"))
    await call.peer.setLocalDescription(await call.peer.createOffer())
    began = time.monotonic()
    await socket.send(type="vr_connect", transport="webrtc", sdp=call.peer.localDescription.sdp, sdp_type="offer")
    answer = await socket.until("vr_answer", "vr_error")
    if answer["type"] != "vr_answer":
        sys.exit(f"refused: {answer}")
    await call.peer.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))
    await socket.status("connected")
    while not call.frames:
        await asyncio.sleep(0.01)
    print(f"the client offers: first packet {(time.monotonic() - began) * 1000:.0f} ms after the offer")
    await talk(socket, call)
    await call.close()
    await socket.status("ended")


async def server_offers(socket):
    call = Call()
    began = time.monotonic()
    await socket.send(type="vr_connect", session_id="mine")
    offer = await socket.until("vr_offer", "vr_error")
    if offer.get("session_id") != "mine":
        sys.exit(f"refused: {offer}")
    lines = (await call.answer(offer["sdp"])).splitlines()
    candidates = [line[2:] for line in lines if line.startswith("a=candidate:")]
    bare = [line for line in lines if not line.startswith(("a=candidate:", "a=end-of-candidates"))]
    sdp = "\r\n".join(bare) + "\r\n"
    await socket.send(type="vr_audio", session_id="yours", sdp=sdp, sdp_type="answer")
    await refused(socket, "session_id", "unknown_session")
    await socket.send(type="vr_audio", session_id="mine", sdp="v=0", sdp_type="answer")
    await refused(socket, "sdp", "bad_description")
    await socket.send(type="vr_audio", session_id="mine", sdp=sdp, sdp_type="answer")
    await socket.status("connecting")
    for candidate in dict.fromkeys(candidates):
        await socket.send(type="vr_ice", session_id="mine", candidate=candidate, sdp_mid="0", sdp_mline_index=0)
    await socket.send(type="vr_ice", session_id="mine", candidate="")
    await socket.status("connected")
    while not call.frames:
        await asyncio.sleep(0.01)
    print(f"the server offers: first packet {(time.monotonic() - began) * 1000:.0f} ms after vr_connect")
    await socket.send(type="vr_audio", session_id="mine", sdp=sdp, sdp_type="answer")
    await refused(socket, "sdp", "unexpected")
    await talk(socket, call)
    await call.close()
    await socket.status("ended")


async def connected(socket, call, direction, **which):
    """Has a call flow: its name."""
    began = time.monotonic()
    device = {"platform": "python", "device": "aiortc"}
    await socket.send(type="voip_call", direction=direction, device_info=device, **which)
    offer = await socket.until("voip_offer", "voip_error")
    if offer["type"] != "voip_offer":
        sys.exit(f"refused: {offer}")
    sdp = await call.answer(offer["sdp"])
    await socket.send(type="voip_answer", call_id=offer["call_id"], sdp=sdp, sdp_type="answer", request_id="a")
    told = await socket.until("voip_connected", "voip_ended", "voip_error")
    if (told["type"], told["request_id"]) != ("voip_connected", "a"):
        sys.exit(f"not connected: {told}")
    told_ms = (time.monotonic() - began) * 1000
    while not call.frames:
        await asyncio.sleep(0.01)
    print(f"a call, {direction}: connected {told_ms:.0f} ms, first packet {(time.monotonic() - began) * 1000:.0f} ms after voip_call")
    return offer["call_id"]


async def hold(socket, call_id, on):
    await socket.send(type="voip_hold", call_id=call_id, on=on)
    told = await socket.until("voip_state", "voip_error")
    if told.get("state") != ("on_hold" if on else "connected"):
        sys.exit(f"hold {on} was answered by {told}")


async def held_in_mid_answer(socket, call, call_id):
    """While held she is silent, and hears nothing of what is said meanwhile."""
    sound, _ = speech()
    reports = asyncio.ensure_future(call.report())
    call.loud_s, call.first_loud = 0.0, None
    call.speaker.say(sound)
    listening = asyncio.ensure_future(socket.until("assistant_message"))
    while not call.first_loud:
        if listening.done():
            sys.exit("she answered without a sound")
        await asyncio.sleep(0.01)
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    await hold(socket, call_id, True)
    # What was sent is on its way.
    await asyncio.sleep(1)
    heard_s, call.loud_s = call.loud_s, 0.0
    call.speaker.say(sound)
    told = await socket.during(len(sound) / RATE + 4)
    if call.loud_s > 0.05 or len(call.speaker.sound):
        sys.exit(f"while held she was heard for {call.loud_s:.2f} s")
    if any(frame["type"] == "transcript" for frame in told):
        sys.exit(f"while held she understood something: {told}")
    await hold(socket, call_id, False)
    reports.cancel()
    print(f"  held after {heard_s:.1f} s of her answer: silent and deaf for {len(sound) / RATE + 4:.1f} s")


async def ended(socket, reason, least_ms):
    end = await socket.until("voip_ended", "voip_error")
    if end.get("reason") != reason or end["duration_ms"] < least_ms:
        sys.exit(f"ended by {end} instead of {reason} after {least_ms} ms")
    print(f"  ended: {reason} after {end['duration_ms'] / 1000:.1f} s")


async def phones(socket):
    """A call by the client, and one by Janet."""
    call = Call()
    call_id = await connected(socket, call, "outgoing", call_id="mine")
    began = time.monotonic()
    await talk(socket, call)
    await held_in_mid_answer(socket, call, call_id)
    await talk(socket, call)
    await socket.send(type="voip_end", call_id=call_id, reason="enough")
    await ended(socket, "hung_up", (time.monotonic() - began) * 900)
    await call.close()

    await socket.send(type="voip_ring", caller="aiortc")
    ring = await socket.until("voip_incoming", "voip_error")
    if ring.get("caller") != "aiortc":
        sys.exit(f"not rung: {ring}")
    call = Call()
    if await connected(socket, call, "incoming", call_id=ring["call_id"]) != ring["call_id"]:
        sys.exit("another call than the one that rang")
    await talk(socket, call)
    # The far end of the media says goodbye, and nothing else does.
    await call.close()
    await ended(socket, "hung_up", 1000)
    await socket.send(type="get_context")
    calls = (await socket.until("context"))["data"]["calls"]
    if [(call["direction"], call["missed"]) for call in calls] != [("outgoing", False), ("incoming", False)]:
        sys.exit(f"the history of calls: {calls}")


def measured(address):
    """What RTCP told of these calls, as /metrics has it."""
    text = urllib.request.urlopen(f"http://{address}/metrics", timeout=PATIENCE_S).read().decode()
    found = dict(line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))
    names = ["janet_webrtc_loss_percent", "janet_webrtc_round_trip_seconds"]
    names += [f'janet_webrtc_jitter_seconds{{seen_by="{end}"}}' for end in ("far_end", "janet")]
    for name in names:
        bare, brace, labels = name.partition("{")
        count, total = (float(found.get(bare + kind + brace + labels, 0)) for kind in ("_count", "_sum"))
        if not count or not 0 <= total / count < 1:
            sys.exit(f"{name}: {total} in {count} reports")
        print(f"  {name}: {total / count:.4f} in the mean of {count:.0f} reports")


async def refused(socket, field, code):
    error = await socket.until("vr_error", "vr_response", "vr_answer")
    if (error["type"], error.get("field"), error.get("code")) != ("vr_error", field, code):
        sys.exit(f"not refused with {field} and {code}: {error}")


async def bad_input(socket):
    for sdp in ("hello", "v=0\r\n", "v=0\r\no=- 0 0 IN IP4 0\r\ns=-\r\nt=0 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n"):
        await socket.send(type="vr_connect", sdp=sdp, sdp_type="offer")
        await refused(socket, "sdp", "bad_description")
    await socket.send(type="vr_connect", transport="quic")
    await refused(socket, "transport", "out_of_range")
    await socket.send(type="vr_ice", session_id="nobody", candidate="candidate:1")
    await refused(socket, "session_id", "unknown_session")
    await socket.send(type="ping", timestamp=1)
    await socket.until("pong")


def files(pid):
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


async def run(address, pid):
    async with websockets.connect(f"ws://{address}/ws", max_size=None) as raw:
        socket = Socket(raw)
        while (await socket.until("connected"))["status"] != "ready":
            pass
        await bad_input(socket)
        before = files(pid)
        await client_offers(socket)
        await server_offers(socket)
        await phones(socket)
        await bad_input(socket)
        if files(pid) > before:
            sys.exit(f"{files(pid) - before} more files are open than before the calls")
        measured(address)


def main():
    with tempfile.TemporaryDirectory() as folder:
        settings = ["llm.server=off", f"conversation.data_dir={folder}", "engine.busy_at=1", "engine.max_tokens=30"]
        command = [sys.argv[1], "serve", "--port", "0", "--profile", "cpu"]
        command += [word for setting in settings for word in ("--set", setting)]
        janet = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            line = next(line for line in janet.stdout if "http://" in line)
            asyncio.run(run(re.search(r"http://([^/\s]+)", line)[1], janet.pid))
        finally:
            janet.terminate()
            if janet.wait() != 0:
                sys.exit("she did not end well")


main()
