"""lhotse's manifests and Shar shards, and its own recipes beside our readers."""

import functools
import http.server
import threading

import lhotse
import numpy as np
import pytest
import soundfile as sf
import toy_speech as toy
from lhotse import CutSet, Recording, RecordingSet, SupervisionSegment, SupervisionSet
from lhotse.audio import AudioSource

from tts.data.corpora import open_corpus
from tts.data.dataset import FeatureFolder, read_rows
from tts.data.prepare import prepare
from tts.errors import InputError

# lhotse leaves its tar files to the garbage collector
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")


@pytest.fixture
def sets(tmp_path):
    """Recordings and supervisions of four clips."""
    folder = toy.make_folder(tmp_path / "audio", 4)
    recordings = [Recording.from_file(folder / f"clip{index:02d}.wav") for index in range(4)]
    supervisions = [
        SupervisionSegment(f"s{i}", r.id, 0.0, r.duration, text=toy.text_of(i), speaker=f"p{i % 2}")
        for i, r in enumerate(recordings)
    ]
    return RecordingSet.from_recordings(recordings), SupervisionSet.from_segments(supervisions)


@pytest.fixture
def cuts(sets):
    return CutSet.from_manifests(recordings=sets[0], supervisions=sets[1])


def texts(source, format: str) -> list[str]:
    corpus = open_corpus(str(source))
    assert corpus.format == format
    clips = list(corpus.clips())
    assert all(clip.fault is None for clip in clips)
    return [clip.text for clip in clips]


def test_recordings_and_supervisions_are_read(sets, tmp_path):
    sets[0].to_file(tmp_path / "mine_recordings_train.jsonl.gz")
    sets[1].to_file(tmp_path / "mine_supervisions_train.jsonl.gz")
    assert texts(tmp_path, "lhotse") == [toy.text_of(index) for index in range(4)]
    clip = next(iter(open_corpus(str(tmp_path)).clips()))
    assert (clip.id, clip.speaker, clip.split, clip.start) == ("s0", "p0", "train", 0)


def test_cuts_are_read_with_their_place_in_the_recording(cuts, tmp_path):
    CutSet.from_cuts(cut.truncate(offset=0.25, duration=0.5, preserve_id=True) for cut in cuts).to_file(
        tmp_path / "cuts_dev.jsonl.gz"
    )
    clips = list(open_corpus(str(tmp_path / "cuts_dev.jsonl.gz")).clips())
    assert [(clip.start, clip.end, clip.split) for clip in clips] == [(0.25, 0.75, "valid")] * 4


