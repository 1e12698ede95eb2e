# Parley, with nothing in it but Node, what it depends on, and its source.
FROM node:24.21.0-slim

ENV NODE_ENV=production
WORKDIR /app

COPY package.json package-lock.json ./
# In the same layer, all that is never run is left out: npm's cache, source maps, TypeScript, which
# Node runs of no package, and what of the tokenizer is not the one module that counts.
RUN npm ci --omit=dev && rm -rf ~/.npm && \
  find node_modules -type f \( -name '*.map' -o -name '*.ts' -o -name '*.mts' -o -name '*.cts' \) -delete && \
  rm -r node_modules/gpt-tokenizer/cjs node_modules/gpt-tokenizer/data node_modules/gpt-tokenizer/src

COPY slack-manifest.yaml ./
COPY src ./src

# For the embedded store, where no REDIS_URL is set.
RUN install --directory --owner=node --group=node /app/data
VOLUME /app/data

USER node
ENV HOST=0.0.0.0 PORT=3000
# glibc returns the memory of request bodies to the system sooner.
ENV MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=65536
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "--eval", "require('node:http').get({ host: '127.0.0.1', port: process.env.HEALTH_PORT || process.env.PORT || 3000, path: '/healthz' }, ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))"]
# Half of what Node takes by itself for what is new: a flood of requests costs less memory.
CMD ["node", "--max-semi-space-size=8", "src/main.ts"]
