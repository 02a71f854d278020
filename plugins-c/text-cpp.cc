// text-cpp - searches text, as text.c does, in C++: a class that derives from the one in text.kind.hpp.
//
// KIND    text/1.1.0; `something` is not supported.
// CONFIG  none.
#include <cstring>
#include <memory>
#include <string>

#include "text.kind.hpp"

namespace {

constexpr size_t progress_bytes = 1 << 20;  // between two events

// The part of the input up to a position: the number of its last line, and where that line begins.
class Position {
 public:
  explicit Position(std::string_view text) : text_(text) {}

  void Advance(size_t at) {
    for (size_t end; (end = text_.find('\n', counted_)) < at; counted_ = end + 1) {
      line_++;
      begin_ = end + 1;
    }
  }
  uint32_t Line() const { return line_; }
  std::string_view WholeLine() const { return text_.substr(begin_, text_.find('\n', begin_) - begin_); }

 private:
  const std::string_view text_;
  uint32_t line_ = 1;
  size_t begin_ = 0, counted_ = 0;
};

// The lines of an input. It keeps a copy, because an input is borrowed until its call returns.
class Lines : public text::LinesCursor {
 public:
  explicit Lines(std::string_view text) : text_(text) {}

  bool next(uint32_t max, text::LinesItemListWriter &items) override {
    for (uint32_t i = 0; i < max && at_ < text_.size(); i++) {
      const size_t end = std::min(text_.find('\n', at_), text_.size());
      items.push({at_, tenon::str(std::string_view(text_).substr(at_, end - at_))});
      at_ = end + 1;
    }
    return at_ >= text_.size();
  }

 private:
  const std::string text_;
  size_t at_ = 0;
};

class Search : public text::Text {
 public:
  explicit Search(const tenon::New &given) : host_(given.host) {}

  void find(const text::FindIn &in, text::FindOutWriter &out) override {
    const std::string_view text = in.text, needle = in.needle;
    if (needle.empty()) throw tenon::Error(TENON_INVALID, "needle must not be empty");
    const uint32_t limit = in.limit.value_or(UINT32_MAX);
    uint32_t total = 0;
    std::string_view first;
    Position position(text);
    size_t reported = 0;
    auto hits = out.hits();
    for (size_t at = 0; (at = text.find(needle, at)) != text.npos; at += needle.size()) {
      position.Advance(at);
      Report(reported, at, text.size());
      if (total == 0) first = position.WholeLine();
      if (total++ < limit) hits.push({static_cast<uint32_t>(at), position.Line()});
    }
    Report(reported, text.size(), text.size());
    out.first(first);
    out.total(total);
  }

  std::unique_ptr<text::LinesCursor> lines(const text::LinesOpenIn &in) override {
    return std::make_unique<Lines>(in.text);
  }

  text::CountOut count(const text::CountIn &in) override {
    uint64_t words = 0;
    bool inside = false;
    for (const char c : std::string_view(in.text)) {
      const bool space = c == ' ' || (c >= '\t' && c <= '\r');
      words += !space && !inside;
      inside = !space;
    }
    return {words};
  }

 private:
  // A host that does not keep up misses events.
  void Report(size_t &reported, size_t done, size_t all) {
    for (; done - reported >= progress_bytes; reported += progress_bytes)
      (void)text::emit_progress(host_, {reported + progress_bytes, all});
  }

  const tenon::Host host_;
};

}  // namespace

TENON_PLUGIN_CLASS(Search, "text-cpp", "1.0.0", TENON_DETERMINISTIC, TEXT_1);
