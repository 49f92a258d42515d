'use strict';
// An emulator of one's own: started on free ports, stopped with the test file.
const { execFile, spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { promisify } = require('node:util');
const { setTimeout: delay } = require('node:timers/promises');
const { Admin } = require('./admin.cjs');

const START_MS = 30000;
const STOP_MS = 10000;

/** The emulator did not start; the text is what it said. */
class StartError extends Error {
  constructor(message) {
    super(message);
    this.name = 'StartError';
  }
}

function findBinary(given) {
  const program = process.platform === 'win32' ? 'redurite.exe' : 'redurite';
  const onPath = (process.env.PATH ?? '').split(path.delimiter).filter(Boolean).map((folder) => path.join(folder, program));
  const binary = given ?? process.env.REDURITE ?? onPath.find((file) => fs.existsSync(file));
  if (!binary) {
    throw new StartError('redurite was not found: put it on PATH, or its path into the variable REDURITE');
  }
  return binary;
}

function ownEnvironment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('REDURITE_')));
}

class Emulator extends Admin {
  #child;
  #exited;
  #directory;
  #settings;
  #killer = () => this.#child?.kill('SIGKILL');

  constructor(settings = {}) {
    super('http://127.0.0.1:0');
    this.#settings = settings;
  }

  /** `await Emulator.start({ clock: 'frozen' })` */
  static async start(settings) {
    const emulator = new Emulator(settings);
    await emulator.start();
    return emulator;
  }

  get log() {
    return fs.readFileSync(path.join(this.#directory, 'redurite.log'), 'utf8');
  }

  get running() {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async start() {
    const { binary, clock = 'real', seed, options = [] } = this.#settings;
    this.binary = findBinary(binary);
    this.#directory = fs.mkdtempSync(path.join(os.tmpdir(), 'redurite-'));
    const readyFile = path.join(this.#directory, 'ready.json');
    const words = ['start', '--redis-port', '0', '--redis-tls-port', '0', '--https-port', '0', '--ephemeral',
      '--data-dir', path.join(this.#directory, 'data'), '--ready-file', readyFile, '--clock', String(clock),
      '--record-commands', ...this.#seedWords(seed), ...options];
    const log = fs.openSync(path.join(this.#directory, 'redurite.log'), 'a');
    let failure;
    this.#child = spawn(this.binary, words, { stdio: ['ignore', 'ignore', log], env: ownEnvironment() });
    this.#exited = new Promise((resolve) => {
      this.#child.once('exit', resolve);
      this.#child.once('error', (error) => {
        failure = error;
        resolve();
      });
    });
    process.once('exit', this.#killer);
    fs.closeSync(log);
    const end = Date.now() + START_MS;
    while (!fs.existsSync(readyFile)) {
      if (failure || !this.running || Date.now() > end) {
        const said = failure ? failure.message : this.log.trim();
        await this.stop();
        throw new StartError(`redurite did not start: ${said}`);
      }
      await delay(5);
    }
    this.ready = JSON.parse(fs.readFileSync(readyFile, 'utf8'));
    this.caFile = this.ready.caFile;
    this.endpoint = `http://127.0.0.1:${this.ready.ports.https}`;
    this.#child.unref();
  }

  #seedWords(seed) {
    if (seed === undefined) {
      return [];
    }
    if (typeof seed === 'string') {
      return ['--seed', seed];
    }
    const file = path.join(this.#directory, 'seed.json');
    fs.writeFileSync(file, JSON.stringify(seed));
    return ['--seed', file];
  }

  async environment(mode = 'proxy') {
    const words = ['env', '--format', 'json', '--mode', mode, '--endpoint', this.endpoint];
    return JSON.parse((await promisify(execFile)(this.binary, words)).stdout);
  }

  async stop() {
    const child = this.#child;
    if (child !== undefined) {
      child.ref();
      child.kill('SIGTERM');
      const impatient = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await this.#exited;
      clearTimeout(impatient);
      process.removeListener('exit', this.#killer);
      this.#child = undefined;
    }
    if (this.#directory !== undefined) {
      fs.rmSync(this.#directory, { recursive: true, force: true });
    }
  }
}

module.exports = { Emulator, StartError };
