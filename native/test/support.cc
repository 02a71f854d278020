#include "support.h"

#include <errno.h>
#include <signal.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tenon::test {

void Fail(const char *file, int line, const char *condition) {
  fprintf(stderr, "%s:%d: check failed: %s\n", file, line, condition);
  abort();
}

void Run(const char *sentence, void (*test)()) {
  uint64_t start = Now();
  test();
  printf("ok  %s (%.1f ms)\n", sentence, static_cast<double>(Now() - start) / 1e6);
  fflush(stdout);
}

std::vector<uint8_t> Bytes(size_t size, uint32_t seed) {
  std::vector<uint8_t> bytes(size);
  uint32_t word = seed * 2654435761u + 1;
  for (uint8_t &byte : bytes) {
    word ^= word << 13, word ^= word >> 17, word ^= word << 5;
    byte = static_cast<uint8_t>(word);
  }
  return bytes;
}

static std::string FromEnvironment(const char *name) {
  const char *value = getenv(name);
  if (value != nullptr) return value;
  fprintf(stderr, "set %s\n", name);
  exit(2);
}

std::string RunnerFile() {
  return FromEnvironment("TENON_RUNNER");
}
std::string PluginFile(const char *name) {
  return FromEnvironment("TENON_TEST_PLUGINS") + "/" + name + ".so";
}

pid_t Start(const std::vector<std::string> &command, const ChannelHost &host) {
  std::vector<char *> arguments;
  for (const std::string &word : command) arguments.push_back(const_cast<char *>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t child = fork();
  CHECK(child >= 0);
  if (child != 0) return child;
  setpgid(0, 0);
  int files[] = {host.shm_file(), host.wake_file(), host.life_file()};
  for (int &file : files) file = fcntl(file, F_DUPFD, 50);
  for (int i = 0; i < 3; i++) dup2(files[i], 3 + i);
  for (int file : files) close(file);
  execv(arguments[0], arguments.data());
  _exit(127);
}

Session::Session(const Setup &setup) {
  CHECK(host.Create(setup.channel) == 0);
  std::vector<std::string> command = {RunnerFile(), "serve",   PluginFile(setup.plugin),
                                      "--abi",      setup.abi, "--name"};
  command.push_back(setup.name == nullptr ? setup.plugin : setup.name);
  for (const char *word : {"--shm", "3", "--wake", "4", "--life", "5", "--profile"}) command.push_back(word);
  command.push_back(setup.profile);
  command.push_back("--parent");
  command.push_back(std::to_string(getpid()));
  command.insert(command.end(), setup.more.begin(), setup.more.end());
  pid = Start(command, host);
  host.Started(pid);
}

Session::~Session() {
  host.Close();
  if (!reaped_) {
    kill(pid, SIGKILL);
    Reap();
  }
}

void Session::AwaitReady() {
  Message message;
  Wait wait = host.Await(0, Milliseconds(10000), &message);
  if (wait == Wait::kDone && message.record.operation == kReady) return host.Done();
  fprintf(stderr, "not ready: wait %d, state %d, %s\n", static_cast<int>(wait),
          static_cast<int>(host.state()), host.broken() == nullptr ? "-" : host.broken());
  if (wait == Wait::kDone) {
    fprintf(stderr, "%.*s\n", static_cast<int>(message.record.size),
            reinterpret_cast<const char *>(message.bytes));
  }
  abort();
}

std::vector<uint8_t> Session::Do(const Request &request, Record *record) {
  uint64_t number = host.Send(request, Milliseconds(10000));
  CHECK(number != 0);
  Message message;
  CHECK(host.Await(number, Milliseconds(10000), &message) == Wait::kDone);
  CHECK(message.record.operation == request.operation);
  if (record != nullptr) *record = message.record;
  std::vector<uint8_t> bytes(message.bytes, message.bytes + message.record.size);
  host.Done();
  return bytes;
}

uint32_t Session::New(const std::string &config) {
  Record record;
  std::vector<uint8_t> said = Do(TextRequest(kNew, 0, config.c_str()), &record);
  if (record.status != 0)
    fprintf(stderr, "new: %d %.*s\n", record.status, static_cast<int>(said.size()),
            reinterpret_cast<char *>(said.data()));
  CHECK(record.status == 0);
  return record.instance;
}

std::vector<uint8_t> Session::Call(uint32_t instance, const std::vector<uint8_t> &input, int32_t *status) {
  Record record;
  std::vector<uint8_t> output = Do(MakeRequest(kCall, instance, input), &record);
  if (status != nullptr)
    *status = record.status;
  else
    CHECK(record.status == 0);
  return output;
}

int Session::Reap() {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  reaped_ = true;
  return status;
}

void Session::Kill(int signal) {
  kill(pid, signal);
}

Request MakeRequest(Operation operation, uint32_t instance, const std::vector<uint8_t> &bytes) {
  Request request;
  request.operation = operation;
  request.instance = instance;
  request.bytes.data[0] = bytes.data();
  request.bytes.size[0] = bytes.size();
  return request;
}

Request TextRequest(Operation operation, uint32_t instance, const char *text) {
  Request request;
  request.operation = operation;
  request.instance = instance;
  request.bytes.data[0] = reinterpret_cast<const uint8_t *>(text);
  request.bytes.size[0] = strlen(text);
  return request;
}

}  // namespace tenon::test
