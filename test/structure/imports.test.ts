/** The rooms of the house: who may import whom stands in ARCHITECTURE.md, and nothing imports in a circle. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root } from '../support/index.js';

/** What each file of a tree imports of the same tree, by paths from its root. */
type Graph = ReadonlyMap<string, readonly string[]>;

function filesOf(folder: string, pattern: RegExp): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && pattern.test(entry.name))
    .map((entry) => relative(join(root, folder), join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .sort();
}

function graphOf(
  folder: string,
  files: readonly string[],
  importsOf: (file: string, text: string) => string[],
): Graph {
  const known = new Set(files);
  return new Map(
    files.map((file) => {
      const text = readFileSync(join(root, folder, file), 'utf8');
      return [file, importsOf(file, text).filter((to) => known.has(to) && to !== file)];
    }),
  );
}

function typescript(): Graph {
  return graphOf('src', filesOf('src', /\.ts$/), (file, text) =>
    [...text.matchAll(/(?:from|import)\s+'(\.[^']+)'/g)].map(([, to = '']) =>
      posix.join(dirname(file), to).replace(/\.js$/, '.ts'),
    ),
  );
}

/** A header stands for its source, too: both are one part. */
function native(): Graph {
  const files = filesOf('native', /\.(cc|h)$/).filter((file) => !file.startsWith('test/'));
  return graphOf('native', files, (_, text) =>
    [...text.matchAll(/#include "([^"]+)"/g)].map(([, to = '']) => to),
  );
}

function rust(): Graph {
  const folder = join('plugins-rust', 'tenon', 'src');
  return graphOf(folder, filesOf(folder, /\.rs$/), (_, text) => {
    const code = text.replaceAll(/\/\/.*$/gm, '');
    const named = [...code.matchAll(/(?<!\$)crate::(?:\{([^}]*)\}|(\w+))/g)];
    const modules = named.flatMap(([, many, one]) =>
      (many ?? one ?? '').split(',').map((name) => name.trim().split('::')[0]),
    );
    return modules.map((name) => `${name}.rs`);
  });
}

/** The files of each circle: Tarjan's strongly connected components of more than one file. */
function circles(graph: Graph): string[][] {
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];
  const visit = (file: string): number => {
    order.set(file, order.size);
    low.set(file, order.size - 1);
    stack.push(file);
    for (const to of graph.get(file) ?? []) {
      const reached = order.has(to)
        ? stack.includes(to)
          ? (order.get(to) ?? 0)
          : Number.POSITIVE_INFINITY
        : visit(to);
      low.set(file, Math.min(low.get(file) ?? 0, reached));
    }
    if (low.get(file) === order.get(file)) {
      const circle = stack.splice(stack.indexOf(file));
      if (circle.length > 1) found.push(circle.sort());
    }
    return low.get(file) ?? 0;
  };
  for (const file of graph.keys()) if (!order.has(file)) visit(file);
  return found;
}

/** The table of ARCHITECTURE.md with that heading: which rooms each room may import. */
function tableOf(text: string, heading: string): Map<string, readonly string[]> {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`| ${heading} |`));
  expect(start, `ARCHITECTURE.md has the table "${heading}"`).toBeGreaterThan(0);
  const rows = lines.slice(start + 2);
  const end = rows.findIndex((line) => !line.startsWith('|'));
  return new Map(
    rows.slice(0, end).map((row) => {
      const [room = '', allowed = ''] = row.slice(1, -1).split('|');
      const names = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
      return [names(room)[0] ?? '', names(allowed)];
    }),
  );
}

/** The room of the table that a file belongs to: the deepest folder that has a row, or the file itself at the top. */
function roomOf(file: string, rooms: readonly string[]): string | undefined {
  const named = rooms.filter((room) => file.startsWith(`${room}/`) || file.replace(/\.\w+$/, '') === room);
  return named.sort((a, b) => b.length - a.length)[0];
}

