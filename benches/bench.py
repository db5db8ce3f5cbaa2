"""Runs our side and the peers in turn and writes results.json and RESULTS.md. Called by ./bench."""
import functools
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
PEERS = Path(os.environ["PEERS"])
BIN = Path(os.environ["CARGO_TARGET_DIR"]) / "debug"
MODELS = Path(os.environ.get("JANET_HOME", Path.home() / ".cache/janet")) / "models"
sys.path.insert(0, str(PEERS / "scripts"))
import readme  # noqa: E402  beside this file
import common  # noqa: E402  the peers' statistics and word errors, so that both sides are judged alike

EASY = "austen_0870 austen_0890 austen_0920 goforward something digits_2934z cards_003".split()
HARD = "jfk cards_005 austen_0880 austen_0930 cards_002 cards_004".split()
CUT_IN_MS = 3000
SESSIONS_P50_MS, MOST_SESSIONS = 900, 16
# So many more cut in than alone is no accident any more, with so many turns at least on either side: one turn
# of seven would be more than that.
SESSIONS_MORE_CUT, SESSIONS_TURNS = 0.1, 28
PASSES = int(os.environ.get("PASSES", "2"))
WEIGHTS = "Silero 6.2, Smart Turn 3.2, Whisper tiny.en, SmolLM2-135M Q4_1, Piper joe-medium"
PARTS = ("e2e turns stt tts llm barge idle realtime calls lossy clients transfer red_thread unlock faces face "
         "visemes visemes_real sessions memory").split()
rows = []


def row(metric, value, unit, note="", peer=None, peer_value=None, higher=False, weights=WEIGHTS, on=None,
        built_of=None):
    """One line of the table; ratio > 1 means that we are better."""
    ratio = None
    if peer_value and value:
        ratio = round(value / peer_value if higher else peer_value / value, 2)
    value = round(value, 2 if value >= 0.1 else 4) if isinstance(value, float) else value
    rows.append(dict(metric=metric, value=value, unit=unit, peer=peer, peer_value=peer_value, ratio=ratio,
                     note=note, machine=on or machine(), commit=built_of or commit(), weights=weights))


def machine():
    model = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), "unknown")
    flags = next((l for l in open("/proc/cpuinfo") if l.startswith("flags")), "")
    best = next((f for f in ("avx512_vnni", "avx_vnni", "avx2") if f in flags), "no AVX2")
    memory = int(next(l for l in open("/proc/meminfo") if l.startswith("MemTotal")).split()[1]) // 2**20
    return f"{os.cpu_count()} × {model}, {best}, {memory} GiB"


@functools.cache
def commit():
    """At the start of the run: what the parts write themselves does not count."""
    out = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=HERE, capture_output=True, text=True)
    return out.stdout.strip()


def ours(*args):
    return run("janet", [BIN / "janet-bench", "--audio", PEERS / "audio", "--models", MODELS, *args])


def peer(script, *args):
    budget = dict(os.environ, PEERS_BUDGET=os.environ.get("PEERS_BUDGET", "6"))
    return run(script, [sys.executable, PEERS / "scripts" / f"{script}.py", "--json", *args], budget)


