# The images of the services and of Redis, one target each. `make images` builds them and says what
# they stand on: upstream images, or equivalents made from Debian's packages (setup/bases.toml).
ARG REDIS_BASE
ARG SERVICE_BASE

FROM ${REDIS_BASE} AS redis
COPY setup/redis.conf /etc/sandfleet/redis.conf
RUN mkdir -p /data && chown redis:redis /data && chmod 0700 /data
USER redis
WORKDIR /data
EXPOSE 6379
# The account `health` has no password and may do nothing but PING.
HEALTHCHECK --interval=5s --timeout=3s --retries=5 --start-period=60s \
  CMD redis-cli --user health --pass - --no-auth-warning ping | grep -q PONG
ENTRYPOINT []
CMD ["redis-server", "/etc/sandfleet/redis.conf"]

FROM ${SERVICE_BASE} AS service
ENV PATH=/opt/sandfleet/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
COPY requirements.txt /opt/sandfleet/requirements.txt
# Every file is held to its hash. A base that trusts further authorities (a company's proxy) lists
# them in its bundle, which pip would otherwise not look at.
RUN python3 -m venv /opt/sandfleet \
 && if [ -e /etc/ssl/certs/ca-certificates.crt ]; then export PIP_CERT=/etc/ssl/certs/ca-certificates.crt; fi \
 && pip install --no-cache-dir --disable-pip-version-check --require-hashes --only-binary=:all: \
      --requirement /opt/sandfleet/requirements.txt \
 && pip uninstall --yes --quiet --disable-pip-version-check pip setuptools
RUN mkdir /srv/sandfleet && useradd --uid 10001 --no-create-home --home-dir /nonexistent sandfleet
WORKDIR /srv/sandfleet
COPY setup/healthy.py /opt/sandfleet/healthy.py
COPY fleet fleet
RUN python -m compileall -q fleet

FROM service AS api
COPY sandbox-images sandbox-images
COPY api api
RUN python -m compileall -q api
USER sandfleet
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --retries=3 --start-period=20s \
  CMD ["python", "/opt/sandfleet/healthy.py", "http://127.0.0.1:3000/healthz"]
CMD ["python", "-m", "api"]

FROM service AS worker
COPY sandbox-images sandbox-images
COPY worker worker
RUN python -m compileall -q worker
USER sandfleet
# It asks for a fresh heartbeat, which takes an import of the whole worker; so not too often.
HEALTHCHECK --interval=30s --timeout=20s --retries=3 --start-period=30s CMD ["python", "-m", "worker", "health"]
CMD ["python", "-m", "worker"]

FROM service AS subscriber
# A look-up that a stranger's name server leaves unanswered ends within an attempt to deliver a webhook.
ENV RES_OPTIONS="timeout:2 attempts:2"
COPY subscriber subscriber
RUN python -m compileall -q subscriber
USER sandfleet
HEALTHCHECK --interval=10s --timeout=5s --retries=3 --start-period=20s \
  CMD ["python", "/opt/sandfleet/healthy.py", "http://127.0.0.1:9102/healthz"]
CMD ["python", "-m", "subscriber"]
