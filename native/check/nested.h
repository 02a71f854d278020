/* Inputs with deep structure. */
#ifndef TENON_CHECK_NESTED_H
#define TENON_CHECK_NESTED_H

#include <stddef.h>

#include <string>
#include <vector>

namespace tenon::check {

/* A structure that contains itself: what opens it, what it contains, and what closes it. */
struct Nesting {
  std::string open, core, close;

  /* Returns an input of this depth. */
  std::string Of(size_t depth) const;
};

/* Returns brackets, JSON and markup around nothing and around the input, and the pairs of brackets in the input. */
std::vector<Nesting> NestingsOf(const std::string &input);

}  // namespace tenon::check

#endif
