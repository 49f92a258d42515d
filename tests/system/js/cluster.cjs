// Writes and reads keys of all slots through a cluster client: cluster.cjs LIBRARY JSON, where LIBRARY is "ioredis" or
// "redis" and JSON holds host, port, key and, for TLS, ca. Prints how many keys came back right.
const fs = require("fs");

const [library, settings] = process.argv.slice(2);
const want = JSON.parse(settings);
const tls = want.ca && { ca: fs.readFileSync(want.ca), servername: "localhost" };
const names = Array.from({ length: 200 }, (_, number) => `key:${number}`);

async function withIoredis() {
  const { Cluster } = require("ioredis");
  const client = new Cluster([{ host: want.host, port: want.port }], {
    dnsLookup: (address, callback) => callback(null, address),
    redisOptions: { password: want.key, ...(tls ? { tls } : {}) },
  });
  await Promise.all(names.map((name) => client.set(name, name)));
  const read = await Promise.all(names.map((name) => client.get(name)));
  client.disconnect();
  return read;
}

async function withNodeRedis() {
  const { createCluster } = require("redis");
  const socket = { host: want.host, port: want.port, ...(tls ? { tls: true, ...tls } : {}) };
  const client = createCluster({
    rootNodes: [{ socket }],
    defaults: { password: want.key, socket: tls ? { tls: true, ...tls } : {} },
  });
  await client.connect();
  await Promise.all(names.map((name) => client.set(name, name)));
  const read = await Promise.all(names.map((name) => client.get(name)));
  await client.close();
  return read;
}

(library === "ioredis" ? withIoredis() : withNodeRedis())
  .then((read) => {
    console.log(JSON.stringify(read.filter((value, index) => value === names[index]).length));
    process.exit(0);
  })
  .catch((error) => {
    console.error(error);
    process.exit(1);
  });
