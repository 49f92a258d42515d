// The walk-through with the JavaScript SDK: flow.cjs READY_FILE EMULATOR_URL proxy|endpoint
// Prints one JSON line for each fact that the test compares.
const fs = require("fs");
const { ClientSecretCredential } = require("@azure/identity");
const { RedisManagementClient } = require("@azure/arm-rediscache");
const { ResourceManagementClient } = require("@azure/arm-resources");

const [readyFile, url, mode] = process.argv.slice(2);
const ready = JSON.parse(fs.readFileSync(readyFile, "utf8"));
const front = `https://localhost:${ready.ports.https}`;

const say = (fact, value) => console.log(JSON.stringify([fact, value]));
const admin = async (method, path, body) => {
  const answer = await fetch(url + "/_redurite" + path, {
    method,
    body: body && JSON.stringify(body),
    headers: body && { "Content-Type": "application/json" },
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
};

// Waits for an operation, advancing the clock between its polls.
const settle = async (poller) => {
  while (!poller.isDone()) {
    await poller.poll();
    await admin("POST", "/clock/advance", { by: "1m" });
  }
  return poller.getResult();
};

async function main() {
  const explicit = mode === "endpoint";
  const credential = new ClientSecretCredential(ready.tenantId, ready.clientId, ready.clientSecret,
    explicit ? { authorityHost: front, disableInstanceDiscovery: true } : {});
  const options = explicit ? { endpoint: front } : {};
  const redis = new RedisManagementClient(credential, ready.subscriptionId, options);
  const resources = new ResourceManagementClient(credential, ready.subscriptionId, options);
  const group = "js-group";
  const name = "js-cache";

  const made = await resources.resourceGroups.createOrUpdate(group, { location: "westus2" });
  say("group", made.properties.provisioningState);

  const create = await redis.redis.beginCreate(group, name, {
    location: "westus2",
    minimumTlsVersion: "1.2",
    sku: { name: "Basic", family: "C", capacity: 0 },
  });
  say("state while creating", (await redis.redis.get(group, name)).provisioningState);
  const cache = await settle(create);
  say("state when created", cache.provisioningState);
  say("sku", cache.sku);
  say("ssl port", cache.sslPort);

  const keys = await redis.redis.listKeys(group, name);
  say("keys", [keys.primaryKey.length, keys.secondaryKey.length]);
  const newer = await redis.redis.regenerateKey(group, name, { keyType: "Primary" });
  say("regenerated", newer.primaryKey !== keys.primaryKey && newer.secondaryKey === keys.secondaryKey);
  say("use", { host: cache.hostName, key: newer.primaryKey, old: keys.primaryKey });

  const names = [];
  for await (const item of redis.redis.listByResourceGroup(group)) names.push(item.name);
  say("list", names);

  const update = await redis.redis.beginUpdate(group, name, { enableNonSslPort: true });
  await settle(update);
  await admin("POST", "/clock/advance", { by: "10m" });
  say("non-ssl port", (await redis.redis.get(group, name)).enableNonSslPort);

  await settle(await redis.redis.beginDelete(group, name));
  try {
    await redis.redis.get(group, name);
    say("gone", "still there");
  } catch (error) {
    say("gone", [error.statusCode, error.code]);
  }
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