def test_a_clip_of_a_recording_is_cut_out_of_it(tmp_path):
    audio = [toy.speech(toy.text_of(index), index) for index in range(3)]
    ends = [sum(map(len, audio[: index + 1])) / 24_000 for index in range(3)]
    sf.write(tmp_path / "all.flac", np.concatenate(audio), 24_000)
    recording = Recording.from_file(tmp_path / "all.flac")
    starts = [0, *ends[:-1]]
    parts = [SupervisionSegment(f"s{i}", recording.id, starts[i], ends[i] - starts[i], text=toy.text_of(i)) for i in range(3)] + [
        SupervisionSegment("late", recording.id, ends[-1] - 0.2, 2.0, text="Too late.")
    ]
    RecordingSet.from_recordings([recording]).to_file(tmp_path / "recordings.jsonl.gz")
    SupervisionSet.from_segments(parts).to_file(tmp_path / "supervisions.jsonl.gz")
    list(prepare(tmp_path, tmp_path / "out", max_bad=1))
    data = FeatureFolder(tmp_path / "out", "train")
    n_frames = [-(-len(part) // 256) for part in audio]
    assert len(data) == 2 and all(abs(len(data[i].mel) - n_frames[(0, 2)[i]]) < 20 for i in range(2)), "the second is held out"
    (bad,) = read_rows(tmp_path / "out" / "rejected.jsonl")
    assert bad["id"] == "late" and bad["kind"] == "truncated"


def test_shell_commands_in_a_manifest_are_not_run(sets, tmp_path):
    for recording in sets[0]:
        recording.sources[0] = AudioSource("command", [0], f"touch {tmp_path / 'ran'}")
    sets[0].to_file(tmp_path / "recordings.jsonl.gz")
    sets[1].to_file(tmp_path / "supervisions.jsonl.gz")
    clips = list(open_corpus(str(tmp_path)).clips())
    assert all("shell command, which is not run" in clip.fault[1] for clip in clips)
    with pytest.raises(InputError, match="no clip could be used"):
        list(prepare(tmp_path, tmp_path / "out"))
    assert not (tmp_path / "ran").exists()


def test_a_damaged_manifest_is_an_error_of_one_line(cuts, tmp_path):
    (tmp_path / "cuts.jsonl").write_text('{"id": "a", "supervisions": 7}\n')
    with pytest.raises(InputError, match="lhotse cannot read it"):
        list(open_corpus(str(tmp_path / "cuts.jsonl")).clips())


@pytest.fixture
def shar(cuts, tmp_path):
    folder = tmp_path / "shar"
    folder.mkdir()
    cuts.to_shar(folder, fields={"recording": "flac"}, shard_size=2)
    return folder


def test_shar_shards_give_the_same_features_as_their_files(shar, tmp_path):
    list(prepare(open_corpus(str(tmp_path / "audio")), tmp_path / "of_files"))
    list(prepare(shar, tmp_path / "of_shar"))
    files, shards = (FeatureFolder(tmp_path / name, "train") for name in ("of_files", "of_shar"))
    assert len(shards) == len(files) == 3 and shards.speakers == ["p0", "p1"]
    for index in range(3):
        assert (files[index].mel == shards[index].mel).all() and (files[index].tokens == shards[index].tokens).all()


def test_shar_shards_are_read_by_url(shar):
    handler = functools.partial(QuietHandler, directory=str(shar))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_port}/cuts.{{000000..000001}}.jsonl.gz"
        corpus = open_corpus(url)
        clips = list(corpus.clips())
        assert corpus.format == "shar" and [clip.text for clip in clips] == [toy.text_of(index) for index in range(4)]
        assert all(isinstance(clip.audio, bytes) for clip in clips)
        assert [clip.id for clip in corpus.clips(with_audio=False)] == [clip.id for clip in clips]
    finally:
        server.shutdown()
        server.server_close()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def test_clips_that_a_damaged_shard_has_no_audio_for_are_named(shar):
    tar = sorted(shar.glob("recording.*.tar"))[1]
    tar.write_bytes(tar.read_bytes()[:1_000])
    faults = [clip.fault for clip in open_corpus(str(shar)).clips()]
    assert faults[:2] == [None, None] and all("has no audio for this cut" in fault[1] for fault in faults[2:])
    assert len(faults) == 4


RECIPES = {
    "ljspeech": (toy.make_ljspeech, {}),
    "libritts": (toy.make_libritts, {"dataset_parts": ["train-clean-100"]}),
    "vctk": (toy.make_vctk, {"use_edinburgh_vctk_url": True, "mic_id": "mic1"}),
}


@pytest.mark.parametrize("name", RECIPES)
def test_our_reader_reads_what_lhotses_recipe_reads(tmp_path, name):
    make, options = RECIPES[name]
    folder = make(tmp_path / "corpus")
    made = getattr(lhotse.recipes, f"prepare_{name}")(folder, **options)
    part = made.get("train-clean-100", made)
    paths = {recording.id: recording.sources[0].source for recording in part["recordings"]}
    theirs = {
        (paths[s.recording_id], (s.custom or {}).get("normalized_text", s.text), s.speaker or "") for s in part["supervisions"]
    }
    ours = {(str(c.audio), c.text, c.speaker) for c in open_corpus(str(folder)).clips() if c.split in ("", "train")}
    assert ours == theirs


def test_a_corpus_can_be_read_by_a_recipe_of_lhotse(tmp_path):
    folder = toy.make_ljspeech(tmp_path / "corpus")
    clips = list(open_corpus(str(folder), "lhotse:ljspeech").clips())
    assert [clip.id for clip in clips] == [clip.id for clip in open_corpus(str(folder)).clips()]
    with pytest.raises(InputError, match="lhotse has no such recipe"):
        list(open_corpus(str(folder), "lhotse:nothing").clips())
    (folder / "wavs" / "LJ001-0001.wav").write_bytes(b"damaged")
    with pytest.raises(InputError, match="lhotse's recipe vctk fails"):
        list(open_corpus(str(folder), "lhotse:vctk").clips())
