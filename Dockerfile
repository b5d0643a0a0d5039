# The server on port 8000, without torch; see docs/server.md.
FROM python:3.12-slim

WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY tts tts
RUN pip install --no-cache-dir '.[serve,wyoming]' && rm -rf /source \
    && useradd --system --no-create-home tts

WORKDIR /
USER tts
ENV TTS_HOST=0.0.0.0 OMP_NUM_THREADS=1 PYTHONUNBUFFERED=1
EXPOSE 8000
HEALTHCHECK --start-period=20s --interval=30s --timeout=5s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health')"]
CMD ["tts", "serve"]
