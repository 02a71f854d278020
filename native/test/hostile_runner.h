/* The parts of the hostile runner. */
#ifndef TENON_TEST_HOSTILE_RUNNER_H
#define TENON_TEST_HOSTILE_RUNNER_H

#include "channel/runner_end.h"

/* Writes garbage and wrong answers, which the seed determines. */
void WriteGarbage(tenon::ChannelRunner *channel, uint64_t seed);

#endif
