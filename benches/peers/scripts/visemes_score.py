#!/usr/bin/env python3
"""How often a face shows the shape that is being spoken, judged alike for everybody.

usage: visemes_score.py [--json] [--clips librivox|all] [--janet DIR] [--markdown FILE]

Truth : visemes/truth/CLIP.json (visemes_align.py)
Frames: visemes/frames/PEER/SETTING/CLIP.csv (visemes_peers.mjs): a header `t_s,NAME…` of our classes or of the Oculus
        shapes, then a line for each frame with its time in seconds and its weights. DIR/CLIP.csv likewise, or
        DIR/CLIP.json {rate_hz, frame_samples, visemes: [name…], frames: [[weight…]…]}.

Every 1/60 s the shape with the greatest weight is compared with the one that is spoken. Weights in between frames
are interpolated. Everybody's constant delay is taken away first: the one that gives *them* the best score. A peer
is judged by its best setting. Intervals are the middle 95 % of 2000 draws of as many clips, with replacement.
"""
import argparse, collections, csv, functools, glob, json, os
import numpy as np
import common

HERE = os.path.dirname(os.path.abspath(__file__))
CLASSES = json.load(open(f"{HERE}/visemes_classes.json"))
NAMES, GROUPS, OCULUS = CLASSES["classes"], CLASSES["groups"], CLASSES["oculus"]
SIL = NAMES.index("sil")
GROUP_OF = np.array([next(i for i, members in enumerate(GROUPS.values()) if n in members) for n in NAMES])
FRAMES_HZ, RATE, DRAWS = 60, 16000, 2000
DELAYS_S = np.arange(-0.1, 0.3001, 0.005)
FAINT = 0.01  # weights all below show a mouth at rest
ROOT = f"{common.ROOT}/visemes"


def lines_of(path):
    """(header, lines) of a file of frames, whichever form it has."""
    if path.endswith(".csv"):
        lines = list(csv.reader(open(path)))
        return lines[0], np.array(lines[1:], dtype=float)
    told = json.load(open(path))
    step = told["frame_samples"] / told["rate_hz"]
    return ["t_s", *told["visemes"]], np.array([[k * step, *weights] for k, weights in enumerate(told["frames"])])


def of_clip(folder, clip):
    """The clip's file of frames: JSON where there is one, else CSV."""
    path = f"{folder}/{clip}.json"
    return path if os.path.exists(path) else f"{folder}/{clip}.csv"


def shown(path):
    """(times, weights by our classes) of a file of frames."""
    header, values = lines_of(path)
    if header[0] != "t_s" or values.ndim != 2 or len(values) < 2 or not np.isfinite(values).all():
        raise SystemExit(f"{path}: not a file of frames")
    weights = np.zeros((len(values), len(NAMES)))
    for at, name in enumerate(header[1:], 1):
        if name not in NAMES and name not in OCULUS:
            raise SystemExit(f"{path}: the column {name} is no shape known here")
        mine = NAMES.index(name if name in NAMES else OCULUS[name])
        weights[:, mine] = np.maximum(weights[:, mine], values[:, at])
    weights[:, SIL] = np.maximum(weights[:, SIL], FAINT)
    return values[:, 0], weights


def labels(times, weights, count, delay):
    at = np.arange(count) / FRAMES_HZ + delay
    return np.argmax(np.stack([np.interp(at, times, column) for column in weights.T]), axis=0)


@functools.cache
def truth(clip):
    told = json.load(open(f"{ROOT}/truth/{clip}.json"))
    at = np.arange(int(told["seconds"] * FRAMES_HZ)) * RATE / FRAMES_HZ
    starts = [start for _, start, _ in told["visemes"]]
    shapes = np.array([NAMES.index(name) for name, _, _ in told["visemes"]])
    return shapes[np.searchsorted(starts, at, side="right") - 1]


def judge(frames, clips, only=None):
    """The best delay's labels, clip by clip. `frames`: {clip: (times, weights)}; `only`: classes whose frames count
    when the delay is chosen."""
    best = None
    for delay in DELAYS_S:
        told = [labels(*frames[c], len(truth(c)), delay) for c in clips]
        right = np.concatenate([(t == truth(c))[counted(truth(c), only)] for t, c in zip(told, clips)]).mean()
        if best is None or right > best[0]:
            best = (float(right), float(delay), told)
    return best


def counted(spoken, only):
    return np.ones(len(spoken), bool) if only is None else np.isin(spoken, only)


def interval(right, of):
    """95 % of a share, when each clip has `right` of `of`."""
    draws = np.random.default_rng(1).integers(0, len(of), (DRAWS, len(of)))
    shares = right[draws].sum(axis=1) / np.maximum(of[draws].sum(axis=1), 1)
    return [round(float(x), 1) for x in 100 * np.percentile(shares, [2.5, 97.5])]


