/* Replaces functions of the C library in the libraries that import them. */
#ifndef TENON_CHECK_IMPORTS_H
#define TENON_CHECK_IMPORTS_H

#include <stddef.h>

namespace tenon::check {

struct Replacement {
  const char *name; /* "malloc" */
  void *ours;
};

/* Changes the address tables of all libraries of the process, and does not restore them. This program itself keeps
 * the usual functions. A library that has a function of this name of its own keeps that. May be called again after
 * more libraries were loaded. Returns false if the libraries cannot be listed, or if one of the tables cannot be
 * changed. */
bool ReplaceImports(const Replacement *replacements, size_t count);

}  // namespace tenon::check

#endif
