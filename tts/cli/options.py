"""Options that several commands share."""

from __future__ import annotations

import typer

RUNNER = typer.Option("local", help="local, or ray: a Ray cluster (needs the extra [ray]). The files are the same.")
ADDRESS = typer.Option("auto", help="Of the Ray cluster: HOST:PORT, or auto for the one that this machine is a node of.")
