// The application of a guide (seed 003): sessions of Express in database 0, a cache service in database 1.
// guide_003.cjs NAME JSON, where JSON holds host, port, key, ca and url (of the emulator). Prints one JSON value.
// Mended of the guide's code: connect-redis and node-redis have other names since (reconnectStrategy, multi instead of
// pipeline), and memoize hashes with node:crypto.
const crypto = require("crypto");
const fs = require("fs");
const { once } = require("events");
const { createClient } = require("redis");

const [name, settings] = process.argv.slice(2);
const want = JSON.parse(settings);
const HOUR = "1h";

async function connect(database) {
  const client = createClient({
    socket: {
      host: want.host,
      port: want.port,
      tls: true,
      ca: fs.readFileSync(want.ca),
      reconnectStrategy: (retries) => (retries > 10 ? new Error("retries exhausted") : Math.min(retries * 100, 3000)),
    },
    password: want.key,
    database,
  });
  client.reconnects = 0;
  client.on("error", () => {});
  client.on("reconnecting", () => client.reconnects++);
  await client.connect();
  return client;
}

// The emulator's clock goes on; clients that idled longer than Azure allows are cut, and connect again.
async function elapse(by, ...clients) {
  const again = clients.map((client) => new Promise((resolve) => client.once("ready", resolve)));
  const answer = await fetch(want.url + "/_redurite/clock/advance", { method: "POST", body: JSON.stringify({ by }) });
  if (!answer.ok) {
    throw new Error(await answer.text());
  }
  await Promise.all(again);
}

