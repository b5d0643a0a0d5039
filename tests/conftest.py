"""Tiny models (< 100,000 parameters each) and a voice made of them; nothing is downloaded."""

from pathlib import Path

import pytest


def _shake(model, seed):
    """Random weights in layers that begin at zero too, so that every branch has a say."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn(parameter.shape, generator=generator))
    return model.eval()


@pytest.fixture(scope="session")
def shared_g2p():
    """Load the pronunciations once for all phonemizers: it takes half a second, and every command would do it again."""
    from tts.text.phonemize import EnglishPhonemizer

    original, shared = EnglishPhonemizer.g2p, EnglishPhonemizer()
    EnglishPhonemizer.g2p = property(lambda self: original.fget(shared))
    yield
    EnglishPhonemizer.g2p = original


@pytest.fixture(scope="session")
def tiny_acoustic():
    """An AcousticModel with random weights, in eval mode; copy it before you train it."""
    import torch

    from tts.models.acoustic import AcousticModel
    from tts.models.config import AcousticConfig, HeadConfig, TextEncoderConfig
    from tts.text.symbols import DEFAULT_SYMBOLS

    torch.manual_seed(1)
    encoder = TextEncoderConfig(n_symbols=len(DEFAULT_SYMBOLS), width=16, n_heads=2, hidden=32, n_blocks=1, n_conv_blocks=1)
    config = AcousticConfig(
        n_mels=20,
        encoder=encoder,
        head=HeadConfig(hidden=32),
        conditioner_blocks=1,
        backbone_blocks=2,
        n_heads=2,
        hidden=32,
        window=12,
    )
    model = _shake(AcousticModel(config), 1)
    model.mel_mean.fill_(1.0)
    model.mel_std.fill_(1.5)
    return model


@pytest.fixture(scope="session")
def tiny_vocoder():
    """A Vocoder with random weights, in eval mode; copy it before you train it."""
    import torch

    from tts.codec.config import VocoderConfig
    from tts.codec.vocoder import Vocoder

    torch.manual_seed(2)
    config = VocoderConfig(n_mels=20, width=16, hidden=32, n_blocks=2, kernel_size=5, lookahead=4)
    return _shake(Vocoder(config), 2)


@pytest.fixture(scope="session")
def tiny_voice(tmp_path_factory, tiny_acoustic, tiny_vocoder) -> Path:
    """The folder of a packaged voice (all graphs in float) that speaks noise; copy it before you change it.

    Packaging rounds the weights of both models to float16, as it does those of any voice.
    """
    from tts.inference.package import Packing, VoiceFacts, package_voice
    from tts.text.symbols import DEFAULT_SYMBOLS

    folder = tmp_path_factory.mktemp("voices") / "tiny"
    facts = VoiceFacts("tiny", "Apache-2.0", "Noise for tests.", temperature=0.3)
    package_voice(tiny_acoustic, tiny_vocoder, DEFAULT_SYMBOLS, folder, facts, Packing(int8=()))
    (folder / "README.md").write_text("# tiny\n\nNoise.\n")
    return folder


@pytest.fixture(scope="session")
def choir_voice(tmp_path_factory, tiny_acoustic, tiny_vocoder) -> Path:
    """The tiny voice as one of two speakers, anna and bert, who may be joined by recordings."""
    import torch

    from tts.inference.package import Packing, VoiceFacts, package_voice
    from tts.models.acoustic import AcousticModel
    from tts.models.config import SpeakerConfig
    from tts.text.symbols import DEFAULT_SYMBOLS

    speakers = SpeakerConfig(kind="reference", names=("anna", "bert"))
    model = AcousticModel(tiny_acoustic.config.model_copy(update={"speakers": speakers})).eval()
    model.load_state_dict(tiny_acoustic.state_dict(), strict=False)
    with torch.no_grad():
        model.speakers.known.copy_(torch.randn(2, 256, generator=torch.Generator().manual_seed(4)) / 16)
        model.speakers.projection.weight.normal_(generator=torch.Generator().manual_seed(5))
    folder = tmp_path_factory.mktemp("choir") / "choir"
    facts = VoiceFacts("choir", "Apache-2.0", "Noise of two.", temperature=0.3)
    package_voice(model, tiny_vocoder, DEFAULT_SYMBOLS, folder, facts, Packing(int8=()))
    return folder


@pytest.fixture(scope="session")
def tiny_aligner():
    """An Aligner with random weights."""
    import torch

    from tts.models.aligner import Aligner, AlignerConfig
    from tts.text.symbols import DEFAULT_SYMBOLS

    torch.manual_seed(3)
    return Aligner(AlignerConfig(n_symbols=len(DEFAULT_SYMBOLS), n_mels=20, width=8, attention_width=6)).eval()


@pytest.fixture(scope="session")
def hearing_voice(tiny_voice, tiny_aligner, tmp_path_factory, shared_g2p):
    """The tiny voice with an aligner, and with what is normal for it: what it says itself."""
    import shutil

    import numpy as np

    from tts import TTS, SamplingConfig
    from tts.data.dataset import Utterance
    from tts.inference.calibrate import add_hash, add_normal
    from tts.inference.export import export_aligner
    from tts.inference.scoring import read_utterances, tokens_of
    from tts.inference.voices import ALIGNER_NAME

    folder = shutil.copytree(tiny_voice, tmp_path_factory.mktemp("hearing") / "tiny")
    export_aligner(tiny_aligner, folder / ALIGNER_NAME)
    add_hash(folder, ALIGNER_NAME)
    tts, nothing, clips = TTS.load(folder), np.zeros(0), []
    for text in ("Hello there, world.", "A second sentence.", "One.", "Something else is said."):
        mel = tts.synthesize(text, SamplingConfig(seed=1, temperature=1.0)).mel
        clips.append(Utterance({}, mel, nothing, nothing, tokens_of(read_utterances(tts, text)[0]), None))
    add_normal(folder, clips)
    return folder


@pytest.fixture(scope="session")
def codebook():
    """A function of a space that gives a Codebook of 32 random entries, of frames of 5 bands or of patches of two."""
    import numpy as np

    from tts.models.codebook import Codebook, CodebookFacts

    def make(space: str) -> Codebook:
        size, rng = 1 if space == "frame" else 2, np.random.default_rng(3)
        facts = CodebookFacts(space=space, size=32, n_mels=5, patch_size=size, mel={}, seed=3, n_rows=0, error=0.0)
        scale = rng.normal(size=5).astype(np.float32), rng.uniform(0.5, 2, 5).astype(np.float32)
        entries = rng.normal(size=(32, 5 * size)).astype(np.float16).astype(np.float32)  # a file keeps them in float16
        return Codebook(entries, *scale, facts)

    return make
