/** Saves and restores settings of this process through koffi, where the addon is absent. */
import { fstatSync, readFileSync } from 'node:fs';
import { standardLibrary } from './ffi.js';
import { systemLoader } from './loader.js';

const LAST_SIGNAL = 31;
const STREAMS = [0, 1, 2] as const;
const FIRST_HIDDEN = 200;
const SIG_SETMASK = 2;
const SIGCHLD = 17;
const LC_ALL = 6;
const F_GETFL = 3;
const F_SETFL = 4;
const F_DUPFD_CLOEXEC = 1030;
/** More than the size of any of the structs that are read: sigset_t, sigaction and fenv_t. */
const STRUCT = 256;

/** Returns the functions of the C library. Addresses and structs are passed as buffers. */
function systemCalls() {
  const system = standardLibrary();
  const func = <T>(name: string, result: string, parameters: string[]) =>
    system.func(name, result, parameters) as unknown as T;
  return {
    fegetenv: func<(env: Buffer) => number>('fegetenv', 'int', ['void *']),
    fesetenv: func<(env: Buffer) => number>('fesetenv', 'int', ['void *']),
    sigmask: func<(how: number, set: Buffer | null, old: Buffer | null) => number>('pthread_sigmask', 'int', [
      'int',
      'void *',
      'void *',
    ]),
    sigaction: func<(signal: number, action: Buffer | null, old: Buffer | null) => number>(
      'sigaction',
      'int',
      ['int', 'void *', 'void *'],
    ),
    setlocale: func<(category: number, locale: string | null) => string | null>('setlocale', 'str', [
      'int',
      'str',
    ]),
    uselocale: func<(locale: number | bigint) => number | bigint>('uselocale', 'uint64_t', ['uint64_t']),
    getcwd: func<(path: Buffer, size: number) => number>('getcwd', 'uint64_t', ['void *', 'uint64_t']),
    chdir: func<(path: string) => number>('chdir', 'int', ['str']),
    umask: func<(mask: number) => number>('umask', 'uint32_t', ['uint32_t']),
    dup2: func<(from: number, to: number) => number>('dup2', 'int', ['int', 'int']),
    close: func<(descriptor: number) => number>('close', 'int', ['int']),
    fcntl: system.func('int fcntl(int, int, ...)') as unknown as (
      descriptor: number,
      command: number,
      type: 'int',
      value: number,
    ) => number,
  };
}

/** Saves and restores settings. The addon implements it too. */
export interface SettingsKeeper {
  /** Saves the settings that `which` names. */
  saveSettings(which: number): void;
  /** Restores what was saved. Returns what had changed, or undefined if nothing had. */
  restoreSettings(): readonly [settings: number, signals: number] | undefined;
}

type Calls = ReturnType<typeof systemCalls>;

/** Restores one saved setting. Returns whether it had changed, and bits of changed signal handlers. */
type Restore = () => { readonly changed: boolean; readonly signals?: number };

let keeper: SettingsKeeper | null | undefined;

/** Returns the keeper of this thread, or null on a system without the functions that it needs. */
export function foreignSettings(): SettingsKeeper | null {
  if (keeper === undefined) keeper = process.platform === 'linux' ? makeKeeper() : null;
  return keeper;
}

function makeKeeper(): SettingsKeeper | null {
  let calls: Calls;
  try {
    calls = systemCalls();
  } catch {
    return null; // a C library without one of the functions
  }
  const savers: readonly (readonly [bit: number, save: (calls: Calls) => Restore])[] = [
    [1, saveFloatMode],
    [2, saveMask],
    [4, saveLocale],
    [8, saveFolder],
    [16, saveHandlers],
    [32, saveUmask],
    [64, saveStreams],
  ];
  let saved: (readonly [bit: number, restore: Restore])[] = [];
  return {
    saveSettings(which) {
      saved = savers.filter(([bit]) => (which & bit) !== 0).map(([bit, save]) => [bit, save(calls)]);
    },
    restoreSettings() {
      let settings = 0;
      let handlers = 0;
      for (const [bit, restore] of saved) {
        const { changed, signals = 0 } = restore();
        if (changed) settings |= bit;
        handlers |= signals;
      }
      saved = [];
      return settings === 0 ? undefined : [settings, handlers >>> 0];
    },
  };
}

function struct(): Buffer {
  return Buffer.allocUnsafeSlow(STRUCT).fill(0);
}

/** The bits of a saved environment that select a mode, and not those that report exceptions of the past. */
function modeOf(environment: Buffer): string {
  const MXCSR = 28;
  if (process.arch === 'x64')
    return `${environment.readUInt16LE(0)} ${environment.readUInt32LE(MXCSR) & 0xffc0}`;
  return environment.subarray(0, 4).toString('hex');
}

