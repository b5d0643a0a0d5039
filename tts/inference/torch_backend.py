"""The reference backend: the trained modules themselves in PyTorch, on any device."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from tts.checkpoint import load_weights
from tts.codec.synthesis import SpectrumFrames
from tts.codec.vocoder import Vocoder
from tts.errors import InputError
from tts.inference.codes import CodesDensity
from tts.inference.density import DENSITIES, Density
from tts.inference.voices import WEIGHTS_NAME, Voice
from tts.models.acoustic import AcousticModel, BackboneState
from tts.models.heads import CodesHead


class TorchBackend:
    """Runs a voice in PyTorch, in float32."""

    def __init__(self, voice: Voice, device: str = "cpu", n_threads: int = 1) -> None:
        """Load the weights.

        Raises:
            InputError: the voice is a light one.
        """
        if voice.config.is_light:
            raise InputError(f"voice {voice.config.name!r} is packed for speaking alone, without torch; take --backend onnx")
        torch.set_num_threads(n_threads)
        self.device = torch.device(device)
        self.acoustic, self.vocoder = AcousticModel(voice.config.acoustic), Vocoder(voice.config.vocoder)
        tensors = {name: value.float() for name, value in load_weights(voice.file(WEIGHTS_NAME)).items()}
        for prefix, model in (("acoustic.", self.acoustic), ("vocoder.", self.vocoder)):
            named = {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
            model.load_state_dict(named)
            model.to(self.device).eval()

    def _tensor(self, array: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self.device)[None]

    @torch.inference_mode()
    def encode(self, tokens: np.ndarray, speaker: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Memory (S, D) and log durations (S,) of int64 tokens (S, 3), said by a speaker (K,) if the voice has several."""
        x, vector = self._tensor(tokens), None if speaker is None else self._tensor(speaker)
        memory, log_durations = self.acoustic.encode(x, torch.ones(x.shape[:2], dtype=torch.bool, device=self.device), vector)
        return memory[0].cpu().numpy(), log_durations[0].cpu().numpy()

    @torch.inference_mode()
    def condition(self, memory: np.ndarray, token_index: np.ndarray, place: np.ndarray) -> np.ndarray:
        """Conditions (P, D) from memory (S, D), token_index (T,) and place (T, N_PLACE)."""
        n_patches = len(token_index) // self.acoustic.config.patch_size
        mask = torch.ones(1, n_patches, dtype=torch.bool, device=self.device)
        conditions: np.ndarray = (
            self.acoustic.condition(self._tensor(memory), self._tensor(token_index), self._tensor(place), mask)[0].cpu().numpy()
        )
        return conditions

    def init_state(self) -> BackboneState:
        """State of the backbone before the first patch."""
        return self.acoustic.init_state(1)

    @torch.inference_mode()
    def step(self, condition: np.ndarray, previous: np.ndarray, state: BackboneState) -> Density:
        """Density of the next patch from its condition (D,) and the previous patch (r, F); updates the state."""
        state.previous = self._tensor(previous.reshape(-1))
        hidden = self.acoustic.advance(self._tensor(condition), state)
        parameters = [value[0].cpu().numpy() for value in self.acoustic.head.parameters_of(hidden)]
        if isinstance(self.acoustic.head, CodesHead):
            trunk, logits = parameters
            return CodesDensity(trunk, logits, self)
        return DENSITIES[self.acoustic.config.head.kind](*parameters)

    @property
    def n_levels(self) -> int:
        """Codes of a patch."""
        return self._codes_head().quantizer.n_levels

    def _codes_head(self) -> CodesHead:
        assert isinstance(self.acoustic.head, CodesHead), "only a voice of codes has levels"
        return self.acoustic.head

    @torch.inference_mode()
    def logits_after(self, trunk: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """Logits (1, C) of the level after int64 codes (1, q), q > 0, given the trunk (1, H)."""
        logits: np.ndarray = self._codes_head().logits_of(self._tensor(trunk), self._tensor(codes))[0].cpu().numpy()
        return logits

    @torch.inference_mode()
    def decode_codes(self, codes: np.ndarray) -> np.ndarray:
        """Frames (r, F) that int64 codes (1, Q) stand for."""
        frames: np.ndarray = self._codes_head().quantizer.decode(self._tensor(codes))[0].cpu().numpy()
        return frames

    @torch.inference_mode()
    def encode_frames(self, frames: np.ndarray) -> np.ndarray:
        """The int64 codes (1, Q) nearest to frames (r, F)."""
        codes: np.ndarray = self._codes_head().quantizer.encode(self._tensor(frames))[0].cpu().numpy()
        return codes

    def init_vocoder_state(self) -> list[Tensor]:
        """State of the vocoder before the first frame."""
        return self.vocoder.init_state(1)

    @torch.inference_mode()
    def vocode(self, mel: np.ndarray, mel_now: np.ndarray, state: list[Tensor]) -> SpectrumFrames:
        """Parameters for mel_now (T, F), given the mel (T, F) `lookahead` frames later; updates the state."""
        out = self.vocoder.parameters_of(self.vocoder.step(self._tensor(mel), state), self._tensor(mel_now))
        parts = (out.f0, out.log_harmonic, out.harmonic_phase, out.log_noise, out.log_free, out.free_phase)
        return SpectrumFrames(*(part[0].cpu().numpy() for part in parts))
