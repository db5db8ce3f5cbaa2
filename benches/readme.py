"""Writes the figures of results.json into the README's table. Called by ./bench."""
import json
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- figures: written by ./bench -->", "<!-- end of figures -->"
# metric, what it is in words, unit as printed
LINES = [
    ("e2e_first_audio_ms_p50", "end of speech → first audio, easy seven clips, p50", "ms"),
    ("e2e_first_audio_ms_p50_all13", "the same, all thirteen clips", "ms"),
    ("turns_cut_in", "turns in which the answer cut in, or missed the last word", ""),
    ("turns_over_3s", "turns answered after more than 3 s, or not at all", ""),
    ("stt_utterance_ms_p50", "Whisper tiny.en, whole utterance", "ms"),
    ("tts_first_audio_ms_p50", "first sound of a six-word sentence", "ms"),
    ("llm_decode_tok_s", "SmolLM2-135M, decoding", "tokens/s"),
    ("llm_ttft_cached_ms_p50", "time to first token, 200 cached + 40 new", "ms"),
    ("barge_in_silence_ms_p95", "you talk over her → she is silent, p95", "ms"),
    ("backchannel_false_stop_pct", "“mm-hm”, “yeah”, “I see” that stopped her", "%"),
    ("self_interrupt_count", "answers that her own echo (−20 dB) stopped", ""),
    ("audio_loop_ms_p95", "microphone → Janet → ear over WebRTC, jitter buffer in, p95", "ms"),
    ("offer_to_first_audio_ms_p95", "offer of a WebRTC call → sound at both ends, p95", "ms"),
    ("call_setup_ms_p95", "`voip_call` → `voip_connected`, p95", "ms"),
    ("face_skew_worklet_ms_p95", "her mouth in the page beside her voice, p95", "ms"),
    ("face_skew_webrtc_ms_p95", "the same over WebRTC", "ms"),
    ("face_lips_ms_p50", "lips that shut behind the sound of an m, b or p, as they are sent, p50", "ms"),
    ("wer_growth_10pct_loss_pts", "words misheard more, of a hundred, with a tenth of the packets lost", "points"),
    ("red_thread_spoken_ms_p95", "“red thread”, said over her → silent, latched and told, p95", "ms"),
    ("red_thread_missed_pct", "“red thread” that was not heard", "%"),
    ("red_thread_false_count", "“red threat”, “reed thread”, recordings, her own voice that pulled it", ""),
    ("unlock_ms_p95", "safe word → vault open, p95", "ms"),
    ("green_search_ms_p95_100k", "a question among 100,000 memories, p95", "ms"),
    ("green_recall_at_10", "of the exact ten, found by meaning", ""),
    ("embed_one_ms", "one sentence to its vector, p50", "ms"),
    ("transfer_10k_ms", "10,000 messages to her other soul, TLS and fsync, p50", "ms"),
    ("idle_50_webrtc_cpu_pct", "50 WebRTC calls without a word, of one core", "%"),
    ("idle_20_sessions_cpu_pct", "20 idle sessions, of one core", "%"),
    ("peak_rss_mb", "peak memory of the server", "MB"),
]


def shown(value, unit):
    number = f"{value:.3g}" if isinstance(value, float) and value < 1000 else f"{value:.0f}"
    return f"{number} {unit}".strip()


def of(row):
    """What a count is out of, from the row's unit or note."""
    unit, note = row["unit"], row["note"]
    if unit.startswith(("turns of ", "sounds of ")):
        return " of " + unit.split(" ")[-1]
    if unit == "of replies":
        return " of " + note.split()[0]
    trials = note.split(",")[0]
    return f" ({trials})" if trials.split(" ")[-1] in ("trials", "backchannels") else ""


def table(rows):
    lines = ["| what | Janet | peer | |", "|---|---|---|---|"]
    for metric, words, unit in LINES:
        row = rows.get(metric)
        if row is None or row["value"] is None:
            continue
        peer, ratio = "–", ""
        if row["peer"]:
            peer = f"{row['peer']} {shown(row['peer_value'], unit)}"
            ratio = f"{row['ratio']} ×" if row["ratio"] and unit else ""
        lines.append(f"| {words} | {shown(row['value'], unit)}{of(row)} | {peer} | {ratio} |")
    return "\n".join(lines)


def measured_on(rows):
    """The machines, without what each row repeats."""
    machines = sorted({row["machine"] for row in rows.values()})
    return ("Measured with the small default models on " + "; ".join(machines) + "; the peers on the same machine "
            "with the same weights in the same run.")


def main():
    rows = {r["metric"]: r for r in json.loads((ROOT / "benches/results.json").read_text())}
    readme = ROOT / "README.md"
    before, _, rest = readme.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    if not after:
        raise SystemExit(f"README.md has no {BEGIN} … {END}")
    readme.write_text(f"{before}{BEGIN}\n{measured_on(rows)}\n\n{table(rows)}\n{END}{after}")


if __name__ == "__main__":
    main()
