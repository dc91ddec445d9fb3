# The emulator alone. The first stage compiles it; the second holds what it needs to run, and nothing else.
FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY tools/assets.mjs tools/build.mjs ./tools/
COPY emulator ./emulator
# Without the names of what it is developed with, `npm install` in an image made from this one would leave those of them out that it is to add.
RUN npm run build && npm prune --omit=dev --no-audit --no-fund && npm pkg delete devDependencies scripts

FROM node:20-bookworm-slim
ENV NODE_ENV=production TWOKEY_HOST=0.0.0.0 TWOKEY_DATA_DIR=/data
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist/emulator ./dist/emulator
COPY fixtures/*.schema.json ./fixtures/
COPY fixtures/worlds ./fixtures/worlds
COPY fixtures/scenarios ./fixtures/scenarios
# `docker exec <container> twokey explain`
RUN ln -s /app/dist/emulator/cli/main.js /usr/local/bin/twokey && chmod +x /app/dist/emulator/cli/main.js \
  && mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 4566
# With the admin door closed (TWOKEY_ADMIN=0) S3 answers this path instead; any answer but a failure is a sign of life.
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s --retries=5 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.TWOKEY_PORT || 4566}/_twokey/health`).then((r) => process.exit(r.status < 500 ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["twokey"]
CMD ["start"]
