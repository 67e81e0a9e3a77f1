# Serves a trained run; docs/deploy.md says how.
FROM node:20-bookworm-slim AS build
WORKDIR /app
# All binaries come from the registry; the install scripts would look elsewhere.
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY . .
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:20-bookworm-slim
ENV NODE_ENV=production
WORKDIR /srv
COPY --from=build /app/package.json /app/package.json
COPY --from=build /app/bin /app/bin
COPY --from=build /app/dist /app/dist
COPY --from=build /app/node_modules /app/node_modules
RUN chown node:node /srv
USER node
EXPOSE 8080
# Exec form: the service is the first process, gets SIGTERM and SIGHUP itself, and needs no init.
ENTRYPOINT ["node", "/app/bin/siftrec.js"]
CMD ["serve", "runs/current", "--host", "0.0.0.0"]
HEALTHCHECK --interval=10s --timeout=3s --start-period=120s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/healthz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
