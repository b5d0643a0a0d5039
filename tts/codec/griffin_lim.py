"""Sound from mel frames without a trained network: the fallback while there is no vocoder, and a yardstick for one.

The spectrum behind a mel is found by non-negative least squares (multiplicative updates), which on recordings came closer to the
true spectrum than a pseudo-inverse or an interpolation of the bands; the phase by the fast Griffin-Lim iteration (Perraudin,
Balazs and Sondergaard, "A fast Griffin-Lim algorithm", 2013) from phase zero, so that the same mel always gives the same samples.
Letters: B batch, T frames, F mel bands, N samples.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional
from torchaudio.functional import griffinlim

from tts.audio.mel_config import MelConfig, mel_filters

N_UPDATES = 20  # of the spectrum; 100 are no better
MOMENTUM = 0.99


def invert_mel(mel: Tensor, config: MelConfig) -> Tensor:
    """Estimate the magnitudes behind mel frames (Lee and Seung, "Algorithms for non-negative matrix factorization", 2000, eq. 4).

    Args:
        mel: (B, T, F) natural-log magnitude.
        config: settings of the analysis.

    Returns:
        (B, T, n_fft / 2 + 1) magnitudes, 0 or above.
    """
    filters = torch.from_numpy(mel_filters(config)).float().to(mel.device)
    target = mel.float().exp()
    magnitude = (target / filters.sum(0).clamp_min(1e-3)) @ filters.T + 1e-6
    for _ in range(N_UPDATES):
        magnitude = magnitude * ((target @ filters.T) / ((magnitude @ filters) @ filters.T).clamp_min(1e-8))
    return magnitude


@torch.no_grad()
def griffin_lim(mel: Tensor, config: MelConfig | None = None, n_iterations: int = 32) -> Tensor:
    """Turn mel frames into sound.

    Args:
        mel: (B, T, F) natural-log magnitude, as LogMel gives.
        config: settings of the analysis.
        n_iterations: of the search for the phase.

    Returns:
        (B, T * hop_length) samples.
    """
    config = config or MelConfig()
    spectrum = functional.pad(invert_mel(mel, config), (0, 0, 0, 1)).transpose(1, 2)  # (B, n_bins, T + 1)
    return griffinlim(
        spectrum,
        torch.hann_window(config.n_fft, device=mel.device),
        n_fft=config.n_fft,
        hop_length=config.hop_length,
        win_length=config.n_fft,
        power=1.0,
        n_iter=n_iterations,
        momentum=MOMENTUM,
        length=mel.shape[1] * config.hop_length,
        rand_init=False,
    )
