/* tenon.hpp - plugins in C++17 as classes. Header only.
 *
 *     #include "tenon.hpp"
 *
 *     class Greeter : public tenon::Plugin {
 *      public:
 *       explicit Greeter(const tenon::New &given) {
 *         given.config({tenon::text("greeting", greeting_, 63)});
 *       }
 *       void something(tenon_bytes in, tenon::Output &out) override {
 *         if (in.len == 0) throw tenon::Error(TENON_INVALID, "the input must name someone to greet");
 *         out.write(greeting_ + ", ").write(in);
 *       }
 *
 *      private:
 *       std::string greeting_ = "Hello";
 *     };
 *
 *     TENON_PLUGIN_CLASS(Greeter, "greeter", "1.0.0", TENON_DETERMINISTIC);
 *
 * A plugin with a kind derives from the class that `tenon kind bind --lang cpp` generates, and names the kind
 * behind the flags: TENON_PLUGIN_CLASS(Grep, "grep", "1.0.0", 0, TEXT_1). It may derive from several.
 *
 * FAILURES. Throw tenon::Error for an expected failure: its status and message are the result of the call, and the
 * instance stays usable. Any other exception is a bug: it becomes TENON_PANIC, and the host disables the instance.
 * No exception crosses the boundary. */
#ifndef TENON_HPP
#define TENON_HPP

#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "tenon_config.h"
#include "tenon_record.h"

namespace tenon {

/* An expected failure, with the status that the call returns. */
class Error : public std::runtime_error {
 public:
  Error(tenon_status status, const std::string &message) : std::runtime_error(message), status_(status) {}
  explicit Error(const std::string &message) : Error(TENON_FAILED, message) {}
  tenon_status status() const noexcept { return status_; }

 private:
  tenon_status status_;
};

/* ---- Views ---- */

/* A string for a record. */
inline tenon_str str(std::string_view view) noexcept {
  return tenon_str{view.data(), view.size()};
}
/* Bytes for a record, of anything with data() and size(). */
template <class T>
tenon_bytes bytes(const T &from) noexcept {
  return tenon_bytes{reinterpret_cast<const uint8_t *>(from.data()), from.size() * sizeof *from.data()};
}
inline std::string_view view(tenon_bytes from) noexcept {
  return std::string_view(reinterpret_cast<const char *>(from.data), from.len);
}
/* An option for a record: tenon::option<tenon_u32_option>(std::optional<uint32_t>(1)). */
template <class Option, class T>
Option option(const std::optional<T> &from) {
  Option made{};
  made.some = from.has_value();
  if (from) made.value = *from;
  return made;
}

/* ---- What the host gives ---- */

/* The services of the host, valid as long as the instance. [any-thread] */
class Host {
 public:
  explicit Host(const tenon_host *host) noexcept : host_(host) {}
  void log(int32_t level, std::string_view message) const {
    host_->log(host_, level, message.data(), message.size());
  }
  /* Sends an event. Returns what `emit` of tenon.h returns. */
  tenon_status emit(tenon_bytes event) const { return host_->emit(host_, event.data, event.len); }
  /* The path of the plugin's original file, or an empty one. */
  std::string_view origin() const {
    const char *path = tenon_origin(host_);
    return path == nullptr ? std::string_view() : std::string_view(path);
  }
  const tenon_host *get() const noexcept { return host_; }

 private:
  const tenon_host *host_;
};

/* The output of a call. */
class Output {
 public:
  explicit Output(tenon_out *out) noexcept : out_(out) {}
  /* Appends bytes. Throws Error if there is no memory. */
  Output &write(std::string_view text) { return write(text.data(), text.size()); }
  Output &write(tenon_bytes from) { return write(from.data, from.len); }
  Output &write(const void *from, size_t size) {
    if (tenon_write(out_, from, size) != TENON_OK) throw Error(TENON_NO_MEMORY, "no memory for the output");
    return *this;
  }
  tenon_out *get() const noexcept { return out_; }

