/* Helpers of the channel's tests: checks that end the program, and a runner that is started as the addon
 * starts it. */
#ifndef TENON_TEST_SUPPORT_H
#define TENON_TEST_SUPPORT_H

#include <stdio.h>
#include <stdlib.h>

#include <string>
#include <vector>

#include "channel/host_end.h"

#define CHECK(condition)                                                 \
  do {                                                                   \
    if (!(condition)) tenon::test::Fail(__FILE__, __LINE__, #condition); \
  } while (false)

namespace tenon::test {

[[noreturn]] void Fail(const char *file, int line, const char *condition);

/* Runs a test: a sentence of behaviour, then the code. */
void Run(const char *sentence, void (*test)());

constexpr uint64_t Milliseconds(uint64_t count) {
  return count * 1000000;
}

/* Returns pseudo-random bytes that depend on the seed. */
std::vector<uint8_t> Bytes(size_t size, uint32_t seed);

/* Return the runner and a plugin under test, from the environment: TENON_RUNNER, TENON_TEST_PLUGINS. */
std::string RunnerFile();
std::string PluginFile(const char *name);

struct Setup {
  const char *plugin = "echo";
  const char *abi = "1.0.0";
  const char *name = nullptr; /* the plugin's name, if it differs from the file's */
  ChannelOptions channel;
  const char *profile = "balanced";
  std::vector<std::string> more; /* options of the runner */
};

/* A runner and the channel to it. */
class Session {
 public:
  explicit Session(const Setup &setup = {});
  ~Session();

  /* Waits for kReady. */
  void AwaitReady();
  /* Sends one request and waits, with a deadline of ten seconds that must not pass. Returns the bytes of the
   * answer. */
  std::vector<uint8_t> Do(const Request &request, Record *record = nullptr);
  uint32_t New(const std::string &config = "");
  std::vector<uint8_t> Call(uint32_t instance, const std::vector<uint8_t> &input, int32_t *status = nullptr);

  /* Waits for the end of the process. Returns its wait status. */
  int Reap();
  void Kill(int signal);

  ChannelHost host;
  pid_t pid = 0;

 private:
  bool reaped_ = false;
};

Request MakeRequest(Operation operation, uint32_t instance, const std::vector<uint8_t> &bytes);
Request TextRequest(Operation operation, uint32_t instance, const char *text);
/* Starts a program with the channel's files as descriptors 3, 4 and 5. */
pid_t Start(const std::vector<std::string> &command, const ChannelHost &host);

}  // namespace tenon::test

#endif
