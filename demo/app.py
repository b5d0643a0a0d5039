"""The demo's door in this repository: `gradio demo/app.py`, or the `app_file` of a Hugging Face Space.

The page itself is in the package (`tts/demo`), so that `tts demo` works from any install.
"""

from tts.demo.app import build_app, launch
from tts.demo.shelf import Shelf

shelf = Shelf()
shelf.warm_up()
demo = build_app(shelf)

if __name__ == "__main__":
    launch(demo, "0.0.0.0", 7860)
    demo.block_thread()
