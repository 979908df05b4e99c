// Requests for memory that is read or written soon, sent one by one between other work.
//
// The rows of a head are short and far apart, so that the processor does not guess the next one; and requests that come
// all at once are dropped.
#pragma once

namespace convoy::cpu::CONVOY_ISA {
namespace {

class Requests {
 public:
  // Behind those already there; beyond the eighth are left out.
  template <class Element>
  void add(const Element* first, int64_t stride, int64_t rows, int64_t elements, Access access) {
    constexpr auto kBytes = static_cast<int64_t>(sizeof(Element));
    if (rows <= 0 || ranges_ == kMostRanges) return;
    range_[ranges_++] = {reinterpret_cast<uintptr_t>(first), stride * kBytes, rows, elements * kBytes, access};
    if (lines_ == 0) begin_row();
  }

  // Into the first-level cache: the processor drops a request for the second one if it does not know the page.
  [[gnu::always_inline]] void send_one() {
    if (lines_ == 0) return;
    if (access_ == Access::write)
      __builtin_prefetch(reinterpret_cast<const void*>(line_), 1, 3);
    else
      __builtin_prefetch(reinterpret_cast<const void*>(line_), 0, 3);
    line_ += kLine;
    if (--lines_ == 0) begin_row();
  }

 private:
  static constexpr int kMostRanges = 8;
  static constexpr uintptr_t kLine = 64;
  struct Range {
    uintptr_t row;
    int64_t stride, rows, bytes;
    Access access;
  };

  void begin_row() {
    while (at_ < ranges_ && range_[at_].rows == 0) ++at_;
    if (at_ == ranges_) return;
    Range& range = range_[at_];
    line_ = range.row / kLine * kLine;
    access_ = range.access;
    lines_ = ceil_div<int64_t>(static_cast<int64_t>(range.row - line_) + range.bytes, kLine);
    range.row += static_cast<uintptr_t>(range.stride);
    --range.rows;
  }

  Range range_[kMostRanges];
  int ranges_ = 0, at_ = 0;
  uintptr_t line_ = 0;
  int64_t lines_ = 0;  // left in the row
  Access access_ = Access::read;
};

}  // namespace
}  // namespace convoy::cpu::CONVOY_ISA
