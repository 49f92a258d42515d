// What ioredis and node-redis make of a faulty cache: faults.cjs JSON with host, port, key. Prints one
// JSON line for each library: ["OK"] or [name of the error, its message].
const [want] = process.argv.slice(2).map((text) => JSON.parse(text));

async function withIoredis() {
  const Redis = require("ioredis");
  const client = new Redis({
    host: want.host,
    port: want.port,
    password: want.key,
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    commandTimeout: 2000,
    retryStrategy: () => null,
  });
  client.on("error", () => {});
  try {
    await client.connect();
    await client.set("a", "1");
  } finally {
    client.disconnect();
  }
}

async function withNodeRedis() {
  const { createClient } = require("redis");
  const client = createClient({ password: want.key, socket: { host: want.host, port: want.port, reconnectStrategy: false } });
  client.on("error", () => {});
  try {
    await client.connect();
    await client.set("a", "1");
  } finally {
    if (client.isOpen) client.destroy();
  }
}

async function main() {
  for (const run of [withIoredis, withNodeRedis]) {
    let outcome = ["OK"];
    try {
      await run();
    } catch (error) {
      outcome = [error.constructor.name, [error, ...(error.errors ?? [])].map((e) => e.message).join(" ")];
    }
    console.log(JSON.stringify(outcome));
  }
}

main();