function saveFloatMode({ fegetenv, fesetenv }: Calls): Restore {
  const before = struct();
  fegetenv(before);
  return () => {
    const now = struct();
    fegetenv(now);
    const changed = modeOf(now) !== modeOf(before);
    if (changed) fesetenv(before);
    return { changed };
  };
}

function saveMask({ sigmask }: Calls): Restore {
  const before = struct();
  sigmask(SIG_SETMASK, null, before);
  return () => {
    const now = struct();
    sigmask(SIG_SETMASK, before, now);
    return { changed: !now.equals(before) };
  };
}

function saveLocale({ setlocale, uselocale }: Calls): Restore {
  const before = setlocale(LC_ALL, null);
  const own = uselocale(0);
  return () => {
    const thread = uselocale(own) !== own;
    const changed = before !== null && setlocale(LC_ALL, null) !== before;
    if (changed) setlocale(LC_ALL, before);
    return { changed: changed || thread };
  };
}

function saveFolder({ getcwd, chdir }: Calls): Restore {
  const path = Buffer.allocUnsafeSlow(4096);
  const text = () =>
    Number(getcwd(path, path.length)) === 0 ? null : path.toString('utf8', 0, path.indexOf(0));
  const before = text();
  return () => ({ changed: before !== null && text() !== before && chdir(before) === 0 });
}

/** The handler, the blocked signals and the flags of a sigaction. The C libraries leave other bytes undefined. */
function handlerOf(action: Buffer): string {
  const FLAGS = 136;
  return `${action.toString('hex', 0, 16)} ${action.readUInt32LE(FLAGS)}`;
}

/**
 * Returns whether libuv has installed a handler. It does that on any thread, for example when a worker starts its
 * first child process.
 */
function isOfHost(action: Buffer): boolean {
  const loader = systemLoader();
  const libuv = loader.ownerOf(loader.global('uv_version') ?? 0n);
  return libuv !== null && loader.ownerOf(action.readBigUInt64LE(0))?.identity === libuv.identity;
}

function saveHandlers({ sigaction }: Calls): Restore {
  const signals = Array.from({ length: LAST_SIGNAL }, (_, index) => index + 1);
  const look = (signal: number) => {
    const action = struct();
    return sigaction(signal, null, action) === 0 ? action : null;
  };
  const before = signals.map(look);
  return () => {
    let changed = 0;
    for (const [index, action] of before.entries()) {
      const now = look(index + 1);
      if (action === null || now === null || handlerOf(now) === handlerOf(action)) continue;
      if (isOfHost(now)) continue;
      sigaction(index + 1, action, null);
      // libuv stops to watch for children when the last one of a worker has ended.
      const stopped = index + 1 === SIGCHLD && now.readBigUInt64LE(0) === 0n && isOfHost(action);
      if (!stopped) changed |= 1 << index;
    }
    return { changed: changed !== 0, signals: changed };
  };
}

function saveUmask({ umask }: Calls): Restore {
  const before = readUmask();
  return () => {
    const changed = before !== null && readUmask() !== before;
    if (changed) umask(before);
    return { changed };
  };
}

/** Returns the umask without changing it, or null if the system does not report it. */
function readUmask(): number | null {
  try {
    const [, digits] = /^Umask:\s*([0-7]+)$/m.exec(readFileSync('/proc/self/status', 'latin1')) ?? [];
    return digits === undefined ? null : Number.parseInt(digits, 8);
  } catch {
    return null;
  }
}

function saveStreams({ fcntl, dup2, close }: Calls): Restore {
  const flagsOf = (stream: number) => fcntl(stream, F_GETFL, 'int', 0);
  const saved = STREAMS.filter((stream) => flagsOf(stream) >= 0).map((stream) => ({
    stream,
    file: fileOf(stream),
    flags: flagsOf(stream),
    copy: fcntl(stream, F_DUPFD_CLOEXEC, 'int', FIRST_HIDDEN),
  }));
  return () => {
    let changed = false;
    for (const { stream, file, flags, copy } of saved) {
      if (fileOf(stream) !== file) {
        changed = (copy >= 0 && dup2(copy, stream) >= 0) || changed;
      } else if (flagsOf(stream) !== flags) {
        changed = true;
        fcntl(stream, F_SETFL, 'int', flags);
      }
      if (copy >= 0) close(copy);
    }
    return { changed };
  };
}

/** Returns a string that identifies the file behind a descriptor; null if it is closed. */
function fileOf(descriptor: number): string | null {
  try {
    const { dev, ino } = fstatSync(descriptor, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return null;
  }
}
