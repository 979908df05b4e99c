#include "datasets/table/csv_blocks.h"

#include <algorithm>
#include <utility>

namespace convoy {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

// Behind the last line end that is outside of quotation marks, where the text begins outside; 0: there is none.
size_t end_of_rows(std::string_view text, char line_end) {
  auto open = std::count(text.begin(), text.end(), '"');
  for (size_t end = text.size(); end > 0;) {
    const size_t at = text.rfind(line_end, end - 1);
    if (at == std::string_view::npos) return 0;
    open -= std::count(text.begin() + static_cast<std::ptrdiff_t>(at), text.begin() + static_cast<std::ptrdiff_t>(end),
                       '"');
    if (open % 2 == 0) return at + 1;
    end = at;
  }
  return 0;
}

}  // namespace

CsvBlocks::CsvBlocks(const TextFile& file) : reader_(file, {}) {
  ended_ = reader_.append(kBlockBytes, rest_) < kBlockBytes;
  if (rest_.starts_with(kByteOrderMark)) rest_.erase(0, kByteOrderMark.size());
  if (rest_.find('\n') == std::string::npos && rest_.find('\r') != std::string::npos) line_end_ = '\r';
  CsvBlock block;
  if (read(block)) {
    block.is_first = true;
    first_ = std::move(block);
  }
}

bool CsvBlocks::next(CsvBlock& block) {
  if (!first_) return read(block);
  block = std::move(*first_);
  first_.reset();
  return true;
}

bool CsvBlocks::read(CsvBlock& block) {
  size_t end = 0;
  for (;;) {
    if (!ended_ && rest_.size() < kBlockBytes) ended_ = reader_.append(kBlockBytes, rest_) < kBlockBytes;
    end = ended_ ? rest_.size() : end_of_rows(rest_, line_end_);
    if (end > 0 || ended_ || rest_.size() > kMostRowBytes) break;
    ended_ = reader_.append(kBlockBytes, rest_) < kBlockBytes;
  }
  if (end == 0) end = rest_.size();
  if (end == 0) return false;
  block.text = rest_.substr(end);
  block.text.swap(rest_);
  block.text.resize(end);
  block.first_line = line_;
  block.is_first = false;
  block.line_end = line_end_;
  line_ += std::count(block.text.begin(), block.text.end(), line_end_);
  return true;
}

}  // namespace convoy
