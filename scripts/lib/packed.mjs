/** Writes the packages: the main one, and one for each platform. */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inRoot } from './paths.mjs';
import { PLATFORMS, packageOf } from './platforms.mjs';
import { run, runNpm } from './run.mjs';
import { mustSucceed, StepFailure } from './steps.mjs';

/** The folder of the archives. */
export const PACKAGES = inRoot('build', 'packages');
const STAGED = inRoot('build', 'staged');

const manifest = () => JSON.parse(readFileSync(inRoot('package.json'), 'utf8'));
const write = (folder, value) =>
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(value, null, 2)}\n`);

/** Returns the path of a package's archive, whose name npm chooses. */
export const archiveOf = ({ name, version }) =>
  join(PACKAGES, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`);

/** Packs a folder. Returns the path of the archive. */
async function pack(folder, options = []) {
  const archive = archiveOf(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')));
  mkdirSync(PACKAGES, { recursive: true });
  rmSync(archive, { force: true });
  const result = await runNpm(['pack', '--pack-destination', PACKAGES, ...options], { cwd: folder });
  mustSucceed(result, `npm pack in ${folder}`, 'npm-pack');
  if (!existsSync(archive)) throw new StepFailure(`npm pack in ${folder} has not made ${archive}.`);
  return archive;
}

/** Returns the package.json of a platform's package. */
export function platformManifest(platform, { version, license, engines, repository } = manifest()) {
  const { name, os, cpu, libc, files } = platform;
  return {
    name: packageOf(platform),
    version,
    description: `The compiled files of tenon for ${name}`,
    license,
    ...(repository === undefined ? {} : { repository }),
    main: 'tenon.node',
    files,
    os: [os],
    cpu: [cpu],
    ...(libc === undefined ? {} : { libc: [libc] }),
    engines,
    // Programs cannot be started inside of an archive of Yarn.
    preferUnplugged: true,
  };
}

/**
 * Packs the compiled files of a platform, and checks that the archive keeps their permissions.
 *
 * @returns {Promise<string>} a summary
 */
export async function packPlatform(platform, compiled) {
  const folder = join(STAGED, platform.name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const name of platform.files) {
    cpSync(join(compiled, name), join(folder, name));
    chmodSync(join(folder, name), name === 'tenon.node' ? 0o644 : 0o755);
  }
  cpSync(inRoot('LICENSE'), join(folder, 'LICENSE'));
  const described = platformManifest(platform);
  writeFileSync(
    join(folder, 'README.md'),
    `# ${described.name}\n\n${described.description}, which installs it.\n`,
  );
  write(folder, described);
  const archive = await pack(folder);
  const { output } = await run('tar', ['-tvzf', archive]);
  const lost = platform.files
    .filter((name) => name !== 'tenon.node')
    .filter((name) => !new RegExp(`^-rwxr-xr-x .* package/${name}$`, 'm').test(output));
  if (lost.length > 0)
    throw new StepFailure(`${archive} has lost the permission to execute ${lost.join(', ')}`);
  const size = (file) => Math.round(statSync(file).size / 1000);
  const sizes = platform.files.map((name) => `${name} ${size(join(folder, name))} kB`);
  return `${sizes.join(', ')}, packed ${size(archive)} kB`;
}

/** Returns the size and the digest of each compiled file in a folder, as src/base/package.ts reads them. */
export function describeFiles(platform, folder) {
  const described = platform.files.flatMap((name) => {
    if (!existsSync(join(folder, name))) return [];
    const bytes = readFileSync(join(folder, name));
    return [[name, { size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }]];
  });
  return Object.fromEntries(described);
}

/**
 * Reads a packed package: its package.json, and the sizes and digests of its compiled files.
 *
 * @returns {Promise<import('./release.mjs').Packed>}
 */
export async function readArchive(archive) {
  const folder = mkdtempSync(join(tmpdir(), 'tenon-archive-'));
  try {
    mustSucceed(await run('tar', ['-xzf', archive, '-C', folder]), `Unpacking ${archive}`, 'tar');
    const packed = JSON.parse(readFileSync(join(folder, 'package', 'package.json'), 'utf8'));
    const platform = PLATFORMS.find((one) => packageOf(one) === packed.name);
    const files = platform === undefined ? {} : describeFiles(platform, join(folder, 'package'));
    return { manifest: packed, files };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Returns the files of the packages that were packed in this version, by the name of the package. */
async function packedFiles({ version } = manifest()) {
  const found = {};
  for (const name of PLATFORMS.map(packageOf)) {
    const archive = archiveOf({ name, version });
    if (existsSync(archive)) found[name] = (await readArchive(archive)).files;
  }
  return found;
}

/**
 * Returns the package.json of the published main package, made from that of the checkout. It depends on the packages
 * that are published together with it, and on no others: anybody could publish a package under a name that is free.
 *
 * @param {object} compiled the files of those packages, by the name of the package
 */
export function mainManifest(compiled, checkout = manifest()) {
  const { scripts: _scripts, devDependencies: _dev, allowScripts: _allowed, ...kept } = checkout;
  const pinned = Object.keys(compiled).map((name) => [name, checkout.version]);
  // Compilers read headers and sources of this package, and they read no archive of Yarn.
  return { ...kept, optionalDependencies: Object.fromEntries(pinned), compiled, preferUnplugged: true };
}

/** Packs the main package: the contents of `npm pack`, with the packages of the packed platforms as dependencies. */
export async function packMain() {
  const folder = join(STAGED, 'main');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const plain = await pack(inRoot());
  mustSucceed(
    await run('tar', ['-xzf', plain, '--strip-components=1', '-C', folder]),
    `Unpacking ${plain}`,
    'tar',
  );
  rmSync(plain);
  const compiled = await packedFiles();
  write(folder, mainManifest(compiled));
  const archive = await pack(folder, ['--ignore-scripts']);
  const number = Object.keys(compiled).length;
  return `packed ${Math.round(statSync(archive).size / 1000)} kB, for ${number} of ${PLATFORMS.length} platforms`;
}
