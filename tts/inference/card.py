"""The card of a voice of several speakers that comes without one: who speaks, and what whoever uses it owes them. No torch."""

from __future__ import annotations

from tts.inference.voices import VoiceConfig

CONSENT = """## Consent

A voice can say what its speakers never said. Each of them has to know that and to agree: cloning a person's voice needs that
person's consent. Tell listeners that the speech is synthetic."""
RECORDINGS = """
This voice also speaks as whoever is heard in a recording (`--speaker recording.wav`): ask them first."""


def make_card(config: VoiceConfig) -> str:
    """Write the card of a voice of several speakers.

    Args:
        config: of the voice.

    Returns:
        Markdown.
    """
    speakers = config.acoustic.speakers
    assert speakers is not None, "a voice of several speakers"
    people = "\n".join(f"- {name}" for name in speakers.names)
    head = f"# {config.name}\n\n{config.summary}\n\nLicence: {config.license}\n"
    parts = [head, f"## Speakers\n\n{people}\n", CONSENT + (RECORDINGS if speakers.kind == "reference" else "") + "\n"]
    return "\n".join(parts)
