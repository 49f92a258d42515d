'use strict';
// The helpers as a test of an application uses them, with ioredis on node:test.
const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const runner = require('node:test');
const { Redis } = require('ioredis');
const { Admin, AdminError, Emulator, StartError, VerificationError, useRedurite } = require('..');

const { test } = runner;
const redurite = useRedurite(runner);

async function withClient(body, over = 'plain') {
  const cache = await redurite.cache();
  const client = over === 'plain' ? new Redis(cache.plainUrl)
    : new Redis(cache.url, { tls: { ca: fs.readFileSync(cache.caFile) } });
  try {
    return await body(client, cache);
  } finally {
    client.disconnect();
  }
}

for (const over of ['plain', 'tls']) {
  test(`connects over ${over}`, () => withClient(async (client, cache) => {
    assert.equal(await client.ping(), 'PONG');
    assert.ok(cache.connectionString.startsWith(`${cache.host}:${cache.tlsPort},password=${cache.key},ssl=True`));
  }, over));
}

test('an unknown cache is named', async () => {
  await assert.rejects(redurite.cache('other'), /there is no cache 'other'; there are: devcache/);
});

test('time is moved', () => withClient(async (client) => {
  await client.set('session', 'ada', 'EX', 1200);
  const before = await redurite.now();
  await redurite.advance('19m');
  assert.equal(await client.ttl('session'), 60);
  await redurite.advance(60_000);
  assert.equal(await client.get('session'), null);
  assert.equal(await redurite.now() - before, 1_200_000);
  await redurite.resume(1000);
  await redurite.freeze();
}));

test('what was done is read and verified', () => withClient(async (client) => {
  await client.get('user:1');
  await client.get('user:1');
  await client.set('a', '1', 'EX', 5);
  const seen = await redurite.requests({ key: ['user:*', 'a'] });
  assert.deepEqual(seen.map((request) => [request.operation, request.keys[0]]),
    [['GET', 'user:1'], ['GET', 'user:1'], ['SET', 'a']]);
  await redurite.verify({ match: { command: 'GET', key: 'user:1' }, exactly: 2 },
    { match: { command: 'SET' }, every: { ttl: true } }, { match: { command: 'KEYS' }, never: true });
  await client.keys('*');
  await assert.rejects(redurite.verify({ match: { command: 'KEYS' }, never: true }, { match: { key: 'user:2' } }), (error) => {
    assert.ok(error instanceof VerificationError && error instanceof assert.AssertionError);
    assert.match(error.message, /expected no request with command KEYS; there was 1\n  seen: redis KEYS -> ok/);
    assert.match(error.message, /expected at least 1 request with key user:2; there were 0/);
    return true;
  });
  await redurite.clearRequests();
  await redurite.verify({ match: { command: 'GET' }, never: true });
}));

test('faults act while they are there and count', () => withClient(async (client) => {
  const rule = { plane: 'redis', type: 'error', match: { command: 'GET' }, attributes: { error: 'ERR on a bad day' } };
  await redurite.withFault(rule, async (fault) => {
    await assert.rejects(client.get('a'), /on a bad day/);
    assert.equal(await fault.fired(), 1);
    assert.deepEqual((await redurite.faults()).map(({ id }) => id), [fault.id]);
    await redurite.verify({ match: { command: 'GET', fault: fault.id }, exactly: 1 });
  });
  assert.equal(await client.get('a'), null);
  await redurite.fault({ plane: 'redis', type: 'oom' });
  await redurite.clearFaults();
  assert.equal(await client.set('a', '1'), 'OK');
  await assert.rejects(redurite.fault({ plane: 'redis', type: 'loadin' }), /did you mean 'loading'/);
}));

test('scenarios are played while the body runs', () => withClient(async (client) => {
  await redurite.withScenario('memory-pressure', async (scenario) => {
    await assert.rejects(client.set('a', '1'), /OOM/);
    assert.equal(await scenario.solved(), false);
  });
  assert.equal(await client.set('a', '1'), 'OK');
}));

for (const turn of [1, 2]) {
  test(`each test begins in the start state, turn ${turn}`, () => withClient(async (client) => {
    assert.equal(await client.dbsize(), 0);
    await client.set('left over', turn);
  }));
}

test('state goes and comes back', () => withClient(async (client) => {
  await client.set('kept', '1');
  const snapshot = await redurite.save();
  await client.flushall();
  await redurite.load(snapshot);
  assert.equal(await client.get('kept'), '1');
  await assert.rejects(redurite.load({ format: 'other' }), (error) => error instanceof AdminError && error.status === 400);
}));

test('one of one\'s own is started and stopped', async () => {
  const emulator = await Emulator.start({ options: ['--no-devcache'] });
  assert.deepEqual(await emulator.caches(), []);
  assert.equal((await emulator.environment()).REDURITE_ENDPOINT, emulator.endpoint);
  assert.equal((await new Admin(emulator.endpoint).info()).pid, emulator.ready.pid);
  await emulator.stop();
  assert.equal(emulator.running, false);
  assert.throws(() => process.kill(emulator.ready.pid, 0), { code: 'ESRCH' });
});

test('a start that fails says why', async () => {
  await assert.rejects(Emulator.start({ options: ['--no-such-option'] }),
    (error) => error instanceof StartError && /no-such-option/.test(error.message));
  await assert.rejects(Emulator.start({ binary: '/nowhere/redurite' }), /ENOENT/);
});

test('nothing outlives the process, also when nobody stops it', async () => {
  const program = `require(${JSON.stringify(require.resolve('..'))}).Emulator.start().then((e) => console.log(e.endpoint))`;
  const done = spawnSync(process.execPath, ['-e', program], { encoding: 'utf8' });
  assert.equal(done.status, 0, done.stderr);
  const gone = async () => new Admin(done.stdout.trim()).info().then(() => false, (error) => error.code === 'ECONNREFUSED');
  while (!await gone()) { /* it is being killed; the runner's own time limit ends this */ }
});
