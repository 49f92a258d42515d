/** "20m", "36h", "90s"; a number is milliseconds, as everywhere in JavaScript. */
export type Duration = string | number;
export type Plane = 'arm' | 'redis' | 'entra' | 'keyvault' | 'monitor' | 'tls' | 'tcp' | 'dns' | 'operation';

/** Globs, or lists of them. */
export interface Conditions {
  plane?: string | string[];
  operation?: string | string[];
  /** A name, or a group: "@write", "@read", "@hash". */
  command?: string | string[];
  method?: string | string[];
  host?: string | string[];
  path?: string | string[];
  cache?: string | string[];
  key?: string | string[];
  database?: number;
  /** Address or name. */
  client?: string | string[];
  inside?: 'transaction' | 'script';
  /** "ok", "error", or the status or code itself. */
  outcome?: string | string[];
  fault?: string | string[];
  /** Whether a write left its key with an expiry; "eventually": a later command may have set it. */
  ttl?: boolean | 'eventually';
  /** An id, or a time. */
  since?: number | string;
}

export interface Expectation {
  name?: string;
  match: Conditions;
  exactly?: number;
  atLeast?: number;
  atMost?: number;
  never?: true;
  /** What each matching request must have, too. */
  every?: Conditions;
}

export interface RecordedRequest {
  id: number;
  time: string;
  plane: string;
  operation: string;
  method?: string;
  host?: string;
  path?: string;
  cache?: string;
  client?: string;
  clientName?: string;
  inside?: 'transaction' | 'script';
  outcome: string;
  fault?: string;
  keys?: string[];
  database?: number;
  /** null: the key has no expiry. */
  ttlMs?: number | null;
  durationMs?: number;
}

export interface VerificationResult {
  index: number;
  name?: string;
  passed: boolean;
  count: number;
  message?: string;
  matched: RecordedRequest[];
  offending?: RecordedRequest[];
  near?: (RecordedRequest & { differsIn: string })[];
}

export interface FaultRule {
  id?: string;
  plane: Plane;
  type: string;
  match?: Record<string, string | string[] | number>;
  attributes?: Record<string, unknown>;
  priority?: number;
  probability?: number;
  times?: number;
  after?: number;
  startAfter?: string;
  duration?: string;
  enabled?: boolean;
}

export interface FaultState extends FaultRule {
  id: string;
  hits: number;
  fired: number;
  active: boolean;
}

export class AdminError extends Error {
  readonly status: number;
  readonly code: string;
}

export class VerificationError extends Error {
  readonly results: VerificationResult[];
}

export class StartError extends Error {}

export class Cache {
  readonly name: string;
  readonly host: string;
  /** Without TLS; undefined when that port is closed. */
  readonly port: number | undefined;
  readonly tlsPort: number;
  readonly key: string;
  readonly secondaryKey: string;
  readonly caFile: string;
  readonly facts: Record<string, unknown>;
  /** rediss://; the client must trust caFile. */
  readonly url: string;
  /** redis://, without TLS. */
  readonly plainUrl: string;
  /** In StackExchange.Redis's form. */
  readonly connectionString: string;
}

export class Fault {
  readonly id: string;
  rule: FaultState;
  refresh(): Promise<FaultState>;
  fired(): Promise<number>;
  remove(): Promise<void>;
}

export class Scenario {
  readonly name: string;
  /** Its document, with how its steps fare under `running`. */
  show(): Promise<Record<string, any>>;
  solved(): Promise<boolean>;
  stop(): Promise<void>;
}

/** An emulator that runs already. */
export class Admin {
  constructor(endpoint?: string);
  readonly endpoint: string;
  call<T = any>(method: string, path: string, body?: unknown): Promise<T>;
  info(): Promise<Record<string, any>>;
  caches(): Promise<Cache[]>;
  cache(name?: string): Promise<Cache>;
  now(): Promise<Date>;
  /** On return everything due in that span has run. */
  advance(by: Duration): Promise<void>;
  freeze(): Promise<void>;
  resume(scale?: number): Promise<void>;
  fault(rule: FaultRule): Promise<Fault>;
  /** The rule holds while `body` runs. */
  withFault<T>(rule: FaultRule, body: (fault: Fault) => Promise<T> | T): Promise<T>;
  faults(): Promise<FaultState[]>;
  clearFaults(): Promise<void>;
  /** A shipped scenario by name, or one of your own; `cache`: only that one suffers. */
  scenario(scenario: string | { name: string; [field: string]: unknown }, cache?: string): Promise<Scenario>;
  withScenario<T>(scenario: string | { name: string; [field: string]: unknown },
    body: (scenario: Scenario) => Promise<T> | T): Promise<T>;
  /** Oldest first. */
  requests(conditions?: Conditions & { limit?: number }): Promise<RecordedRequest[]>;
  clearRequests(): Promise<void>;
  /** Throws VerificationError unless all are met. */
  verify(...expectations: Expectation[]): Promise<void>;
  reset(): Promise<void>;
  save(): Promise<Record<string, unknown>>;
  load(snapshot: Record<string, unknown>): Promise<void>;
}

export interface EmulatorSettings {
  /** Default: the variable REDURITE, else redurite on PATH. */
  binary?: string;
  clock?: 'real' | 'frozen' | number;
  /** Resources to start with, or the path of a file of them. */
  seed?: string | Record<string, unknown>;
  /** Further words of `redurite start`. */
  options?: string[];
}

/** An emulator of one's own, on free ports. */
export class Emulator extends Admin {
  constructor(settings?: EmulatorSettings);
  static start(settings?: EmulatorSettings): Promise<Emulator>;
  readonly binary: string;
  readonly caFile: string;
  readonly ready: Record<string, any>;
  readonly log: string;
  readonly running: boolean;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** What `redurite env` prints, for child processes. */
  environment(mode?: 'proxy' | 'cloud'): Promise<Record<string, string>>;
}

type Hook = (body: () => Promise<void>) => unknown;
export interface Hooks {
  before?: Hook;
  beforeAll?: Hook;
  beforeEach: Hook;
  after?: Hook;
  afterAll?: Hook;
}

/**
 * Starts one emulator for the file (frozen clock unless told otherwise), resets it before each test
 * and stops it at the end. `hooks`: the module 'node:test', 'vitest' or '@jest/globals'; null: globals.
 */
export function useRedurite(hooks?: Hooks | null, settings?: EmulatorSettings): Emulator;
