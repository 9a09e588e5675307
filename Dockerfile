# The server alone: it is given its database, so it carries none.
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked --no-default-features

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/quartet --create-home quartet \
    && install --directory --owner quartet --mode 0700 /var/lib/quartet/data
COPY --from=build /src/target/release/quartet /usr/local/bin/quartet
USER quartet
WORKDIR /var/lib/quartet
EXPOSE 8080
ENTRYPOINT ["quartet"]
CMD ["serve", "--listen", "0.0.0.0:8080"]
