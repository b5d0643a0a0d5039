"""The default backend: the voice's graphs in ONNX Runtime on the CPU, without torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnxruntime

from tts.codec.synthesis import SpectrumFrames
from tts.inference.codes import CodesDensity
from tts.inference.density import DENSITIES, Density
from tts.inference.voices import Voice, graphs_of


@dataclass
class OnnxState:
    """Ring of keys and values.

    Attributes:
        keys: (L, H, W, E).
        values: (L, H, W, E).
        position: int64 (1,) steps gone by.
    """

    keys: np.ndarray
    values: np.ndarray
    position: np.ndarray


class OnnxBackend:
    """Runs a voice in ONNX Runtime."""

    def __init__(self, voice: Voice, n_threads: int = 1) -> None:
        """Open the graphs."""
        self.config = voice.config
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = n_threads, 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.set_denormal_as_zero", "1")  # attention weights underflow, and are slow there
        self.sessions = {
            name: onnxruntime.InferenceSession(str(voice.file(f"{name}.onnx")), options, providers=["CPUExecutionProvider"])
            for name in graphs_of(voice.config.acoustic)
        }

    def encode(self, tokens: np.ndarray, speaker: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Memory (S, D) and log durations (S,) of int64 tokens (S, 3), said by a speaker (K,) if the voice has several."""
        inputs = {"tokens": tokens[None]} | ({} if speaker is None else {"speaker": speaker[None]})
        memory, log_durations = self.sessions["encode"].run(None, inputs)
        return memory[0], log_durations[0]

    def condition(self, memory: np.ndarray, token_index: np.ndarray, place: np.ndarray) -> np.ndarray:
        """Conditions (P, D) from memory (S, D), token_index (T,) and place (T, N_PLACE)."""
        inputs = {"memory": memory[None], "token_index": token_index[None], "place": place[None]}
        conditions: np.ndarray = self.sessions["condition"].run(None, inputs)[0][0]
        return conditions

    def init_state(self) -> OnnxState:
        """State of the backbone before the first patch."""
        acoustic = self.config.acoustic
        shape = (acoustic.backbone_blocks, acoustic.n_heads, acoustic.window, acoustic.encoder.width // acoustic.n_heads)
        return OnnxState(np.zeros(shape, np.float32), np.zeros(shape, np.float32), np.zeros(1, np.int64))

    def step(self, condition: np.ndarray, previous: np.ndarray, state: OnnxState) -> Density:
        """Density of the next patch from its condition (D,) and the previous patch (r, F); updates the state."""
        inputs = {"condition": condition[None], "previous": previous.reshape(1, -1)}
        inputs |= {"keys": state.keys, "values": state.values, "position": state.position}
        *parameters, keys, values = self.sessions["step"].run(None, inputs)
        slot = int(state.position[0]) % self.config.acoustic.window
        state.keys[:, :, slot], state.values[:, :, slot] = keys[:, :, 0], values[:, :, 0]
        state.position += 1
        if self.config.acoustic.quantizer is not None:
            trunk, logits = parameters
            return CodesDensity(trunk[0], logits[0], self)
        return DENSITIES[self.config.acoustic.head.kind](*(parameter[0] for parameter in parameters))

    @property
    def n_levels(self) -> int:
        """Codes of a patch."""
        assert self.config.acoustic.quantizer is not None, "only a voice of codes has levels"
        return self.config.acoustic.quantizer.n_levels

    def logits_after(self, trunk: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """Logits (1, C) of the level after int64 codes (1, q), q > 0, given the trunk (1, H)."""
        session = self.sessions[f"level_{codes.shape[1]}"]
        logits: np.ndarray = session.run(None, {"trunk": trunk[None], "codes": codes[None]})[0][0]
        return logits

    def decode_codes(self, codes: np.ndarray) -> np.ndarray:
        """Frames (r, F) that int64 codes (1, Q) stand for."""
        frames: np.ndarray = self.sessions["decode"].run(None, {"codes": codes[None]})[0][0]
        return frames

    def encode_frames(self, frames: np.ndarray) -> np.ndarray:
        """The int64 codes (1, Q) nearest to frames (r, F)."""
        codes: np.ndarray = self.sessions["quantize"].run(None, {"frames": frames[None]})[0][0]
        return codes

    def init_vocoder_state(self) -> list[np.ndarray]:
        """State of the vocoder before the first frame: one array (n_blocks, context, D)."""
        vocoder = self.config.vocoder
        return [np.zeros((vocoder.n_blocks, vocoder.kernel_size - 1, vocoder.width), np.float32)]

    def vocode(self, mel: np.ndarray, mel_now: np.ndarray, state: list[np.ndarray]) -> SpectrumFrames:
        """Parameters for mel_now (T, F), given the mel (T, F) `lookahead` frames later; updates the state."""
        inputs = {"mel": mel[None], "mel_now": mel_now[None], "states": state[0]}
        *parameters, state[0] = self.sessions["vocode"].run(None, inputs)
        return SpectrumFrames(*parameters)
