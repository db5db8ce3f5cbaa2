"""Janet asked by OpenAI's Python package: usage asked.py JANET; see asked_by_openai_sdk."""

import hashlib
import io
import re
import ssl
import subprocess
import sys
import tempfile
import time
import wave
from pathlib import Path

import openai

CLIP = Path(__file__).resolve().parents[2] / "data/speech/goforward.wav"
PATIENCE_S = 180
MESSAGES = [
    {"role": "developer", "content": "Answer in one short sentence."},
    {"role": "user", "content": [{"type": "text", "text": "What is the capital of France?"}]},
]
ASK = {"model": "gpt-4o-mini", "messages": MESSAGES, "temperature": 0, "max_completion_tokens": 40, "seed": 7}


def started(janet, folder):
    command = [janet, "serve", "--port", "0"]
    for setting in [f"conversation.data_dir={folder}", "llm.server=off", "engine.busy_at=1", "server.host=0.0.0.0"]:
        command += ["--set", setting]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    where = ""
    for line in process.stdout:
        if found := re.search(r"(http://[^/\s]+)/", line):
            where = found[1]
        if where and (found := re.search(r"QUIC: UDP port (\d+)", line)):
            return process, where, found[1]
    sys.exit("janet serve ended before it said where it is")


def ready(client):
    since = time.monotonic()
    while time.monotonic() - since < PATIENCE_S:
        try:
            client.chat.completions.create(**ASK | {"max_completion_tokens": 1})
            return
        except openai.InternalServerError as error:
            # 503: the models are loading.
            if error.code != "not_ready":
                raise
        time.sleep(0.5)
    sys.exit("the models did not load in time")


def check(right, what):
    if not right:
        sys.exit(f"wrong: {what}")


def models(client):
    ids = [model.id for model in client.models.list()]
    print(f"models: {', '.join(ids)}")
    check({"auto", "own"} <= set(ids), ids)
    check(client.models.retrieve("own").object == "model", "own")


def chat(client):
    whole = client.chat.completions.create(**ASK)
    text, usage = whole.choices[0].message.content, whole.usage
    print(f"chat: {text!r} ({usage.prompt_tokens} + {usage.completion_tokens} tokens)")
    check("Paris" in text and usage.total_tokens == usage.prompt_tokens + usage.completion_tokens, whole)
    check(whole.choices[0].finish_reason in ("stop", "length"), whole)
    stream = client.chat.completions.create(**ASK, stream=True, stream_options={"include_usage": True})
    pieces, last = [], None
    for chunk in stream:
        last = chunk
        pieces += [choice.delta.content for choice in chunk.choices if choice.delta.content]
    print(f"streamed: {len(pieces)} pieces")
    check(len(pieces) > 1 and "".join(pieces) == text, pieces)
    check(last.usage.completion_tokens == usage.completion_tokens, last)
    with client.chat.completions.create(**ASK | {"max_completion_tokens": 400}, stream=True) as stream:
        next(iter(stream))  # and away


def refusals(client):
    tool = {"type": "function", "function": {"name": "f", "parameters": {}}}
    for more, param in [({"tools": [tool]}, "tools"), ({"n": 2}, "n"), ({"temperature": 2.5}, "temperature")]:
        try:
            client.chat.completions.create(**ASK | more)
            sys.exit(f"{param} was taken")
        except openai.BadRequestError as error:
            check(error.param == param and error.type == "invalid_request_error", error)
    try:
        client.chat.completions.create(**ASK | {"model": "server:none"})
        sys.exit("a model that there is not was taken")
    except openai.NotFoundError as error:
        check(error.code == "model_not_found", error)
    print("refusals: by their fields")


def hear(client):
    with CLIP.open("rb") as file:
        text = client.audio.transcriptions.create(file=file, model="whisper-1", language="en").text
    print(f"heard: {text!r}")
    check("go forward" in text.lower(), text)
    with CLIP.open("rb") as file:
        verbose = client.audio.transcriptions.create(
            file=file, model="whisper-1", response_format="verbose_json", timestamp_granularities=["word", "segment"])
    check(verbose.text == text and len(verbose.words) == len(text.split()), verbose)
    check(verbose.segments[0].start == verbose.words[0].start < verbose.words[-1].end <= verbose.duration, verbose)
    with CLIP.open("rb") as file:
        srt = client.audio.transcriptions.create(file=file, model="whisper-1", response_format="srt")
    check(srt.startswith("1\n00:00:"), srt)