def figures(told, clips):
    """What is said of one face."""
    spoken = [truth(c) for c in clips]
    share = lambda test, of: [np.array([(test(t, s) & of(s)).sum() for t, s in zip(told, spoken)]),
                              np.array([of(s).sum() for s in spoken])]
    pct = lambda right, of: round(100 * float(right.sum() / of.sum()), 1) if of.sum() else None
    hit, everything, speech = (lambda t, s: t == s), (lambda s: s >= 0), (lambda s: s != SIL)
    out = {}
    for what, of in (("all", everything), ("speech", speech)):
        right, frames = share(hit, of)
        out[what] = dict(pct=pct(right, frames), interval=interval(right, frames), frames=int(frames.sum()))
        out[what]["by_clip"] = [round(100 * float(r / n), 1) for r, n in zip(right, frames)]
    out["by_class"] = {n: pct(*share(hit, lambda s, k=k: s == k)) for k, n in enumerate(NAMES)}
    out["balanced"] = round(float(np.mean([v for v in out["by_class"].values() if v is not None])), 1)
    same_group = lambda t, s: GROUP_OF[t] == GROUP_OF[s]
    out["groups"] = {g: dict(class_pct=pct(*share(hit, lambda s, k=k: GROUP_OF[s] == k)),
                             group_pct=pct(*share(same_group, lambda s, k=k: GROUP_OF[s] == k)))
                     for k, g in enumerate(GROUPS)}
    out["shown_pct"] = {n: round(100 * float(np.mean(np.concatenate(told) == k)), 1) for k, n in enumerate(NAMES)}
    return out


def face(frames, clips, only=None):
    _, delay, told = judge(frames, clips)
    out = dict(delay_ms=round(1000 * delay), **figures(told, clips))
    # Fair to a face with fewer shapes: only what it can show is asked for.
    can = sorted({k for c in clips for k in np.nonzero((frames[c][1] > FAINT).any(axis=0))[0]} | {SIL})
    asked = np.concatenate([counted(truth(c), can) for c in clips])
    out["can_show"] = [NAMES[k] for k in can]
    out["of_what_it_can_show_pct"] = round(100 * judge(frames, clips, can)[0], 1)
    out["of_what_it_can_show_frames"] = int(asked.sum())
    return out, told


def settings(peer, clips):
    """{setting: frames of every clip}"""
    folders = sorted(glob.glob(f"{ROOT}/frames/{peer}/*"))
    if not folders:
        raise SystemExit(f"no frames of {peer} under {ROOT}/frames: run visemes_peers.mjs first")
    return {os.path.basename(d): {c: shown(f"{d}/{c}.csv") for c in clips} for d in folders}


def by_loudness(clips):
    """The least that a face can do: the jaw opens with loudness. Its threshold is the best one for it."""
    found = {}
    for below in range(10, 45, 5):
        frames = {}
        for c in clips:
            x, half = common.f32(c), RATE // FRAMES_HZ
            at = np.arange(len(truth(c))) / FRAMES_HZ
            db = np.array([10 * np.log10((x[max(0, int(t * RATE) - half): int(t * RATE) + half] ** 2).mean() + 1e-10) for t in at])
            weights = np.zeros((len(at), len(NAMES)))
            # Half open at so many decibels below the clip's loudest.
            weights[:, NAMES.index("A")] = np.clip((db - (db.max() - below)) / 20 + 0.5, 0, 1)
            weights[:, SIL] = 1 - weights[:, NAMES.index("A")]
            frames[c] = (at, weights)
        found[f"{below} dB"] = frames
    return found


def best(candidates, clips):
    """(setting, figures, labels) of the best one."""
    name = max(candidates, key=lambda n: judge(candidates[n], clips)[0])
    out, told = face(candidates[name], clips)
    return dict(setting=name, tried=len(candidates), **out), told


def difference(mine, theirs, clips):
    """Points by which one face is better, and their interval over the same draws of clips."""
    right = np.array([(m == truth(c)).sum() - (t == truth(c)).sum() for m, t, c in zip(mine, theirs, clips)])
    frames = np.array([len(truth(c)) for c in clips])
    return dict(points=round(100 * float(right.sum() / frames.sum()), 1), interval=interval(right, frames))


def one_per_group(candidates):
    """Settings of which each group's best is worth a line of its own."""
    groups = collections.defaultdict(dict)
    for name, frames in candidates.items():
        groups[name.split("-")[0]][name] = frames
    return groups


