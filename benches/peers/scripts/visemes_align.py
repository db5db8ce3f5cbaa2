#!/usr/bin/env python3
"""Which shape of the mouth each moment of the clips is, as pocketsphinx aligns their transcripts.

Input : audio/*.wav, manifest.json and weights/cmudict (see prepare.py), visemes_classes.json
Output: visemes/truth/CLIP.json {seconds, phones: [[name, start, end]], visemes: [[class, start, end]]}, positions in
        samples at 16 kHz; prints what speaks for and against the alignment.
"""
import glob, io, json, os, re, tarfile
import numpy as np
import common
from pocketsphinx import Decoder

HOP = 160  # samples: pocketsphinx counts in hundredths of a second
HERE = os.path.dirname(os.path.abspath(__file__))
CLASSES = json.load(open(f"{HERE}/visemes_classes.json"))
OUT = f"{common.ROOT}/visemes/truth"
STOPS, VOWELS = set("P B T D K G".split()), set("AA AE AH AH0 AO AW AY EH ER EY IH IY OW OY UH UW".split())


def words(text):
    return re.sub(r"[^a-z' ]+", " ", text.lower()).split()


def pass_over(decoder, sound):
    decoder.start_utt()
    decoder.process_raw(sound, full_utt=True)
    decoder.end_utt()


def schwas(path):
    """{word: its pronunciations with stresses}: the aligner's dictionary has none, and AH is two vowels."""
    found = {}
    for line in open(path):
        word, *phones = line.split("#")[0].split()
        found.setdefault(re.sub(r"\(\d+\)$", "", word), []).append(phones)
    return found


def stressed(word, phones, dictionary):
    """The phones, AH without stress named AH0."""
    bare = lambda ps: [p.rstrip("012") for p in ps]
    same = [ps for ps in dictionary.get(re.sub(r"\(\d+\)$", "", word), []) if bare(ps) == phones]
    # A word said otherwise than the dictionary knows is a weak form: "was" in running speech.
    return [("AH0" if p == "AH" and (not same or same[0][i] == "AH0") else p) for i, p in enumerate(phones)]


def align(decoder, name, text, dictionary):
    """[(phone, start, end, starts of its states)] in samples, without gaps."""
    sound = common.pcm(name)
    decoder.set_align_text(" ".join(words(text)))
    pass_over(decoder, sound)
    decoder.set_alignment()
    pass_over(decoder, sound)
    phones = []
    for word in decoder.get_alignment():
        # Its entries are gone once the loop is.
        spoken = [(p.name, p.start * HOP, (p.start + p.duration) * HOP, [s.start * HOP for s in p]) for p in word]
        called = stressed(word.name, [p[0] for p in spoken], dictionary)
        phones += [[name, *rest] for name, (_, *rest) in zip(called, spoken)]
    end = len(sound) // 2
    if not phones or any(a[2] != b[1] for a, b in zip(phones, phones[1:])) or abs(phones[-1][2] - end) > 10 * HOP:
        raise SystemExit(f"{name}: the alignment has holes or does not reach the end")
    phones[-1][2] = end
    return phones


def visemes(phones):
    """The phones' shapes, neighbours of one shape joined."""
    parts = []
    for name, start, end, states in phones:
        first, *then = CLASSES["arpabet"][name]
        turn = states[then[1]] if then else end
        parts += [[first, start, turn]] + ([[then[0], turn, end]] if then else [])
    joined = parts[:1]
    for part in parts[1:]:
        if part[0] == joined[-1][0]:
            joined[-1][2] = part[2]
        else:
            joined.append(part)
    return joined


def level(x, start, end):
    part = x[start:end]
    return 10 * np.log10(float((part ** 2).mean()) + 1e-10) if len(part) else None


def closure(x, start, end):
    """The quietest 20 ms of a stop."""
    found = [level(x, at, at + 2 * HOP) for at in range(start, max(start, end - 2 * HOP) + 1, HOP)]
    return min(found)


def published():
    """The package's own phone alignments of its LibriVox clips, by our clips' names."""
    found = {}
    for sdist in glob.glob(f"{common.ROOT}/sdists/pocketsphinx-*.tar.gz"):
        with tarfile.open(sdist) as tar:
            for member in tar:
                if member.name.endswith(".phone.json"):
                    spoken = json.load(io.TextIOWrapper(tar.extractfile(member)))
                    number = re.search(r"-(\d+)\.phone\.json$", member.name)[1]
                    found[f"austen_{number}"] = [[p["t"], round(p["b"] * 16000), round((p["b"] + p["d"]) * 16000)]
                                                 for word in spoken["w"] for p in word["w"]]
    return found


def same(a, b, end):
    """Share of 10 ms steps at which two alignments name the same phone, stress aside."""
    def names(phones):
        out = np.full(end // HOP, "", dtype=object)
        for name, start, stop, *_ in phones:
            out[start // HOP: stop // HOP] = name.rstrip("0")
        return out
    return float((names(a) == names(b)).mean())


def main():
    a = common.args(runs=1)
    os.makedirs(OUT, exist_ok=True)
    decoder = Decoder(lm=None, loglevel="ERROR")
    dictionary = schwas(f"{common.W}/cmudict/cmudict.dict")
    known, clips, stops, vowels, rest, silences = published(), [], [], [], [], []
    for clip in common.clips():
        name, x = clip["name"], common.f32(clip["name"])
        phones = align(decoder, name, clip["text"], dictionary)
        shapes = visemes(phones)
        json.dump(dict(seconds=len(x) / 16000, phones=[p[:3] for p in phones], visemes=shapes),
                  open(f"{OUT}/{name}.json", "w"))
        voiced = np.mean([level(x, s, e) for n, s, e, _ in phones if n in VOWELS])
        vowels += [level(x, s, e) - voiced for n, s, e, _ in phones if n in VOWELS]
        stops += [closure(x, s, e) - voiced for n, s, e, _ in phones if n in STOPS]
        silences += [level(x, s, e) - voiced for n, s, e, _ in phones if n == "SIL"]
        silent = sum(e - s for n, s, e in shapes if n == "sil") / len(x)
        clips.append(dict(name=name, phones=len(phones), silent_pct=round(100 * silent, 1),
                          shortest_ms=min(e - s for _, s, e, _ in phones) / 16,
                          longest_phone_ms=max(e - s for n, s, e, _ in phones if n != "SIL") / 16,
                          as_published_pct=round(100 * same(phones, known[name], len(x)), 1) if name in known else None))
    middle = lambda v: round(float(np.median(v)), 1)
    common.emit(a, dict(clips=clips, seconds=round(sum(c["seconds"] for c in common.clips()), 1),
                        db_below_the_clips_vowels=dict(vowels=middle(vowels), quietest_20_ms_of_stops=middle(stops),
                                                       silence=middle(silences)),
                        stops_quieter_by_10_db_pct=round(100 * float(np.mean(np.array(stops) < -10)), 1)),
                ("pocketsphinx",))


main()
