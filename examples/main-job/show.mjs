/** Formats tables and numbers. */

const numbers = new Intl.NumberFormat('en-US');

export const count = (value) => numbers.format(value);
export const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

/** Formats rows of cells as lines with aligned columns. */
export function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column])).join('  ')}`.trimEnd(),
  );
}

const LANGUAGES = { c: 'C', 'c++': 'C++', rust: 'Rust' };

/** Returns the display name of the language of a plugin. */
export const languageOf = ({ language }) => LANGUAGES[language] ?? language ?? 'unknown';

const kindsOf = ({ kinds }) => {
  const named = Object.entries(kinds).map(([kind, version]) => `${kind} ${version}`);
  return named.length === 0 ? '-' : named.join(', ');
};

/** Formats the admitted plugins, one per line. */
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

/** Formats the time of each plugin in each gate, in milliseconds. */
export function gateTable(plugins) {
  const rows = plugins.map(({ name, manifest }) => [name, ...manifest.gates.map(({ ms }) => ms.toFixed(1))]);
  return table([['', ...plugins[0].manifest.gates.map(({ gate }) => gate)], ...rows]);
}

/** Formats the errors of the refused plugins, each with its code and message. */
export const refusals = (errors) => errors.map(({ code, message }) => `  ${code}: ${message}`);
