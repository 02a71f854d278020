/** The libraries of the system that plugins of the corpus are built around. */
import { run } from './run.mjs';

/**
 * The libraries: the name for pkg-config, and the packages with the headers.
 *
 * @type {Readonly<Record<string, {pkg: string, apt: string, dnf: string, apk: string, brew: string}>>}
 */
export const LIBRARIES = {
  sqlite: { pkg: 'sqlite3', apt: 'libsqlite3-dev', dnf: 'sqlite-devel', apk: 'sqlite-dev', brew: 'sqlite' },
  lua: { pkg: 'lua5.4', apt: 'liblua5.4-dev', dnf: 'lua-devel', apk: 'lua5.4-dev', brew: 'lua' },
  png: { pkg: 'libpng', apt: 'libpng-dev', dnf: 'libpng-devel', apk: 'libpng-dev', brew: 'libpng' },
  curl: { pkg: 'libcurl', apt: 'libcurl4-openssl-dev', dnf: 'libcurl-devel', apk: 'curl-dev', brew: 'curl' },
  xml: { pkg: 'libxml-2.0', apt: 'libxml2-dev', dnf: 'libxml2-devel', apk: 'libxml2-dev', brew: 'libxml2' },
  openssl: {
    pkg: 'libcrypto',
    apt: 'libssl-dev',
    dnf: 'openssl-devel',
    apk: 'openssl-dev',
    brew: 'openssl@3',
  },
  zstd: { pkg: 'libzstd', apt: 'libzstd-dev', dnf: 'libzstd-devel', apk: 'zstd-dev', brew: 'zstd' },
  zlib: { pkg: 'zlib', apt: 'zlib1g-dev', dnf: 'zlib-devel', apk: 'zlib-dev', brew: 'zlib' },
  pcre2: { pkg: 'libpcre2-8', apt: 'libpcre2-dev', dnf: 'pcre2-devel', apk: 'pcre2-dev', brew: 'pcre2' },
  jpeg: {
    pkg: 'libjpeg',
    apt: 'libjpeg-dev',
    dnf: 'libjpeg-turbo-devel',
    apk: 'libjpeg-turbo-dev',
    brew: 'jpeg-turbo',
  },
  expat: { pkg: 'expat', apt: 'libexpat1-dev', dnf: 'expat-devel', apk: 'expat-dev', brew: 'expat' },
  archive: {
    pkg: 'libarchive',
    apt: 'libarchive-dev',
    dnf: 'libarchive-devel',
    apk: 'libarchive-dev',
    brew: 'libarchive',
  },
  brotli: {
    pkg: 'libbrotlienc',
    apt: 'libbrotli-dev',
    dnf: 'brotli-devel',
    apk: 'brotli-dev',
    brew: 'brotli',
  },
  gmp: { pkg: 'gmp', apt: 'libgmp-dev', dnf: 'gmp-devel', apk: 'gmp-dev', brew: 'gmp' },
};

/** Returns the packages of all libraries for a package manager, as one alternative. */
export const packagesFor = (manager) =>
  ['pkg-config', ...Object.values(LIBRARIES).map((library) => library[manager])].join(' ');

/** Returns the compiler's flags for a library, or undefined if this system lacks it. */
export async function flagsOf(library) {
  try {
    const { ok, output } = await run('pkg-config', ['--cflags', '--libs', LIBRARIES[library].pkg]);
    return ok ? output.trim().split(/\s+/).filter(Boolean) : undefined;
  } catch {
    return undefined; // There is no pkg-config.
  }
}

/** Returns whether this system has all libraries of the corpus. */
export async function hasLibraries() {
  const flags = await Promise.all(Object.keys(LIBRARIES).map(flagsOf));
  return flags.every((found) => found !== undefined);
}
