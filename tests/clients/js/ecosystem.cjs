// What applications build on Redis, each over TLS with the cache's key: ecosystem.cjs NAME JSON, where JSON holds host,
// port, key and ca. Prints one JSON value: what happened, for the test to judge.
const fs = require("fs");

const [name, settings] = process.argv.slice(2);
const want = JSON.parse(settings);
const tls = { ca: fs.readFileSync(want.ca), servername: want.host };
const options = { host: want.host, port: want.port, password: want.key, tls, maxRetriesPerRequest: null };

const connect = () => new (require("ioredis"))(options);

// Jobs that fail once, wait, have priorities and children: nearly all of it is Lua.
async function bullmq() {
  const { Queue, QueueEvents, Worker } = require("bullmq");
  const queue = new Queue("work", { connection: connect() });
  const events = new QueueEvents("work", { connection: connect() });
  const done = [];
  let attempts = 0;
  const worker = new Worker(
    "work",
    async (job) => {
      if (job.name === "fails-once" && ++attempts === 1) {
        throw new Error("once");
      }
      return job.data.number * 2;
    },
    { connection: connect() },
  );
  await events.waitUntilReady();
  const jobs = [
    await queue.add("plain", { number: 1 }),
    await queue.add("later", { number: 2 }, { delay: 50 }),
    await queue.add("first", { number: 3 }, { priority: 1 }),
    await queue.add("fails-once", { number: 4 }, { attempts: 2, backoff: 10 }),
  ];
  for (const job of jobs) {
    done.push(await job.waitUntilFinished(events, 20000));
  }
  const counts = await queue.getJobCounts("completed", "failed", "waiting");
  await worker.close();
  await events.close();
  await queue.close();
  return { done, attempts, counts };
}

// Express with its sessions in the cache.
async function session() {
  const express = require("express");
  const expressSession = require("express-session");
  const { RedisStore } = require("connect-redis");
  const { createClient } = require("redis");
  const client = createClient({ password: want.key, socket: { host: want.host, port: want.port, tls: true, ...tls } });
  await client.connect();
  const app = express();
  app.use(
    expressSession({
      store: new RedisStore({ client, prefix: "session:", ttl: 60 }),
      secret: "a secret of this test",
      resave: false,
      saveUninitialized: false,
    }),
  );
  app.get("/", (request, response) => {
    request.session.visits = (request.session.visits ?? 0) + 1;
    response.json(request.session.visits);
  });
  app.get("/leave", (request, response) => request.session.destroy(() => response.json("gone")));
  const server = await new Promise((resolve) => {
    const listening = app.listen(0, "127.0.0.1", () => resolve(listening));
  });
  const url = `http://127.0.0.1:${server.address().port}`;
  const first = await fetch(url);
  const cookie = first.headers.get("set-cookie").split(";")[0];
  const visits = [await first.json()];
  visits.push(await (await fetch(url, { headers: { cookie } })).json());
  const keys = (await client.keys("session:*")).length;
  const ttl = await client.ttl((await client.keys("session:*"))[0]);
  await fetch(url + "/leave", { headers: { cookie } });
  const left = (await client.keys("session:*")).length;
  server.close();
  server.closeAllConnections();
  client.destroy();
  return { visits, keys, ttl, left };
}

async function limits() {
  const { RateLimiterRedis } = require("rate-limiter-flexible");
  const client = connect();
  const limiter = new RateLimiterRedis({ storeClient: client, points: 3, duration: 60 });
  const outcomes = [];
  for (let i = 0; i < 4; i++) {
    outcomes.push(await limiter.consume("somebody").then((held) => held.remainingPoints, () => "refused"));
  }
  client.disconnect();
  return outcomes;
}

async function lock() {
  const Redlock = require("redlock");
  const client = connect();
  const redlock = new Redlock([client], { retryCount: 0 });
  const held = await redlock.lock("locks:thing", 60000);
  const second = await redlock.lock("locks:thing", 60000).then(() => "got it", () => "refused");
  await held.extend(90000);
  const ttl = await client.pttl("locks:thing");
  await held.unlock();
  const third = await redlock.lock("locks:thing", 1000).then(() => "got it", () => "refused");
  client.disconnect();
  return { second, extended: ttl > 60000, third };
}

({ bullmq, session, limits, lock })
  [name]()
  .then((outcome) => {
    console.log(JSON.stringify(outcome));
    process.exit(0);
  })
  .catch((error) => {
    console.error(error);
    process.exit(1);
  });
