/** The JavaScript runtime and the system, as far as plugins can run in them. */
import { endianness } from 'node:os';
import { TenonError } from './errors.js';

/** A part of tenon that some runtimes lack. */
export type RuntimePart = 'thread' | 'process' | 'shared-memory';

/** The facts about a program that decide what it can run. Tests pass others. */
export interface RuntimeFacts {
  readonly platform: string;
  readonly arch: string;
  readonly littleEndian: boolean;
  readonly versions: Readonly<Record<string, string | undefined>>;
}

const here: RuntimeFacts = {
  platform: process.platform,
  arch: process.arch,
  littleEndian: endianness() === 'LE',
  versions: process.versions,
};

const SYSTEMS = ['linux', 'win32', 'darwin'];
/** The processors of Node.js whose pointers have 32 bits. */
const SMALL = ['arm', 'ia32', 'mips', 'mipsel', 'ppc', 's390'];
const OLDEST_NODE = [20, 19];
const STILL = 'Inspection works: inspectFileSync, and the command tenon inspect.';

/** The reasons why parts do not work in other runtimes than Node.js. */
const LACKING: Readonly<Record<string, Partial<Record<RuntimePart, string>>>> = {
  bun: { 'shared-memory': 'Bun lacks the functions of libuv that shared memory needs.' },
  deno: {
    thread: 'Deno lacks the functions of Node-API that the thread tier needs.',
    process: 'Deno does not deliver the answers of the process tier.',
    'shared-memory': 'Deno lacks the functions of libuv that shared memory needs.',
  },
};

const otherRuntime = ({ versions }: RuntimeFacts): string | undefined =>
  Object.keys(LACKING).find((name) => versions[name] !== undefined);

/** Returns why this runtime lacks a part, as a sentence. Returns null if it has the part, as Node.js does. */
export function runtimeProblem(part: RuntimePart, facts: RuntimeFacts = here): string | null {
  return LACKING[otherRuntime(facts) ?? '']?.[part] ?? null;
}

/** Returns why no plugin can be loaded on this system, and what still works. Returns null if plugins can be loaded. */
export function platformProblem({ platform, arch, littleEndian }: RuntimeFacts = here): string | null {
  if (SYSTEMS.includes(platform) && littleEndian && !SMALL.includes(arch)) return null;
  return `tenon loads plugins only on Linux, Windows and macOS with 64-bit little-endian processors, and this is ${platform}-${arch}. ${STILL}`;
}

/** Returns one sentence about what does not work in this program, and one about what does. Returns null in Node.js. */
export function supportProblem(facts: RuntimeFacts = here): string | null {
  const platform = platformProblem(facts);
  if (platform !== null) return platform;
  const name = otherRuntime(facts);
  if (name === 'bun')
    return `tenon is made for Node.js, and this is Bun ${facts.versions['bun']}: calls to plugin processes use a pipe, because Bun lacks what shared memory needs. Everything else works.`;
  if (name === 'deno')
    return `tenon is made for Node.js, and this is Deno ${facts.versions['deno']}: plugins run only in the inline tier, not in threads or processes of their own. Inspection works, too.`;
  const [major = 0, minor = 0] = (facts.versions['node'] ?? '').split('.').map(Number);
  const [oldest = 0, least = 0] = OLDEST_NODE;
  if (major > oldest || (major === oldest && minor >= least)) return null;
  return `tenon needs Node.js ${OLDEST_NODE.join('.')} or newer, and this is ${facts.versions['node']}: plugins may fail to load. ${STILL}`;
}

/** @throws TenonError ERR_TENON_UNSUPPORTED if no plugin can be loaded on this system */
export function requirePlatform(path: string): void {
  const problem = platformProblem();
  if (problem !== null)
    throw new TenonError('ERR_TENON_UNSUPPORTED', `Cannot load ${path}: ${problem}`, { path });
}
