# Two images for docker-compose.yml: `app` (the whole of Vanthu: serve, worker, init) and `minio` (the S3 server, built
# from the module that the tests run, since upstream no longer publishes images). See docs/decisions/0051 and 0052.

# --- the libraries, exactly those of the lock file
FROM python:3.11.14-slim-bookworm AS libraries
COPY requirements.lock /build/
RUN python -m venv /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes \
      -r /build/requirements.lock

# --- MinIO from its pinned module; Go's checksum database vouches for the source
FROM golang:1.26.5-bookworm AS minio-build
RUN CGO_ENABLED=0 GOTOOLCHAIN=local GOBIN=/out \
    go install -trimpath github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c \
 && go version -m /out/minio | grep -q '/qdoYujxF5MBLDMVLeiYJ/7fBa1HikX39Dvzb9Ji8pA='

FROM debian:12.11-slim AS minio
RUN apt-get update -q \
 && apt-get install -y -q --no-install-recommends ca-certificates curl tini \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10002 --no-create-home --shell /usr/sbin/nologin minio \
 && install -d -o minio -g minio -m 700 /bytes
COPY --from=minio-build /out/minio /usr/local/bin/minio
USER 10002:10002
ENV HOME=/tmp MINIO_BROWSER=off MINIO_UPDATE=off
EXPOSE 9000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["curl", "-sf", "-o", "/dev/null", "http://127.0.0.1:9000/minio/health/ready"]
ENTRYPOINT ["/usr/bin/tini", "--", "minio", "server", "--address", ":9000", "--certs-dir", "/tmp/certs", "/bytes"]

# --- the application
FROM python:3.11.14-slim-bookworm AS app
RUN apt-get update -q \
 && apt-get install -y -q --no-install-recommends \
      tesseract-ocr tesseract-ocr-vie tesseract-ocr-script-viet tesseract-ocr-osd poppler-utils qpdf fonts-noto-core \
      libpango-1.0-0 libpangoft2-1.0-0 libseccomp2 libreoffice-writer-nogui fonts-croscore tini \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin vanthu \
 && install -d -o vanthu -g vanthu -m 700 /data /data/tmp /keys
COPY --from=libraries /opt/venv /opt/venv
WORKDIR /opt/vanthu
COPY records records
COPY language language
COPY storage storage
COPY ocr ocr
COPY signing signing
COPY search search
COPY ingest ingest
COPY procedures procedures
COPY jobs jobs
COPY api api
COPY web web
COPY boot boot
COPY LICENSE .
RUN printf '#!/bin/sh\nexec /opt/venv/bin/python -m boot "$@"\n' > /usr/local/bin/vanthu \
 && chmod 755 /usr/local/bin/vanthu \
 && /opt/venv/bin/python -m compileall -q /opt/vanthu
# keys are made beside their folder and renamed when whole, so their folder is one below the volume
USER 10001:10001
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONPATH=/opt/vanthu \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    LANG=C.UTF-8 \
    HOME=/tmp \
    TMPDIR=/data/tmp \
    VANTHU_DATA_DIR=/data \
    VANTHU_KEYS_DIR=/keys/house \
    VANTHU_HOST=0.0.0.0 \
    VANTHU_PORT=8000
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
  CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/health/live', timeout=4)"]
# tini reaps what a killed child leaves behind and hands SIGTERM on, so that a worker drains
ENTRYPOINT ["/usr/bin/tini", "--", "vanthu"]
CMD ["serve"]
