// Connects one client in each of several ways and runs two commands: connect.cjs LIBRARY JSON, where
// LIBRARY is "ioredis" or "redis" and JSON a list of cases with host, port, protocol (2 or 3), and
// optionally tls, ca, key. Prints one JSON line for each: ["OK", reply of GET] or ["error", text].
const fs = require("fs");

const [library, cases] = process.argv.slice(2);

const tlsOf = (want) =>
  want.tls && { ca: fs.readFileSync(want.ca), servername: want.host, minVersion: want.tls, maxVersion: want.tls };

async function withIoredis(want) {
  const tls = tlsOf(want);
  const Redis = require("ioredis");
  const client = new Redis({
    host: want.host,
    port: want.port,
    password: want.key,
    protocol: want.protocol,
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    ...(tls ? { tls } : {}),
  });
  // ioredis goes on after a refused AUTH and reports it as an event; a command then says NOAUTH.
  let refused;
  client.on("error", (error) => (refused ??= error));
  try {
    await client.connect();
    await client.set("matrix:ioredis", "yes");
    return await client.get("matrix:ioredis");
  } catch (error) {
    throw refused && /WRONGPASS|NOAUTH/.test(refused.message) ? refused : error;
  } finally {
    client.disconnect();
  }
}

async function withNodeRedis(want) {
  const tls = tlsOf(want);
  const { createClient } = require("redis");
  const client = createClient({
    RESP: want.protocol,
    password: want.key,
    socket: { host: want.host, port: want.port, reconnectStrategy: false, ...(tls ? { tls: true, ...tls } : {}) },
  });
  client.on("error", () => {});
  try {
    await client.connect();
    await client.set("matrix:redis", "yes");
    return await client.get("matrix:redis");
  } finally {
    if (client.isOpen) client.destroy();
  }
}

async function main() {
  for (const want of JSON.parse(cases)) {
    let outcome;
    try {
      outcome = ["OK", await (library === "ioredis" ? withIoredis(want) : withNodeRedis(want))];
    } catch (error) {
      outcome = ["error", [error, ...(error.errors ?? [])].map((e) => e.message).join(" ")];
    }
    console.log(JSON.stringify(outcome));
  }
}

main();
