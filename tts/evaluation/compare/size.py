"""Equal parameters: the width of the head's hidden layer is chosen so that all arms have the reference's number of parameters."""

from __future__ import annotations

from typing import Any

from tts.errors import InputError
from tts.models.acoustic import AcousticModel
from tts.models.config import AcousticConfig

TOLERANCE = 0.02
MIN_HIDDEN = 8


def count_parameters(config: AcousticConfig) -> int:
    """Trained parameters of a model; a frozen quantiser, which is a codec like the vocoder, does not count."""
    return sum(parameter.numel() for parameter in AcousticModel(config).parameters() if parameter.requires_grad)


def with_hidden(config: AcousticConfig, hidden: int) -> AcousticConfig:
    """The same model with another width of the head's hidden layer."""
    return config.model_copy(update={"head": config.head.model_copy(update={"hidden": hidden})})


def equalise(config: AcousticConfig, target: int) -> AcousticConfig:
    """The same model with the head's hidden width that brings its parameters nearest to a target.

    Every head's size is a straight line over its hidden width, so that two counts tell the rest.

    Raises:
        InputError: no width comes within TOLERANCE.
    """
    low, high = (count_parameters(with_hidden(config, hidden)) for hidden in (MIN_HIDDEN, MIN_HIDDEN + 1))
    hidden = max(MIN_HIDDEN, round(MIN_HIDDEN + (target - low) / (high - low)))
    equal = with_hidden(config, hidden)
    count = count_parameters(equal)
    if abs(count - target) > TOLERANCE * target:
        raise InputError(
            f"head {config.head.kind} with a hidden layer of {hidden} makes a model of {count:,} parameters, the reference has "
            f"{target:,}; change the widths of the backbone"
        )
    return equal


def parameter_facts(config: AcousticConfig) -> dict[str, Any]:
    """What the report says about a model's size."""
    return {"parameters": count_parameters(config), "head_hidden": config.head.hidden}
