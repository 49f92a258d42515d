// Under Vitest, in TypeScript: the hooks of the module, and a cache with a client.
import { Redis } from 'ioredis';
import * as runner from 'vitest';
import { VerificationError, useRedurite } from '../../index.cjs';

const { expect, test } = runner;
const redurite = useRedurite(runner);

test('time passes on demand, and each test begins anew', async () => {
  const client = new Redis((await redurite.cache()).plainUrl);
  try {
    expect(await client.dbsize()).toBe(0);
    await client.set('session:1', 'ada', 'EX', 1200);
    await redurite.advance('20m');
    expect(await client.get('session:1')).toBeNull();
    await redurite.verify({ match: { command: 'SET' }, every: { ttl: true } });
    await expect(redurite.verify({ match: { command: 'GET' }, never: true })).rejects.toThrow(VerificationError);
  } finally {
    client.disconnect();
  }
});

test('a fault lasts as long as its block', async () => {
  const client = new Redis((await redurite.cache()).plainUrl);
  try {
    expect(await client.dbsize()).toBe(0);
    await redurite.withFault({ plane: 'redis', type: 'readonly' }, async () => {
      await expect(client.set('a', '1')).rejects.toThrow('READONLY');
    });
    expect(await client.set('a', '1')).toBe('OK');
  } finally {
    client.disconnect();
  }
});
