// A plugin of tenon.hpp whose methods fail in every way, and whose config has a key of every type.
#include <new>
#include <stdexcept>
#include <string>

#include "../../plugins-c/codec.kind.h"
#include "../../plugins-c/text.kind.hpp"
#include "codec.kind.hpp"

namespace {

class Endless : public text::LinesCursor {
 public:
  ~Endless() override { ended++; }
  bool next(uint32_t max, text::LinesItemListWriter &items) override {
    if (++calls_ == 2) throw tenon::Error(TENON_BUSY, "try again");
    if (calls_ == 4) throw std::runtime_error("a bug in next");
    for (uint32_t i = 0; i < max; i++) {
      auto item = items.add();
      item.line("again");
      item.at(i);
    }
    return false;
  }
  static uint64_t ended;

 private:
  int calls_ = 0;
};
uint64_t Endless::ended = 0;

class Classes : public tenon::Plugin, public text::Text, public codec::Codec {
 public:
  explicit Classes(const tenon::New &given) {
    given.config({tenon::integer("level", level_, 0, 9), tenon::number("factor", factor_),
                  tenon::boolean("loud", loud_), tenon::word("mode", mode_, "plain|other"),
                  tenon::text("name", name_, 8)});
    if (name_ == "bug") throw std::logic_error("a bug in new");
  }

  void something(tenon_bytes in, tenon::Output &out) override {
    if (in.len > 0) throw tenon::Error("the input must be empty");
    out.write(std::to_string(level_) + " " + std::to_string(factor_) + (loud_ ? " loud " : " quiet "));
    out.write(std::to_string(mode_) + " " + name_);
  }
  void find(const text::FindIn &in, text::FindOutWriter &out) override {
    out.total(1);
    const std::string_view what = in.needle;
    if (what == "bug") throw std::runtime_error("a bug in find");
    if (what == "number") throw 42;
    if (what == "ok") throw tenon::Error(TENON_OK, "a failure is never TENON_OK");
    throw tenon::Error(TENON_UNSUPPORTED, "cannot find " + std::string(what));
  }
  std::unique_ptr<text::LinesCursor> lines(const text::LinesOpenIn &in) override {
    if (std::string_view(in.text).empty()) return nullptr;
    return std::make_unique<Endless>();
  }
  void encode(tenon_bytes in, tenon::Output &out) override {
    out.write(in).write(std::to_string(Endless::ended));
  }
  void decode(tenon_bytes, tenon::Output &out) override {
    out.write("a part");
    throw tenon::Error(TENON_INVALID, "the data is damaged");
  }

 private:
  int64_t level_ = 6;
  double factor_ = 1;
  bool loud_ = false;
  int mode_ = 0;
  std::string name_ = "none";
};

}  // namespace

TENON_PLUGIN_CLASS(Classes, "classes", "1.0.0", 0, TEXT_1, CODEC_1);
