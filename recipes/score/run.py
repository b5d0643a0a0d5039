"""What likelihood finds: wrong transcripts, a wrong word in a transcript, and mispronounced words.

    python recipes/score/run.py --corpus runs/heart/corpus --out runs/score             # the bundled voice, all held-out clips
    python recipes/score/run.py --corpus mine --voice ./mine_voice --split valid --clips 100 --spoken 20

Every clip is scored with its own transcript; then, in each of SHUFFLES seeded shuffles, 5 % of the clips get another's; then each
of some clips gets one wrong word; then the voice says sentences in which one word has another word's sound, or one phone of it is
exchanged. Written: `scores.jsonl`, one line per score (a second run goes on), and `report.json` with the areas under the ROC
curve. Expected of the bundled voice: docs/score.md.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tts import TTS, InputError, SamplingConfig  # noqa: E402
from tts.data.clips import Clip  # noqa: E402
from tts.data.corpora import open_corpus  # noqa: E402
from tts.data.recording import mix_down, read_recording  # noqa: E402
from tts.inference.alignment import open_aligner  # noqa: E402
from tts.inference.scoring import score  # noqa: E402

SHARE, SHUFFLES = 0.05, 5
VOWELS = "AIOWYiuæɑɔɛɪʊʌ"
CONSONANTS = "bdfhklmnpstvwzðŋɡɹʃʒʤʧθ"
WORD = re.compile(r"[A-Za-z']{3,}")
LOST = {"z": -1e3, "log_prob": -1e3, "fit": -1e3, "words": []}  # of a clip whose text does not fit into it
Row = dict[str, Any]


class Judge:
    """Scores recordings, and remembers what it has scored."""

    def __init__(self, tts: TTS, path: Path) -> None:
        self.tts, self.path, self.aligner = tts, path, open_aligner(tts.voice)
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        self.known = {tuple(row.pop("key")): row for row in map(json.loads, lines)}

    def __call__(self, name: str, text: str, audio: Callable[[], tuple[np.ndarray, int]]) -> Row:
        if (name, text) not in self.known:
            try:
                result = score(self.tts, *audio(), text, self.aligner)
                words = [[word.text, word.z, word.log_prob] for word in result.words]
                row = {"z": result.z, "log_prob": result.mean_log_prob, "fit": result.mean_fit, "words": words}
            except InputError:
                row = LOST
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"key": (name, text)} | row, ensure_ascii=False) + "\n")
            self.known[name, text] = row
        return self.known[name, text]

    def clip(self, clip: Clip, text: str) -> Row:
        def read() -> tuple[np.ndarray, int]:
            samples, rate = read_recording(clip, 60)
            return mix_down(samples), rate

        return self(clip.id, text, read)


def area(wrong: Iterable[float], right: Iterable[float]) -> float:
    """Area under the ROC curve: how often a wrong one scores lower than a right one, ties counting half."""
    low, high = np.sort(np.array(list(wrong))), np.array(list(right))
    below = (np.searchsorted(low, high, "left") + np.searchsorted(low, high, "right")) / 2
    return float(below.mean() / len(low))


def rankers(rows: Sequence[Row]) -> dict[str, Callable[[Row], float]]:
    """By what a clip may be judged; the combination weighs likelihood and fit by their spread among right clips."""
    spread = {name: np.std([row[name] for row in rows]) or 1.0 for name in ("z", "fit")}
    return {
        "log_prob": lambda row: row["log_prob"],
        "z": lambda row: row["z"],
        "fit": lambda row: row["fit"],
        "z + fit": lambda row: row["z"] / spread["z"] + row["fit"] / spread["fit"],
        "worst word's z": lambda row: min((word[1] for word in row["words"]), default=-1e3),
    }


def wrong_transcripts(judge: Judge, clips: list[Clip]) -> dict[str, Any]:
    """5 % of the transcripts shuffled among each other."""
    own = {clip.id: judge.clip(clip, clip.text) for clip in clips}
    by = rankers(list(own.values()))
    areas: dict[str, list[float]] = {name: [] for name in by}
    for seed in range(SHUFFLES):
        picked = random.Random(seed).sample(clips, max(2, round(SHARE * len(clips))))
        pairs = zip(picked, [*picked[1:], picked[0]], strict=True)
        wrong = {clip.id: judge.clip(clip, other.text) for clip, other in pairs if clip.text != other.text}
        right = [row for name, row in own.items() if name not in wrong]
        for name, rank in by.items():
            areas[name].append(area(map(rank, wrong.values()), map(rank, right)))
    return {"clips": len(clips), "wrong": round(SHARE * len(clips)), "shuffles": SHUFFLES, **_means(areas)}


def wrong_words(judge: Judge, clips: list[Clip]) -> dict[str, Any]:
    """One word of a transcript replaced by one of another transcript."""
    rng = random.Random(0)
    vocabulary = sorted({word.lower() for clip in clips for word in WORD.findall(clip.text)})
    right, wrong, words, others = [], [], [], []
    for clip in clips:
        place = rng.choice(list(WORD.finditer(clip.text)))
        new = rng.choice([word for word in vocabulary if word != place.group().lower()])
        right.append(judge.clip(clip, clip.text))
        wrong.append(judge.clip(clip, clip.text[: place.start()] + new + clip.text[place.end() :]))
        words += [word[1:] for word in wrong[-1]["words"] if word[0] == new]
        others += [word[1:] for word in right[-1]["words"]]
    areas = {name: area(map(rank, wrong), map(rank, right)) for name, rank in rankers(right).items()}
    return {"clips": len(clips), **_rounded(areas), **_word_areas(words, others)}


def mispronounced(judge: Judge, texts: list[str], exchange: Callable[[str, random.Random], str]) -> dict[str, Any]:
    """One word of a sentence said with another sound, by the voice itself."""
    rng, sampling = random.Random(1), SamplingConfig(seed=1)
    words, others = [], []
    for text in texts:
        place = rng.choice(list(WORD.finditer(text)))
        sound = exchange(_sound_of(judge.tts, place.group()), rng)
        marked = f"{text[: place.start()]}[{place.group()}](/{sound}/){text[place.end() :]}"

        def speak(marked: str = marked) -> tuple[np.ndarray, int]:
            return judge.tts.synthesize(marked, sampling).audio, judge.tts.sample_rate

        scored = judge(marked, text, speak)["words"]
        same = [index for index, word in enumerate(scored) if word[0] == place.group()]
        wrong = same[len(re.findall(rf"\b{place.group()}\b", text[: place.start()]))]
        words.append(scored[wrong][1:])
        others += [word[1:] for index, word in enumerate(scored) if index != wrong]
    return {"sentences": len(texts), **_word_areas(words, others)}


def another_word(vocabulary: list[str], tts: TTS) -> Callable[[str, random.Random], str]:
    return lambda sound, rng: next(new for new in (_sound_of(tts, rng.choice(vocabulary)) for _ in range(99)) if new != sound)


def another_phone(sound: str, rng: random.Random) -> str:
    """The sound of a word with one vowel or consonant exchanged for another."""
    place = rng.choice([index for index, phone in enumerate(sound) if phone in VOWELS + CONSONANTS])
    others = VOWELS if sound[place] in VOWELS else CONSONANTS
    return sound[:place] + rng.choice([phone for phone in others if phone != sound[place]]) + sound[place + 1 :]


def _sound_of(tts: TTS, word: str) -> str:
    return tts.front_end.phonemizer(word).phonemes


def _word_areas(words: list[list[float]], others: list[list[float]]) -> dict[str, float]:
    """Areas per word, by z and by the plain likelihood."""
    names = enumerate(("word's z", "word's log_prob"))
    return {f"{name}, per word": round(area([w[i] for w in words], [w[i] for w in others]), 4) for i, name in names}


def _means(areas: dict[str, list[float]]) -> dict[str, list[float]]:
    """Mean, lowest and highest of each."""
    return {name: [round(f(values), 4) for f in (np.mean, min, max)] for name, values in areas.items()}  # type: ignore[operator]


def _rounded(areas: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in areas.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", required=True, help="folder or manifest of recordings with transcripts")
    parser.add_argument("--voice", default="heart", help="a voice with an aligner, of the corpus's speaker")
    parser.add_argument("--out", type=Path, default=Path("runs/score"))
    parser.add_argument("--split", action="append", help="split to take; may be repeated (default: valid and test)")
    parser.add_argument("--clips", type=int, default=10_000, help="at most so many clips")
    parser.add_argument("--spoken", type=int, default=100, help="sentences with a wrong word, and said with a wrong sound")
    args = parser.parse_args()

    splits = args.split or ["valid", "test"]
    clips = [clip for clip in open_corpus(args.corpus).clips() if clip.split in splits]
    random.Random(0).shuffle(clips)
    clips = clips[: args.clips]
    sentences = [clip for clip in clips if len(WORD.findall(clip.text)) >= 4][: args.spoken]
    args.out.mkdir(parents=True, exist_ok=True)
    judge = Judge(TTS.load(args.voice), args.out / "scores.jsonl")
    texts = (ROOT / "recipes" / "compare" / "sentences.txt").read_text(encoding="utf-8").splitlines()[: args.spoken]
    vocabulary = sorted({word for clip in sentences for word in WORD.findall(clip.text)})
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "mispronounced: another word's sound": lambda: mispronounced(judge, texts, another_word(vocabulary, judge.tts)),
        "mispronounced: one phone exchanged": lambda: mispronounced(judge, texts, another_phone),
        "one wrong word in a transcript": lambda: wrong_words(judge, sentences),
        "wrong transcripts": lambda: wrong_transcripts(judge, clips),
    }
    report = {}
    for name, part in parts.items():
        report[name] = part()
        print(json.dumps({name: report[name]}), flush=True)
        (args.out / "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
