// A client that finds its master through Sentinel: sentinel.cjs JSON, where JSON holds sentinel (a port), name and key.
// Writes, fails the master over, writes again; prints what it read each time.
const Redis = require("ioredis");

const want = JSON.parse(process.argv[2]);
const sentinels = [{ host: "127.0.0.1", port: want.sentinel }];

async function main() {
  const client = new Redis({ sentinels, name: want.name, password: want.key, failoverDetector: true });
  const asking = new Redis(want.sentinel, { enableReadyCheck: false });
  await client.set("a", "1");
  console.log(JSON.stringify(await client.get("a")));
  await asking.call("SENTINEL", "FAILOVER", want.name);
  await client.set("a", "2");
  console.log(JSON.stringify(await client.get("a")));
  process.exit(0);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
