"""A folder of clips of which some are damaged, each in another way, and some are odd but good."""

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile as sf
from toy_speech import speech, write

RATE = 24_000
TEXTS = ("She sang.", "He slept.", "Stay here.", "Not today.")
Change = Callable[[Path, np.ndarray, str], None]  # of the audio's path, its samples, and its text


def save(path: Path, audio: np.ndarray, rate: int = RATE, **options) -> None:
    sf.write(path, audio, rate, **options)


def patch(path: Path, place: int, layout: str, value: int) -> None:
    data = bytearray(path.read_bytes())
    struct.pack_into(layout, data, place, value)
    path.write_bytes(data)


def cut(path: Path, share: float) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])


def other(suffix: str, share: float = 1.0, **options) -> Change:
    """The clip in another format, perhaps cut off."""

    def change(path: Path, audio: np.ndarray, text: str) -> None:
        save(path.with_suffix(suffix), audio, **options)
        cut(path.with_suffix(suffix), share)
        path.unlink(missing_ok=True)

    return change


def is_missing(path, audio, text):
    path.unlink()


def is_empty_file(path, audio, text):
    path.write_bytes(b"")


def is_text(path, audio, text):
    path.write_text("this is no audio\n" * 50)


def is_folder(path, audio, text):
    path.unlink()
    path.mkdir()


def leads_to_itself(path, audio, text):
    path.unlink()
    path.symlink_to(path.name)


def leads_nowhere(path, audio, text):
    path.unlink()
    path.symlink_to("nowhere.wav")


def is_cut_off(path, audio, text):
    cut(path, 0.6)


def has_no_header(path, audio, text):
    path.write_bytes(path.read_bytes()[100:])


def has_a_rate_of_zero(path, audio, text):
    patch(path, 24, "<I", 0)


def has_a_rate_of_three_megahertz(path, audio, text):
    patch(path, 24, "<I", 3_000_000)


def has_a_rate_five_times_too_low(path, audio, text):
    save(path, np.tile(audio, 5), RATE)
    patch(path, 24, "<I", 4_800)


def has_no_channels(path, audio, text):
    patch(path, 22, "<H", 0)


