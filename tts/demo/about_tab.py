"""About: a voice's card, and how programs use the page."""

from __future__ import annotations

import re

import gradio as gr

from tts.demo.controls import QUIET, add_voice
from tts.demo.shelf import Shelf

USE = """
## Use it from a program

```python
from gradio_client import Client

demo = Client("http://127.0.0.1:7860")
audio, details = demo.predict("Hello there.", api_name="/speak")
spoken = demo.predict("It cost $4.75.", api_name="/phonemes")
```

The link "Use via API" below has all endpoints. With the extra `[mcp]` the same functions are tools for language models, at
`/gradio_api/mcp/`.
"""


class AboutTab:
    """The components of the tab."""

    def __init__(self, shelf: Shelf) -> None:
        """Draw the tab into the current Blocks."""
        voice = add_voice(shelf, visible=len(shelf.names) > 1)
        card = gr.Markdown(show_card(shelf, shelf.names[0]), elem_id="card", latex_delimiters=[])
        voice.input(lambda name: show_card(shelf, name), voice, card, **QUIET)
        gr.Markdown(USE)


def show_card(shelf: Shelf, name: str) -> str:
    """A voice's card, or what its config tells; headings one level down."""
    config = shelf.get(name).voice.config
    card = shelf.card(name) or f"# {config.name}\n\n{config.summary}\n\nLicence: {config.license}"
    return re.sub(r"^(#+) ", r"#\1 ", card, flags=re.MULTILINE)
