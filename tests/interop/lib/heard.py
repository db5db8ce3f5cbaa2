"""Listens with faster-whisper to what Janet speaks: usage JANET WHISPER-BASE."""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import jiwer
from faster_whisper import WhisperModel
from whisper_normalizer.english import EnglishTextNormalizer

ROOT = Path(__file__).resolve().parents[3]
JANET, BASE = sys.argv[1:3]
CLIP, SAID = "austen_0930", "he might even have been made amiable himself"
normalise = EnglishTextNormalizer()
ear = WhisperModel(BASE, device="cpu", compute_type="int8", cpu_threads=2)


def hear(wav):
    segments, _ = ear.transcribe(str(wav), language="en", beam_size=5, vad_filter=False)
    return " ".join(segment.text for segment in segments).strip()


def errors(reference, heard):
    """Word errors and words of the reference."""
    reference, heard = normalise(reference), normalise(heard)
    done = jiwer.process_words(reference, heard or "-")
    return done.substitutions + done.deletions + done.insertions, len(reference.split())


def janet(*args):
    done = subprocess.run([JANET, *map(str, args)], capture_output=True, text=True, timeout=300)
    if done.returncode:
        sys.exit(f"janet {args[0]} failed with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def say(folder):
    wrong, words = 0, 0
    for n, sentence in enumerate((ROOT / "benches/data/sentences.txt").read_text().splitlines()):
        wav = folder / f"{n}.wav"
        janet("say", sentence, "-o", wav)
        heard = hear(wav)
        here, of = errors(sentence, heard)
        wrong, words = wrong + here, words + of
        if here:
            print(f"  {here} wrong: {sentence!r} heard as {heard!r}")
    share = wrong / words
    print(f"janet say: {wrong} of {words} words heard wrong ({100 * share:.1f} %)")
    return words >= 150 and share < 0.1


def talk(folder):
    answer = folder / "answer.wav"
    turns = json.loads(janet("talk", "--json", ROOT / f"tests/data/speech/{CLIP}.wav", "-o", answer))["turns"]
    if len(turns) != 1:
        print(f"janet talk made {len(turns)} turns of one")
        return False
    you, reply = turns[0]["user_text"], turns[0]["text"]
    misheard, _ = errors(SAID, you)
    spoken = hear(answer)
    wrong, words = errors(reply, spoken)
    print(f"janet talk: {misheard} words of {CLIP} misheard; of her answer {wrong} of {words} words heard wrong")
    # Her answers hold names and odd words of a small model: half of them heard is an answer spoken.
    return misheard <= 2 and words > 0 and wrong <= words / 2


with tempfile.TemporaryDirectory() as scratch:
    passed = [say(Path(scratch)), talk(Path(scratch))]
sys.exit(0 if all(passed) else 1)
