/**
 * A root file system of Debian or Ubuntu, made by debootstrap. It contains this Node.js and a copy of the
 * repository. Needs Linux and root.
 */
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { root as repository } from './paths.mjs';
import { run } from './run.mjs';
import { mustSucceed } from './steps.mjs';

/** The path of the repository in the root. */
export const CHECKOUT = '/srv/tenon';
const CERTIFICATES = '/usr/local/share/extra-certificates.pem';
/** The suites of Ubuntu. All others are Debian's. */
export const UBUNTU = ['jammy', 'noble', 'plucky', 'questing'];

/** Returns the apt sources that an installed system of the suite has. */
function sourcesOf(suite) {
  if (UBUNTU.includes(suite)) {
    const mirror = 'http://archive.ubuntu.com/ubuntu';
    const lines = [suite, `${suite}-updates`].map((name) => `deb ${mirror} ${name} main universe`);
    return { mirror, components: 'main,universe', text: `${lines.join('\n')}\n` };
  }
  const mirror = 'http://deb.debian.org/debian';
  const lines = [
    `deb ${mirror} ${suite} main`,
    `deb ${mirror} ${suite}-updates main`,
    `deb http://deb.debian.org/debian-security ${suite}-security main`,
  ];
  return { mirror, components: 'main', text: `${lines.join('\n')}\n` };
}

/** Copies Node.js and npm of this machine. The environment of this script has the path of npm. */
function copyNode(folder) {
  const local = join(folder, 'usr', 'local');
  const npm = dirname(dirname(realpathSync(process.env.npm_execpath)));
  mkdirSync(join(local, 'lib', 'node_modules'), { recursive: true });
  cpSync(realpathSync(process.execPath), join(local, 'bin', 'node'));
  cpSync(npm, join(local, 'lib', 'node_modules', 'npm'), { recursive: true });
  for (const name of ['npm', 'npx'])
    symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, join(local, 'bin', name));
}

/** Copies the files of the repository that git lists, in their current state. */
async function copyRepository(folder) {
  const listed = await run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard']);
  mustSucceed(listed, 'git ls-files', 'git-ls-files');
  for (const file of listed.output.split('\0').filter((name) => name !== ''))
    cpSync(join(repository, file), join(folder, CHECKOUT, file), { verbatimSymlinks: true, force: true });
}

/** Copies the network settings of this machine. */
function copyNetwork(folder) {
  for (const file of ['/etc/resolv.conf', '/etc/hosts']) cpSync(realpathSync(file), join(folder, file));
  const certificates = process.env.NODE_EXTRA_CA_CERTS;
  if (certificates !== undefined) cpSync(certificates, join(folder, CERTIFICATES));
}

/**
 * Makes a root.
 *
 * @param {string} suite such as `bookworm`, `trixie` or `noble`
 * @returns {Promise<string>} its folder
 */
export async function makeRoot(suite) {
  const folder = mkdtempSync(join(tmpdir(), `tenon-fresh-${suite}-`));
  // The folder becomes the root folder, which other users than root must be able to enter.
  chmodSync(folder, 0o755);
  const { mirror, components, text } = sourcesOf(suite);
  const options = ['--variant=minbase', `--components=${components}`];
  const made = await run('debootstrap', [...options, suite, folder, mirror]);
  mustSucceed(made, `debootstrap ${suite}`, 'debootstrap');
  writeFileSync(join(folder, 'etc', 'apt', 'sources.list'), text);
  copyNode(folder);
  copyNetwork(folder);
  await copyRepository(folder);
  return folder;
}

export const removeRoot = (folder) => rmSync(folder, { recursive: true, force: true });

/** The script that mounts file systems for the command. They end with the mount namespace of the command. */
const MOUNTS = `
mount -t proc proc "$1/proc"
mount -t sysfs -o ro sysfs "$1/sys"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$1/dev/pts"
mkdir -p "$1/dev/shm"
mount -t tmpfs tmpfs "$1/dev/shm"
exec chroot "$1" /bin/sh -c "$2"`;

/** Returns the environment of a new login, with the network variables of this machine. */
function environment(home) {
  const { NODE_EXTRA_CA_CERTS, http_proxy, https_proxy, no_proxy } = process.env;
  const network = { http_proxy, https_proxy, no_proxy };
  if (NODE_EXTRA_CA_CERTS !== undefined)
    for (const name of ['NODE_EXTRA_CA_CERTS', 'CARGO_HTTP_CAINFO']) network[name] = CERTIFICATES;
  const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  const all = { HOME: home, LANG: 'C.UTF-8', PATH, ...network };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/**
 * Runs a shell command in the root, in the folder of the repository, with its own process and mount namespaces.
 *
 * @param {string} folder
 * @param {string} command
 * @param {{user?: string}} [options] `user`: the user that runs the command; default: root
 */
export function runIn(folder, command, { user } = {}) {
  const inCheckout = `cd ${CHECKOUT} && ${command}`;
  const quoted = `'${inCheckout.replaceAll("'", "'\\''")}'`;
  const line =
    user === undefined
      ? inCheckout
      : `exec setpriv --reuid=${user} --regid=${user} --init-groups env HOME=/home/${user} /bin/sh -c ${quoted}`;
  const namespaces = ['--mount', '--pid', '--fork', '--kill-child', '--propagation', 'private'];
  const args = [...namespaces, '/bin/sh', '-ec', MOUNTS, 'sh', folder, line];
  return run('unshare', args, { cwd: '/', env: environment('/root') });
}
