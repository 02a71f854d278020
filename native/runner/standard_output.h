/* The standard output of the process, which the C library buffers. */
#ifndef TENON_RUNNER_STANDARD_OUTPUT_H
#define TENON_RUNNER_STANDARD_OUTPUT_H

namespace tenon {

/* Has each line written at once, so that the plugin's output before a crash is not lost without a terminal. */
void WriteLinesAtOnce();

/* Writes what is buffered. */
void FlushOutput();

}  // namespace tenon

#endif