 private:
  tenon_out *out_;
};

/* ---- Configs ---- */

/* A key of a config, with the variable that receives its value. */
struct Key {
  tenon_config_field field;
  std::string *text = nullptr;
};
inline Key integer(const char *key, int64_t &value, int64_t min, int64_t max) {
  return Key{TENON_CONFIG_INT(key, &value, min, max)};
}
inline Key number(const char *key, double &value) {
  return Key{TENON_CONFIG_NUMBER(key, &value)};
}
inline Key boolean(const char *key, bool &value) {
  return Key{TENON_CONFIG_BOOL(key, &value)};
}
/* One of the strings of "one|other"; `value` is its index. */
inline Key word(const char *key, int &value, const char *words) {
  return Key{TENON_CONFIG_WORD(key, &value, words)};
}
/* A string of at most `max` bytes. */
inline Key text(const char *key, std::string &value, size_t max) {
  return Key{{key, '"', 0, static_cast<int64_t>(max), nullptr, nullptr}, &value};
}

/* The arguments of `new`. A plugin's constructor takes it, or nothing. */
class New {
 public:
  New(Host given, std::string_view config) : host(given), json(config) {}
  const Host host;
  /* The config: JSON, or empty. Valid until the constructor returns. */
  const std::string_view json;

  /* Reads a flat config. Throws Error for everything that the keys do not describe. */
  void config(std::initializer_list<Key> keys) const {
    std::string message;
    std::unique_ptr<tenon_config_field[]> fields(new tenon_config_field[keys.size() + 1]);
    std::unique_ptr<std::string[]> texts(new std::string[keys.size() + 1]);
    size_t count = 0;
    for (const Key &key : keys) {
      fields[count] = key.field;
      if (key.text != nullptr) {
        texts[count] = *key.text;
        texts[count].resize(static_cast<size_t>(key.field.max) + 1);
        fields[count].value = &texts[count][0];
      }
      count++;
    }
    tenon_out error = tenon_memory();
    const tenon_status status = tenon_config_read(reinterpret_cast<const uint8_t *>(json.data()), json.size(),
                                                  fields.get(), count, &error);
    if (error.len > 0) message.assign(reinterpret_cast<const char *>(error.data), error.len);
    free(error.data);
    if (status != TENON_OK) throw Error(status, message);
    size_t i = 0;
    for (const Key &key : keys) {
      if (key.text != nullptr) *key.text = texts[i].c_str();
      i++;
    }
  }
};

/* ---- Plugins ---- */

/* A plugin whose `something` takes and returns bytes. */
class Plugin {
 public:
  Plugin() = default;
  Plugin(const Plugin &) = delete;
  Plugin &operator=(const Plugin &) = delete;
  virtual ~Plugin() = default;
  /* `in` is borrowed until return. */
  virtual void something(tenon_bytes in, Output &out) = 0;
};

/* ---- Lists that are written element by element ---- */

template <class T>
using Argument = std::conditional_t<std::is_same_v<T, tenon_str>, std::string_view, const T &>;
inline tenon_str stored(std::string_view value) noexcept {
  return str(value);
}
template <class T>
const T &stored(const T &value) noexcept {
  return value;
}

/* A list that is being written. C++ code that is generated names its types. */
template <class Writer, class Item, void (*Push)(Writer *, Item)>
class List {
 public:
  explicit List(Writer writer) noexcept : writer_(writer) {}
  void push(Argument<Item> item) { Push(&writer_, stored(item)); }

 protected:
  Writer writer_;
};

/* A list of records with fields of variable length. `add` returns the writer of a new one. */
template <class Writer, class Item, void (*Push)(Writer *, Item), class ItemWriter, auto Add>
class RecordList : public List<Writer, Item, Push> {
 public:
  using List<Writer, Item, Push>::List;
  ItemWriter add() { return ItemWriter(Add(&this->writer_)); }
};

/* The open cursors of an instance, by the numbers that the host knows. */
template <class Cursor>
class Cursors {
 public:
  uint64_t add(std::unique_ptr<Cursor> cursor) {
    if (cursor == nullptr) throw Error("the plugin returned no cursor");
    const std::lock_guard<std::mutex> lock(mutex_);
    open_[++last_] = std::move(cursor);
    return last_;
  }
  std::shared_ptr<Cursor> find(uint64_t id) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = open_.find(id);
    if (found == open_.end()) throw Error(TENON_INVALID, "no cursor " + std::to_string(id));
    return found->second;
  }
  void close(uint64_t id) {
    const std::shared_ptr<Cursor> last = find(id); /* is destroyed without the lock */
    const std::lock_guard<std::mutex> lock(mutex_);
    open_.erase(id);
  }

 private:
  std::mutex mutex_;
  std::map<uint64_t, std::shared_ptr<Cursor>> open_;
  uint64_t last_ = 0;
};

/* The most items of a cursor that are returned at once. */
constexpr uint32_t most_items = 4096;

/* ---- What the macros use ---- */

