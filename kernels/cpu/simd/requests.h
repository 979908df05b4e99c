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
    if (rows <= 0 || elements <= 0 || ranges_ == kMostRanges) return;
    const auto address = static_cast<int64_t>(reinterpret_cast<uintptr_t>(first));
    // All rows are given the lines of the one that reaches into most.
    const int64_t offset = stride * kBytes % kLine == 0 ? address % kLine : kLine - kBytes;
    const int64_t lines = ceil_div<int64_t>(offset + elements * kBytes, kLine);
    range_[ranges_++] = {address / kLine * kLine, lines, stride * kBytes - lines * kLine, rows * lines, access};
    if (left_ == 0) begin_range();
  }

  // Into the first-level cache: the processor drops a request for the second one if it does not know the page. Whether
  // a row ends is computed without a branch, for rows are short and the processor would often guess it wrong.
  [[gnu::always_inline]] void send_one() {
    if (left_ == 0) return;
    if (now_.access == Access::write)
      __builtin_prefetch(reinterpret_cast<const void*>(line_), 1, 3);
    else
      __builtin_prefetch(reinterpret_cast<const void*>(line_), 0, 3);
    const int64_t in_row = in_row_ - 1, ends = -static_cast<int64_t>(in_row == 0);  // a mask
    line_ += kLine + (now_.gap & ends);
    in_row_ = in_row + (now_.row_lines & ends);
    if (--left_ == 0) begin_range();
  }

 private:
  static constexpr int kMostRanges = 8;
  static constexpr int64_t kLine = 64;  // bytes
  struct Range {
    int64_t line;            // address of the first
    int64_t row_lines, gap;  // lines of a row, bytes from their end to the next row
    int64_t lines;           // of all rows
    Access access;
  };

  void begin_range() {
    if (at_ == ranges_) return;
    now_ = range_[at_++];
    line_ = now_.line;
    in_row_ = now_.row_lines;
    left_ = now_.lines;
  }

  Range now_;
  int64_t line_ = 0;               // address of the next
  int64_t in_row_ = 0, left_ = 0;  // lines left in the row and in the range
  Range range_[kMostRanges];
  int ranges_ = 0, at_ = 0;
};

}  // namespace
}  // namespace convoy::cpu::CONVOY_ISA
