#include "check/shared_statics.h"

#if defined(__x86_64__)

#include <dlfcn.h>
#include <link.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "base/uninterrupted.h"
#include "check/failure.h"
#include "plugin/frames.h"

namespace tenon::check {
namespace {

constexpr uintptr_t kPage = 4096;
/* The time for the child process, in seconds. */
constexpr unsigned kPatience = 3;
constexpr size_t kMostRecords = 8192;
/* The uses that are reported of one instruction: a loop over a buffer must not displace other variables. */
constexpr int kMostOfInstruction = 2;
constexpr size_t kMostUses = 32;
/* Bits of the registers: an access that was a write, and the flag that stops after one instruction. See "Page
 * fault error codes" and EFLAGS in Intel's Software Developer's Manual, volumes 3 and 1. */
constexpr greg_t kWriteBit = 2, kTrapFlag = 0x100;

struct Record {
  uintptr_t data, code, caller;
  bool write;
};

/* Shared with the child process, which may end at any time. */
struct Records {
  size_t counts[2];
  size_t finished;
  Record of[2][kMostRecords];
};

struct Range {
  uintptr_t start, end;
};

/* The state of the signal handlers in the child process. */
Records *records;
size_t current;
Range watched;
CodeRange code;

bool Protect(int allowed) {
  return mprotect(reinterpret_cast<void *>(watched.start), watched.end - watched.start, allowed) == 0;
}

bool IsPluginCode(uintptr_t address) {
  return address >= code.start && address < code.end;
}

/* Returns the innermost address in the plugin's code. */
uintptr_t CallerOf(const Registers &registers) {
  if (IsPluginCode(registers.pc)) return registers.pc;
  uint64_t frames[kMaxFrames];
  const uint32_t count = CollectFrames(registers, frames);
  const uint64_t *end = frames + count;
  const uint64_t *found = std::find_if(frames, frames + count, IsPluginCode);
  return found == end ? 0 : *found - 1; /* an address within the call */
}

/* Records an access, and lets its instruction continue. */
void OnAccess(int signal, siginfo_t *info, void *context) {
  auto *state = static_cast<ucontext_t *>(context);
  const uintptr_t address = reinterpret_cast<uintptr_t>(info->si_addr);
  if (address < watched.start || address >= watched.end || !Protect(PROT_READ | PROT_WRITE)) {
    ::signal(signal, SIG_DFL);
    return;
  }
  size_t &count = records->counts[current];
  if (count < kMostRecords) {
    const Registers registers = RegistersOf(state);
    const bool write = (state->uc_mcontext.gregs[REG_ERR] & kWriteBit) != 0;
    records->of[current][count++] = {address, registers.pc, CallerOf(registers), write};
  }
  state->uc_mcontext.gregs[REG_EFL] |= kTrapFlag;
}

void OnStep(int, siginfo_t *, void *context) {
  static_cast<ucontext_t *>(context)->uc_mcontext.gregs[REG_EFL] &= ~kTrapFlag;
  Protect(PROT_NONE);
}

void Handle(int signal, void (*handler)(int, siginfo_t *, void *)) {
  struct sigaction action = {};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigfillset(&action.sa_mask);
  sigaction(signal, &action, nullptr);
}

/* Finds the writable data of the library that has `code.base`. */
int FindData(dl_phdr_info *info, size_t, void *) {
  if (info->dlpi_addr != code.base) return 0;
  uintptr_t read_only = 0;
  Range data = {0, 0};
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) &header = info->dlpi_phdr[i];
    const uintptr_t start = info->dlpi_addr + header.p_vaddr, end = start + header.p_memsz;
    if (header.p_type == PT_GNU_RELRO) read_only = end / kPage * kPage;
    if (header.p_type == PT_LOAD && (header.p_flags & PF_W) != 0)
      data = {start / kPage * kPage, (end + kPage - 1) / kPage * kPage};
  }
  watched = {std::max(data.start, read_only), data.end};
  return 1;
}

[[noreturn]] void Observe(const std::function<void(size_t)> &work, bool with_first_use) {
  ReportFailures(nullptr);
  alarm(kPatience);
  if (!with_first_use) work(0); /* what only the first use initialises is not shared */
  Handle(SIGSEGV, OnAccess);
  Handle(SIGTRAP, OnStep);
  for (current = 0; current < 2; current++) {
    if (!Protect(PROT_NONE)) _exit(1);
    work(current);
    Protect(PROT_READ | PROT_WRITE);
    records->finished++;
  }
  _exit(0);
}

/* Returns true if the instruction belongs to a lock, which instances may share. */
bool IsLock(uintptr_t address) {
  Dl_info info;
  if (dladdr(reinterpret_cast<void *>(address), &info) == 0 || info.dli_sname == nullptr) return false;
  return strncmp(info.dli_sname, "pthread_", 8) == 0 || strncmp(info.dli_sname, "__pthread_", 10) == 0 ||
         strncmp(info.dli_sname, "__lll_", 6) == 0;
}

/* Returns the addresses that the instance used, each with whether it wrote to it. */
std::map<uintptr_t, bool> UsedBy(size_t which) {
  std::map<uintptr_t, bool> used;
  for (size_t i = 0; i < records->counts[which]; i++) {
    const Record &record = records->of[which][i];
    used[record.data] = used[record.data] || record.write;
  }
  return used;
}

std::vector<Evidence::Use> UsesOfBoth() {
  std::vector<Evidence::Use> uses;
  const std::map<uintptr_t, bool> first = UsedBy(0), second = UsedBy(1);
  std::map<uintptr_t, int> of_instruction;
  std::map<uintptr_t, bool> told;
  for (const bool writes : {true, false}) { /* the instructions that write come first */
    for (size_t i = 0; i < records->counts[1] && uses.size() < kMostUses; i++) {
      const Record &record = records->of[1][i];
      const auto other = first.find(record.data);
      if (record.write != writes || other == first.end() || !(other->second || second.at(record.data)))
        continue;
      if (told[record.data] || IsLock(record.code) || ++of_instruction[record.code] > kMostOfInstruction)
        continue;
      told[record.data] = true;
      uses.push_back({record.data, record.caller});
    }
  }
  return uses;
}

}  // namespace

Evidence FindSharedStatics(Plugin &plugin, const std::function<void(size_t)> &work, bool with_first_use) {
  Evidence evidence;
  code = FindCode(plugin.gates().entry());
  evidence.base = code.base;
  void *shared = mmap(nullptr, sizeof(Records), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED || dl_iterate_phdr(FindData, nullptr) != 1 || watched.start >= watched.end)
    return evidence;
  records = static_cast<Records *>(shared);
  plugin.report().Stage("looking for static variables that instances share");
  const pid_t child = fork();
  if (child < 0) return evidence;
  if (child == 0) Observe(work, with_first_use);
  Uninterrupted([&] { return waitpid(child, nullptr, 0); });
  if (records->finished == 2) evidence.uses = UsesOfBoth();
  return evidence;
}

}  // namespace tenon::check

#else

#include "plugin/frames.h"

namespace tenon::check {

Evidence FindSharedStatics(Plugin &plugin, const std::function<void(size_t)> &, bool) {
  Evidence evidence;
  evidence.base = FindCode(plugin.gates().entry()).base;
  return evidence;
}

}  // namespace tenon::check

#endif
