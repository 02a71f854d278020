import type { Trip } from './table.js';

export const fileTrips: readonly Trip[] = [
  { check: 'file/format', plugin: 'file-format', mentions: 'found text ("This is plain text' },
  { check: 'file/platform', plugin: 'file-platform', mentions: 'found a library for linux' },
  { check: 'file/entry-points', plugin: 'file-entry-points', mentions: 'does not export get_name;' },
  { check: 'file/descriptor', plugin: 'file-descriptor', mentions: 'its version is "first"' },
  { check: 'file/described', plugin: 'file-described', mentions: 'no symbol tenon_descriptor' },
  { check: 'file/exports', plugin: 'file-exports', mentions: 'also exports trip_helper' },
  { check: 'file/libraries', plugin: 'file-libraries', mentions: 'needs libtenon-trip-gone.so' },
  { check: 'file/needed', plugin: 'file-needed', mentions: 'needs libBrokenLocale.so.1' },
  {
    check: 'file/versions',
    plugin: 'file-versions',
    mentions: 'TRIP_2 of libtenon-trip-lender.so (for trip_lent)',
  },
  {
    check: 'file/glibc',
    plugin: 'file-glibc',
    mentions: 'glibc 2.25 (for getrandom)',
    options: { glibc: '2.17' },
  },
  { check: 'file/stack', plugin: 'file-stack', mentions: 'asks for an executable stack' },
  { check: 'file/segments', plugin: 'file-segments', mentions: 'both written and executed' },
  { check: 'file/text-relocations', plugin: 'file-text-relocations', mentions: 'DT_TEXTREL' },
  { check: 'file/relro', plugin: 'file-relro', mentions: 'without -z now' },
  { check: 'file/thread-locals', plugin: 'file-thread-locals', mentions: 'DF_STATIC_TLS' },
  { check: 'file/nodelete', plugin: 'file-nodelete', mentions: 'DF_1_NODELETE' },
  { check: 'file/symbols', plugin: 'file-symbols', mentions: 'symbol table was stripped' },
  { check: 'file/unwind', plugin: 'file-unwind', mentions: 'panic = "abort"' },
  { check: 'file/constructors', plugin: 'file-constructors', mentions: 'trip_set_up runs' },
  { check: 'file/permissions', plugin: 'file-permissions', mentions: 'Any user may write to it' },
  { check: 'file/runpath', plugin: 'file-runpath', mentions: '/opt/tenon-trip/lib' },
];
