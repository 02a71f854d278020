/** Advice for the messages of the system's loader: those of glibc, musl, macOS and Windows. */

interface Row {
  readonly text: RegExp;
  /** The remedy, as whole sentences. */
  readonly advice: string | ((match: RegExpExecArray) => string);
}

const OLDEST = 'on the oldest system that it must run on, or in a container of that system';

/** The rows in order: the first that matches counts. */
const ROWS: readonly Row[] = [
  {
    text: /cannot dynamically load (?:position-independent )?executable/,
    advice: 'It is a program. Build it as a library: link it with -shared and without -pie.',
  },
  {
    text: /static TLS/,
    advice:
      "The memory that programs set aside for thread-local variables is used up. Compile the library that the loader names, and static libraries in it, without -ftls-model=initial-exec. Or start the program with GLIBC_TUNABLES=glibc.rtld.optional_static_tls=16384, or load the plugin with isolation: 'process'.",
  },
  {
    text: /failed to map segment|cannot map zero-fill pages|Operation not permitted/,
    advice:
      'The file system of the private copies may forbid running programs (mount option noexec): set the host option cacheDir, or TENON_CACHE_DIR, to a folder that allows it. Otherwise the process has too little memory.',
  },
  {
    text: /version [`'"]?((?:GLIBC|GCC)_[^'"`\s]*)['"`]? not found/,
    advice: ([, version]) =>
      `It was built for a newer C library than that of this system, which lacks ${version}. Build it ${OLDEST}.`,
  },
  {
    text: /version [`'"]?((?:GLIBCXX|CXXABI)_[^'"`\s]*)['"`]? not found/,
    advice: ([, version]) =>
      `It was built with a newer C++ library than the one that this process uses, which lacks ${version}. Link it with -static-libstdc++ -static-libgcc, or build it ${OLDEST}.`,
  },
  {
    text: /version [`'"]?([^'"`\s]+)['"`]? not found \(required by/,
    advice: ([, version]) =>
      `The library has no version ${version}. Install the newer library that the plugin was linked with, or build the plugin with the one that is installed.`,
  },
  {
    text: /undefined symbol:? |symbol not found|[Ss]ymbol .* not found|procedure could not be found/,
    advice:
      'Link the plugin with the library that defines the symbol. With -Wl,-z,defs the linker reports missing ones. If only the host could define it, the plugin needs another host.',
  },
  {
    text: /wrong ELF class|ELFCLASS|[Ee]xec format error|incompatible architecture|not a valid Win32|error 193/,
    advice: 'The library that the loader names is for another processor. Build or install it for this one.',
  },
  {
    text: /CPU ISA level|ISA level/,
    advice: 'It was built for a newer processor. Build it with an older -march, such as x86-64.',
  },
  {
    text: /invalid ELF header|file too short|cannot read file data|past end of file|no dynamic section|only ET_DYN|ELF (?:file|load command)|no suitable image|not a mach-o/i,
    advice:
      'The file that the loader names is damaged, or is not a library: perhaps an object file, a script of the linker, or an incomplete download. Build or install it again.',
  },
  {
    text: /executable stack/,
    advice: 'This system forbids executable stacks. Link it with -Wl,-z,noexecstack.',
  },
  {
    text: /segment writable for relocation|segment prot/,
    advice:
      'This system forbids changing code in memory. Compile everything in the library with -fPIC; -Wl,-z,text reports the objects that lack it.',
  },
  {
    text: /cannot be dlopen/,
    advice: 'It forbids being loaded by a running program. Link it without -Wl,-z,nodlopen.',
  },
  {
    text: /Too many open files/,
    advice: 'The limit on open files of this process is used up. Raise it (ulimit -n), or close some files.',
  },
  {
    text: /[Cc]annot (?:allocate|create|extend)|Out of memory|not enough memory/,
    advice: 'The process has too little memory. Raise its limit, or free some memory.',
  },
  {
    text: /Permission denied/,
    advice:
      'This process may not read the file that the loader names. Change the modes of the file and its folders.',
  },
  {
    text: /(?:^|["\s])([^\s"/]+\.so[^\s":]*|[^\s"]+\.dylib): cannot open shared object file: No such file|[Ee]rror loading shared library ([^\s:"]+)|Library not loaded: ([^\s"]+)/,
    advice: (match) =>
      `Install ${match.slice(1).find((name) => name !== undefined)}, or ship it next to the plugin and link the plugin with -Wl,-rpath,$ORIGIN. The loader passes over files for other processors.`,
  },
  {
    text: /cannot open shared object file: No such file|error 2\b/,
    advice: 'The file has disappeared. Load the plugin again, or restore the file.',
  },
  {
    text: /error 126\b|module could not be found/,
    advice: 'Install the libraries that it needs, or ship them next to the plugin.',
  },
];

const OTHERWISE = 'Install what is missing, or link the plugin against it.';

/** Returns the advice to a message of the loader. */
export function adviceFor(problem: string): string {
  for (const { text, advice } of ROWS) {
    const match = text.exec(problem);
    if (match !== null) return typeof advice === 'string' ? advice : advice(match);
  }
  return OTHERWISE;
}
