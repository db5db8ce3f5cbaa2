"""How soon a WebRTC call carries voice: aiortc as the client of a real server, over loopback.

usage: realtime.py JANET [--trials N]   prints one JSON object

Each trial is a session of its own over one WebSocket connection, and begins when the offer is sent. The client
sends a tone from its first packet on, and asks for the audio loop (`audio_loop`, as the page's meter does) as soon
as the offer is answered. So what it hears is its own tone: `first_audio` is when it decodes the first sample of
that, which she has decoded before, so that both ends have. `connected` is when the server says that media flows.
Then as many calls: from `voip_call` to `voip_connected`, with her offer and the client's answer in between.
"""
import argparse
import asyncio
import fractions
import json
import subprocess
import time

import av
import numpy as np
import websockets
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

PORT, RATE, FRAME, PATIENCE_S = 8932, 48_000, 960, 30
# Louder than this is no silence (of 32768): as the peer's script judges. The tone has 8000.
SILENT = 1000
NO_ICE = RTCConfiguration(iceServers=[])

args = argparse.ArgumentParser()
args.add_argument("janet")
args.add_argument("--trials", type=int, default=20)
args = args.parse_args()


class Tone(MediaStreamTrack):
    """As the peer's: 20 ms of 440 Hz at a time, in real time."""
    kind = "audio"

    def __init__(self):
        super().__init__()
        self.sent, self.start = 0, None

    async def recv(self):
        self.start = self.start or time.monotonic()
        await asyncio.sleep(max(0, self.start + self.sent * FRAME / RATE - time.monotonic()))
        at = self.sent * FRAME + np.arange(FRAME)
        part = (8000 * np.sin(2 * np.pi * 440 * at / RATE)).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(part[None, :], "s16", "mono")
        frame.sample_rate, frame.pts = RATE, self.sent * FRAME
        frame.time_base = fractions.Fraction(1, RATE)
        self.sent += 1
        return frame


async def until(socket, *kinds, done=lambda frame: True):
    while True:
        frame = await asyncio.wait_for(socket.recv(), PATIENCE_S)
        frame = json.loads(frame) if isinstance(frame, str) else {"type": "sound"}
        if frame["type"] in ("vr_error", "voip_error", "error"):
            raise SystemExit(f"refused: {frame}")
        if frame["type"] in kinds and done(frame):
            return frame


async def trial(socket):
    peer = RTCPeerConnection(NO_ICE)
    first = asyncio.get_running_loop().create_future()
    tasks = []

    async def drain(track):
        try:
            while True:
                frame = await track.recv()
                if not first.done() and np.abs(frame.to_ndarray().astype(np.int32)).max() > SILENT:
                    first.set_result(time.monotonic())
        except MediaStreamError:
            pass

    peer.on("track", lambda track: tasks.append(asyncio.ensure_future(drain(track))))
    peer.addTrack(Tone())
    peer.createDataChannel("events")
    await peer.setLocalDescription(await peer.createOffer())
    began = time.monotonic()
    await socket.send(json.dumps({"type": "vr_connect", "transport": "webrtc", "sdp": peer.localDescription.sdp,
                                  "sdp_type": "offer"}))
    answer = await until(socket, "vr_answer")
    # Her microphone is open from her answer on.
    await socket.send(json.dumps({"type": "audio_loop", "on": True}))
    await peer.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))
    await until(socket, "vr_response", done=lambda frame: frame["status"] == "connected")
    connected = time.monotonic()
    first = await asyncio.wait_for(first, PATIENCE_S)
    await peer.close()
    for task in tasks:
        task.cancel()
    await until(socket, "vr_response", done=lambda frame: frame["status"] == "ended")
    return (first - began) * 1000, (connected - began) * 1000


async def call(socket):
    peer = RTCPeerConnection(NO_ICE)
    peer.addTrack(Tone())
    began = time.monotonic()
    await socket.send(json.dumps({"type": "voip_call", "direction": "outgoing",
                                  "device_info": {"platform": "linux", "device": "aiortc"}}))
    offer = await until(socket, "voip_offer")
    await peer.setRemoteDescription(RTCSessionDescription(offer["sdp"], "offer"))
    await peer.setLocalDescription(await peer.createAnswer())
    await socket.send(json.dumps({"type": "voip_answer", "call_id": offer["call_id"],
                                  "sdp": peer.localDescription.sdp, "sdp_type": "answer"}))
    await until(socket, "voip_connected")
    connected = time.monotonic()
    await socket.send(json.dumps({"type": "voip_end", "call_id": offer["call_id"]}))
    await until(socket, "voip_ended")
    await peer.close()
    return (connected - began) * 1000


async def connect():
    end = time.monotonic() + 90
    while True:
        try:
            socket = await websockets.connect(f"ws://127.0.0.1:{PORT}/ws", max_size=None)
            hello = await until(socket, "connected")
            if hello["status"] == "ready":
                return socket
            await socket.close()
        except (OSError, websockets.WebSocketException):
            if time.monotonic() > end:
                raise
        await asyncio.sleep(0.5)


async def main():
    socket = await connect()
    await trial(socket)
    rows = [await trial(socket) for _ in range(args.trials)]
    calls = [await call(socket) for _ in range(args.trials + 1)][1:]
    await socket.close()
    return dict(bench="realtime", trials=len(rows), first_audio_ms=[round(r[0], 1) for r in rows],
                connected_ms=[round(r[1], 1) for r in rows], call_setup_ms=[round(c, 1) for c in calls])


server = subprocess.Popen([args.janet, "serve", "--port", str(PORT), "--set", "llm.server=off"],
                          stdout=subprocess.DEVNULL)
try:
    print(json.dumps(asyncio.run(main())))
finally:
    server.terminate()
    server.wait(20)
