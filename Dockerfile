# Amsterdam as one executable, on a base that has a C library and no shell. docs/container.md says how to use it.
#
#   docker build -t amsterdam .
#
# The executable is for the processor of the build image. The build image needs Node 20 or newer with npm; the run image
# needs glibc.
ARG BUILD_IMAGE=node:24-slim
ARG RUN_IMAGE=gcr.io/distroless/base-nossl-debian13

FROM ${BUILD_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
# The secret is for networks whose proxy has a certificate authority of its own: --secret id=ca,src=<PEM file>
RUN --mount=type=secret,id=ca \
    if [ -f /run/secrets/ca ]; then export NODE_EXTRA_CA_CERTS=/run/secrets/ca; fi; \
    npm ci --omit=dev --no-audit --no-fund
COPY scripts/build.ts scripts/
COPY src src
RUN node_modules/bun/bin/bun.exe scripts/build.ts /out/amsterdam && mkdir /out/config /out/data

FROM ${RUN_IMAGE}
LABEL org.opencontainers.image.title="Amsterdam" \
      org.opencontainers.image.description="A self-hosted LLM gateway" \
      org.opencontainers.image.licenses="MIT"
COPY --from=build /out/amsterdam /usr/local/bin/amsterdam
COPY --from=build /out/config /amsterdam/config
COPY --from=build --chown=65532:65532 /out/data /amsterdam/data
WORKDIR /amsterdam
# Inside a container the loopback address reaches nobody. Where the ports are published is the host's to say.
ENV HOST=0.0.0.0 PORT=3000 AMSTERDAM_CONFIG=/amsterdam/config
EXPOSE 3000
VOLUME /amsterdam/data
USER 65532:65532
HEALTHCHECK --interval=30s --timeout=6s --start-period=10s --retries=3 CMD ["/usr/local/bin/amsterdam", "health"]
# The executable is the first process, so that signals reach it.
ENTRYPOINT ["/usr/local/bin/amsterdam"]
CMD ["start"]
