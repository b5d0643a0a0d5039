"""Heads: the distribution of the next frames given the backbone's output.

A head maps hidden patches to a FrameDistribution over frames that are normalised to zero mean and unit variance per band. The
last layer starts at zero, so that training begins at mean 0 and standard deviation 1, or at equal probabilities ("flat start").
`parameters_of` gives the distribution's numbers, which is all of a head that an exported graph holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tts.errors import InputError
from tts.models.config import AcousticConfig, HeadKind
from tts.models.heads.codes import Codes, CodesHead
from tts.models.heads.covariance import FullGaussian, FullHead, LowRankGaussian, LowRankHead
from tts.models.heads.distribution import MAX_LOG_STD, FrameDistribution
from tts.models.heads.gaussian import DiagonalGaussian, GaussianHead
from tts.models.heads.mixture import ExpertsHead, Mixture, MixtureHead
from tts.models.heads.regression import Regression, RegressionHead

if TYPE_CHECKING:
    from tts.models.quantizer import Quantizer

__all__ = [
    "HEADS",
    "MAX_LOG_STD",
    "Codes",
    "CodesHead",
    "DiagonalGaussian",
    "FrameDistribution",
    "FullGaussian",
    "Head",
    "LowRankGaussian",
    "Mixture",
    "Regression",
    "build_head",
]

Head = GaussianHead | ExpertsHead | CodesHead

HEADS: dict[HeadKind, type[GaussianHead] | type[ExpertsHead]] = {  # and codes, whose head takes a quantiser as well
    "gaussian": GaussianHead,
    "low_rank": LowRankHead,
    "full": FullHead,
    "mixture": MixtureHead,
    "experts": ExpertsHead,
    "regression": RegressionHead,
}


def build_head(config: AcousticConfig, quantizer: Quantizer | None = None) -> Head:
    """Make the head of a model; quantizer is for the codes head, and for no other.

    Raises:
        InputError: a quantiser is missing, not needed, or of frames of another shape.
    """
    sizes = (config.head, config.encoder.width, config.patch_size, config.n_mels)
    kind = config.head.kind
    if kind != "codes":
        if quantizer is not None:
            raise InputError(f"head.kind = {kind!r} takes no quantizer; leave it out, or set head.kind = 'codes'")
        return HEADS[kind](*sizes)
    if quantizer is None:
        raise InputError("head.kind = 'codes' needs a quantizer; train one, and name its run by quantizer = FOLDER")
    made_for = (quantizer.config.patch_size, quantizer.config.n_mels)
    if made_for != sizes[2:]:
        raise InputError(
            f"quantizer for patches of {made_for[0]} frames of {made_for[1]} bands, the model is for {sizes[2]} of {sizes[3]}; "
            "set patch_size and n_mels of one as those of the other"
        )
    return CodesHead(*sizes, quantizer)