/* Runs a method. An Error becomes its status; everything else is left to the barrier of tenon.h. */
template <class Work>
tenon_status guarded(tenon_out *out, Work work) {
  try {
    return work();
  } catch (const Error &error) {
    return tenon_fail(out, error.status() == TENON_OK ? TENON_FAILED : error.status(), error.what());
  }
}

template <class T>
tenon_status make(const tenon_host *host, const uint8_t *config, size_t config_len, void **state,
                  tenon_out *error) {
  return guarded(error, [&] {
    if constexpr (std::is_constructible_v<T, const New &>) {
      const std::string_view json(reinterpret_cast<const char *>(config), config_len);
      *state = new T(New(Host(host), json));
    } else {
      *state = new T();
    }
    return TENON_OK;
  });
}

template <class T>
void drop(void *state) {
  delete static_cast<T *>(state);
}

template <class T>
tenon_status something(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  return guarded(out, [&]() -> tenon_status {
    if constexpr (std::is_base_of_v<Plugin, T>) {
      Output output(out);
      static_cast<T *>(state)->something(tenon_bytes{in, in_len}, output);
      return TENON_OK;
    } else {
      (void)state, (void)in, (void)in_len;
      throw Error(TENON_UNSUPPORTED, "this plugin has only the methods of its kinds");
    }
  });
}

/* Finds the method table of a kind. */
template <class T, class... Kinds>
const void *table(const char *id) {
  const void *found = nullptr;
  (void)id;
  (void)((found == nullptr && (found = Kinds::template tenon_table<T>(id)) != nullptr) || ...);
  return found;
}

}  // namespace tenon

/* Makes a class a plugin: TENON_PLUGIN_CLASS(TYPE, NAME, VERSION, FLAGS, KINDS...), with at most four kinds, each
 * by the name of its macros, such as TEXT_1. Use it at file scope, outside of namespaces. */
/* clang-format off */
#define TENON_PLUGIN_CLASS(TYPE, NAME, VERSION, ...) \
  TENON_CLASS_PICK(__VA_ARGS__, TENON_CLASS_4, TENON_CLASS_3, TENON_CLASS_2, TENON_CLASS_1, TENON_CLASS_0, 0)(TYPE, NAME, VERSION, __VA_ARGS__)
#define TENON_CLASS_PICK(FLAGS, A, B, C, D, MACRO, ...) MACRO
#define TENON_CLASS_0(TYPE, NAME, VERSION, FLAGS) \
  TENON_CLASS(TYPE, NAME, VERSION, FLAGS, "", (tenon::table<TYPE>(id)))
#define TENON_CLASS_1(TYPE, NAME, VERSION, FLAGS, A) \
  A##_FACTS; \
  TENON_CLASS(TYPE, NAME, VERSION, FLAGS, A##_KIND, (tenon::table<TYPE, A##_CLASS>(id)))
#define TENON_CLASS_2(TYPE, NAME, VERSION, FLAGS, A, B) \
  A##_FACTS; B##_FACTS; \
  TENON_CLASS(TYPE, NAME, VERSION, FLAGS, A##_KIND ";" B##_KIND, (tenon::table<TYPE, A##_CLASS, B##_CLASS>(id)))
#define TENON_CLASS_3(TYPE, NAME, VERSION, FLAGS, A, B, C) \
  A##_FACTS; B##_FACTS; C##_FACTS; \
  TENON_CLASS(TYPE, NAME, VERSION, FLAGS, A##_KIND ";" B##_KIND ";" C##_KIND, \
              (tenon::table<TYPE, A##_CLASS, B##_CLASS, C##_CLASS>(id)))
#define TENON_CLASS_4(TYPE, NAME, VERSION, FLAGS, A, B, C, D) \
  A##_FACTS; B##_FACTS; C##_FACTS; D##_FACTS; \
  TENON_CLASS(TYPE, NAME, VERSION, FLAGS, A##_KIND ";" B##_KIND ";" C##_KIND ";" D##_KIND, \
              (tenon::table<TYPE, A##_CLASS, B##_CLASS, C##_CLASS, D##_CLASS>(id)))
#define TENON_CLASS(TYPE, NAME, VERSION, FLAGS, KINDS, FIND) \
  static const void *tenon_class_table(const char *id) { return FIND; } \
  TENON_PLUGIN_WITH(NAME, VERSION, KINDS, (FLAGS), tenon::make<TYPE>, tenon::drop<TYPE>, tenon::something<TYPE>, \
                    tenon_class_table)
/* clang-format on */

#endif /* TENON_HPP */
