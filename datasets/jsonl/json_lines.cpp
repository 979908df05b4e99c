#include "datasets/jsonl/json_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

#include "core/base/error.h"

namespace convoy {

static constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

bool JsonLines::read_more(std::string& text) {
  const int64_t count = std::clamp<int64_t>(files_[file_].bytes - offset_, 0, static_cast<int64_t>(kBatchBytes));
  if (count == 0) return false;
  const size_t before = text.size();
  text.resize(before + static_cast<size_t>(count));
  open_->read(offset_, std::as_writable_bytes(std::span(text).subspan(before)));
  if (offset_ == 0 && text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
  offset_ += count;
  return true;
}

bool JsonLines::next(LineBatch& batch) {
  batch.text = std::exchange(rest_, {});
  for (; file_ < files_.size(); ++file_) {
    if (!open_) {
      open_.emplace(File::open(files_[file_].path));
      offset_ = 0, line_ = 1;
    }
    size_t end = std::string::npos;  // of the last whole line
    bool more = true;
    while (end == std::string::npos && (more = read_more(batch.text))) {
      end = batch.text.rfind('\n');
      if (end == std::string::npos && batch.text.size() > kMostLineBytes)
        throw DataError(fmt::format("{}, line {}: no line end within {} bytes; wanted an object of JSON on each line",
                                    files_[file_].path.string(), line_, kMostLineBytes));
    }
    batch.file = file_, batch.first_line = line_;
    if (more) {
      rest_ = batch.text.substr(end + 1);
      batch.text.resize(end + 1);
      line_ += std::ranges::count(batch.text, '\n');
      return true;
    }
    open_.reset();
    if (batch.text.empty()) continue;
    ++file_;
    return true;
  }
  return false;
}

}  // namespace convoy
