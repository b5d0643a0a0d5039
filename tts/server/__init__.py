"""The server: speech over HTTP as OpenAI's clients ask for it, and over Wyoming for Home Assistant.

A request goes through `wall` (who may ask, and how much), `app` (routes), `desk` (which voice, which settings) and `workers`
(threads that speak all accepted requests by turns, with one of the `encoders` each); what they make comes back as a stream
(`streams`) through `delivery`. `docs/server.md` says how it is run and called.
"""
