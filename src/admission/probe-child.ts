/**
 * The probe as a Node process, for installations without the native runner. It runs the same gates, `open` to
 * `vtable`, with the same protocol. It is a program of its own, `node probe-child.js probe FILE`, which only
 * a host starts.
 */
import { readSync, writeSync } from 'node:fs';
import { SLOTS } from '../base/abi.js';
import { TenonError } from '../base/errors.js';
import type { LibraryFacts } from '../inspect/facts.js';
import { type ForeignAddress, ffi, standardLibrary } from '../library/ffi.js';
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

  /** Reads a line from the host, including its end. Returns an incomplete line if the host has ended. */
  readLine(): string {
    const byte = Buffer.alloc(1);
    const bytes: number[] = [];
    while (bytes.at(-1) !== 10 && readSync(this.#in, byte, 0, 1, null) === 1) bytes.push(byte.readUInt8());
    return Buffer.from(bytes).toString('latin1');
  }

  /** Reads the first line of the host. Returns the host's process id. */
  start(): number {
    const [verb, nonce, pid] = this.readLine().trim().split(' ');
    if (verb !== 'start' || nonce === undefined)
      throw new Error('probe-child.js can only be started by a tenon host');
    this.#nonce = nonce;
    return Number(pid);
  }

  send(record: ProbeRecord): void {
    const line = Buffer.from(formatRecord(this.#nonce, record), 'latin1');
    for (let sent = 0; sent < line.length; ) sent += writeSync(this.#out, line, sent);
  }
}

/** Moves the file descriptors of the channel away from the plugin and from processes that it starts. */
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
    if (hidden < 0) return fd; // the limit on open files is too low
    close(fd);
    return hidden;
  };
  return new Channel(hide(PROBE_IN), hide(PROBE_OUT));
}

/**
 * Confines this process as the native runner does: it does not outlive its host, leaves no core file, and
 * loses none of the plugin's output.
 */
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
    limit.writeUInt8(1, 0); // unlike 0, this value also bypasses a core_pattern pipe handler
    limit.writeUInt8(1, 8);
    setrlimit(RLIMIT_CORE, limit);
    setvbuf(memory.read(BigInt(dlsym(0, 'stdout')), 8).readBigUInt64LE(), 0, LINE_BUFFERED, 1024);
  }
  if (process.ppid !== host) process.exit(1); // the host ended before the lines above took effect
}

/** Runs the gates. @throws TenonError if a gate refuses */
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
  // A program on Windows does not export the functions of the C library that it shares with plugins.
  const library = process.platform === 'win32' ? ffi().load('ucrtbase.dll') : standardLibrary();
  const flush = library.func('fflush', 'int', ['uint64_t']) as unknown as (stream: number) => number;
  let verdict: ProbeRecord = { verb: 'done' };
  try {
    walk(path, facts, channel);
  } catch (error) {
    if (!(error instanceof TenonError) || !isRefusalCode(error.code)) throw error;
    verdict = { verb: 'fail', code: error.code, problem: problemOf(error) };
  }
  flush(0);
  channel.send(verdict);
  process.kill(process.pid, 'SIGKILL'); // skips the plugin's exit handlers, which are not part of the probe
}

main(process.argv[3] ?? '');
