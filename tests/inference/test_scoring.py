"""Likelihoods against the model in PyTorch, times against the alignment, and what must not matter."""

import numpy as np
import pytest
import torch

from tts import TTS, InputError, SamplingConfig
from tts.inference.alignment import open_aligner
from tts.inference.hearing import hear
from tts.inference.normal import JudgedClip, measure_normal, read_normal
from tts.inference.scoring import judge, read_utterances, score, score_speech, tokens_of, word_spans
from tts.models.alignment import alignment_prior
from tts.text.durations import expand_durations

TEXT = "Hello there, world. It cost $4.75, I think."
AS_TRAINED = SamplingConfig(seed=3, temperature=1.0)


@pytest.fixture(scope="module")
def speech(hearing_tts):
    return hearing_tts.synthesize(TEXT, AS_TRAINED)


def test_the_graph_gives_the_scores_of_the_aligner(hearing_tts, tiny_aligner, speech):
    tokens, mel = tokens_of(read_utterances(hearing_tts, TEXT)[0]), speech.mel[:90]
    prior = alignment_prior(mel, tokens[:, 0])
    given = open_aligner(hearing_tts.voice).session.run(None, {"tokens": tokens[None], "mel": mel[None], "prior": prior[None]})[0]
    inputs = [torch.from_numpy(array)[None] for array in (tokens, mel, prior)]
    masks = torch.ones(1, len(tokens), dtype=torch.bool), torch.ones(1, len(mel), dtype=torch.bool)
    with torch.no_grad():
        expected = tiny_aligner(inputs[0], masks[0], inputs[1], masks[1], inputs[2])
    np.testing.assert_allclose(given, expected, atol=0.02)  # weights are float16


def test_the_likelihood_is_that_of_the_model_led_along_the_recording(hearing_tts, tiny_acoustic, speech):
    tokens = tokens_of(read_utterances(hearing_tts, TEXT)[0])
    durations = np.full(len(tokens), 5)
    durations[-1] += -durations.sum() % 4
    mel = speech.mel[: durations.sum()]
    judgement = judge(hearing_tts, tokens, durations, mel)
    token_index, place = (torch.from_numpy(array)[None] for array in expand_durations(durations, 4))
    with torch.no_grad():
        frames = tiny_acoustic.normalize(torch.from_numpy(mel)[None])
        patches = frames.unflatten(1, (-1, 4)).flatten(2)
        history = torch.cat((torch.zeros_like(patches[:, :1]), patches[:, :-1]), 1)
        memory, _ = tiny_acoustic.encode(torch.from_numpy(tokens)[None], torch.ones(1, len(tokens), dtype=torch.bool))
        mask = torch.ones(1, patches.shape[1], dtype=torch.bool)
        density = tiny_acoustic.predict(tiny_acoustic.condition(memory, token_index, place, mask), history)
        np.testing.assert_allclose(judgement.log_prob, density.log_prob(frames)[0], rtol=1e-3, atol=1e-2)
        np.testing.assert_allclose(judgement.mean, tiny_acoustic.denormalize(density.mean)[0], atol=1e-3)


def test_frames_that_do_not_fill_the_last_patch_are_judged_too(hearing_tts, speech):
    tokens = tokens_of(read_utterances(hearing_tts, TEXT)[0])
    durations = np.full(len(tokens), 3)
    durations[-1] += 1 - durations.sum() % 4
    judgement = judge(hearing_tts, tokens, durations, speech.mel[: durations.sum()])
    assert durations.sum() % 4 == 1
    assert judgement.log_prob.shape == (durations.sum(),) and judgement.mean.shape == judgement.std.shape == (durations.sum(), 20)


def test_what_the_voice_says_without_noise_is_what_it_expects(hearing_tts):
    sampling = SamplingConfig(seed=1, temperature=0.0)
    mel = hearing_tts.synthesize(TEXT, sampling).mel
    result = score_speech(hearing_tts, TEXT, sampling, mel)
    np.testing.assert_allclose(result.mean, mel, atol=1e-3)


def test_what_the_voice_draws_lies_one_deviation_from_what_it_expects(hearing_tts, speech):
    result = score_speech(hearing_tts, TEXT, AS_TRAINED, speech.mel)
    assert np.square((result.mel - result.mean) / result.std).mean() == pytest.approx(1, abs=0.05)