function wrongArrows(graph: Graph, table: ReadonlyMap<string, readonly string[]>): string[] {
  const rooms = [...table.keys()];
  const wrong: string[] = [];
  for (const [from, imports] of graph) {
    const room = roomOf(from, rooms);
    if (room === undefined) wrong.push(`${from} is in no room of the table`);
    for (const to of imports) {
      const target = roomOf(to, rooms);
      if (target === undefined || target === room || table.get(room ?? '')?.includes(target)) continue;
      wrong.push(`${from} imports ${to}, but ${room} may not import ${target}`);
    }
  }
  return wrong;
}

/** In an order in which each row only names rooms above it. */
function namesOnlyAbove(table: ReadonlyMap<string, readonly string[]>): string[] {
  const seen = new Set<string>();
  return [...table].flatMap(([room, allowed]) => {
    const below = allowed.filter((name) => !seen.has(name)).map((name) => `${room} -> ${name}`);
    seen.add(room);
    return below;
  });
}

const architecture = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');

describe.each([
  { what: 'src', graph: typescript(), heading: 'room of src/' },
  { what: 'native', graph: native(), heading: 'room of native/' },
])('$what', ({ graph, heading }) => {
  const table = tableOf(architecture, heading);

  test('imports in no circle', () => {
    expect(circles(graph)).toEqual([]);
  });

  test('only has arrows that ARCHITECTURE.md has', () => {
    expect(wrongArrows(graph, table)).toEqual([]);
  });

  test('has rooms in an order, and no row allows what nobody imports', () => {
    expect(namesOnlyAbove(table)).toEqual([]);
    const rooms = [...table.keys()];
    const used = new Set(
      [...graph].flatMap(([from, imports]) =>
        imports.map((to) => `${roomOf(from, rooms)} ${roomOf(to, rooms)}`),
      ),
    );
    const idle = [...table].flatMap(([room, allowed]) =>
      allowed.map((to) => `${room} ${to}`).filter((arrow) => !used.has(arrow)),
    );
    expect(idle).toEqual([]);
  });
});

test('plugins-rust/tenon imports in no circle', () => {
  const graph = rust();
  expect([...graph.values()].flat().length).toBeGreaterThan(10);
  expect(circles(graph)).toEqual([]);
});

test('a circle and a wrong arrow are found where there are some', () => {
  const graph: Graph = new Map([
    ['a/one.ts', ['b/two.ts']],
    ['b/two.ts', ['b/three.ts']],
    ['b/three.ts', ['a/one.ts']],
    ['b/four.ts', []],
  ]);
  expect(circles(graph)).toEqual([['a/one.ts', 'b/three.ts', 'b/two.ts']]);
  expect(
    wrongArrows(
      graph,
      new Map([
        ['a', ['b']],
        ['b', []],
      ]),
    ),
  ).toEqual(['b/three.ts imports a/one.ts, but b may not import a']);
});

test('no two exported types have one name', () => {
  const declared = filesOf('src', /\.ts$/).flatMap((file) =>
    [
      ...readFileSync(join(root, 'src', file), 'utf8').matchAll(
        /^export (?:abstract )?(?:interface|type|class) (\w+)/gm,
      ),
    ].map(([, name = '']) => ({ name, file })),
  );
  const files = new Map<string, string[]>();
  for (const { name, file } of declared) files.set(name, [...(files.get(name) ?? []), file]);
  expect([...files].filter(([, places]) => places.length > 1)).toEqual([]);
});

test('the tops of src and native are small', () => {
  const top = (folder: string) =>
    readdirSync(join(root, folder), { withFileTypes: true }).filter((entry) => entry.isFile());
  expect(
    top('native')
      .map(({ name }) => name)
      .sort(),
  ).toEqual(['CMakeLists.txt', 'addon.cc']);
  expect(top('src').length).toBeLessThanOrEqual(10);
});
