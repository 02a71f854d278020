/* The scenario of group `resources` about the stack. */
#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>

#include "check/facts.h"
#include "check/failure.h"
#include "check/scenarios.h"

namespace tenon::check {
namespace {

constexpr size_t kStackSize = 32 << 20;
constexpr size_t kStackLimit = 256 << 10;
constexpr size_t kPage = 4096;

struct StackUse {
  Plugin *plugin;
  uint8_t *stack;
  uintptr_t start;
  bool made;
};

void *LiveOnThread(void *argument) {
  StackUse *use = static_cast<StackUse *>(argument);
  Plugin &plugin = *use->plugin;
  use->start = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  Host host;
  Instance instance(plugin, host.get(), plugin.options().config);
  use->made = instance.ok();
  if (instance.ok()) CallOften(plugin, instance);
  instance.Drop();
  return nullptr;
}

/* Returns the address of the lowest page that was touched. */
uintptr_t DeepestPage(uint8_t *stack) {
  static unsigned char resident[kStackSize / kPage];
  uintptr_t address = reinterpret_cast<uintptr_t>(stack);
  if (mincore(stack, kStackSize, resident) != 0) FailChecker("measure the stack", errno);
  size_t page = 0;
  while (page < sizeof(resident) && (resident[page] & 1) == 0) page++;
  return address + page * kPage;
}

void *MakeStack() {
  void *stack = mmap(nullptr, kStackSize, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED) FailChecker("map a stack", errno);
  madvise(stack, kStackSize, MADV_NOHUGEPAGE); /* one access would touch a whole huge page */
  return stack;
}

void Stack(Plugin &plugin) {
  plugin.Load();
  StackUse use = {&plugin, static_cast<uint8_t *>(MakeStack()), 0, false};
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_t thread;
  plugin.report().Stage("new, calls and drop on a thread whose stack is measured");
  pthread_attr_setstack(&attributes, use.stack, kStackSize);
  const int error = pthread_create(&thread, &attributes, LiveOnThread, &use);
  if (error != 0) FailChecker("start a thread", error);
  pthread_join(thread, nullptr);
  if (!use.made) plugin.report().Incomplete("new failed, so there is no instance to call");
  uintptr_t deepest = DeepestPage(use.stack);
  size_t used = deepest < use.start ? use.start - deepest : 0;
  plugin.report().Values("stack used", "bytes", {static_cast<double>(used)});
  if (used > kStackLimit)
    plugin.report().Finding("new, calls and drop used " + std::to_string(used >> 10) +
                            " KiB of stack, expected at most " + std::to_string(kStackLimit >> 10) + " KiB");
}

}  // namespace

const ScenarioEntry kStackScenarios[] = {
    {"resources/stack", Stack},
    {nullptr, nullptr},
};

}  // namespace tenon::check
