/* A file with the generated input that is being tried. It survives the process, and
 * src/check/fuzz/breadcrumb.ts reads it. */
#ifndef TENON_CHECK_BREADCRUMB_H
#define TENON_CHECK_BREADCRUMB_H

#include <stdint.h>

#include <string>

namespace tenon::check {

class Breadcrumb {
 public:
  /* With an empty path nothing is stored. */
  explicit Breadcrumb(const std::string &path);
  Breadcrumb(const Breadcrumb &) = delete;
  Breadcrumb &operator=(const Breadcrumb &) = delete;

  /* Stores an input, its `number`, and the name of the call that receives it. */
  void Leave(uint64_t number, const std::string &what, const std::string &bytes);

 private:
  struct Header {
    char magic[8]; /* "TENONFUZ" */
    uint64_t number, size;
    char what[104];
  };
  Header *header_ = nullptr;
};

}  // namespace tenon::check

#endif