def test_words_lie_in_order_inside_the_recording(hearing_tts, speech):
    result = score(hearing_tts, speech.audio, speech.sample_rate, TEXT)
    assert [word.text for word in result.words] == [word.text for word in speech.words]
    borders = [border for word in result.words for border in (word.start, word.end)]
    assert borders == sorted(borders) and borders[0] >= 0 and borders[-1] <= speech.seconds
    assert len(result.log_prob) == len(result.fit) == len(result.mel) == len(result.mean) == len(result.std)
    assert result.z is not None and all(word.z is not None for word in result.words)


@pytest.mark.parametrize("gain", [0.05, 1.9])
def test_the_level_of_a_recording_does_not_matter(hearing_tts, speech, gain):
    audio = 0.5 * speech.audio / np.abs(speech.audio).max()
    plain, other = (score(hearing_tts, factor * audio, speech.sample_rate, TEXT) for factor in (1, gain))
    assert other.z == pytest.approx(plain.z, rel=0.02)
    np.testing.assert_allclose([word.start for word in other.words], [word.start for word in plain.words])


def test_a_written_word_of_several_spoken_ones_is_one_word(hearing_tts):
    utterance = read_utterances(hearing_tts, "The U.S. is big.")[0]
    spans = word_spans(utterance)
    assert all(text for text, _ in spans)
    covered = [index for _, tokens in spans for index in range(tokens.start, tokens.stop)]
    assert set(np.flatnonzero(utterance.tokens.word_index >= 0)) <= set(covered)


def test_bands_above_the_recordings_own_rate_are_not_held_against_it(hearing_tts, speech):
    config, usual = hearing_tts.voice.config.vocoder, hearing_tts.mel_mean
    assert hear(speech.audio, 24_000, config, usual).known.all()
    assert not hear(speech.audio, 48_000, config, usual).known[-1], "resampling dampens the uppermost"
    known = hear(speech.audio, 12_000, config, usual).known
    assert known.any() and not known.all()
    tokens = tokens_of(read_utterances(hearing_tts, TEXT)[0])
    durations = np.full(len(tokens), 4)
    spoilt = speech.mel[: durations.sum()].copy()
    spoilt[:, ~known] = -11
    blind, seeing = (judge(hearing_tts, tokens, durations, spoilt, bands).log_prob.mean() for bands in (known, None))
    assert blind > seeing


def test_silence_at_the_ends_is_left_out_and_counted(hearing_tts, speech):
    silence = np.zeros(24_000, np.float32)
    config, usual = hearing_tts.voice.config.vocoder, hearing_tts.mel_mean
    plain = hear(speech.audio, 24_000, config, usual)
    later = hear(np.concatenate((silence, speech.audio, silence)), 24_000, config, usual)
    assert 0.9 < later.start - plain.start <= 1  # a few frames of it stay
    assert len(plain.mel) <= len(later.mel) <= len(plain.mel) + 20


@pytest.mark.parametrize(
    ("audio", "said"),
    [
        (np.zeros(24_000), "silent"),
        (np.full(24_000, np.nan), "no numbers"),
        (np.zeros(0), "silent"),
        (0.1 * np.ones(121 * 24_000), "cut it into clips"),
        (np.sin(np.arange(3_000)), "too long for the audio"),
    ],
)
def test_audio_that_cannot_say_the_text_is_refused(hearing_tts, audio, said):
    with pytest.raises(InputError, match=said):
        score(hearing_tts, audio, 24_000, TEXT)


def test_a_voice_without_an_aligner_says_so(tiny_voice, shared_g2p, speech):
    with pytest.raises(InputError, match="has no aligner"):
        score(TTS.load(tiny_voice), speech.audio, speech.sample_rate, TEXT)


def test_normal_is_what_was_measured(hearing_tts):
    rng = np.random.default_rng(0)
    offsets = np.array([0.0, 0.5, 1.0, -1.0])

    def clip() -> JudgedClip:
        symbols = rng.integers(0, 4, 60)
        log_prob = offsets[symbols] + 0.2 * np.repeat(rng.normal(size=6), 10)  # frames of a word are off together
        return JudgedClip(log_prob, symbols, [slice(start, start + 10) for start in range(0, 60, 10)])

    clips = [clip() for _ in range(300)]
    normal = measure_normal(clips, 5, np.zeros(20))
    np.testing.assert_allclose(normal.log_prob[:4], offsets, atol=0.05)
    zs = [normal.of_word(normal.distances(own.log_prob, own.symbols)[word]) for own in clips for word in own.words]
    assert np.std(zs) == pytest.approx(1, abs=0.1)
    assert np.mean(np.array(zs) < normal.rare_z) == pytest.approx(0.005, abs=0.002)
    assert read_normal(hearing_tts.voice).n_clips == 4
