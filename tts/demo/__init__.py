"""The demo: a web page to hear the voices, compare them blindly and read books aloud. Needs the extra [demo].

It lives in the package, so that `tts demo` works from any install; `demo/app.py` of the repository is a door to it. `app.py` puts
the page together from its tabs; what the tabs show is made in modules that know nothing of Gradio.
"""
