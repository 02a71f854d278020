/** Prints tables and numbers. */

const numbers = new Intl.NumberFormat('en-US');

export const count = (value) => numbers.format(value);
export const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

/** Rows of cells as lines with aligned columns. */
export function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column])).join('  ')}`.trimEnd(),
  );
}

const LANGUAGES = { c: 'C', 'c++': 'C++', rust: 'Rust' };

/** The language as people write it. */
export const languageOf = ({ language }) => LANGUAGES[language] ?? language ?? 'unknown';

const kindsOf = ({ kinds }) => {
  const named = Object.entries(kinds).map(([kind, version]) => `${kind} ${version}`);
  return named.length === 0 ? '-' : named.join(', ');
};

/** The admitted plugins, a line each. */
export function pluginTable(plugins) {
  const rows = plugins.map(({ name, manifest }) => {
    return [
      name,
      languageOf(manifest),
      manifest.version ?? '-',
      kindsOf(manifest),
      manifest.digest.slice(0, 12),
    ];
  });
  return table([['name', 'language', 'version', 'kinds', 'digest'], ...rows]);
}

/** How long each plugin was in each gate, in milliseconds. */
export function gateTable(plugins) {
  const rows = plugins.map(({ name, manifest }) => [name, ...manifest.gates.map(({ ms }) => ms.toFixed(1))]);
  return table([['', ...plugins[0].manifest.gates.map(({ gate }) => gate)], ...rows]);
}

/** What was refused, with the code and the reason. */
export const refusals = (errors) => errors.map(({ code, message }) => `  ${code}: ${message}`);
