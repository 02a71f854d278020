import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { TenonError } from '../../src/base/errors.js';
import { type DiscoverOptions, findCandidates, MAX_DEPTH } from '../../src/host/discover.js';
import { temporaryFolder } from '../support/index.js';

/** Creates a folder that contains the files, each with different content. */
function tree(...files: string[]): string {
  const root = temporaryFolder();
  for (const file of files) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), file);
  }
  return root;
}

/**
 * Runs a search with the rules of Linux, unless `options` has another platform. The paths are relative to
 * `root`.
 */
async function find(root: string, options: Partial<DiscoverOptions> = {}) {
  const { paths = ['.'], ...rest } = options;
  const absolute = paths.map((path) => join(root, path));
  const found = await findCandidates({ platform: 'linux', env: {}, ...rest, paths: absolute });
  const short = (errors: readonly TenonError[]) =>
    errors.map((error) => [error.code, relative(root, error.path ?? '')]);
  return {
    files: found.candidates.map((candidate) => relative(root, candidate.path)),
    problems: short(found.problems),
    shadowed: short(found.shadowed),
    found,
  };
}

describe('a candidate', () => {
  const files = [
    'a.so',
    'b.dll',
    'c.dylib',
    'D.DLL',
    'E.SO',
    'f.so.1',
    '.g.so',
    'h',
    '.so',
    'i.Dylib',
    'j.so~',
  ];

  test.each([
    ['linux', ['a.so']],
    ['freebsd', ['a.so']],
    ['win32', ['D.DLL', 'b.dll']],
    ['darwin', ['c.dylib', 'i.Dylib']],
  ])('has the file extension of %s', async (platform, expected) => {
    const { files: found, problems } = await find(tree(...files), { platform });
    expect(found).toEqual(expected);
    expect(problems).toEqual([]);
  });

  test('has a name, a folder and an absolute path', async () => {
    const root = tree('x/libblur.v2.so');
    const { found } = await find(root, { depth: 1 });
    expect(found.candidates).toEqual([
      {
        path: join(root, 'x/libblur.v2.so'),
        folder: root,
        name: 'libblur.v2',
        real: join(root, 'x/libblur.v2.so'),
      },
    ]);
  });

  test('is a regular file: anything else with the extension is reported and not opened', async () => {
    const root = tree('dir.so/inner.so', 'good.so');
    symlinkSync('nowhere', join(root, 'dangling.so'));
    symlinkSync('loop.so', join(root, 'loop.so'));
    symlinkSync('good.so/x', join(root, 'through-a-file.so'));
    execFileSync('mkfifo', [join(root, 'pipe.so')]);
    const { files: found, problems } = await find(root);
    expect(found).toEqual(['good.so']);
    expect(problems).toEqual([
      ['ERR_TENON_NOT_FOUND', 'dangling.so'],
      ['ERR_TENON_UNREADABLE', 'dir.so'],
      ['ERR_TENON_NOT_FOUND', 'loop.so'],
      ['ERR_TENON_UNREADABLE', 'pipe.so'],
      ['ERR_TENON_NOT_FOUND', 'through-a-file.so'],
    ]);
  });
});

describe('the depth of a search', () => {
  const files = ['a.so', 'x/b.so', 'x/y/c.so', 'x/y/z/d.so', '.hidden/e.so'];

  test('is set by the option depth and is 0 by default', async () => {
    const root = tree(...files);
    expect((await find(root)).files).toEqual(['a.so']);
    expect((await find(root, { depth: 1 })).files).toEqual(['a.so', 'x/b.so']);
    expect((await find(root, { depth: 2 })).files).toEqual(['a.so', 'x/b.so', 'x/y/c.so']);
    expect((await find(root, { depth: MAX_DEPTH })).files).toEqual([
      'a.so',
      'x/b.so',
      'x/y/c.so',
      'x/y/z/d.so',
    ]);
  });

  test('has a maximum', async () => {
    const deep = Array.from({ length: MAX_DEPTH + 1 }, (_, i) => `${i}`).join('/');
    const root = tree(`${deep}/too-deep.so`, `${dirname(deep)}/deep.so`);
    expect((await find(root, { depth: MAX_DEPTH })).files).toEqual([`${dirname(deep)}/deep.so`]);
    for (const depth of [MAX_DEPTH + 1, -1, 0.5, Number.NaN, Infinity, '1']) {
      await expect(find(root, { depth: depth as number })).rejects.toMatchObject({ argument: 'depth' });
    }
  });

  test('is bounded if symbolic links form cycles', async () => {
    const root = tree('x/a.so', 'y/b.so');
    symlinkSync('..', join(root, 'x/up'));
    symlinkSync('../y', join(root, 'x/other'));
    symlinkSync('../x', join(root, 'y/back'));
    symlinkSync('self', join(root, 'self'));
    const { files: found, problems } = await find(root, { depth: MAX_DEPTH });
    expect(found).toEqual(['x/a.so', 'x/other/b.so']);
    expect(problems).toEqual([]);
  });

  test('is not reduced by an earlier visit of the folder with less depth left', async () => {
    const root = tree('b/c/d/e.so');
    mkdirSync(join(root, 'a'));
    symlinkSync('../b', join(root, 'a/b'));
    expect((await find(root, { paths: ['a', 'b'], depth: 2 })).files).toEqual(['b/c/d/e.so']);
  });
});

