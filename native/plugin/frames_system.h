/* The part of frames.h that every system has its own way for. */
#ifndef TENON_PLUGIN_FRAMES_SYSTEM_H
#define TENON_PLUGIN_FRAMES_SYSTEM_H

#include <stdint.h>

namespace tenon {

/* The size of the smallest page. No page before it is mapped. */
constexpr uintptr_t kFirstPage = 4096;

/* Reads a word that may not be mapped. Returns false if it cannot be read. Async-signal-safe. */
bool ReadWord(uintptr_t address, uintptr_t *word);

}  // namespace tenon

#endif