def speak(client):
    said = "The train is late today."
    ask = {"model": "tts-1", "voice": "alloy", "input": said}
    began = time.monotonic()
    with client.audio.speech.with_streaming_response.create(**ask, response_format="pcm") as response:
        chunks = response.iter_bytes(4096)
        pcm = next(chunks)
        first_s = time.monotonic() - began
        pcm += b"".join(chunks)
    seconds = len(pcm) / 2 / 24000
    print(f"spoken: {seconds:.2f} s, the first sound after {first_s:.2f} s")
    check(0.5 < seconds < 5, seconds)
    file = client.audio.speech.create(**ask, response_format="wav", speed=0.9).content
    with wave.open(io.BytesIO(file)) as sound:
        check((sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (24000, 1, 2), sound.getparams())
    heard = client.audio.transcriptions.create(file=("said.wav", file), model="whisper-1").text
    print(f"heard again: {heard!r}")
    check("train" in heard.lower() and "late" in heard.lower(), heard)
    try:
        client.audio.speech.create(**ask, response_format="mp3")
        sys.exit("mp3 was made")
    except openai.BadRequestError as error:
        check(error.param == "response_format", error)


def run(janet, *words):
    done = subprocess.run([janet, *words], capture_output=True, text=True, timeout=PATIENCE_S)
    check(done.returncode == 0, f"janet {' '.join(words)}: {done.stderr}")
    return done.stdout


def paired(janet, where, quic, folder):
    """Pairs a device over its own address: that address, its id, its key, and the certificate as PEM."""
    whither = ["--port", where.rsplit(":", 1)[1], "--set", f"server.quic_port={quic}"]
    pair = subprocess.Popen([janet, "pair", *whither], stdout=subprocess.PIPE, text=True)
    told = {}
    for line in pair.stdout:
        name, _, rest = line.strip().partition(": ")
        told[name] = rest
        if name == "Without a browser, on the device":
            break
    words, file = rest.split(), Path(folder) / "device.key"
    words[words.index("janet.key")] = str(file)
    run(janet, *words[1:], "--name", "openai", "--json")
    check(pair.wait(PATIENCE_S) == 0, "janet pair did not end well")
    device_id = next(line.split()[0] for line in run(janet, "devices", "list", *whither).splitlines() if "openai" in line)
    url = told["Open on the device"].split(" or ")[0].rstrip("/")
    host, port = url.removeprefix("https://").rsplit(":", 1)
    pem = ssl.get_server_certificate((host, int(port)))
    shown = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
    check(shown == told["SHA-256 of the certificate"].replace(":", "").lower(), shown)
    return url, whither, device_id, file.read_text().splitlines()[0], pem


def keyed(janet, where, quic, folder):
    """From another machine's side of the door: over TLS, by a device's key, until that is revoked."""
    url, whither, device_id, key, pem = paired(janet, where, quic, folder)
    # What is trusted is this certificate and no authority; that it is for this address is checked as ever.
    trust = ssl.create_default_context(cadata=pem)

    def client(key):
        http = openai.DefaultHttpxClient(verify=trust)
        return openai.OpenAI(base_url=f"{url}/v1", api_key=key, http_client=http, timeout=PATIENCE_S, max_retries=0)

    def refused(client):
        try:
            client.models.list()
            sys.exit("somebody without a key that holds was let in")
        except openai.AuthenticationError as error:
            check(error.status_code == 401 and error.code == "invalid_api_key", error)

    refused(client("sk-anything"))
    ours = client(key)
    for part in [models, chat, hear, speak]:
        part(ours)
    check("Revoked" in run(janet, "devices", "revoke", device_id, *whither), device_id)
    refused(ours)
    print(f"over TLS at {url} by a device's key: the same, until it was revoked")


def main():
    with tempfile.TemporaryDirectory() as folder:
        process, where, quic = started(sys.argv[1], folder)
        try:
            client = openai.OpenAI(base_url=f"{where}/v1", api_key="sk-anything", timeout=PATIENCE_S, max_retries=0)
            ready(client)
            for part in [models, chat, refusals, hear, speak]:
                part(client)
            keyed(sys.argv[1], where, quic, folder)
        finally:
            process.terminate()
            process.wait()


main()
