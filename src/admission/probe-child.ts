/**
 * The probe in a Node process, for where the native runner is not built: the same walk through gates `open` to `vtable`, with the same
 * protocol. A program of its own: `node probe-child.js probe FILE`, started by a host only.
 */
import { readSync, writeSync } from 'node:fs';
import { SLOTS } from '../base/abi.js';
import { TenonError } from '../base/errors.js';
import type { LibraryFacts } from '../inspect/facts.js';
import { type ForeignAddress, standardLibrary } from '../library/ffi.js';
import { openLibrary } from '../library/library.js';
import { memory } from '../library/memory.js';
import { isRefusalCode, problemOf, type Stage } from '../library/refusal.js';
import {
  formatRecord,
  GO,
  PROBE_IN,
  PROBE_OUT,
  type ProbeRecord,
  type SlotOffsets,
} from './probe-protocol.js';

const F_DUPFD_CLOEXEC = 1030;
const FIRST_HIDDEN = 200;
const PR_SET_PDEATHSIG = 1;
const SIGKILL = 9;
const RLIMIT_CORE = 4;
const LINE_BUFFERED = 1;

/** The channel to the host. */
class Channel {
  readonly #in: number;
  readonly #out: number;
  #nonce = '';

  constructor(input: number, output: number) {
    this.#in = input;
    this.#out = output;
  }

  /** A line of the host, with its end; shorter if the host is gone. */
  readLine(): string {
    const byte = Buffer.alloc(1);
    const bytes: number[] = [];
    while (bytes.at(-1) !== 10 && readSync(this.#in, byte, 0, 1, null) === 1) bytes.push(byte.readUInt8());
    return Buffer.from(bytes).toString('latin1');
  }

  /** Reads how the host begins. Returns its process id. */
  start(): number {
    const [verb, nonce, pid] = this.readLine().trim().split(' ');
    if (verb !== 'start' || nonce === undefined)
      throw new Error('probe-child.js is started by a tenon host only');
    this.#nonce = nonce;
    return Number(pid);
  }

  send(record: ProbeRecord): void {
    const line = Buffer.from(formatRecord(this.#nonce, record), 'latin1');
    for (let sent = 0; sent < line.length; ) sent += writeSync(this.#out, line, sent);
  }
}

/** Takes the channel's file descriptors out of the way of the plugin, and of what it starts. */
function openChannel(): Channel {
  if (process.platform !== 'linux') return new Channel(PROBE_IN, PROBE_OUT);
  const system = standardLibrary();
  const fcntl = system.func('int fcntl(int, int, ...)') as unknown as (
    fd: number,
    command: number,
    type: 'int',
    at: number,
  ) => number;
  const close = system.func('close', 'int', ['int']) as unknown as (fd: number) => number;
  const hide = (fd: number): number => {
    const hidden = fcntl(fd, F_DUPFD_CLOEXEC, 'int', FIRST_HIDDEN);
    if (hidden < 0) return fd; // a low limit on open files
    close(fd);
    return hidden;
  };
  return new Channel(hide(PROBE_IN), hide(PROBE_OUT));
}

/** As in the native runner: the process does not outlive its host, leaves no core file, and loses nothing that the plugin prints. */
function confine(host: number): void {
  if (process.platform === 'linux') {
    const system = standardLibrary();
    const prctl = system.func('int prctl(int, ...)') as unknown as (
      option: number,
      type: 'ulong',
      value: number,
    ) => number;
    const setrlimit = system.func('setrlimit', 'int', ['int', 'void *']) as unknown as (
      which: number,
      limit: Buffer,
    ) => number;
    const dlsym = system.func('dlsym', 'uint64_t', ['uint64_t', 'str']) as unknown as (
      handle: number,
      name: string,
    ) => ForeignAddress;
    const setvbuf = system.func('setvbuf', 'int', ['uint64_t', 'uint64_t', 'int', 'size_t']) as unknown as (
      stream: bigint,
      buffer: number,
      mode: number,
      size: number,
    ) => number;
    prctl(PR_SET_PDEATHSIG, 'ulong', SIGKILL);
    const limit = Buffer.alloc(16);
    limit.writeUInt8(1, 0); // unlike 0, also keeps crashes away from a handler behind a pipe in core_pattern
    limit.writeUInt8(1, 8);
    setrlimit(RLIMIT_CORE, limit);
    setvbuf(memory.read(BigInt(dlsym(0, 'stdout')), 8).readBigUInt64LE(), 0, LINE_BUFFERED, 1024);
  }
  if (process.ppid !== host) process.exit(1); // it ended before the lines above took effect
}

/** The walk. @throws TenonError where a gate refuses */
function walk(path: string, facts: LibraryFacts, channel: Channel): void {
  const stage = (name: Stage) => channel.send({ verb: 'stage', stage: name });
  stage('open');
  const library = openLibrary(path, facts);
  stage('version');
  channel.send({ verb: 'version', bytes: Buffer.from(library.version()) });
  if (channel.readLine() !== GO) process.exit(1);
  stage('name');
  channel.send({ verb: 'name', bytes: Buffer.from(library.pluginName()) });
  stage('vtable');
  const { size, flags, slots } = library.vtable();
  const offset = (address: bigint) => (address === 0n ? 0 : Number(address - library.base));
  const offsets = Object.fromEntries(SLOTS.map((slot) => [slot, offset(slots[slot])])) as SlotOffsets;
  channel.send({ verb: 'vtable', size, flags, slots: offsets });
}

function main(path: string): void {
  const channel = openChannel();
  const host = channel.start();
  const facts = JSON.parse(channel.readLine()) as LibraryFacts;
  confine(host);
  const flush = standardLibrary().func('fflush', 'int', ['uint64_t']) as unknown as (
    stream: number,
  ) => number;
  let verdict: ProbeRecord = { verb: 'done' };
  try {
    walk(path, facts, channel);
  } catch (error) {
    if (!(error instanceof TenonError) || !isRefusalCode(error.code)) throw error;
    verdict = { verb: 'fail', code: error.code, problem: problemOf(error, error.code, path) };
  }
  flush(0);
  channel.send(verdict);
  process.kill(process.pid, 'SIGKILL'); // the plugin's exit handlers are not part of the probe
}

main(process.argv[3] ?? '');
