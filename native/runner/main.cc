// tenon-runner: the program that loads a plugin outside of the host's process. Depends on tenon.h and not on
// Node.js.
//
//     tenon-runner probe FILE ...   runs gates 6 to 9 of the admission on FILE (see runner/probe_report.h)
//     tenon-runner serve FILE ...   serves FILE to a host (see serve_options.cc, channel/layout.h)
//     tenon-runner --version        prints the version of the ABI
//
// Exit codes: 0 the gates ended with a verdict, 1 the host is gone, 2 usage. Where there is no runner, the host runs
// the same gates in a Node.js child (src/admission/probe-child.ts).

#include <cstdio>
#include <cstring>
#include "runner/probe.h"
#include "runner/serve.h"
#include "runner/serve_options.h"
#include "tenon.h"

#if defined(_WIN32)
#include "runner/windows/arguments.h"
#endif

namespace {

int usage() {
  std::fprintf(stderr, "usage: tenon-runner probe FILE %s\n       %s\n       tenon-runner --version\n",
               tenon::kLimitsUsage, tenon::kServeUsage);
  return 2;
}

int run(int argc, char **argv) {
  if (argc == 2 && std::strcmp(argv[1], "--version") == 0) {
    std::puts("tenon-runner " TENON_ABI_VERSION);
    return 0;
  }
  if (argc >= 3 && std::strcmp(argv[1], "probe") == 0 && argv[2][0] != '\0') {
    tenon::Limits limits;
    if (tenon::ReadLimits(argc - 3, argv + 3, &limits) != nullptr) return usage();
    return tenon::probe::run(tenon::AsPath(argv[2]).c_str(), limits);
  }
  if (argc >= 3 && std::strcmp(argv[1], "serve") == 0) return tenon::Serve(argc - 2, argv + 2);
  return usage();
}

}  // namespace

#if defined(_WIN32)
int main() {
  tenon::Arguments arguments;
  return run(arguments.count(), arguments.values());
}
#else
int main(int argc, char **argv) {
  return run(argc, argv);
}
#endif
