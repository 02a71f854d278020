/**
 * The platforms for which tenon is published with compiled native files, each as a package of its own.
 *
 * @typedef {object} Platform
 * @property {string} name the last part of the package's name
 * @property {'linux' | 'win32' | 'darwin'} os as in `process.platform`
 * @property {'x64' | 'arm64'} cpu as in `process.arch`
 * @property {'glibc' | 'musl'} [libc] as npm calls it
 * @property {string} target the name that zig has for it, with the oldest version of the system
 * @property {readonly string[]} files the compiled files
 */

/** The scope of the packages. src/addon/platform.ts has the same one. */
export const SCOPE = '@tenon';

/** The oldest glibc that the files work with. */
export const GLIBC_FLOOR = [2, 28];

const LINUX_FILES = ['tenon.node', 'tenon-runner', 'tenon-checker'];
/** There is no checker for other systems so far, and no runner for macOS. */
const WINDOWS_FILES = ['tenon.node', 'tenon-runner.exe'];
const MACOS_FILES = ['tenon.node'];

const glibc = `gnu.${GLIBC_FLOOR.join('.')}`;
const CPUS = [
  ['x64', 'x86_64'],
  ['arm64', 'aarch64'],
];

/** @type {readonly Platform[]} */
export const PLATFORMS = CPUS.flatMap(([cpu, processor]) => [
  {
    name: `linux-${cpu}-gnu`,
    os: 'linux',
    cpu,
    libc: 'glibc',
    target: `${processor}-linux-${glibc}`,
    files: LINUX_FILES,
  },
  {
    name: `linux-${cpu}-musl`,
    os: 'linux',
    cpu,
    libc: 'musl',
    target: `${processor}-linux-musl`,
    files: LINUX_FILES,
  },
  { name: `win32-${cpu}`, os: 'win32', cpu, target: `${processor}-windows-gnu`, files: WINDOWS_FILES },
  { name: `darwin-${cpu}`, os: 'darwin', cpu, target: `${processor}-macos.11.0`, files: MACOS_FILES },
]);

/** Returns the name of a platform's package. */
export const packageOf = (platform) => `${SCOPE}/${platform.name}`;
