/* The segments of a loaded Mach-O library. */
#ifndef TENON_PLUGIN_MACHO_SEGMENTS_H
#define TENON_PLUGIN_MACHO_SEGMENTS_H

#include <mach-o/loader.h>
#include <stdint.h>
#include <string.h>

namespace tenon {

/* Calls `visit(start, end, executable)` for each segment of the library whose header is at `base`. */
template <typename Visit>
void ForEachSegment(uintptr_t base, const Visit &visit) {
  const auto *header = reinterpret_cast<const mach_header_64 *>(base);
  const auto each = [&](const auto &use) {
    const auto *at = reinterpret_cast<const uint8_t *>(header + 1);
    for (uint32_t i = 0; i < header->ncmds; i++) {
      const auto *command = reinterpret_cast<const load_command *>(at);
      if (command->cmd == LC_SEGMENT_64) use(*reinterpret_cast<const segment_command_64 *>(at));
      at += command->cmdsize;
    }
  };
  uintptr_t slide = 0; /* the distance of the library from where its file places it */
  each([&](const segment_command_64 &segment) {
    if (strncmp(segment.segname, SEG_TEXT, sizeof(segment.segname)) == 0) slide = base - segment.vmaddr;
  });
  each([&](const segment_command_64 &segment) {
    uintptr_t start = slide + segment.vmaddr;
    visit(start, start + segment.vmsize, (segment.initprot & VM_PROT_EXECUTE) != 0);
  });
}

}  // namespace tenon

#endif