// SessionManager.initialize of the guide, behind a proxy that ends TLS.
async function serve(client) {
  const express = require("express");
  const session = require("express-session");
  const { RedisStore } = require("connect-redis");
  const app = express();
  app.set("trust proxy", true);
  app.use(
    session({
      store: new RedisStore({ client, prefix: "sess:", ttl: 86400 }),
      secret: "the secret of the vault",
      resave: false,
      saveUninitialized: false,
      rolling: true,
      cookie: { secure: true, httpOnly: true, maxAge: 86400000, sameSite: "strict" },
      name: "oversight.sid",
      genid: () => `${Date.now()}-${crypto.randomBytes(16).toString("hex")}`,
    }),
  );
  app.get("/", (request, response) => response.json(request.session.user ?? null));
  app.get("/sign-in", (request, response) => {
    request.session.user = "789";
    response.json("789");
  });
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

async function visit(server, path, cookie) {
  const headers = { "X-Forwarded-Proto": "https", ...(cookie ? { cookie } : {}) };
  const answer = await fetch(`http://127.0.0.1:${server.address().port}${path}`, { headers });
  return { user: await answer.json(), cookie: answer.headers.get("set-cookie") };
}

// startSessionCleanup of the guide, one turn of it.
async function cleanup(client) {
  for (const key of await client.keys("sess:*")) {
    if ((await client.ttl(key)) === -1) {
      await client.expire(key, 86400);
    }
  }
}

async function sessions() {
  const outcome = {};
  const client = await connect(0);
  let server = await serve(client);
  outcome.stranger = [await visit(server, "/"), await client.dbSize()];
  const signed = await visit(server, "/sign-in");
  outcome.cookie = signed.cookie.replace(/=[^;]*;/, "=...;").replace(/Expires=[^;]*;/, "Expires=...;");
  const cookie = signed.cookie.split(";")[0];
  const [key] = await client.keys("sess:*");
  outcome.key = key;
  outcome.ttl = [await client.ttl(key)];

  await elapse("23h", client);
  outcome.ttl.push(await client.ttl(key));
  outcome.next_day = (await visit(server, "/", cookie)).user; // rolling: lives a day from now
  outcome.ttl.push(await client.ttl(key));
  await elapse("23h", client);
  server.close();
  server.closeAllConnections();
  const second = await connect(0);
  server = await serve(second); // the application was deployed anew
  outcome.deployed = (await visit(server, "/", cookie)).user;

  await client.set("sess:orphan", "{}");
  await cleanup(client);
  outcome.orphan = await client.ttl("sess:orphan");
  await elapse("86399s", client, second);
  outcome.last_second = await client.exists(key);
  await elapse("1s");
  outcome.expired = [await client.exists(key), (await visit(server, "/", cookie)).user];
  outcome.reconnects = client.reconnects;
  return outcome;
}

class CacheService {
  constructor(client) {
    this.client = client;
    this.defaultTTL = 3600;
  }

  async get(key, fetchFunction, options = {}) {
    try {
      const cached = await this.client.get(key);
      if (cached) {
        return JSON.parse(cached);
      }
      const data = await fetchFunction();
      await this.set(key, data, options.ttl || this.defaultTTL);
      return data;
    } catch (error) {
      return await fetchFunction();
    }
  }

  async set(key, value, ttl = this.defaultTTL) {
    await this.client.setEx(key, ttl, JSON.stringify(value));
  }

  async delete(key) {
    await this.client.del(key);
  }

  async invalidatePattern(pattern) {
    const keys = await this.client.keys(pattern);
    if (keys.length > 0) {
      await this.client.del(keys);
    }
    return keys.length;
  }

  memoize(fn, options = {}) {
    return async (...args) => {
      const hash = crypto.createHash("sha1").update(JSON.stringify(args)).digest("hex");
      return await this.get(`memo:${fn.name}:${hash}`, () => fn(...args), options);
    };
  }

  async multiGet(keys) {
    const pipeline = this.client.multi();
    keys.forEach((key) => pipeline.get(key));
    const results = await pipeline.execAsPipeline();
    return results.map((result, index) => ({ key: keys[index], value: result ? JSON.parse(result) : null }));
  }

  async warmCache(items) {
    const pipeline = this.client.multi();
    items.forEach(({ key, value, ttl }) => pipeline.setEx(key, ttl || this.defaultTTL, JSON.stringify(value)));
    await pipeline.execAsPipeline();
  }

  // refreshAhead of the guide; the refresh is awaited.
  async refreshAhead(key, fetchFunc, threshold = 0.8) {
    if ((await this.client.ttl(key)) < this.defaultTTL * threshold) {
      await this.set(key, await fetchFunc());
    }
    return await this.get(key);
  }
}

// RedisMonitoring.collectMetrics of the guide.
async function collectMetrics(client) {
  const info = await client.info();
  const stats = Object.fromEntries([...info.matchAll(/^([a-z_0-9]+):(.*)\r$/gm)].map((found) => [found[1], found[2]]));
  const [hits, misses] = [Number(stats.keyspace_hits), Number(stats.keyspace_misses)];
  const missing = ["used_memory", "used_memory_peak", "mem_fragmentation_ratio", "instantaneous_ops_per_sec",
    "evicted_keys", "connected_clients", "blocked_clients", "rejected_connections", "rdb_last_save_time",
    "rdb_changes_since_last_save", "aof_rewrite_in_progress"].filter((field) => !Number.isFinite(Number(stats[field])));
  return { hits, misses, rate: hits / (hits + misses), missing };
}

async function cache() {
  const outcome = {};
  const client = await connect(1);
  const service = new CacheService(client);
  let fetched = 0;
  const profile = async () => ({ name: "Ada", fetched: ++fetched });
  const key = "user:profile:123:data";
  outcome.aside = [await service.get(key, profile), await service.get(key, profile)];
  outcome.metrics = await collectMetrics(client);
  outcome.ttl = [await client.ttl(key)];
  await elapse("9m");
  outcome.ttl.push(await client.ttl(key));
  outcome.fresh = (await service.refreshAhead(key, profile)).fetched;
  await elapse("9m");
  outcome.refreshed = (await service.refreshAhead(key, profile, 0.9)).fetched;
  outcome.ttl.push(await client.ttl(key));
  await elapse(HOUR, client);
  outcome.expired = (await service.get(key, profile)).fetched;

  await service.warmCache([
    { key: "product:catalog:456:details", value: { price: 5 }, ttl: 600 },
    { key: "product:catalog:457:details", value: { price: 6 } },
    { key: "cache:api:endpoint:/users:page1", value: [1, 2] },
  ]);
  outcome.many = await service.multiGet(["product:catalog:456:details", "product:catalog:1:details"]);
  outcome.warm = [await client.ttl("product:catalog:456:details"), await client.ttl("product:catalog:457:details")];
  outcome.invalidated = [await service.invalidatePattern("product:*"), await service.invalidatePattern("product:*")];
  outcome.left = (await client.keys("*")).sort();

  let counted = 0;
  const square = service.memoize(async function square(number) {
    counted++;
    return number * number;
  });
  outcome.memo = [await square(7), await square(7), await square(8), counted];
  await service.delete(key);
  outcome.deleted = await client.exists(key);

  // Nobody answers any more: the service falls back to the source.
  client.destroy();
  outcome.fallback = (await service.get(key, profile)).fetched;
  return outcome;
}

({ sessions, cache })
  [name]()
  .then((outcome) => {
    console.log(JSON.stringify(outcome));
    process.exit(0);
  })
  .catch((error) => {
    console.error(error);
    process.exit(1);
  });
