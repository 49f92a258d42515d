'use strict';
// One emulator for a test file, in its start state for each test: Jest, Vitest, node:test, Mocha.
const { Emulator } = require('./emulator.cjs');

/** Give it the runner's hooks: require('node:test'), the module 'vitest' or '@jest/globals', or nothing for globals. */
function useRedurite(hooks, settings = {}) {
  const from = hooks ?? globalThis;
  const before = from.beforeAll ?? from.before;
  const after = from.afterAll ?? from.after;
  if (!before || !after || !from.beforeEach) {
    throw new TypeError('useRedurite needs the test runner\'s hooks: beforeAll (or before), beforeEach and afterAll (or after)');
  }
  const emulator = new Emulator({ clock: 'frozen', ...settings });
  before(() => emulator.start());
  from.beforeEach(() => emulator.reset());
  after(() => emulator.stop());
  return emulator;
}

module.exports = { useRedurite };