describe('precedence', () => {
  test('a file in an earlier folder is used, and the shadowed file is reported with both paths', async () => {
    const root = tree('one/blur.so', 'two/blur.so', 'two/sharpen.so', 'three/blur.so');
    const { files, shadowed, found } = await find(root, { paths: ['two', 'one', 'three'] });
    expect(files).toEqual(['two/blur.so', 'two/sharpen.so']);
    expect(shadowed).toEqual([
      ['ERR_TENON_SHADOWED', 'one/blur.so'],
      ['ERR_TENON_SHADOWED', 'three/blur.so'],
    ]);
    for (const error of found.shadowed) expect(error.message).toContain(join(root, 'two/blur.so'));
  });

  test('files come before subfolders, both sorted by name in code unit order', async () => {
    const root = tree('b.so', 'B.so', 'ä.so', 'a/c.so', 'a10.so', 'a9.so', 'Z/d.so', 'a/b.so');
    const { files, shadowed } = await find(root, { depth: 1 });
    expect(files).toEqual(['B.so', 'a10.so', 'a9.so', 'b.so', 'ä.so', 'Z/d.so', 'a/c.so']);
    expect(shadowed).toEqual([['ERR_TENON_SHADOWED', 'a/b.so']]);
  });

  test('names that differ only in case shadow each other on a case-insensitive platform', async () => {
    const root = tree('one/Blur.dll', 'two/blur.DLL');
    expect((await find(root, { paths: ['one', 'two'], platform: 'win32' })).shadowed).toEqual([
      ['ERR_TENON_SHADOWED', 'two/blur.DLL'],
    ]);
    const linux = tree('one/Blur.so', 'two/blur.so');
    expect((await find(linux, { paths: ['one', 'two'] })).files).toEqual(['one/Blur.so', 'two/blur.so']);
  });

  test('a file is found once even if several paths lead to it', async () => {
    const root = tree('one/blur.so');
    mkdirSync(join(root, 'two'));
    symlinkSync('../one/blur.so', join(root, 'two/blur.so'));
    linkSync(join(root, 'one/blur.so'), join(root, 'two/other.so'));
    symlinkSync('one', join(root, 'again'));
    const { files, shadowed, problems } = await find(root, {
      paths: ['one', 'two', 'again', 'one/', './one'],
    });
    expect(files).toEqual(['one/blur.so']);
    expect([...shadowed, ...problems]).toEqual([]);
  });
});

describe('TENON_PATH', () => {
  test('adds folders after those of the options, split at the separator of the platform', async () => {
    const root = tree('one/a.so', 'two/b.so', 'three/c.so', 'three/a.so');
    const env = { TENON_PATH: `${join(root, 'three')}::${join(root, 'two')}:` };
    const { files, shadowed, found } = await find(root, { paths: ['one'], env });
    expect(files).toEqual(['one/a.so', 'three/c.so', 'two/b.so']);
    expect(shadowed).toEqual([['ERR_TENON_SHADOWED', 'three/a.so']]);
    expect(found.folders).toEqual(['one', 'three', 'two'].map((folder) => join(root, folder)));
    const windows = tree('one/a.dll', 'two/b.dll');
    const list = `${join(windows, 'one')};${join(windows, 'two')}`;
    expect((await find(windows, { paths: [], env: { TENON_PATH: list }, platform: 'win32' })).files).toEqual([
      'one/a.dll',
      'two/b.dll',
    ]);
  });

  test('is taken from process.env by default', async () => {
    const root = tree('a.so');
    const before = process.env.TENON_PATH;
    process.env.TENON_PATH = root;
    try {
      const { candidates } = await findCandidates({ paths: [], platform: 'linux' });
      expect(candidates.map((candidate) => candidate.name)).toEqual(['a']);
    } finally {
      if (before === undefined) delete process.env.TENON_PATH;
      else process.env.TENON_PATH = before;
    }
  });
});

