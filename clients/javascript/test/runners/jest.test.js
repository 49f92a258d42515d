'use strict';
// Under Jest, with its globals.
const { useRedurite } = require('../../index.cjs');

/* global test, expect */
const redurite = useRedurite();

test('the clock is frozen', async () => {
  const before = await redurite.now();
  await redurite.advance('1h');
  expect(await redurite.now() - before).toBe(3_600_000);
});
