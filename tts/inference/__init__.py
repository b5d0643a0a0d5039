"""Speaking: the engine, its backends, voices; no torch but in the torch backend, export and package."""
