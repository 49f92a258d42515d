// What TypeScript lets pass and what not; checked by tsc, not run.
import * as jest from '@jest/globals';
import * as runner from 'node:test';
import { type Cache, Emulator, type Expectation, type RecordedRequest, VerificationError, useRedurite } from '../../index.cjs';

const redurite = useRedurite(runner, { clock: 60, seed: { resources: [] } });
useRedurite(jest); // and Vitest's module: vitest.test.mts

runner.test('types', async () => {
  const cache: Cache = await redurite.cache();
  const port: number | undefined = cache.port;
  const text: string = cache.url + cache.plainUrl + cache.connectionString + port;
  const before: Date = await redurite.now();
  await redurite.advance('20m');
  await redurite.advance(1200_000);
  const requests: RecordedRequest[] = await redurite.requests({ plane: ['redis', 'arm'], since: before.toISOString(), limit: 5 });
  const expectation: Expectation = { match: { command: '@write' }, every: { ttl: 'eventually' }, atMost: requests.length };
  try {
    await redurite.verify(expectation, { name: text, match: {}, never: true });
  } catch (error) {
    if (error instanceof VerificationError) {
      const near: string | undefined = error.results[0].near?.[0].differsIn;
      throw new Error(near);
    }
  }
  const fired: number = await redurite.withFault({ plane: 'redis', type: 'loading', times: 1 }, (fault) => fault.fired());
  const emulator: Emulator = await Emulator.start({ binary: 'redurite', options: ['--no-devcache', String(fired)] });
  const variables: Record<string, string> = await emulator.environment('cloud');
  await emulator.load(await redurite.save());
  // @ts-expect-error there is no such plane
  await redurite.fault({ plane: 'reddis', type: 'loading' });
  // @ts-expect-error never is true or absent
  await redurite.verify({ match: {}, never: false });
  // @ts-expect-error no such condition
  await redurite.requests({ kye: variables.REDURITE_ENDPOINT });
});
