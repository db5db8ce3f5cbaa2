"""Janet speaking through a real speech server: usage spoken.py JANET MODELS_DIR; see spoken_by_local_tts."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import jiwer
from faster_whisper import WhisperModel
from whisper_normalizer.english import EnglishTextNormalizer

ROOT = Path(__file__).resolve().parents[3]
JANET, MODELS = sys.argv[1], Path(sys.argv[2])
VOICE, CLIP, KEY = "en_US-joe-medium", "austen_0930", "interop-key"
PATIENCE_S = 120
normalise = EnglishTextNormalizer()


def hear(wav):
    ear = WhisperModel(str(MODELS / "whisper-base"), device="cpu", compute_type="int8", cpu_threads=2)
    segments, _ = ear.transcribe(str(wav), language="en", beam_size=5, vad_filter=False)
    return " ".join(segment.text for segment in segments).strip()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def start(folder):
    """The server with Janet's own voice, and its address once it answers."""
    voices = folder / "voices"
    voices.mkdir()
    for name in (f"{VOICE}.onnx", f"{VOICE}.onnx.json"):
        (voices / name).symlink_to(MODELS / f"piper-{VOICE}" / name)
    told = {"voices_dir": str(voices), "api_default_voice": VOICE, "api_key_enabled": True, "api_key": KEY, "device": "cpu"}
    (folder / "settings.json").write_text(json.dumps(told))
    port = free_port()
    log = open(folder / "server.log", "w")
    server = subprocess.Popen(
        [sys.executable, "-m", "local_tts.cli", "--port", str(port)],
        env={**os.environ, "LOCAL_TTS_DATA_DIR": str(folder)}, stdout=log, stderr=log,
    )  # fmt: skip
    since = time.monotonic()
    while time.monotonic() - since < PATIENCE_S:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/models", timeout=2).close()
            return server, f"http://127.0.0.1:{port}/v1"
        except urllib.error.HTTPError:
            return server, f"http://127.0.0.1:{port}/v1"
        except OSError:
            time.sleep(0.2)
    server.kill()
    sys.exit(f"the speech server does not start: {(folder / 'server.log').read_text()}")


def janet(url, *args):
    settings = [f"tts.url={url}", "tts.format=wav", f"tts.voice={VOICE}", "tts.api_key_env=SPEECH_KEY", "llm.server=off"]
    # Its runtime loads the voice at the first phrase.
    settings += ["tts.first_sound_ms=11000", "tts.stall_ms=11000"]
    flags = [part for setting in settings for part in ("--set", setting)]
    done = subprocess.run(
        [JANET, *map(str, args), *flags],
        env={**os.environ, "SPEECH_KEY": KEY}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    return done.stdout, done.stderr


def talk(url, folder):
    answer = folder / "answer.wav"
    told, log = janet(url, "talk", "--json", ROOT / f"tests/data/speech/{CLIP}.wav", "-o", answer)
    turns = json.loads(told)["turns"]
    said, heard = normalise(turns[0]["text"]), normalise(hear(answer))
    done = jiwer.process_words(said, heard or "-")
    wrong = done.substitutions + done.deletions + done.insertions
    print(f"  of {len(said.split())} words {wrong} heard wrong")
    # Her answers hold names and odd words of a small model: half of them heard is an answer spoken.
    return len(said.split()) > 0 and wrong <= len(said.split()) / 2, log


def asked(url):
    """How many phrases the server has spoken, by its own account."""
    with urllib.request.urlopen(f"{url.removesuffix('/v1')}/api/logs?limit=500", timeout=5) as answer:
        return answer.read().decode().count("speech reply")


with tempfile.TemporaryDirectory() as scratch:
    folder = Path(scratch)
    server, url = start(folder)
    try:
        doctor = next((line for line in janet(url, "doctor")[0].splitlines() if "speech server" in line), "")
        print(doctor.strip())
        before = asked(url)
        spoken, log = talk(url, folder)
        phrases = asked(url) - before
        print(f"{phrases} phrases spoken by {url}")
    finally:
        server.kill()
        server.wait()
    alone, told = talk(url, folder)
    # Not once in place of it: each phrase was the server's.
    fell = "the speech server failed" in log
    passed = [not fell, doctor.startswith("ok") and "first sound" in doctor, spoken, phrases > 0, alone, "does not speak" in told]
    passed.append(KEY not in log + told)
print(passed)
sys.exit(0 if all(passed) else 1)
