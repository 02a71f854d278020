/* Threads of the runner besides the one that calls the plugin. */
#ifndef TENON_CHANNEL_QUIET_THREAD_H
#define TENON_CHANNEL_QUIET_THREAD_H

namespace tenon {

/* Starts a detached thread with a small stack. The thread blocks all signals, because signals belong to the
 * plugin. */
bool StartQuietThread(void *(*run)(void *), void *argument);

}  // namespace tenon

#endif
