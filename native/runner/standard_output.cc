#include "runner/standard_output.h"

#include <stdio.h>

namespace tenon {

void WriteLinesAtOnce() {
  setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
}

void FlushOutput() {
  fflush(nullptr);
}

}  // namespace tenon
