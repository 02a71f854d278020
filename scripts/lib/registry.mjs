/** A registry on loopback, which has this tenon and passes everything else on to npm's registry; and package managers. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PACKAGES } from './packed.mjs';
import { inRoot } from './paths.mjs';
import { SCOPE } from './platforms.mjs';
import { run, runNpm } from './run.mjs';
import { mustSucceed, StepFailure } from './steps.mjs';

const FOLDER = inRoot('build', 'install-tools');

/** The last versions that run on Node.js 20. verdaccio asks for a version of node-fetch that is not published. */
const TOOLS = {
  private: true,
  dependencies: { verdaccio: '6.8.0', pnpm: '10.34.9', '@yarnpkg/cli-dist': '4.18.1' },
  overrides: { 'node-fetch': '2.7.0' },
};

/** The programs of the package managers, for Node.js. npm comes with Node.js. */
export const MANAGERS = {
  pnpm: join(FOLDER, 'node_modules', 'pnpm', 'bin', 'pnpm.cjs'),
  yarn: join(FOLDER, 'node_modules', '@yarnpkg', 'cli-dist', 'bin', 'yarn.js'),
};

/** Installs the registry and the package managers below build. */
export async function installTools() {
  const file = join(FOLDER, 'package.json');
  const wanted = JSON.stringify(TOOLS);
  const done = join(FOLDER, 'node_modules', '.package-lock.json');
  if (existsSync(done) && readFileSync(file, 'utf8') === wanted) return 'up to date';
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(file, wanted);
  const options = ['install', '--ignore-scripts', '--no-audit', '--no-fund'];
  mustSucceed(await runNpm(options, { cwd: FOLDER }), `npm install in ${FOLDER}`, 'install-tools');
  return 'installed';
}

const CONFIG = `storage: ./storage
uplinks: { npmjs: { url: 'https://registry.npmjs.org/' } }
packages:
  '${SCOPE}/*': { access: $all, publish: $all }
  'tenon': { access: $all, publish: $all }
  '**': { access: $all, proxy: npmjs }
log: { type: stdout, format: pretty, level: warn }
max_body_size: 100mb
web: { enable: false }
`;

/** Returns a port that is free now. */
const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

async function answers(url, child) {
  for (let attempt = 0; attempt < 600 && child.exitCode === null; attempt++) {
    const up = await fetch(`${url}-/ping`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (up) return true;
    await delay(100);
  }
  return false;
}

/** Publishes an archive: the request that `npm publish` makes, without an account. */
async function publish(url, archive) {
  const { output, ok } = await run('tar', ['-xzOf', archive, 'package/package.json']);
  if (!ok) throw new StepFailure(`Cannot read ${archive}: ${output}`);
  const manifest = JSON.parse(output);
  const { name, version } = manifest;
  const bytes = readFileSync(archive);
  const file = basename(archive);
  const dist = {
    tarball: `${url}${name}/-/${file}`,
    integrity: `sha512-${createHash('sha512').update(bytes).digest('base64')}`,
    shasum: createHash('sha1').update(bytes).digest('hex'),
  };
  const body = {
    _id: name,
    name,
    'dist-tags': { latest: version },
    versions: { [version]: { ...manifest, _id: `${name}@${version}`, dist } },
    _attachments: {
      [file]: {
        content_type: 'application/octet-stream',
        data: bytes.toString('base64'),
        length: bytes.length,
      },
    },
  };
  const response = await fetch(`${url}${encodeURIComponent(name)}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok)
    throw new StepFailure(`The registry refuses ${file}: ${response.status} ${await response.text()}`);
  return name;
}

/**
 * Starts the registry with all archives of build/packages.
 *
 * @param {string} folder a new folder for its files
 * @returns {Promise<{url: string, published: string[], stop(): void}>}
 */
export async function startRegistry(folder) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'config.yaml'), CONFIG);
  const port = await freePort();
  const program = join(FOLDER, 'node_modules', 'verdaccio', 'bin', 'verdaccio');
  const args = [program, '--config', join(folder, 'config.yaml'), '--listen', `127.0.0.1:${port}`];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  const url = `http://127.0.0.1:${port}/`;
  const stop = () => child.kill();
  try {
    if (!(await answers(url, child))) throw new StepFailure(`verdaccio has not started:\n${output}`);
    const published = [];
    for (const name of readdirSync(PACKAGES).filter((file) => file.endsWith('.tgz')))
      published.push(await publish(url, join(PACKAGES, name)));
    return { url, published, stop };
  } catch (error) {
    stop();
    throw error;
  }
}
