"""The page put together, and the two ways to serve it: on its own, or mounted in another web application."""

from __future__ import annotations

import importlib.util
import socket
from typing import Any

import gradio as gr
from fastapi import FastAPI

from tts.demo.about_tab import AboutTab
from tts.demo.batch_tab import BatchTab
from tts.demo.compare_tab import CompareTab
from tts.demo.endpoints import add_endpoints
from tts.demo.score_tab import ScoreTab
from tts.demo.shelf import Shelf
from tts.demo.speak_tab import SpeakTab
from tts.demo.transcript import PAGE_CSS

QUEUE_SIZE = 16  # requests that may wait; more are told that the queue is full
UPLOAD_BYTES = 10_000_000
FILE_SECONDS = 3600  # that files for visitors are kept
N_SESSIONS = 200  # visitors whose last take is kept
TITLE = "# calm-tts\nSpeech from a small language model over mel frames, made on this computer's CPU while you listen."
THEME = gr.themes.Soft(
    primary_hue="teal",
    secondary_hue="teal",
    neutral_hue="slate",
    font=["system-ui", "sans-serif"],
    font_mono=["ui-monospace", "monospace"],
).set(
    block_shadow="none",
    block_border_width="1px",
    input_shadow="none",
    input_border_width="1px",
    input_border_color="*neutral_200",
    checkbox_border_color="*neutral_300",
    block_label_background_fill="none",
    block_label_background_fill_dark="none",
    block_label_text_color="*body_text_color_subdued",
    block_label_text_color_dark="*body_text_color_subdued",
    block_label_text_weight="500",
    block_title_background_fill="none",
    block_title_background_fill_dark="none",
    block_title_text_color="*body_text_color",
    block_title_text_color_dark="*body_text_color",
    block_title_text_weight="500",
    block_title_padding="0",
    button_primary_background_fill="*primary_600",
    button_primary_background_fill_hover="*primary_700",
    button_primary_background_fill_dark="*primary_600",
    button_primary_background_fill_hover_dark="*primary_500",
    button_secondary_border_color="*neutral_200",
)


def build_app(shelf: Shelf) -> gr.Blocks:
    """Put the page together; serve it by `launch` or `mount`, which set its looks and limits."""
    with gr.Blocks(title="calm-tts", analytics_enabled=False, delete_cache=(FILE_SECONDS // 6, FILE_SECONDS)) as app:
        add_endpoints(shelf)  # first: names go to who asks first
        gr.Markdown(TITLE, elem_id="title")
        with gr.Tabs(elem_id="tabs", overflow_behavior="wrap"):
            with gr.Tab("Speak"):
                SpeakTab(shelf)
            with gr.Tab("Compare"):
                CompareTab(shelf)
            if shelf.listeners:
                with gr.Tab("Score"):
                    ScoreTab(shelf)
            with gr.Tab("Batch"):
                BatchTab(shelf)
            with gr.Tab("About"):
                AboutTab(shelf)
    return app.queue(max_size=QUEUE_SIZE, default_concurrency_limit=1, api_open=False)


def has_mcp() -> bool:
    """Whether the extra [mcp] is installed."""
    return importlib.util.find_spec("mcp") is not None


def _options() -> dict[str, Any]:
    """Looks and limits, for both ways to serve."""
    return {
        "theme": THEME,
        "css": PAGE_CSS,
        "show_error": False,
        "allowed_paths": [],
        "max_file_size": UPLOAD_BYTES,
        "enable_monitoring": False,
        "run_history": False,
        "ssr_mode": False,
        "pwa": False,
        "mcp_server": has_mcp(),
        "footer_links": ["api"],
    }


def launch(app: gr.Blocks, host: str, port: int) -> str:
    """Serve the page on its own, in threads beside the caller's.

    Args:
        app: of `build_app`.
        host: address to listen on.
        port: 0 takes a free one.

    Returns:
        The page's address.

    Raises:
        OSError: the port is taken.
    """
    port = port or _free_port(host)
    options = _options() | {"share": False, "inbrowser": False, "quiet": True, "prevent_thread_lock": True}
    _, address, _ = app.launch(server_name=host, server_port=port, state_session_capacity=N_SESSIONS, **options)
    return address


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def mount(app: FastAPI, shelf: Shelf, path: str = "/demo") -> FastAPI:
    """Add the page to a web application at a path; returns the application."""
    return gr.mount_gradio_app(app, build_app(shelf), path, **_options())
