/**
 * Checks the imports of the sources against the tables in ARCHITECTURE.md, and that there are no import
 * cycles.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root } from '../support/index.js';

/** The files that each file of a tree imports from the same tree, as paths relative to its root. */
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
    [...text.matchAll(/(?:from|import)(?:\s+|\()'(\.[^']+)'/g)].map(([, to = '']) =>
      posix.join(dirname(file), to).replace(/\.js$/, '.ts'),
    ),
  );
}

/** Returns the includes of the sources and headers of native/. */
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

/** Returns the files of each import cycle: Tarjan's strongly connected components of more than one file. */
function cycles(graph: Graph): string[][] {
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
      const cycle = stack.splice(stack.indexOf(file));
      if (cycle.length > 1) found.push(cycle.sort());
    }
    return low.get(file) ?? 0;
  };
  for (const file of graph.keys()) if (!order.has(file)) visit(file);
  return found;
}

/** Reads the table of ARCHITECTURE.md with the heading: the rooms that each room may import. */
function tableOf(text: string, heading: string): Map<string, readonly string[]> {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`| ${heading} |`));
  expect(start, `ARCHITECTURE.md must have the table "${heading}"`).toBeGreaterThan(0);
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

/** Returns the room of a file: the deepest folder with a row in the table, or the file itself at the top. */
function roomOf(file: string, rooms: readonly string[]): string | undefined {
  const named = rooms.filter((room) => file.startsWith(`${room}/`) || file.replace(/\.\w+$/, '') === room);
  return named.sort((a, b) => b.length - a.length)[0];
}

function forbiddenImports(graph: Graph, table: ReadonlyMap<string, readonly string[]>): string[] {
  const rooms = [...table.keys()];
  const wrong: string[] = [];
  for (const [from, imports] of graph) {
    const room = roomOf(from, rooms);
    if (room === undefined) wrong.push(`${from} is not in a room of the table`);
    for (const to of imports) {
      const target = roomOf(to, rooms);
      if (target === undefined || target === room || table.get(room ?? '')?.includes(target)) continue;
      wrong.push(`${from} imports ${to}, but ${room} may not import ${target}`);
    }
  }
  return wrong;
}

/** Returns the imports of rows that are not above them: the rows must be in topological order. */
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

  test('has no import cycles', () => {
    expect(cycles(graph)).toEqual([]);
  });

  test('has only imports that ARCHITECTURE.md allows', () => {
    expect(forbiddenImports(graph, table)).toEqual([]);
  });

  test('has rooms in topological order, and no row allows an unused import', () => {
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

test('plugins-rust/tenon has no import cycles', () => {
  const graph = rust();
  expect([...graph.values()].flat().length).toBeGreaterThan(10);
  expect(cycles(graph)).toEqual([]);
});

test('an import cycle and a forbidden import are detected', () => {
  const graph: Graph = new Map([
    ['a/one.ts', ['b/two.ts']],
    ['b/two.ts', ['b/three.ts']],
    ['b/three.ts', ['a/one.ts']],
    ['b/four.ts', []],
  ]);
  expect(cycles(graph)).toEqual([['a/one.ts', 'b/three.ts', 'b/two.ts']]);
  expect(
    forbiddenImports(
      graph,
      new Map([
        ['a', ['b']],
        ['b', []],
      ]),
    ),
  ).toEqual(['b/three.ts imports a/one.ts, but b may not import a']);
});

test('the names of exported types are unique', () => {
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

test('the top folders of src and native contain few files', () => {
  const top = (folder: string) =>
    readdirSync(join(root, folder), { withFileTypes: true }).filter((entry) => entry.isFile());
  expect(
    top('native')
      .map(({ name }) => name)
      .sort(),
  ).toEqual(['CMakeLists.txt', 'addon.cc']);
  expect(top('src').length).toBeLessThanOrEqual(10);
});
