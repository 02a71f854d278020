/** The tools of the system, with their uses, commands and packages. */
import { packagesFor } from './corpus-libraries.mjs';

/**
 * The use of a tool. `build`: the native parts; required. `rust`: the Rust plugins. `lint` and `tests`: some of the
 * checks and tests. `corpus`: only `npm run test:check`.
 *
 * @typedef {'build' | 'rust' | 'lint' | 'tests' | 'corpus'} Use
 *
 * @typedef {object} Tool
 * @property {string} what its common name, for messages
 * @property {readonly string[]} commands the names of its program; any of them is sufficient
 * @property {Use} use
 * @property {string} lost the parts that are skipped without it
 * @property {Readonly<Record<string, readonly string[]>>} packages the alternatives of each package manager. The
 *   first available one is used. An alternative is a list of package names, with a minimum version if that matters
 *   (`cargo>=1.85`), or, after `$ `, a command that a person must run.
 */

/** The minimum Rust version for the plugins. A test compares it with the workspace. */
export const RUST = '1.85';

const XCODE = ['$ xcode-select --install'];
const LLVM = ['LLVM.LLVM'];
const VISUAL_STUDIO = ['Microsoft.VisualStudio.2022.BuildTools'];

/** @satisfies {Readonly<Record<string, Tool>>} */
export const TOOLS = {
  cmake: {
    what: 'CMake',
    commands: ['cmake'],
    use: 'build',
    lost: 'the native parts',
    packages: { apt: ['cmake'], dnf: ['cmake'], apk: ['cmake'], brew: ['cmake'], winget: ['Kitware.CMake'] },
  },
  make: {
    what: 'make (or Ninja)',
    commands: ['ninja', 'make', 'gmake'],
    use: 'build',
    lost: 'the native parts',
    packages: {
      apt: ['make ninja-build'],
      dnf: ['make'],
      apk: ['make'],
      brew: XCODE,
      winget: ['Ninja-build.Ninja'],
    },
  },
  cc: {
    what: 'a C compiler',
    commands: ['cc', 'gcc', 'clang'],
    use: 'build',
    lost: 'the native parts',
    packages: {
      apt: ['gcc libc6-dev'],
      dnf: ['gcc'],
      apk: ['gcc musl-dev'],
      brew: XCODE,
      winget: VISUAL_STUDIO,
    },
  },
  cxx: {
    what: 'a C++ compiler',
    commands: ['g++', 'clang++'],
    use: 'build',
    lost: 'the native parts',
    packages: { apt: ['g++'], dnf: ['gcc-c++'], apk: ['g++'], brew: XCODE, winget: VISUAL_STUDIO },
  },
  zlib: {
    what: 'zlib.h (the header of zlib)',
    commands: [],
    use: 'build',
    lost: 'the plugin gzip',
    packages: { apt: ['zlib1g-dev'], dnf: ['zlib-devel'], apk: ['zlib-dev'], brew: ['zlib'] },
  },
  cargo: {
    what: `cargo (Rust ${RUST} or newer)`,
    commands: ['cargo'],
    use: 'rust',
    lost: 'the Rust plugins and their tests',
    packages: {
      apt: ['cargo', 'cargo-web', `cargo-${RUST}`].map((name) => `${name}>=${RUST} ca-certificates`),
      dnf: ['cargo'],
      apk: ['cargo'],
      brew: ['rust'],
      winget: ['Rustlang.Rustup'],
    },
  },
  rustfmt: {
    what: 'cargo fmt',
    commands: [],
    use: 'lint',
    lost: 'the format of the Rust sources',
    packages: {
      apt: ['rustfmt', 'rustfmt-web', `rustfmt-${RUST}`].map((name) => `${name}>=${RUST}`),
      dnf: ['rustfmt'],
      apk: ['rustfmt'],
      brew: ['rust'],
    },
  },
  clippy: {
    what: 'cargo clippy',
    commands: [],
    use: 'lint',
    lost: 'the lint of the Rust sources',
    packages: {
      apt: ['rust-clippy', 'rust-web-clippy', `rust-${RUST}-clippy`].map((name) => `${name}>=${RUST}`),
      dnf: ['clippy'],
      apk: ['rust-clippy'],
      brew: ['rust'],
    },
  },
  clangFormat: {
    what: 'clang-format',
    commands: ['clang-format-15', 'clang-format'],
    use: 'lint',
    lost: 'the format of the C and C++ sources',
    packages: {
      apt: ['clang-format-15', 'clang-format'],
      dnf: ['clang-tools-extra'],
      apk: ['clang-extra-tools'],
      brew: ['clang-format'],
      winget: LLVM,
    },
  },
  binutils: {
    what: 'binutils',
    commands: ['nm'],
    use: 'tests',
    lost: 'tests that compare with nm and readelf',
    packages: { apt: ['binutils'], dnf: ['binutils'], apk: ['binutils'], brew: ['binutils'] },
  },
  clang: {
    what: 'clang',
    commands: ['clang-14', 'clang'],
    use: 'tests',
    lost: 'tests of libraries for other systems',
    packages: { apt: ['clang'], dnf: ['clang'], apk: ['clang'], brew: ['llvm'], winget: LLVM },
  },
  lld: {
    what: 'lld',
    commands: ['ld.lld-14', 'ld.lld'],
    use: 'tests',
    lost: 'tests of libraries for other systems',
    packages: { apt: ['lld'], dnf: ['lld'], apk: ['lld'], brew: ['lld'], winget: LLVM },
  },
  mingw64: {
    what: 'mingw for 64-bit Windows',
    commands: ['x86_64-w64-mingw32-gcc'],
    use: 'tests',
    lost: 'tests of Windows libraries',
    packages: {
      apt: ['gcc-mingw-w64-x86-64'],
      dnf: ['mingw64-gcc'],
      apk: ['mingw-w64-gcc'],
      brew: ['mingw-w64'],
    },
  },
  mingw32: {
    what: 'mingw for 32-bit Windows',
    commands: ['i686-w64-mingw32-gcc'],
    use: 'tests',
    lost: 'tests of Windows libraries',
    packages: {
      apt: ['gcc-mingw-w64-i686'],
      dnf: ['mingw32-gcc'],
      apk: ['i686-mingw-w64-gcc'],
      brew: ['mingw-w64'],
    },
  },
  valgrind: {
    what: 'valgrind',
    commands: ['valgrind'],
    use: 'tests',
    lost: 'tests of plugins under valgrind',
    packages: {
      apt: ['valgrind'],
      dnf: ['valgrind'],
      apk: ['valgrind'],
      brew: ['valgrind'],
    },
  },
  chromium: {
    what: 'Chromium',
    commands: ['chromium', 'chromium-browser', 'google-chrome'],
    use: 'tests',
    lost: 'tests of the HTML report in a browser',
    packages: {
      apt: ['chromium', '$ snap install chromium'],
      dnf: ['chromium'],
      apk: ['chromium'],
      brew: ['$ brew install --cask chromium'],
      winget: ['Google.Chrome'],
    },
  },
  corpus: {
    what: 'libraries with headers, such as SQLite and libpng',
    commands: ['pkg-config'],
    use: 'tests',
    lost: 'tests of the safety suite with plugins around these libraries',
    packages: {
      apt: [packagesFor('apt')],
      dnf: [packagesFor('dnf')],
      apk: [packagesFor('apk')],
      brew: [packagesFor('brew')],
    },
  },
};
