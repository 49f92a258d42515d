'use strict';
// The admin API of a running emulator, one method for each thing a test does.
const { AssertionError } = require('node:assert');
const http = require('node:http');

/** The emulator refused a request; `code` and the text are its own. */
class AdminError extends Error {
  constructor(status, code, message) {
    super(message);
    this.name = 'AdminError';
    this.status = status;
    this.code = code;
  }
}

function line(request) {
  return [request.plane, request.operation, ...(request.keys ?? []), '->', request.outcome ?? ''].join(' ');
}

function explain(result) {
  const lines = [(result.name ? `${result.name}: ` : '') + result.message];
  for (const request of result.offending ?? []) {
    lines.push(`  did not comply: ${line(request)}`);
  }
  for (const request of result.near ?? []) {
    lines.push(`  was near: ${line(request)} (another ${request.differsIn})`);
  }
  if (!result.offending) {
    lines.push(...(result.matched ?? []).map((request) => `  seen: ${line(request)}`));
  }
  return lines.join('\n');
}

/** Expectations that were not met; `results` is the emulator's whole answer. */
class VerificationError extends AssertionError {
  constructor(results) {
    super({ message: results.filter((result) => !result.passed).map(explain).join('\n') });
    this.name = 'VerificationError';
    this.results = results;
  }
}

/** What an application needs to reach one cache. */
class Cache {
  constructor(facts, caFile) {
    this.facts = facts;
    this.name = facts.name;
    this.host = facts.hostName;
    this.port = facts.port || undefined;
    this.tlsPort = facts.sslPort;
    this.key = facts.primaryKey ?? '';
    this.secondaryKey = facts.secondaryKey ?? '';
    this.caFile = caFile;
  }

  get url() {
    return this.facts.connectionStrings.url;
  }

  get plainUrl() {
    if (this.port === undefined) {
      throw new Error(`${this.name} has no plain port: use url, or create it with enableNonSslPort`);
    }
    return `redis://:${encodeURIComponent(this.key)}@${this.host}:${this.port}/0`;
  }

  get connectionString() {
    return this.facts.connectionStrings.stackexchange;
  }
}

/** A fault rule in force. */
class Fault {
  constructor(admin, rule) {
    this.admin = admin;
    this.rule = rule;
    this.id = rule.id;
  }

  async refresh() {
    this.rule = await this.admin.call('GET', `/faults/${encodeURIComponent(this.id)}`);
    return this.rule;
  }

  async fired() {
    return (await this.refresh()).fired;
  }

  async remove() {
    await this.admin.call('DELETE', `/faults/${encodeURIComponent(this.id)}`);
  }
}

/** A scenario that runs. */
class Scenario {
  constructor(admin, name) {
    this.admin = admin;
    this.name = name;
  }

  show() {
    return this.admin.call('GET', `/scenarios/${encodeURIComponent(this.name)}`);
  }

  async solved() {
    return (await this.show()).running.solved;
  }

  async stop() {
    await this.admin.call('POST', `/scenarios/${encodeURIComponent(this.name)}/stop`);
  }
}

function asDuration(by) {
  return typeof by === 'number' ? `${Math.round(by)}ms` : by;
}

/** An emulator that runs already, wherever it was started. */
class Admin {
  constructor(endpoint = 'http://127.0.0.1:8443') {
    this.endpoint = endpoint.replace(/\/$/, '');
  }

  /** One request under /_redurite; the answer's JSON. */
  call(method, path, body) {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = text === undefined ? {} : {
      'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text),
    };
    return new Promise((resolve, reject) => {
      const request = http.request(`${this.endpoint}/_redurite${path}`, { method, headers, agent: false }, (answer) => {
        const chunks = [];
        answer.on('data', (chunk) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () => {
          try {
            const data = Buffer.concat(chunks).toString();
            const document = data === '' ? undefined : JSON.parse(data);
            if (answer.statusCode >= 400) {
              const error = document?.error ?? {};
              throw new AdminError(answer.statusCode, error.code ?? '', error.message ?? `status ${answer.statusCode}`);
            }
            resolve(document);
          } catch (error) {
            reject(error);
          }
        });
      });
      request.on('error', reject);
      request.end(text);
    });
  }

  info() {
    return this.call('GET', '/info');
  }

  async caches() {
    const info = await this.info();
    return info.caches.map((facts) => new Cache(facts, info.caFile));
  }

  async cache(name = 'devcache') {
    const caches = await this.caches();
    const found = caches.find((cache) => cache.name.toLowerCase() === name.toLowerCase());
    if (!found) {
      const names = caches.map((cache) => cache.name).join(', ') || 'none';
      throw new Error(`there is no cache '${name}'; there are: ${names}`);
    }
    return found;
  }

  async now() {
    return new Date((await this.call('GET', '/clock')).nowMs);
  }

  async advance(by) {
    await this.call('POST', '/clock/advance', { by: asDuration(by) });
  }

  async freeze() {
    await this.call('POST', '/clock', { mode: 'frozen' });
  }

  async resume(scale) {
    await this.call('POST', '/clock', { mode: 'real', scale });
  }

  async fault(rule) {
    return new Fault(this, await this.call('POST', '/faults', rule));
  }

  /** Adds the rule for the time of `body` only. */
  async withFault(rule, body) {
    const fault = await this.fault(rule);
    try {
      return await body(fault);
    } finally {
      await fault.remove().catch((error) => {
        if (error.status !== 404) { // a reset has taken it away already
          throw error;
        }
      });
    }
  }

  async faults() {
    const answer = await this.call('GET', '/faults');
    return Array.isArray(answer) ? answer : answer.faults;
  }

  async clearFaults() {
    await this.call('DELETE', '/faults');
  }

  /** Starts a shipped scenario by name, or one of your own. */
  async scenario(scenario, cache) {
    const name = typeof scenario === 'string' ? scenario : scenario.name;
    if (typeof scenario !== 'string') {
      await this.call('POST', '/scenarios', scenario);
    }
    await this.call('POST', `/scenarios/${encodeURIComponent(name)}/start`, cache === undefined ? undefined : { cache });
    return new Scenario(this, name);
  }

  /** Plays the scenario for the time of `body` only. */
  async withScenario(scenario, body) {
    const played = await this.scenario(scenario);
    try {
      return await body(played);
    } finally {
      await played.stop().catch((error) => {
        if (error.status !== 409) { // a reset has stopped it already
          throw error;
        }
      });
    }
  }

  async requests(conditions = {}) {
    const query = new URLSearchParams({ limit: '20000' });
    for (const [name, value] of Object.entries(conditions)) {
      for (const one of Array.isArray(value) ? value : [value]) {
        query.append(name, String(one));
      }
    }
    return (await this.call('GET', `/requests?${query}`)).requests.reverse();
  }

  async clearRequests() {
    await this.call('DELETE', '/requests');
  }

  async verify(...expectations) {
    const answer = await this.call('POST', '/requests/verify', expectations);
    if (!answer.passed) {
      throw new VerificationError(answer.results);
    }
  }

  async reset() {
    await this.call('POST', '/reset');
  }

  save() {
    return this.call('GET', '/state');
  }

  async load(snapshot) {
    await this.call('PUT', '/state', snapshot);
  }
}

module.exports = { Admin, AdminError, Cache, Fault, Scenario, VerificationError };
