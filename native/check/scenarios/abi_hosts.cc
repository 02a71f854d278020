/* Scenarios of group `abi`: hosts that are older or newer than the plugin, or whose private members are
 * protected. */
#include "check/guarded.h"
#include "check/scenarios.h"

namespace tenon::check {
namespace {

/* The size of tenon_host in ABI 1.0. The tenon.h of this suite may have more members. */
constexpr size_t kOldestHost = 40;

/* The number of calls of host functions with a pointer other than `expected_host`. */
std::atomic<uint64_t> strangers;
std::atomic<const tenon_host *> expected_host;

void Meet(const tenon_host *host) {
  if (host != expected_host) strangers++;
}

void TakeLog(const tenon_host *host, int32_t, const char *, size_t) {
  Meet(host);
}

tenon_status TakeEvent(const tenon_host *host, const uint8_t *, size_t) {
  Meet(host);
  return TENON_OK;
}

const void *NoExtension(const tenon_host *host, const char *) {
  Meet(host);
  return nullptr;
}

/* A host in memory of its own, which is never freed. */
class OddHost {
 public:
  OddHost(size_t size, Guarded::Place place) : memory_(*new Guarded(size, place)) {
    tenon_host *host = reinterpret_cast<tenon_host *>(memory_.data());
    memset(memory_.data(), 0, size);
    host->size = static_cast<uint32_t>(size);
    host->log = TakeLog;
    host->emit = TakeEvent;
    host->get_extension = NoExtension;
    expected_host = host;
    strangers = 0;
  }

  tenon_host *get() const { return reinterpret_cast<tenon_host *>(memory_.data()); }
  Guarded &memory() { return memory_; }

 private:
  Guarded &memory_;
};

struct Life {
  CallResult made, called;
};

Life LiveWith(Plugin &plugin, const tenon_host *host, const std::string &which) {
  Report &report = plugin.report();
  report.Stage("new with " + which);
  Instance instance(plugin, host, plugin.options().config);
  Life life{instance.made(), {}};
  if (!instance.ok()) return life;
  report.Stage("call with " + which);
  life.called = instance.Call(plugin.options().input());
  report.Stage("drop with " + which);
  instance.Drop();
  return life;
}

std::string Shown(const CallResult &result) {
  std::string text = std::to_string(result.status);
  return result.ok() ? text : text + " (" + Quote(result.bytes) + ")";
}

bool Alike(const Life &a, const Life &b) {
  return a.made.outcome == b.made.outcome && a.called.outcome == b.called.outcome;
}

/* Reports a finding if the plugin behaves differently with the odd host and with a usual one. */
void Compare(Plugin &plugin, const OddHost &odd, const std::string &which) {
  Host &host = *new Host;
  Life usual = LiveWith(plugin, host.get(), "a usual host");
  if (!usual.made.ok()) plugin.report().Incomplete("new failed, so there is nothing to compare");
  Life other = LiveWith(plugin, odd.get(), which);
  if (Alike(usual, other)) return;
  /* The odd host is the cause only if the plugin behaves as before with a usual one. */
  if (!Alike(usual, LiveWith(plugin, host.get(), "a usual host again"))) return;
  bool made = other.made.ok();
  plugin.report().Finding(std::string(made ? "A call" : "new") + " returned " +
                          Shown(made ? other.called : other.made) + " with " + which + ", expected " +
                          Shown(made ? usual.called : usual.made) + " as with a usual host");
}

void OlderHost(Plugin &plugin) {
  plugin.Load();
  OddHost odd(kOldestHost, Guarded::kAtEnd);
  Compare(plugin, odd, "a host of ABI 1.0");
}

void NewerHost(Plugin &plugin) {
  plugin.Load();
  constexpr size_t kMore = 8; /* members of a later ABI */
  OddHost odd(sizeof(tenon_host) + kMore * sizeof(void *), Guarded::kAtEnd);
  Guarded &trap = *new Guarded(1);
  trap.Forbid();
  uint8_t *poison = trap.data();
  for (size_t i = 0; i < kMore; i++) {
    memcpy(odd.memory().data() + sizeof(tenon_host) + i * sizeof(poison), &poison, sizeof(poison));
  }
  odd.get()->reserved = 0xfffffffe;
  Compare(plugin, odd, "a newer host");
  if (strangers > 0)
    plugin.report().Finding(
        "It called the host with a copy of tenon_host, which lacks the members of newer hosts; expected the "
        "pointer that new received");
}

void HostMemory(Plugin &plugin) {
  plugin.Load();
  OddHost odd(sizeof(tenon_host), Guarded::kAtStart);
  Guarded &trap = *new Guarded(1);
  trap.Forbid();
  odd.get()->ctx = trap.data();
  odd.memory().MakeReadOnly();
  Compare(plugin, odd, "a host in read-only memory");
}

}  // namespace

const ScenarioEntry kHostScenarios[] = {
    {"abi/older-host", OlderHost},
    {"abi/newer-host", NewerHost},
    {"abi/host-memory", HostMemory},
    {nullptr, nullptr},
};

}  // namespace tenon::check
