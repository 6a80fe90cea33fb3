# Node's current LTS. Any image with Node 20.19 or newer and a user called node will do.
ARG NODE_IMAGE=node:24-slim

# The build stage: compiler and all, none of which is shipped.
FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build

# The runtime stage: compiled code and the runtime dependencies.
FROM ${NODE_IMAGE} AS runtime
# In production Tandem requires WEBHOOK_USERNAME, WEBHOOK_PASSWORD and API_TOKEN: an image runs where others can reach it.
# docker-compose.yml sets development, for a first look on one machine. Published ports reach a container at its network
# address, so it listens on all addresses, with any NODE_ENV.
ENV NODE_ENV=production HOST=0.0.0.0
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund && npm cache clean --force
COPY --from=build /app/dist ./dist
# The one folder that Tandem writes to: how `node dist/cli/main.js demo` finds the server that runs here.
RUN mkdir .tandem && chown node:node .tandem
USER node
# 3000 is Tandem; 3001, and 5060 for phones, are the embedded platform, where BANDWIDTH_API_URL is not set. Its RTP ports
# (RTP_PORTS) have to be published too, or the container to run with the host's network: docs/phones.md.
EXPOSE 3000 3001 5060/udp 5060/tcp
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT || 3000) + '/healthz').then((res) => process.exit(res.ok ? 0 : 1), () => process.exit(1))"]
# In exec form node is process 1 and gets SIGTERM itself: it drains, and exits 0 within 10 s.
CMD ["node", "dist/cli/main.js"]
