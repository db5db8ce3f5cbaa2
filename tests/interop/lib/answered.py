"""Janet asked through llama.cpp's server: usage answered.py JANET MODELS_DIR; see answered_by_llama_cpp."""

import asyncio
import json
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import websockets

ALIAS = "llama-cpp-smollm2"
QUESTION = "What is the capital of France?"
# Starts llama.cpp's server in a process of its own, which can be killed, and prints where it listens.
SERVER = f"""
import sys, time, xllamacpp as x
p = x.CommonParams()
p.model.path = sys.argv[1]
p.model_alias = {{"{ALIAS}"}}
p.n_ctx, p.n_parallel, p.port = 2048, 1, 0
p.cpuparams.n_threads = 2
p.warmup, p.use_jinja, p.verbosity = False, True, -1
server = x.Server(p)
print("at", server.listening_address, flush=True)
time.sleep(600)
"""
PATIENCE_S = 60
PERSONA = "You are a friendly voice assistant. Answer in one short sentence."
MAX_TOKENS = 40


def line(process, pattern):
    for text in process.stdout:
        if found := re.search(pattern, text):
            return found[1]
    sys.exit(f"the process ended before it said {pattern!r}")


def models(address):
    with urllib.request.urlopen(f"http://{address}/healthz", timeout=5) as answer:
        return {model["role"]: model for model in json.load(answer)["models"]}


def wait_for(address, name):
    since = time.monotonic()
    while time.monotonic() - since < PATIENCE_S:
        try:
            llm = models(address)["llm"]
            if name in llm["name"]:
                return llm
        except OSError:
            pass
        time.sleep(0.2)
    sys.exit(f"{name} does not answer: {models(address)['llm']}")


def told_first(janet):
    """What Janet tells a language model first: the constitution, these words, and that it counts."""
    command = [janet, "persona", "show", "janet", "--prompt", "--set", f"persona.prompt={PERSONA}"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.removesuffix("\n")


def directly(url, text, system):
    """What the server says without Janet in between."""
    messages = [{"role": "system", "content": system}, {"role": "user", "content": text}]
    body = {"model": ALIAS, "messages": messages, "temperature": 0, "max_tokens": MAX_TOKENS}
    request = urllib.request.Request(f"{url}/v1/chat/completions", json.dumps(body).encode(),
                                     {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
        return json.load(answer)["choices"][0]["message"]["content"].strip()


async def ask(address, text):
    async with websockets.connect(f"ws://{address}/ws") as socket:
        await socket.send(json.dumps({"type": "message", "text": text}))
        while True:
            frame = json.loads(await asyncio.wait_for(socket.recv(), PATIENCE_S))
            if frame["type"] == "error" and frame["code"] != "not_ready":
                sys.exit(f"an error: {frame}")
            if frame["type"] == "assistant_message":
                return frame["text"].strip()


def main():
    janet, weights = sys.argv[1], Path(sys.argv[2])
    gguf = next((weights / "smollm2-135m-instruct-q4_1").glob("*.gguf"))
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    with tempfile.TemporaryDirectory() as folder:
        theirs = subprocess.Popen([sys.executable, "-c", SERVER, str(gguf)], **pipes)
        url = line(theirs, r"at (http://\S+)").rstrip("/")
        settings = ["llm.server=openai", f"llm.url={url}/v1", f"conversation.data_dir={folder}",
                    f"persona.prompt={PERSONA}", f"engine.max_tokens={MAX_TOKENS}", "engine.temperature=0"]
        command = [janet, "serve", "--port", "0"] + [word for setting in settings for word in ("--set", setting)]
        ours = subprocess.Popen(command, **pipes)
        try:
            address = line(ours, r"http://([^/\s]+)/")
            llm = wait_for(address, ALIAS)
            print(f"answers: {llm['name']} ({llm['note']})")
            first = asyncio.run(ask(address, QUESTION))
            print(f"llama.cpp says: {first}")
            alone = directly(url, QUESTION, told_first(janet))
            if not first or first != alone:
                sys.exit(f"asked directly it says something else: {alone}")
            theirs.kill()
            theirs.wait()
            second = asyncio.run(ask(address, QUESTION))
            print(f"after it was killed: {second}")
            if not second:
                sys.exit("no answer after the server was killed")
            llm = wait_for(address, "smollm2-135m-instruct-q4_1")
            print(f"answers: {llm['name']} ({llm['note']})")
        finally:
            theirs.kill()
            ours.terminate()
            ours.wait()


main()