def run(name, command, env=None):
    """The command's JSON; what it tells meanwhile goes to the log."""
    print(f"{time.strftime('%T')}  {name} {' '.join(str(a) for a in command[3:])[:100]}", flush=True)
    (PEERS / "logs").mkdir(exist_ok=True)
    env = dict(env or os.environ, CANDLE_BARRIER_POOL_SPIN_LIMIT="0")
    with open(PEERS / "logs" / f"bench_{name}.err", "a") as log:
        done = subprocess.run([str(a) for a in command], stdout=subprocess.PIPE, stderr=log, text=True, env=env,
                              timeout=3000)
    if done.returncode:
        sys.exit(f"{name} failed with {done.returncode}: see {log.name}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def median(values):
    values = [v for v in values if v is not None]
    return round(statistics.median(values), 1) if values else None


def judge(turns):
    """Every turn with its verdict: first audio as it counts, cut in, over three seconds."""
    references = {c["name"]: c["text"] for c in common.clips()}
    for t in turns:
        last = common.normalise(references[t["clip"]]).split()[-1]
        # "Five five" is normalised to "55", "5 5" stays two words: they are the same.
        heard = common.normalise(t["heard"]).split()
        first = t["first_audio"]
        t["cut_in"] = bool((t["turn_end"] is not None and t["turn_end"] < 0) or (first is not None and first < 0)
                           or not (last in heard[-3:] or "".join(heard).endswith(last)))
        t["over_3s"] = first is None or first > CUT_IN_MS
        t["counts"] = CUT_IN_MS if t["cut_in"] or first is None else first
    return turns


def e2e():
    names = EASY + HARD
    sides = {"janet": [], "pipecat": []}
    extra = []
    for _ in range(PASSES):
        mine = ours("e2e", ",".join(names))
        extra.append(mine)
        sides["janet"] += judge(mine["turns"])
        # The peer's script runs what it is given once more per --runs and prints the turns.
        theirs = peer("e2e_pipecat", "--clips", ",".join(names))
        sides["pipecat"] += judge(theirs["turns"])
    j, p = sides["janet"], sides["pipecat"]
    easy = lambda side: median([t["counts"] for t in side if t["clip"] in EASY])
    row("e2e_first_audio_ms_p50", easy(j), "ms", f"the easy seven, {PASSES} pass(es)", "Pipecat", easy(p))
    every = lambda side: median([t["counts"] for t in side])
    row("e2e_first_audio_ms_p50_all13", every(j), "ms", "a cut-in counts as 3000", "Pipecat", every(p))
    count = lambda side, what: sum(t[what] for t in side)
    row("turns_cut_in", count(j, "cut_in"), f"turns of {len(j)}", "", "Pipecat", count(p, "cut_in"))
    row("turns_over_3s", count(j, "over_3s"), f"turns of {len(j)}", "", "Pipecat", count(p, "over_3s"))
    marks = [dict(t["ledger"]["marks"]) for t in j if t.get("ledger") and not t["cut_in"]]
    decision = median([m.get("decision") for m in marks])
    gap = median([m["first_audio"] - m["decision"] for m in marks if "first_audio" in m and "decision" in m])
    row("e2e_speech_end_to_decision_ms_p50", decision, "ms", "the ledger's own speech end")
    row("decision_to_first_audio_ms_p50", gap, "ms")
    row("step_ms_p99", max(m["step_ms_p99"] for m in extra), "ms",
        f"longest {max(m['step_longest_ms'] for m in extra)} ms ({extra[-1]['step_longest_class']})")
    row("vad_late_ms_p99", max(m["vad_late_ms_p99"] for m in extra), "ms", "microphone samples pushed to judged")
    (HERE / "turns.json").write_text(json.dumps(sides, indent=1, ensure_ascii=False))


def turns():
    hum = HERE.parent / "tests/browser/clips/mm-hm.wav"
    r = ours("turns", "--hum", hum, "--half", os.environ.get("HALF", "held"))
    weights = "Silero 6.2, Smart Turn 3.2, Whisper tiny.en"
    for metric, unit in (("turns_cut_in_pct", "%"), ("turns_over_3s_pct", "%"), ("speech_end_to_decision_ms_p50", "ms")):
        mine, smart, plain = (r[side][metric] for side in ("ours", "smart_turn", "plain"))
        row(metric, mine, unit, f"held-out half, {r['turns']} turns; plain silence of 0.8 s: {plain:.1f}",
            "Smart Turn alone", round(smart, 1), weights=weights)


def word_errors(clips):
    import jiwer
    out = [jiwer.process_words(common.normalise(r) or "-", common.normalise(h) or "-") for r, h in clips]
    return sum(o.substitutions + o.deletions + o.insertions for o in out)


def stt():
    mine, theirs = [], []
    for _ in range(PASSES):
        mine.append(ours("stt"))
        theirs.append(peer("stt_faster_whisper", "--models", "tiny.en:int8", "--runs", "3")["configs"][0])
    short = lambda clips: median([c["ms"]["median"] for c in clips if c["seconds"] < 12])
    ms = median([short(m["clips"]) for m in mine])
    peer_ms = median([short(t["clips"]) for t in theirs])
    heard = {c["name"]: c["text"] for c in common.clips()}
    errors = word_errors([(heard[c["clip"]], c["heard"]) for c in mine[0]["clips"]])
    peer_errors = word_errors([(heard[c["clip"]], c["hyp"]) for c in theirs[0]["clips"]])
    words = sum(len(common.normalise(t).split()) for t in heard.values())
    row("stt_utterance_ms_p50", ms, "ms", f"{errors} word errors in {words}; peer {peer_errors}",
        "faster-whisper int8", peer_ms, weights="Whisper tiny.en")


def tts():
    mine, theirs = [], []
    for _ in range(PASSES):
        mine.append(ours("tts")["cases"])
        theirs.append(peer("tts_piper")["cases"])
    for case, words in (("6_words", "6"), ("25_words", "25")):
        at = lambda side, what: median([s[case][what]["median"] for s in side])
        name = "tts_first_audio_ms_p50" if case == "6_words" else "tts_first_audio_25_words_ms_p50"
        row(name, at(mine, "first_audio_ms"), "ms", f"{words} words; the peer makes the whole sentence first",
            "Piper", at(theirs, "first_audio_ms"), weights="Piper joe-medium")
    rtf = lambda side: statistics.median([s["25_words"]["rtf"]["median"] for s in side])
    row("tts_rtf", round(rtf(mine), 3), "s/s", "25 words", "Piper", rtf(theirs), weights="Piper joe-medium")


def llm():
    mine, theirs = [], []
    for _ in range(PASSES):
        mine.append(ours("llm"))
        theirs.append(peer("llm_llama_cpp"))
    at = lambda side, what: median([s[what]["median"] for s in side])
    name = "SmolLM2-135M-Instruct Q4_1"
    row("llm_decode_tok_s", at(mine, "decode_tok_s"), "tokens/s", "ours requantised to int8", "llama.cpp",
        at(theirs, "decode_tok_s"), higher=True, weights=name)
    row("llm_ttft_cached_ms_p50", at(mine, "ttft_200_cached_plus_40_ms"), "ms",
        f"prompt {mine[-1]['last_prompt']}", "llama.cpp", at(theirs, "ttft_200_cached_plus_40_ms"), weights=name)


def barge():
    trials = int(os.environ.get("TRIALS", "100"))
    b = ours("barge", "--trials", trials, "--backchannels", trials * 3 // 5, "--echoes", max(trials // 10, 5))
    row("barge_in_silence_ms_p95", b["barge_in_silence_ms_p95"], "ms",
        f"{b['trials']} trials, p50 {b['barge_in_silence_ms_p50']:.0f}, not interrupted {b['not_interrupted']}")
    row("barge_in_judged_ms_p95", b["barge_in_judged_ms_p95"], "ms")
    row("backchannel_false_stop_pct", b["backchannel_false_stop_pct"], "%", f"{b['backchannels']} backchannels")
    row("self_interrupt_count", b["self_interrupt_count"], "of replies",
        f"{b['echo_replies']} replies with her voice back at −20 dB, 80 ms late")
    row("stale_words", b["stale_words"], "words", f"{b['trials']} interruptions")


def idle():
    r = run("idle", [sys.executable, HERE / "idle.py", BIN / "janet", PEERS / "audio"])
    row("idle_20_sessions_cpu_pct", r["cpu_pct"], "% of one core", "20 clients streaming room noise at −75 dBFS")
    row("peak_rss_mb", r["peak_rss_mb"], "MB", "the server after the idle run and a spoken turn")


def realtime():
    """How soon a WebRTC call carries voice; aiortc with itself beside it."""
    r = run("realtime", [sys.executable, HERE / "realtime.py", BIN / "janet"])
    theirs = peer("webrtc_aiortc", "--runs", "20")["ms_since_offer_sent"]
    p95 = lambda values: common.stats(values, 1)["p95"]
    row("offer_to_first_audio_ms_p95", p95(r["first_audio_ms"]), "ms",
        f"offer sent to the first non-silent sample decoded at both ends, {r['trials']} calls of aiortc to Janet over "
        "loopback: the caller's tone, decoded by Janet, sent back (`audio_loop`) and decoded by the caller; the peer is "
        "aiortc to aiortc, each end with a tone of its own, the later of the two; target < 500", "aiortc",
        theirs["both_audio"]["p95"], weights="no model is asked")
    row("offer_to_connected_ms_p95", p95(r["connected_ms"]), "ms", "offer sent to `vr_response connected`", "aiortc",
        theirs["client_connected"]["p95"], weights="no model is asked")
    row("call_setup_ms_p95", p95(r["call_setup_ms"]), "ms",
        f"`voip_call` to `voip_connected`, {len(r['call_setup_ms'])} calls of aiortc over loopback; target < 1000",
        weights="no model is asked")


def calls():
    """Voice in real time, the far end being Janet's own code: the loop, its parts, and calls without a word."""
    r = ours("loop")
    took = common.stats(r["loop_ms"], 1)
    row("audio_loop_ms_p95", took["p95"], "ms", f"a microphone's first sample to the same sample at the ear: Opus, "
        f"WebRTC over loopback, {len(r['loop_ms'])} clicks in {r['calls']} calls, p50 {took['median']}; target < 100",
        weights="no model is asked")
    for metric, what in (("mic_to_ring_ms_p99", "a datagram's arrival to its samples in the engine's ring"),
                         ("ring_to_wire_ms_p99", "what her voice waits on its way out beyond its time")):
        row(metric, r[metric], "ms", f"{what}; target < 20", weights="no model is asked")
    count = 50
    i = ours("idle-calls", "--calls", count)
    row(f"idle_{count}_webrtc_cpu_pct", i["cpu_pct"], "% of one core",
        f"{count} WebRTC calls of room noise at -75 dBFS; target < 40", weights="no model is asked")


def lossy():
    r = ours("lossy")
    words = sum(len(common.normalise(c["reference"]).split()) for c in r["clips"])
    clean = word_errors([(c["reference"], c["clean"]) for c in r["clips"]]) / words * 100
    lost = statistics.mean(word_errors([(c["reference"], c["heard"][n]) for c in r["clips"]]) / words * 100
                           for n in range(r["patterns"]))
    count = lambda what: sum(c[what] for c in r["clips"])
    row("wer_growth_10pct_loss_pts", round(lost - clean, 2), "points",
        f"{r['lost_pct']} % of packets lost, {r['jitter_ms']} ms of jitter, mean of {r['patterns']} patterns over "
        f"{len(r['clips'])} utterances: {lost:.1f} % word errors, {clean:.1f} % without the network; "
        f"{count('fec_recovered')} packets recovered, {count('concealed')} made up; target < 3",
        weights="Whisper tiny.en")


def transfer():
    r = ours("transfer")
    row("transfer_10k_ms", r["ms"]["p50"], "ms",
        f"{r['messages']} messages between two processes with TLS and fsync, from the yes; the worst of {r['runs']}: "
        f"{r['ms']['max']:.0f}; target < 2000", weights="no model is asked")


def red_thread():
    """The red thread by voice: how soon, how often it is missed, and what pulls it that should not."""
    trials = int(os.environ.get("TRIALS", "48"))
    r = ours("red-thread", "--trials", trials, "--near", trials * 2 // 3, "--recordings", min(trials, 100))
    said, others, weights = r["trials"], r["others"], "Silero 6.2, Whisper tiny.en, Piper joe-medium"
    pulled = [t for t in said if t["spoken_ms"] is not None and not t["too_early"]]
    if not pulled:
        sys.exit("the red thread was never heard: see the log")
    spread = lambda values: common.stats(values, 1)
    spoken = spread([t["spoken_ms"] for t in pulled])
    settled = spread([t["settled_ms"] for t in pulled])
    missed = [t for t in said if t["spoken_ms"] is None]
    different = lambda of, what: len({t[what] for t in of})
    where = (f"{len(said)} times over her own voice to a real server: {different(said, 'text')} ways to put it, "
             f"{different(said, 'voice')} voices made of Piper's by pace and pitch, near, far and 20 and 10 dB over noise, "
             "her echo at −20 dB")
    row("red_thread_spoken_ms_p95", spoken["p95"], "ms",
        f"end of the words in the audio to her silence and the word that it is pulled; {where}; p50 {spoken['median']}, "
        f"longest {spoken['max']}, without the {len(missed)} missed; target ≤ 700", weights=weights)
    row("red_thread_ms_p95", settled["p95"], "ms",
        f"the same pulls, from the words in the gateway's hands to everything settled (latched and on the disk, work "
        f"ended, vaults locked), p50 {settled['median']}, longest {settled['max']}; by message, from sent to told: p95 "
        f"{spread(r['by_message_ms'])['p95']} of {len(r['by_message_ms'])}; target ≤ 200", weights=weights)
    by_place = ", ".join(f"{place}: {sum(t['place'] == place for t in missed)}"
                         for place in dict.fromkeys(t["place"] for t in said))
    row("red_thread_missed_pct", round(100 * len(missed) / len(said), 1), "%",
        f"{len(missed)} of {len(said)} not heard within 4 s ({by_place}), {sum(t['late'] for t in missed)} of them later",
        weights=weights)
    near = [t for t in others if t["voice"] != "a recording"]
    wrong = [t for t in others if t["spoken_ms"] is not None or t["late"]]
    early = [t for t in said if t["too_early"]]
    told = "".join(f"; pulled by {t['text']!r} ({t['voice']}, {t['place']})" for t in wrong)
    row("red_thread_false_count", len(wrong) + len(early), f"sounds of {len(others) + len(said)}",
        f"{len(near)} times what sounds alike ({', '.join(dict.fromkeys(t['text'] for t in near))}), "
        f"{len(others) - len(near)} recordings, and her own voice before the words in {len(said)} trials{told}",
        weights=weights)


def unlock():
    r = ours("unlock")
    took = common.stats(r["ms"], 1)
    row("unlock_ms_p95", took["p95"], "ms",
        f"safe word sent to the answer with {r['asked']} of {r['secrets']} secrets opened, over the socket of a real server: "
        f"guess counted on the disk, Argon2id, items opened; {took['n']} times, p50 {took['median']}, longest {took['max']}; "
        "target ≤ 1000", weights="no model is asked")


def clients():
    count = 200
    r = ours("clients", "--clients", count)
    note = ", ".join(f"{kind} {r[kind + '_ms']['p99']:.2f}" for kind in ("ping", "get_context", "bad_json"))
    row(f"ws_message_ms_p50_{count}", r["ms"]["p50"], "ms", f"{count} WebSocket clients, two requests a second each",
        weights="no model is asked")
    row(f"ws_message_ms_p99_{count}", r["ms"]["p99"], "ms",
        f"{r['answers']} answers ({note}); longest {r['ms']['max']:.1f}; target < 5; the bench's own delay before "
        f"sending {r['client_late_ms']['p99']:.1f}, counted", weights="no model is asked")


def faces():
    """What a frame of the face costs. FACES_LOG names what kernels/examples/face_batch printed on a machine with a
    card, behind the lines of nvidia-smi and lscpu that say which, and FACES_COMMIT what it was built of."""
    log = os.environ.get("FACES_LOG")
    text = Path(log).read_text() if log else subprocess.run(
        [BIN / "examples/face_batch", "1", "100", "1000"], capture_output=True, text=True, check=True).stdout
    text = text.partition("== timing")[2] or text
    on = None
    if log:
        whole = Path(log).read_text()
        card = re.search(r"^(NVIDIA [^,]+), [\d.]+", whole, re.M)[1]
        cores = re.search(r"^Model name: *(.+)\n(\d+)$", whole, re.M)
        on = f"{card}, {cores[2]} × {cores[1]}"
    backend = None
    for line in text.splitlines():
        if found := re.match(r"(cpu|wgpu|cuda): (.+)", line):
            # Not the processor's threads together, and no card that is made of them.
            one = found[1] != "cpu" or found[2].endswith("threads: 1")
            backend = found[1] if one and "llvmpipe" not in found[2] else None
        elif backend and (found := re.match(r" *(\d+) sessions: p50 +([\d.]+) ms, p99 +([\d.]+)", line)):
            count, p50, p99 = found[1], float(found[2]), float(found[3])
            # A card is asked for many at once, a processor for one.
            if count == ("1" if backend == "cpu" else "1000") and (backend == "cpu") == (log is None):
                row(f"face_frame_ms_p50_{count}_{backend}", p50, "ms",
                    f"samples to viseme weights of {count} session(s), 800 samples at 48 kHz each; p99 {p99} ms",
                    weights="a network of 100 k parameters, made up", on=on,
                    built_of=os.environ["FACES_COMMIT"] if log else None)


def face():
    """Her mouth beside her voice in the page, in a browser: at a voice that is known, and at her own each way it comes."""
    web = HERE.parent / "gateway/web/dist"
    with tempfile.TemporaryDirectory() as out, open(PEERS / "logs/bench_face.err", "w") as log:
        command = ["node", HERE.parent / "tests/browser/face-skew.mjs", "--out", out, "--of",
                   "itself,known,worklet,webrtc", "--janet", BIN / "janet"]
        # That a target was missed is no reason not to write down by how much.
        subprocess.run(command, stdout=log, stderr=log, env=dict(os.environ, JANET_SERVER_WEB_DIR=str(web)), timeout=600)
        file = Path(out) / "face-skew.json"
        r = json.loads(file.read_text()) if file.exists() else {}
    if not {"late_by_0", "late_by_45", "known", "worklet", "webrtc"} <= set(r):
        sys.exit(f"the face was not measured: see {log.name}")
    for late in (0, 45):
        found = r[f"late_by_{late}"]["skew_ms_p50"]
        if abs(found - late) > 3:
            sys.exit(f"a page that is {late} ms late on purpose was measured as {found}: no figure of the face is kept")
    told = lambda m: (f"p50 {m['skew_ms_p50']}, {m['skew_ms_range'][0]} to {m['skew_ms_range'][1]} in {m['pictures']} "
                      f"pictures of a moving mouth, one every {m['picture_ms_p50']} ms")
    how = "recorded sound against drawn weights in Chromium, drawn by the processor"
    known, worklet, webrtc = r["known"], r["worklet"], r["webrtc"]
    row("face_skew_worklet_ms_p95", max(known["skew_ms_p95"], worklet["skew_ms_p95"]), "ms",
        f"{how}: her own voice {worklet['skew_ms_p95']} ({told(worklet)}), a tone that is cut where lips shut "
        f"{known['skew_ms_p95']} ({told(known)}); target < 20", weights="Piper joe-medium")
    row("face_skew_webrtc_ms_p95", webrtc["skew_ms_p95"], "ms", f"{how}: {told(webrtc)}; target < 40",
        weights="Piper joe-medium")
    row("face_frames_per_s", min(m["frames_per_s"] for m in (worklet, webrtc)), "frames",
        f"of her voice, as they came: {worklet['frames']} and {webrtc['frames']} frames each way, "
        f"{worklet['uneven'] + webrtc['uneven']} not 800 samples of 48 kHz behind the one before; target 60",
        weights="Piper joe-medium")
    row("page_animate_ms_p95", max(m["animate_ms_p95"] for m in (known, worklet, webrtc)), "ms",
        "CPU of pose and scene of one picture in the page, without the drawing; target < 4", weights="no model is asked")
    row("face_lips_ms_p50", worklet["lips_ms_p50"], "ms",
        f"how much later than the sound of an m, b or p the lips shut in what is sent for them, {worklet['lips']} of "
        f"them; p95 {worklet['lips_ms_p95']}; no page has a share in it, and the skews are without it",
        weights="Piper joe-medium")


def visemes():
    """Visemes from sound: what they cost, and how often they are right where the network was not trained."""
    network = "visemes.safetensors"
    cost = ours("visemes")["ms_per_20_ms"]
    row("viseme_cpu_ms_per_frame", cost["median"], "ms",
        f"one stream, 20 ms of sound, resampler included, one thread; slowest round {cost['max']:.3f}", weights=network)
    tool, folder = BIN / "train-visemes", BIN.parent / "visemes-test"
    voice = MODELS / "piper-en_US-joe-medium/en_US-joe-medium.onnx"
    # A take of each sentence: where those that are tested are heard is learnt from those that are trained.
    subprocess.run([tool, "make-data", "--voice", voice, "--data", folder, "--takes", "1"], check=True)
    done = subprocess.run([tool, "evaluate", "--data", folder, "--json"], check=True, capture_output=True, text=True)
    found = json.loads(done.stdout.splitlines()[-1])
    for truth, metric, meant in (
            ("table", "viseme_accuracy_pct_synth", "truth: the voice's own times"),
            ("heard", "viseme_accuracy_pct_synth_heard", "the same frames, truth: where a forced alignment hears the sounds")):
        judged = found[truth]
        ranges = ", ".join(f"{name} {value:.1f}" for name, value in judged["ranges"].items())
        row(metric, judged["percent"], "% of frames",
            f"{meant} (both in VISEMES.md); {judged['frames']} frames of held-out sentences, 10 classes, beyond the trained "
            f"ranges (the row `sentences` lies within them and is not counted): {ranges}", weights=network)


def visemes_real():
    """Visemes from other people's speech beside two peers', against a forced alignment. Writes VISEMES.md."""
    if not (PEERS / "weights/cmudict").exists():
        sys.exit(f"The peers are of an earlier day. As root, once:  PEERS={PEERS} SKIP_TORCH=1 bash benches/peers/setup.sh")
    peer("visemes_align")
    run("visemes_peers", ["node", PEERS / "scripts/visemes_peers.mjs", "--json"])
    frames, tool = PEERS / "visemes/janet", BIN / "train-visemes"
    shutil.rmtree(frames, ignore_errors=True)
    frames.mkdir(parents=True)
    for clip in common.clips():
        with open(frames / f"{clip['name']}.json", "w") as out:
            subprocess.run([tool, "frames", PEERS / f"audio/{clip['name']}.wav"], stdout=out, check=True)
    results = peer("visemes_score", "--markdown", HERE / "VISEMES.md", "--janet", frames)
    for title, metric in (("LibriVox", "viseme_accuracy_pct_real"), ("All clips", "viseme_accuracy_pct_real_all14")):
        faces = results[title]["faces"]
        told = lambda name: f"{name} {faces[name]['all']['pct']} {faces[name]['all']['interval']}"
        others = sorted((n for n in faces if n != "Janet"), key=lambda n: -faces[n]["all"]["pct"])
        best = next(n for n in others if n.startswith(("HeadAudio", "wLipSync")))
        row(metric, faces["Janet"]["all"]["pct"], "% of frames",
            f"{results[title]['frames']} frames of {len(results[title]['clips'])} clips against pocketsphinx's alignment, "
            f"95 % over clips: {told('Janet')}; " + "; ".join(map(told, others)) + "; by class in VISEMES.md", best,
            faces[best]["all"]["pct"], higher=True, weights="visemes.safetensors")


def sessions():
    """One more conversation at a time until the target is missed."""
    def talk(count):
        turns = []
        while len(turns) < SESSIONS_TURNS:
            turns += judge(ours("sessions", "--sessions", count, ",".join(EASY))["turns"])
        share = lambda what: sum(t[what] for t in turns) / len(turns)
        return dict(count=count, turns=len(turns), p50=median([t["counts"] for t in turns]), cut=share("cut_in"),
                    over=share("over_3s"))

    tell = lambda m: (f"{m['count']}: p50 {m['p50']:.0f} ms, cut in {m['cut']:.0%}, over 3 s {m['over']:.0%} of "
                      f"{m['turns']} turns")
    tried = []
    for count in range(1, MOST_SESSIONS + 1):
        tried.append(talk(count))
        if tried[-1]["p50"] > SESSIONS_P50_MS or tried[-1]["cut"] > tried[0]["cut"] + SESSIONS_MORE_CUT:
            break
    else:
        tried.append(None)  # the target was never missed
    good = tried[:-1]
    shown = [t for t in (tried[0], good[-1] if good else None, tried[-1]) if t]
    note = "; ".join(dict.fromkeys(map(tell, shown)))
    row("active_sessions_within_target", good[-1]["count"] if good else 0, "sessions",
        f"spoken conversations at once with p50 ≤ {SESSIONS_P50_MS} ms and at most "
        f"{SESSIONS_MORE_CUT:.0%} more cut in than alone. {note}")


def memory():
    """A search among 100,000 memories beside Chroma's on the same vectors, and one sentence's vector."""
    name, folder = "all-MiniLM-L6-v2", PEERS / "memory"
    r = ours("green", "--out", folder)
    theirs = peer("vault_chroma", "--runs", str(r["queries"]), "--data", folder)
    took = r["search_ms"]
    made = (f"vectors and texts are pairs of {r['sentences']} made-up sentences that the model has embedded, mixed, with "
            f"noise; questions embedded likewise")
    row("green_search_ms_p95_100k", took["p95"], "ms",
        f"question and its vector to ten hits with texts and receipts, by meaning, words (FTS5) and age; one thread, "
        f"{took['n']} questions among {r['entries']} memories, p50 {took['median']:.1f}, longest {took['max']:.1f}; by "
        f"meaning alone p95 {r['nearest_ms']['p95']:.1f}; opens in {r['open_ms']:.0f} ms, forgets in {r['forget_ms']['median']:.0f} ms (longest {r['forget_ms']['max']:.0f}); {made}; Chroma searches by meaning "
        f"alone, its index (HNSW) as it comes; target < 10", "Chroma", theirs["query_ms"]["p95"], weights=name)
    row("green_recall_at_10", round(r["recall_at_10"], 4), "of the exact ten", "the same searches by meaning; target ≥ 0.95",
        "Chroma", theirs["recall_at_10"], higher=True, weights=name)
    e = ours("embed")
    torch, st = PEERS / "venv-torch/bin/python", {}
    if torch.exists():
        st = run("embed_st", [torch, PEERS / "scripts/embed_st.py", "--json"])
    at = lambda what, of: st[what][of] if st else None
    row("embed_one_ms", e["one_ms"]["median"], "ms",
        f"a sentence of 13 tokens, p95 {e['one_ms']['p95']:.1f}; target ≤ 15", "sentence-transformers" if st else None,
        at("one_sentence_ms", "median"), weights=name)
    row("embed_sentences_s", round(e["sentences_per_s_batch32"]["median"]), "sentences/s", "batches of 32",
        "sentence-transformers" if st else None, at("sentences_per_s_batch32", "median"), higher=True, weights=name)


def table(all_rows):
    lines = ["# Results", "", "Written by `./bench`; do not edit. Both sides ran in turn on the same machine with "
             "the same weights. A ratio over 1 means that Janet is better.", "",
             "| metric | Janet | unit | peer | peer's | ratio | note |", "|---|---|---|---|---|---|---|"]
    for r in all_rows:
        show = lambda v: "–" if v is None else v
        lines.append(f"| `{r['metric']}` | {show(r['value'])} | {r['unit']} | {show(r['peer'])} | "
                     f"{show(r['peer_value'])} | {show(r['ratio'])} | {r['note']} |")
    seen = sorted({(r["machine"], r["commit"], r["weights"]) for r in all_rows})
    lines += ["", *[f"- {m} · commit {c} · {w}" for m, c, w in seen], ""]
    return "\n".join(lines)


def main():
    wanted = sys.argv[1:] or PARTS
    unknown = [p for p in wanted if p not in PARTS]
    if unknown:
        sys.exit(f"unknown part {unknown[0]}; there are: {' '.join(PARTS)}")
    if commit().endswith("-dirty"):
        print("The tree has changes that are not committed: the rows will say so.", flush=True)
    for part in wanted:
        globals()[part]()
        # What is measured is kept, whatever becomes of the next part.
        keep()
    print((HERE / "RESULTS.md").read_text())


def keep():
    file = HERE / "results.json"
    before = json.loads(file.read_text()) if file.exists() else []
    fresh = {r["metric"] for r in rows}
    kept = [r for r in before if r["metric"] not in fresh]
    file.write_text(json.dumps(kept + rows, indent=1, ensure_ascii=False) + "\n")
    (HERE / "RESULTS.md").write_text(table(kept + rows))
    readme.main()


main()
