import type { Trip } from './table.js';

const trip = (fault: string, mentions: string): Trip => ({
  check: `abi/${fault}`,
  plugin: `abi-${fault}`,
  mentions,
});

export const abiTrips: readonly Trip[] = [
  trip('load', 'tenon_trip_that_nobody_has'),
  trip('version', 'get_version returned "1.1.0", expected "1.0.0"'),
  trip('name', 'get_name returned "a name", expected 1 to 63 characters'),
  trip('vtable', 'its slot drop points to another library'),
  trip('descriptor', 'The descriptor states the vtable size 64, the loaded library says 56'),
  trip('flags', 'The vtable has the flags 0x40000000'),
  trip('kinds', 'The descriptor lists "codec/1.0.0", and get_extension returned NULL for "codec/1"'),
  trip('kind-tables', "The method table 'codec/1' is unusable: its slot 1 is NULL"),
  {
    ...trip('kind-tables', 'states 24 bytes for 3 methods, expected 8 + 8 × count'),
    plugin: 'abi-kind-table-count',
  },
  trip('unknown-extensions', ' for "codec/1x", expected NULL'),
  {
    ...trip('unknown-extensions', 'was ended by SIGSEGV, in: get_extension("")'),
    plugin: 'abi-extension-bounds',
  },
  trip('stable-strings', 'get_name returned "somebody-else" when it was called again'),
  trip('constant-vtable', 'The bytes of the vtable have changed after a call'),
  trip('older-host', 'was ended by SIGSEGV, in: new with a host of ABI 1.0'),
  trip('newer-host', 'new returned 3 ("not my host") with a newer host, expected 0'),
  { ...trip('newer-host', 'It called the host with a copy of tenon_host'), plugin: 'abi-copy-of-host' },
  trip('host-memory', 'was ended by SIGSEGV, in: new with a host in read-only memory'),
];
