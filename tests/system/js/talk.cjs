// A conversation of ioredis or node-redis with a cache: talk.cjs LIBRARY OPTIONS. Each line of input is
// a JSON list: ["connect"], ["close"], or the words of a command. Each line of output is a JSON object:
// the answer, or the error's name and text; and the events that the client has emitted since then.
const readline = require("readline");
const [library, optionsText] = process.argv.slice(2);
const options = JSON.parse(optionsText);
let client = null;
let events = [];

const told = (error) => [error.constructor.name, [error, ...(error.errors ?? [])].map((e) => e.message).join(" ")];

function listen(names) {
  for (const name of names) client.on(name, () => events.push([name]));
  client.on("error", (error) => events.push(["error", ...told(error)]));
}

// Node's resolver at the emulator's DNS port, where the options give one.
function lookup(host, asked, done) {
  const { Resolver } = require("dns");
  const resolver = new Resolver();
  resolver.setServers([options.dns]);
  resolver.resolve4(host, (error, addresses) => {
    if (asked.all) done(error, addresses?.map((address) => ({ address, family: 4 }))); // since Node 20
    else done(error, addresses?.[0], 4);
  });
}

function ioredis() {
  const Redis = require("ioredis");
  client = new Redis({
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    enableReadyCheck: false,
    retryStrategy: () => null,
    commandTimeout: 10000, // one given while the connection closes may be forgotten
    ...options,
  });
  listen(["ready", "close", "end"]);
  return client.connect();
}

function nodeRedis() {
  const { createClient } = require("redis");
  const { host, port, password, tls, dns, connectTimeout } = options;
  const socket = { host, port, connectTimeout, reconnectStrategy: false, ...(tls && { tls: true, ...tls }) };
  client = createClient({ password, socket: dns ? { ...socket, lookup } : socket });
  listen(["ready", "end"]);
  return client.connect();
}

async function call(words) {
  if (words[0] === "connect") {
    if (client !== null) close();
    await (library === "ioredis" ? ioredis() : nodeRedis());
    return null;
  }
  if (words[0] === "close") return close();
  return library === "ioredis" ? client.call(...words) : client.sendCommand(words);
}

function close() {
  if (library === "ioredis") client.disconnect();
  else if (client.isOpen) client.destroy();
  return null;
}

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    let said;
    try {
      said = { answer: await call(JSON.parse(line)) };
    } catch (error) {
      said = { error: told(error) };
    }
    console.log(JSON.stringify({ ...said, events }));
    events = [];
  }
  process.exit(0);
}

main();
