"""Twenty clients that stream room noise to a real server: how much of a core it takes, and its memory.

usage: idle.py JANET AUDIO_DIR   prints one JSON object
"""
import asyncio
import json
import os
import random
import subprocess
import sys
import time
import wave

import websockets

JANET, AUDIO = sys.argv[1:3]
PORT, CLIENTS, SECONDS = 8931, 20, 20
PACKET = 320  # samples: 20 ms at 16 kHz
rng = random.Random(5)
NOISE = b"".join(int(rng.gauss(0, 6)).to_bytes(2, "little", signed=True) for _ in range(16000))


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def status(pid, key):
    return next(int(l.split()[1]) for l in open(f"/proc/{pid}/status") if l.startswith(key))


async def until(ws, kind, seconds=60):
    end = time.monotonic() + seconds
    while True:
        frame = await asyncio.wait_for(ws.recv(), end - time.monotonic())
        if isinstance(frame, str) and json.loads(frame)["type"] == kind:
            return json.loads(frame)


async def connect():
    end = time.monotonic() + 90
    while True:
        try:
            ws = await websockets.connect(f"ws://127.0.0.1:{PORT}/ws", max_size=None)
            hello = await until(ws, "connected")
            if hello["status"] == "ready":
                return ws
            await ws.close()
        except (OSError, websockets.WebSocketException):
            if time.monotonic() > end:
                raise
        await asyncio.sleep(0.5)


async def open_mic(ws):
    await ws.send(json.dumps({"type": "audio_start", "rate_hz": 16000, "play_rate_hz": 24000, "mode": "hands_free"}))
    await until(ws, "audio_ready")


async def stream(ws, seconds, pcm=b""):
    """Noise in real time, with a clip spoken into it from the first packet on."""
    drain = asyncio.create_task(drop(ws))
    began = time.monotonic()
    for n in range(int(seconds * 50)):
        at = n * PACKET * 2
        packet = pcm[at:at + PACKET * 2] if at + PACKET * 2 <= len(pcm) else NOISE[at % 30000:][:PACKET * 2]
        await asyncio.sleep(max(0, began + (n + 1) * 0.02 - time.monotonic()))
        await ws.send(packet)
    drain.cancel()


async def drop(ws):
    async for _ in ws:
        pass


async def main(server):
    clients = [await connect() for _ in range(CLIENTS)]
    for ws in clients:
        await open_mic(ws)
    work = [asyncio.create_task(stream(ws, SECONDS + 4)) for ws in clients]
    await asyncio.sleep(2)
    cpu, wall = cpu_seconds(server.pid), time.monotonic()
    await asyncio.sleep(SECONDS)
    share = 100 * (cpu_seconds(server.pid) - cpu) / (time.monotonic() - wall)
    await asyncio.gather(*work)
    with wave.open(f"{AUDIO}/goforward.wav") as w:
        await stream(clients[0], 8, w.readframes(w.getnframes()))
    return dict(bench="idle", clients=CLIENTS, cpu_pct=round(share, 2),
                peak_rss_mb=round(status(server.pid, "VmHWM") / 1024, 1))


server = subprocess.Popen([JANET, "serve", "--port", str(PORT), "--set", "llm.server=off"], stdout=subprocess.DEVNULL)
try:
    print(json.dumps(asyncio.run(main(server))))
finally:
    server.terminate()
    server.wait(20)
