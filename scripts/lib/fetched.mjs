/** Programs from package registries, some for other platforms. Each is kept below build. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inRoot } from './paths.mjs';
import { run, runNpm } from './run.mjs';
import { mustSucceed, StepFailure } from './steps.mjs';
import { findCommand } from './tools.mjs';

const FOLDER = inRoot('build', 'fetched');

const folderOf = (name) => join(FOLDER, name.replaceAll(/[^\w.-]+/g, '-'));

/** Makes a folder with `fill`, unless it exists. Returns its path. A failure leaves nothing behind. */
async function once(name, fill) {
  const folder = folderOf(name);
  if (existsSync(folder)) return folder;
  const fresh = `${folder}.${process.pid}`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  try {
    await fill(fresh);
    renameSync(fresh, folder);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return folder;
}

function fileIn(folder, ending) {
  const file = readdirSync(folder).find((name) => name.endsWith(ending));
  if (file === undefined) throw new StepFailure(`${folder} has no file *${ending}.`);
  return join(folder, file);
}

/** Downloads a package of npm without running a script of it. Returns the folder of its files. */
export async function fetchNpm(spec) {
  const folder = await once(`npm-${spec}`, async (fresh) => {
    const packed = await runNpm(['pack', spec, '--pack-destination', fresh], { cwd: fresh });
    mustSucceed(packed, `npm pack ${spec}`, 'npm-pack');
    const archive = fileIn(fresh, '.tgz');
    mustSucceed(await run('tar', ['-xzf', archive], { cwd: fresh }), `Unpacking ${archive}`, 'tar');
    rmSync(archive);
  });
  return join(folder, 'package');
}

/** Downloads a wheel of PyPI for a platform, and unpacks it with Python. Returns the folder of its files. */
export function fetchWheel(spec, platform) {
  return once(`pypi-${spec}-${platform}`, async (fresh) => {
    const python = findCommand(['python3']);
    if (python === undefined) throw new StepFailure('python3 is missing');
    const options = ['--no-deps', '--only-binary=:all:', '--platform', platform, '--dest', fresh];
    const fetched = await run(python, ['-m', 'pip', 'download', '--quiet', ...options, spec]);
    mustSucceed(fetched, `pip download ${spec}`, 'pip-download');
    const wheel = fileIn(fresh, '.whl');
    mustSucceed(await run(python, ['-m', 'zipfile', '-e', wheel, fresh]), `Unpacking ${wheel}`, 'unzip');
    rmSync(wheel);
  });
}

/** Downloads a package of another suite of Debian without installing it. Returns the folder of its files. */
export function fetchDebian(name, suite) {
  return once(`debian-${suite}-${name}`, async (fresh) => {
    if (findCommand(['apt-get']) === undefined) throw new StepFailure('apt-get is missing');
    const lists = join(fresh, 'lists');
    mkdirSync(join(lists, 'partial'), { recursive: true });
    const sources = join(fresh, 'sources.list');
    writeFileSync(sources, `deb http://deb.debian.org/debian ${suite} main\n`);
    const settings = [
      `Dir::Etc::sourcelist=${sources}`,
      'Dir::Etc::sourceparts=-',
      `Dir::State::lists=${lists}`,
    ];
    const options = ['-q', ...settings.flatMap((setting) => ['-o', setting])];
    mustSucceed(await run('apt-get', ['update', ...options]), `apt-get update for ${suite}`, 'apt-update');
    const fetched = await run('apt-get', ['download', ...options, `${name}/${suite}`], { cwd: fresh });
    mustSucceed(fetched, `apt-get download ${name}/${suite}`, 'apt-download');
    const archive = fileIn(fresh, '.deb');
    mustSucceed(await run('dpkg-deb', ['-x', archive, fresh]), `Unpacking ${archive}`, 'dpkg-deb');
    rmSync(archive);
    rmSync(lists, { recursive: true });
  });
}

/**
 * Downloads a package of this system's own suite with all its dependencies that are not installed, without installing
 * any: no service of theirs is started. Returns the folder of their files.
 */
export function fetchDebianTree(name) {
  return once(`debian-tree-${name}`, async (fresh) => {
    if (findCommand(['apt-get']) === undefined) throw new StepFailure('apt-get is missing');
    const wanted = ['install', '-qq', '--print-uris', '--no-install-recommends', name];
    const listed = await run('apt-get', wanted, { env: { ...process.env, LC_ALL: 'C' } });
    mustSucceed(listed, `apt-get install --print-uris ${name}`, 'apt-uris');
    const names = [...listed.output.matchAll(/^'.*\/([^/_]+)_[^/]*\.deb' /gm)].map(([, one]) => one);
    mustSucceed(
      await run('apt-get', ['-q', 'download', ...names], { cwd: fresh }),
      'apt-get download',
      'apt-download',
    );
    for (const archive of readdirSync(fresh).filter((file) => file.endsWith('.deb'))) {
      mustSucceed(
        await run('dpkg-deb', ['-x', join(fresh, archive), fresh]),
        `Unpacking ${archive}`,
        'dpkg-deb',
      );
      rmSync(join(fresh, archive));
    }
  });
}

/** Returns the path of Go, or undefined. */
export const findGo = () => findCommand(['go'], `${process.env.PATH}:/usr/local/go/bin:/usr/lib/go/bin`);

/** Builds a program of the Go module proxy, such as `github.com/nats-io/nats-server/v2@v2.15.3`. Returns its folder. */
export function fetchGo(spec) {
  return once(`go-${spec}`, async (fresh) => {
    const go = findGo();
    if (go === undefined) throw new StepFailure('Go is missing');
    const env = { ...process.env, GOBIN: fresh, GOTOOLCHAIN: 'local', CGO_ENABLED: '0' };
    mustSucceed(await run(go, ['install', '-trimpath', spec], { env }), `go install ${spec}`, 'go-install');
  });
}

/** Returns the path of a program that {@link fetchGo} has built, or undefined. */
export const findFetchedGo = (spec, program) => findCommand([program], folderOf(`go-${spec}`));