def measure(clips, janet):
    faces, told = {}, {}
    if janet:
        faces["Janet"], told["Janet"] = best({"as it ships": {c: shown(of_clip(janet, c)) for c in clips}}, clips)
    for peer, name in (("headaudio", "HeadAudio"), ("wlipsync", "wLipSync")):
        for kind, candidates in one_per_group(settings(peer, clips)).items():
            faces[f"{name}, {kind}"], told[f"{name}, {kind}"] = best(candidates, clips)
    faces["loudness opens the jaw"], told["loudness opens the jaw"] = best(by_loudness(clips), clips)
    spoken = np.concatenate([truth(c) for c in clips])
    out = dict(clips=clips, frames=len(spoken), spoken_pct={n: round(100 * float((spoken == k).mean()), 1) for k, n in enumerate(NAMES)},
               faces=faces)
    if janet:
        out["janet_better_by"] = {n: difference(told["Janet"], t, clips) for n, t in told.items() if n != "Janet"}
    return out


def table(results):
    lines = []
    for title, r in results.items():
        share = ", ".join(f"{n} {p}" for n, p in r["spoken_pct"].items())
        lines += [f"## {title}", "", f"{r['frames']} frames of {len(r['clips'])} clips; spoken, in %: {share}.", "",
                  "| face | all frames | speech | each class alike | of what it can show | vowels | lips shut | others | "
                  "silence | " + " | ".join(NAMES) + " | delay | setting |", "|---|" + "---|" * (len(NAMES) + 10)]
        show = lambda v: "–" if v is None else v
        for name, f in r["faces"].items():
            groups = [f"{show(g['class_pct'])} ({show(g['group_pct'])})" for g in f["groups"].values()]
            classes = [f"{show(v)}" for v in f["by_class"].values()]
            ci = lambda part: f"**{f[part]['pct']}** [{f[part]['interval'][0]}, {f[part]['interval'][1]}]"
            lines.append(f"| {name} | {ci('all')} | {ci('speech')} | {f['balanced']} | {f['of_what_it_can_show_pct']} "
                         f"({len(f['can_show'])} classes) | " + " | ".join(groups + classes) +
                         f" | {f['delay_ms']} ms | {f['setting']}, best of {f['tried']} |")
        for name, d in r.get("janet_better_by", {}).items():
            lines.append(f"\nJanet − {name}: {d['points']:+} points [{d['interval'][0]:+}, {d['interval'][1]:+}] of all frames.")
        lines.append("")
    return "\n".join(lines)


HEAD = """# Shapes of the mouth, from any audio

Written by `./bench visemes_real`; do not edit. Each 60th of a second the shape with the greatest weight is compared with
what pocketsphinx's forced alignment of the transcript says is spoken (classes: `benches/peers/scripts/visemes_classes.json`).
Percent of frames, with 95 % intervals drawn over clips. Each face's constant delay is taken away, and a peer is judged by the best of its
settings *on these very clips*, which flatters it. Groups: the right class (in brackets: some class of the right group).
HeadAudio `weights` are the blend shapes it animates, `decisions` its classifier alone. wLipSync ships no profile:
`vowels` is made of a package's spoken vowels, `speaker` of the same speaker's other clips, aligned as the truth is.

`viseme_accuracy_pct_synth` and `viseme_accuracy_pct_synth_heard` (in `RESULTS.md`) are of speech that her own voice makes, of sentences that the
network never heard, beyond the trained ranges of speed, pitch, room, noise and level, one of them at a time. The frames and what
is seen are the same in both: one is right when the largest weight is that of the viseme in the frame's middle, silence counts as all
others do, and there is no tolerance at the borders. Only the truth differs. For the first it is the voice's own table: when what the
sound is *made from* changes, in steps of 12 ms. For the second it is where the sound itself changes: a forced alignment
(`tools/train-visemes/src/align`: three states a letter, a normal distribution of cepstra each, learnt from the trained sentences by
Viterbi training, as HTK and the Montreal Forced Aligner begin) that takes the table's letters as they are, hears the take before
room and noise, and moves a border by 40 ms at the most. No network has a share in it. `train --truth` says which of the two a network
learns from; the one that ships has learnt from the first.
"""


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--json", action="store_true")
    a.add_argument("--clips", choices=["librivox", "all", "both"], default="both")
    a.add_argument("--janet")
    a.add_argument("--markdown")
    a = a.parse_args()
    every = [c["name"] for c in common.clips()]
    sets = {"LibriVox": [c for c in every if c.startswith("austen_")], "All clips": every}
    wanted = dict(librivox=["LibriVox"], all=["All clips"], both=list(sets))[a.clips]
    results = {name: measure(sets[name], a.janet) for name in wanted}
    if a.markdown:
        with open(a.markdown, "w") as out:
            out.write(HEAD + "\n" + table(results))
    if a.json:
        common.emit(a, results, ("pocketsphinx", "numpy"))
    else:
        print(table(results))


if __name__ == "__main__":
    main()
