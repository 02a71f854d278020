/* The made-up input that is being tried, in a file that is still there when the process is not
 * (src/check/fuzz/breadcrumb.ts reads it). */
#ifndef TENON_CHECK_BREADCRUMB_H
#define TENON_CHECK_BREADCRUMB_H

#include <stdint.h>

#include <string>

namespace tenon::check {

class Breadcrumb {
 public:
  /* An empty path: nothing is kept. */
  explicit Breadcrumb(const std::string &path);
  Breadcrumb(const Breadcrumb &) = delete;
  Breadcrumb &operator=(const Breadcrumb &) = delete;

  /* `number` of the input, and what is called with it. */
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
