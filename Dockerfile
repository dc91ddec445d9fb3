# The emulator alone: what it needs to run is compiled in the first stage and copied.
FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build && npm prune --omit=dev

FROM node:20-bookworm-slim
ENV NODE_ENV=production TWOKEY_HOST=0.0.0.0 TWOKEY_DATA_DIR=/data
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/fixtures ./fixtures
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 4566
HEALTHCHECK --interval=5s --timeout=2s --start-period=5s --retries=5 \
  CMD node -e "fetch('http://127.0.0.1:4566/_twokey/health').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"
ENTRYPOINT ["node", "dist/emulator/cli/main.js"]
CMD ["start"]
