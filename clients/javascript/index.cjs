'use strict';
const { Admin, AdminError, Cache, Fault, Scenario, VerificationError } = require('./lib/admin.cjs');
const { Emulator, StartError } = require('./lib/emulator.cjs');
const { useRedurite } = require('./lib/hooks.cjs');

module.exports = { Admin, AdminError, Cache, Emulator, Fault, Scenario, StartError, VerificationError, useRedurite };