describe('folders that cannot be searched', () => {
  test('are reported, and the other folders are searched', async () => {
    const root = tree('good/a.so', 'file');
    symlinkSync('loop', join(root, 'loop'));
    symlinkSync('nowhere', join(root, 'dangling'));
    const long = 'x'.repeat(300);
    const paths = ['missing', 'file', 'loop', 'dangling', 'file/below', long, 'good'];
    const { files, problems, found } = await find(root, { paths });
    expect(files).toEqual(['good/a.so']);
    expect(problems).toEqual([
      ['ERR_TENON_NOT_FOUND', 'missing'],
      ['ERR_TENON_UNREADABLE', 'file'],
      ['ERR_TENON_UNREADABLE', 'loop'],
      ['ERR_TENON_NOT_FOUND', 'dangling'],
      ['ERR_TENON_UNREADABLE', 'file/below'],
      ['ERR_TENON_UNREADABLE', long],
    ]);
    for (const problem of found.problems) expect(problem).toMatchObject({ gate: 'find' });
  });

  test.skipIf(process.platform === 'win32')(
    'are reported at any depth if their mode forbids it',
    async () => {
      const root = tree('a.so', 'closed/b.so');
      execFileSync('chmod', ['0', join(root, 'closed')]);
      execFileSync('chmod', ['755', root]);
      const privileged = process.geteuid?.() === 0;
      if (privileged) process.seteuid?.(65_534);
      try {
        const { files, problems } = await find(root, { depth: 1 });
        expect(files).toEqual(['a.so']);
        expect(problems).toEqual([['ERR_TENON_UNREADABLE', 'closed']]);
      } finally {
        if (privileged) process.seteuid?.(0);
        execFileSync('chmod', ['755', join(root, 'closed')]);
      }
    },
  );
});

describe.runIf(process.platform === 'linux')('names that are not UTF-8', () => {
  const LATIN = Buffer.from('gr\xfcn', 'latin1');
  const named = (root: string, ...parts: (string | Buffer)[]) =>
    Buffer.concat([Buffer.from(`${root}/`), ...parts.map((part) => Buffer.from(part))]);

  test('are reported for plugins and for folders to search', async () => {
    const root = tree('a.so');
    mkdirSync(named(root, LATIN));
    writeFileSync(named(root, LATIN, '/inside.so'), '');
    writeFileSync(named(root, LATIN, '.so'), '');
    symlinkSync(named(root, LATIN), named(root, 'link-', LATIN));
    const shallow = await find(root);
    expect(shallow.files).toEqual(['a.so']);
    expect(shallow.problems).toEqual([['ERR_TENON_UNREADABLE', 'gr\uFFFDn.so']]);
    const { files, problems, found } = await find(root, { depth: 1 });
    expect(files).toEqual(['a.so']);
    expect(problems.toSorted()).toEqual([
      ['ERR_TENON_UNREADABLE', 'gr\uFFFDn'],
      ['ERR_TENON_UNREADABLE', 'gr\uFFFDn.so'],
      ['ERR_TENON_UNREADABLE', 'link-gr\uFFFDn'],
    ]);
    expect(found.problems[0]?.message).toContain(
      'its name is not UTF-8, so that it cannot be opened. Rename it',
    );
  });

  test('are ignored for other files and for hidden folders', async () => {
    const root = tree('grün/b.so');
    writeFileSync(named(root, LATIN, '.txt'), '');
    mkdirSync(named(root, '.', LATIN));
    expect(await find(root, { depth: 1 })).toMatchObject({ files: ['grün/b.so'], problems: [] });
  });
});

test('arguments of the wrong type are refused with their names', async () => {
  const refused = async (options: unknown): Promise<string | undefined> => {
    const error: unknown = await findCandidates(options as DiscoverOptions).catch(
      (reason: unknown) => reason,
    );
    if (error instanceof TenonError && error.code === 'ERR_TENON_INVALID_ARGUMENT') return error.argument;
    throw new Error(`not refused: ${String(error)}`);
  };
  expect(await refused(null)).toBe('options');
  for (const paths of [undefined, 'folder', {}]) expect(await refused({ paths })).toBe('paths');
  for (const path of ['', 'a\0b', 5, null]) expect(await refused({ paths: ['ok', path] })).toBe('paths[1]');
  expect(await refused({ paths: [], env: 1 })).toBe('env');
  expect(await refused({ paths: [], env: { TENON_PATH: 'a\0b' } })).toBe('env.TENON_PATH');
  expect(await refused({ paths: [], platform: 1 })).toBe('platform');
});
