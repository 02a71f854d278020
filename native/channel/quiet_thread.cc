#include "channel/quiet_thread.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>

namespace tenon {
namespace {

constexpr size_t kStack = 64 * 1024; /* for the thread itself */
constexpr size_t kLargestStack = 256 << 20;

/* Returns the size of a stack with room for what the C library keeps in it. glibc keeps all static
 * thread-local storage there: that of preloaded libraries, and what GLIBC_TUNABLES reserves for others. It has
 * a function that returns the size, which is not in a header. */
size_t StackSize(const pthread_attr_t *attributes) {
  using Minimum = size_t (*)(const pthread_attr_t *);
  auto minimum = reinterpret_cast<Minimum>(dlsym(RTLD_DEFAULT, "__pthread_get_minstack"));
  return minimum == nullptr ? kStack : kStack + ((minimum(attributes) + 0xfff) & ~size_t{0xfff});
}

}  // namespace

bool StartQuietThread(void *(*run)(void *), void *argument) {
  pthread_attr_t attributes;
  pthread_t thread;
  sigset_t all, before;
  sigfillset(&all);
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int problem = EINVAL;
  /* EINVAL: the stack is too small after all. */
  for (size_t size = StackSize(&attributes); problem == EINVAL && size <= kLargestStack; size *= 2) {
    pthread_attr_setstacksize(&attributes, size);
    problem = pthread_create(&thread, &attributes, run, argument);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  return problem == 0;
}

}  // namespace tenon
