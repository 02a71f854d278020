/* Threads of the checker, on which it calls the plugin. */
#ifndef TENON_CHECK_ON_THREAD_H
#define TENON_CHECK_ON_THREAD_H

#include <stddef.h>
#include <stdint.h>

#include <functional>

namespace tenon::check {

/* Runs it on `count` threads at once, which begin together, and waits for their end; each is told its number.
 * It must not end the scenario. */
void OnThreads(size_t count, const std::function<void(size_t number)> &work);

/* Threads of this process, those of the plugin included. */
size_t CountThreads();

/* Gives threads of the plugin so many milliseconds to do something, if there are any. */
void WaitForThreads(uint64_t ms);

}  // namespace tenon::check

#endif
