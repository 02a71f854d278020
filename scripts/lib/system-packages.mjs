/** The package manager of the system, the names of its packages, and the commands that install them. */
import { run } from './run.mjs';

/**
 * @typedef {object} Manager
 * @property {string} command its program
 * @property {boolean} root whether only root may install
 * @property {(names: readonly string[]) => string[]} install returns the commands to install packages, for messages
 *
 * @type {Readonly<Record<string, Manager>>}
 */
export const MANAGERS = {
  apt: { command: 'apt-get', root: true, install: (names) => [`apt-get install ${names.join(' ')}`] },
  dnf: { command: 'dnf', root: true, install: (names) => [`dnf install ${names.join(' ')}`] },
  apk: { command: 'apk', root: true, install: (names) => [`apk add ${names.join(' ')}`] },
  brew: { command: 'brew', root: false, install: (names) => [`brew install ${names.join(' ')}`] },
  winget: {
    command: 'winget',
    root: false,
    install: (names) => names.map((name) => `winget install --exact --id ${name}`),
  },
};

/** Returns the name of the first manager whose program `find` finds, or undefined. */
export function findManager(find) {
  return Object.keys(MANAGERS).find((name) => find([MANAGERS[name].command]) !== undefined);
}

const unversioned = (spec) => spec.split('>=')[0];

/** Compares dotted version numbers, without their suffixes. */
function isAtLeast(found, least) {
  const [a, b] = [found, least].map((version) =>
    version
      .replace(/^\d+:/, '')
      .split(/[^\d]+/)
      .map(Number),
  );
  const at = b.findIndex((part, i) => part !== (a[i] ?? 0));
  return at < 0 || (a[at] ?? 0) > b[at];
}

/** Returns the candidate version of each package, from the output of `apt-cache policy`. */
export function candidatesIn(output) {
  const found = new Map();
  for (const [, name, version] of output.matchAll(/^(\S+):\n(?: {2}.*\n)*? {2}Candidate: (\S+)$/gm))
    if (version !== '(none)') found.set(name, version);
  return found;
}

async function aptCandidates(tools) {
  const names = tools
    .flatMap(({ packages }) => packages.apt ?? [])
    .filter((alternative) => !alternative.startsWith('$ '));
  const all = new Set(names.flatMap((alternative) => alternative.split(' ').map(unversioned)));
  try {
    const env = { ...process.env, LC_ALL: 'C' };
    return candidatesIn((await run('apt-cache', ['policy', ...all], { env })).output);
  } catch {
    // A part of apt is missing, so no versions are known.
    return new Map();
  }
}

/** @param {ReadonlyMap<string, string> | undefined} candidates undefined if no versions are known */
function isAvailable(alternative, candidates) {
  if (alternative.startsWith('$ ') || candidates === undefined) return true;
  return alternative.split(' ').every((spec) => {
    const [name, least] = spec.split('>=');
    const version = candidates.get(name);
    return version !== undefined && (least === undefined || isAtLeast(version, least));
  });
}

/**
 * Chooses the packages of a manager that have the tools, and the commands that a person must run.
 *
 * @param {readonly import('./tool-table.mjs').Tool[]} tools
 * @param {string} manager
 * @param {ReadonlyMap<string, string>} [candidates] the candidates of apt. If there are none, as before the first
 *   `apt-get update`, the usual names are chosen.
 * @returns {{names: string[], commands: string[], unavailable: import('./tool-table.mjs').Tool[]}}
 */
export function choosePackages(tools, manager, candidates) {
  const known = candidates?.size === 0 ? undefined : candidates;
  const [names, commands, unavailable] = [new Set(), new Set(), []];
  for (const tool of tools) {
    const chosen = tool.packages[manager]?.find((alternative) => isAvailable(alternative, known));
    if (chosen === undefined) unavailable.push(tool);
    else if (chosen.startsWith('$ ')) commands.add(chosen.slice(2));
    else for (const spec of chosen.split(' ')) names.add(unversioned(spec));
  }
  return { names: [...names], commands: [...commands], unavailable };
}

/** Chooses packages with the candidates of this system. */
export async function choosePackagesHere(tools, manager) {
  const candidates = manager === 'apt' ? await aptCandidates(tools) : undefined;
  return choosePackages(tools, manager, candidates);
}

/** Returns the commands that a person runs to install the chosen packages. */
export function installCommands(manager, { names, commands }, isRoot = process.getuid?.() === 0) {
  const { install, root } = MANAGERS[manager];
  const prefix = root && !isRoot ? 'sudo ' : '';
  return [...(names.length === 0 ? [] : install(names)), ...commands].map((line) => prefix + line);
}

/** Returns the prefix that runs a command as root, or undefined if that needs a password. */
export async function asRoot(find) {
  if (process.getuid?.() === 0) return [];
  const sudo = find(['sudo']);
  if (sudo === undefined) return undefined;
  const { ok } = await run(sudo, ['-n', 'true']);
  return ok ? [sudo, '-n'] : undefined;
}

/** Options of apt: no installed package is removed, and questions get their default answer. */
const APT_OPTIONS = [
  '-y',
  '-q',
  '--no-install-recommends',
  '--no-remove',
  '-o',
  'Dpkg::Use-Pty=0',
  '-o',
  'DPkg::Lock::Timeout=300',
];

/** Updates the package lists of apt. */
export const aptUpdate = (prefix) => runAs([...prefix, 'apt-get', 'update', '-q']);

/** Installs packages with apt. */
export const aptInstall = (prefix, names) =>
  runAs([...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', 'install', ...APT_OPTIONS, ...names]);

const runAs = ([command, ...args]) => run(command, args);