def tells_of_a_tenth_of_its_audio(path, audio, text):
    patch(path, 40, "<I", 2 * (len(audio) // 10))


def holds_nan(path, audio, text):
    audio = audio.copy()
    audio[500] = np.nan
    save(path, audio, subtype="FLOAT")


def holds_infinity(path, audio, text):
    audio = audio.copy()
    audio[-1] = -np.inf
    save(path, audio, subtype="FLOAT")


def is_silent(path, audio, text):
    save(path, 1e-4 * audio)


def is_constant(path, audio, text):
    save(path, np.full(len(audio), 0.3))


def is_clipped(path, audio, text):
    save(path, np.clip(20 * audio, -1, 1))


def is_clipped_and_made_quiet_again(path, audio, text):
    save(path, 0.3 * np.clip(20 * audio, -1, 1), subtype="FLOAT")


def has_no_samples(path, audio, text):
    save(path, audio[:0])


def is_a_click(path, audio, text):
    save(path, audio[4_000:4_300])


def is_far_too_long(path, audio, text):
    save(path, np.tile(audio, 200)[: 170 * 8_000], 8_000)


def has_no_transcript(path, audio, text):
    path.with_suffix(".txt").unlink()


def has_an_empty_transcript(path, audio, text):
    path.with_suffix(".txt").write_text(" \n")


def has_signs_for_a_transcript(path, audio, text):
    path.with_suffix(".txt").write_text("... —")


def has_control_characters_for_a_transcript(path, audio, text):
    path.with_suffix(".txt").write_bytes(b"\x01\x02\x03")


def has_a_transcript_of_another_encoding(path, audio, text):
    path.with_suffix(".txt").write_bytes("Häuser und Straßen".encode("latin-1"))


def has_a_transcript_with_lost_letters(path, audio, text):
    path.with_suffix(".txt").write_text("H\ufffduser und Stra\ufffden", encoding="utf-8")


def has_the_transcript_of_a_chapter(path, audio, text):
    path.with_suffix(".txt").write_text(" ".join([text] * 8))


def has_one_word_for_much_speech(path, audio, text):
    save(path, np.tile(audio, 6))
    path.with_suffix(".txt").write_text("Oh.")


def has_a_twin(path, audio, text):
    save(path.with_suffix(".flac"), audio)  # the same id; of the two, in order of names, the first is used


KINDS: dict[Change, str] = {
    is_missing: "no audio",
    is_empty_file: "empty",
    is_text: "unreadable",
    is_folder: "no audio",
    leads_to_itself: "no audio",
    leads_nowhere: "no audio",
    is_cut_off: "truncated",
    has_no_header: "unreadable",
    has_a_rate_of_zero: "unreadable",
    has_a_rate_of_three_megahertz: "lying header",
    has_a_rate_five_times_too_low: "rate",
    has_no_channels: "unreadable",
    tells_of_a_tenth_of_its_audio: "lying header",
    holds_nan: "not a number",
    holds_infinity: "not a number",
    is_silent: "silent",
    is_constant: "constant",
    is_clipped: "clipped",
    is_clipped_and_made_quiet_again: "clipped",
    has_no_samples: "empty",
    is_a_click: "too short",
    is_far_too_long: "too long",
    has_no_transcript: "no transcript",
    has_an_empty_transcript: "no transcript",
    has_signs_for_a_transcript: "no phonemes",
    has_control_characters_for_a_transcript: "no phonemes",
    has_a_transcript_of_another_encoding: "transcript",
    has_a_transcript_with_lost_letters: "transcript",
    has_the_transcript_of_a_chapter: "rate",
    has_one_word_for_much_speech: "rate",
    has_a_twin: "duplicate",
    other(".flac", 0.5): "unreadable",
    other(".mp3", 0.5): "truncated",
    other(".ogg", 0.5): "truncated",
}


def in_stereo(path, audio, text):
    save(path, np.stack((audio, 0.5 * audio), axis=1))


def against_each_other(path, audio, text):
    save(path, np.stack((audio, -audio), axis=1))


def at(rate: int, **options) -> Change:
    return lambda path, audio, text: save(path, speech(text, 1, rate), rate, **options)


def as_a_stream(path, audio, text):
    patch(path, 4, "<I", 0xFFFFFFFF)
    patch(path, 40, "<I", 0xFFFFFFFF)


def with_a_chunk_after_the_audio(path, audio, text):
    path.write_bytes(path.read_bytes() + b"LIST" + struct.pack("<I", 8) + b"INFOabcd")


def very_quiet(path, audio, text):
    save(path, 0.01 * audio)


def almost_clipped(path, audio, text):
    save(path, 2.49 * audio)


def with_an_offset(path, audio, text):
    save(path, audio + 0.2)


def after_seconds_of_silence(path, audio, text):
    save(path, np.concatenate((np.zeros(3 * RATE, np.float32), audio)))


def under_another_name(path, audio, text):
    for old in (path, path.with_suffix(".txt")):
        suffix = old.suffix.upper() if old == path else old.suffix
        old.rename(old.with_name(f"{path.stem} – Straße 5{suffix}"))


def with_a_mark_before_the_text(path, audio, text):
    path.with_suffix(".txt").write_bytes(b"\xef\xbb\xbf" + text.encode() + b"\r\n")


def as_a_link(path, audio, text):
    target = path.parent.parent / f"{path.stem}.elsewhere"
    path.rename(target)
    path.symlink_to(target)


ODD: list[Change] = [
    in_stereo,
    against_each_other,
    at(8_000),
    at(16_000, subtype="ULAW"),
    at(44_100, subtype="PCM_24"),
    at(48_000, subtype="FLOAT"),
    at(11_025, subtype="PCM_U8"),
    other(".flac"),
    other(".mp3"),
    other(".ogg"),
    other(".opus", format="OGG", subtype="OPUS"),
    as_a_stream,
    with_a_chunk_after_the_audio,
    very_quiet,
    almost_clipped,
    with_an_offset,
    after_seconds_of_silence,
    under_another_name,
    with_a_mark_before_the_text,
    as_a_link,
]


def make_damaged(folder: Path, n_clips: int, n_bad: int, *, seed: int = 0) -> dict[str, str]:
    """Write a corpus; returns id and kind of damage of every bad clip. Kinds of damage and of oddity come in turn."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    bad = dict(zip(rng.choice(n_clips, n_bad, replace=False).tolist(), _in_turn(list(KINDS), n_bad), strict=True))
    good = [index for index in range(n_clips) if index not in bad]
    odd = dict(zip(good, ODD, strict=False))
    expected = {}
    for index in range(n_clips):
        path, text = folder / f"clip{index:04d}.wav", TEXTS[index % len(TEXTS)]
        audio = speech(text, index % 48)
        save(path, audio)
        write(path.with_suffix(".txt"), text)
        change = bad.get(index) or odd.get(index)
        if change:
            change(path, audio, text)
        if index in bad:
            expected[path.stem] = KINDS[bad[index]]
    return expected


def _in_turn(items: list, n: int) -> list:
    return (items * (n // len(items) + 1))[:n]
