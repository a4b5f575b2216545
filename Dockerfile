# The images: one for each service, nginx, the migrations, and the mail catcher of the sandbox.
#   docker build --target booking --build-arg VERSION="$(git describe --always)" -t myhibachi/booking .
# docker-compose.yml names them all.
ARG BASE=debian:bookworm-slim

# --- the programs, built with the flags of every other build
FROM ${BASE} AS build
WORKDIR /src
COPY scripts/packages scripts/setup scripts/apt-install scripts/
RUN scripts/setup image-build
COPY Makefile LICENSE ./
COPY scripts scripts
COPY libcommon libcommon
COPY proto proto
COPY services services
COPY migrations/sqitch.plan migrations/
ARG VERSION=unknown
RUN make -j"$(nproc)" VERSION="$VERSION" build \
    && mkdir -p /out/openapi /out/bin \
    && for b in build/release/bin/*; do \
         "$b" --openapi >"/out/openapi/${b##*/}.json" \
         && objcopy --strip-all "$b" "/out/bin/${b##*/}" || exit 1; \
       done
COPY nginx nginx
RUN mkdir -p /out/www/api && scripts/merge-openapi /out/openapi/*.json >/out/www/api/openapi.json

# --- what every image has: a user without rights. Nothing writes below /.
FROM ${BASE} AS base
LABEL org.opencontainers.image.title="My Hibachi" org.opencontainers.image.licenses=MIT
ENV LC_ALL=C.UTF-8 TZ=UTC
RUN useradd --system --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin app
COPY scripts/packages scripts/setup scripts/apt-install /opt/setup/scripts/

# --- services
FROM base AS service
RUN /opt/setup/scripts/setup image-service && rm -rf /opt/setup /var/lib/apt/lists/* /var/cache/* /var/log/*
USER 10001:10001
ENV LISTEN_HOST=0.0.0.0 LISTEN_PORT=8080 METRICS_HOST=0.0.0.0 METRICS_PORT=9090
EXPOSE 8080 9090
STOPSIGNAL SIGTERM

FROM service AS identity
COPY --from=build /out/bin/identity /usr/local/bin/identity
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 CMD ["/usr/local/bin/identity", "--health"]
ENTRYPOINT ["/usr/local/bin/identity"]
ARG VERSION=unknown
LABEL org.opencontainers.image.version="$VERSION"

FROM service AS booking
COPY --from=build /out/bin/booking /usr/local/bin/booking
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 CMD ["/usr/local/bin/booking", "--health"]
ENTRYPOINT ["/usr/local/bin/booking"]
ARG VERSION=unknown
LABEL org.opencontainers.image.version="$VERSION"

# --- the edge
FROM base AS nginx
RUN /opt/setup/scripts/setup image-nginx && rm -rf /opt/setup /var/lib/apt/lists/* /var/cache/* /var/log/nginx
COPY nginx /opt/myhibachi/nginx
COPY proto/errors.def /opt/myhibachi/proto/errors.def
COPY scripts/render-nginx scripts/reload-nginx /opt/myhibachi/scripts/
COPY docker/edge docker/discover /opt/myhibachi/docker/
COPY web/index.html /opt/myhibachi/www/index.html
COPY web/docs /opt/myhibachi/www/api/docs
COPY --from=build /out/www /opt/myhibachi/www
USER 10001:10001
EXPOSE 8443 8480
STOPSIGNAL SIGQUIT
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s --retries=3 \
    CMD ["/usr/bin/curl", "-ksS", "-o", "/dev/null", "https://127.0.0.1:8443/"]
ENTRYPOINT ["/opt/myhibachi/docker/edge"]
ARG VERSION=unknown
LABEL org.opencontainers.image.version="$VERSION"

# --- migrations: runs once and ends
FROM base AS migrate
RUN /opt/setup/scripts/setup image-migrate && rm -rf /opt/setup /var/lib/apt/lists/* /var/cache/*
COPY migrations /opt/myhibachi/migrations
COPY scripts/migrate scripts/backup scripts/restore scripts/demo.sql /opt/myhibachi/scripts/
USER 10001:10001
ENTRYPOINT ["/opt/myhibachi/scripts/migrate"]
ARG VERSION=unknown
LABEL org.opencontainers.image.version="$VERSION"

# --- sandbox: takes every mail and shows it
FROM base AS mail
RUN /opt/setup/scripts/setup image-mail && rm -rf /opt/setup /var/lib/apt/lists/* /var/cache/*
COPY tests/sim/mail/catcher.py /opt/myhibachi/catcher.py
USER 10001:10001
EXPOSE 8025 8026
ENTRYPOINT ["/usr/bin/python3", "-u", "/opt/myhibachi/catcher.py", "--host", "0.0.0.0", "--smtp-port", "8025", \
    "--http-port", "8026", "--dir", "/tmp/mail"]
