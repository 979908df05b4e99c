// The places in a text of any of three characters, 32 bytes at a time.
#pragma once

#include <immintrin.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace convoy {

class Marks {
 public:
  Marks(std::string_view text, char a, char b, char c)
      : end_(text.data() + text.size()), a_(_mm256_set1_epi8(a)), b_(_mm256_set1_epi8(b)), c_(_mm256_set1_epi8(c)) {
    go_to(text.data());
  }

  // The next one; the end of the text where there is none.
  const char* next() {
    while (found_ == 0) {
      if (end_ - window_ <= kWindow) return end_;
      look_at(window_ + kWindow);
    }
    const char* mark = window_ + std::countr_zero(found_);
    found_ &= found_ - 1;
    return mark;
  }
  // next() goes on from here.
  void go_to(const char* place) { look_at(place); }

 private:
  static constexpr std::ptrdiff_t kWindow = 32;

  void look_at(const char* place) {
    window_ = place;
    __m256i bytes;
    if (end_ - place >= kWindow) {
      bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(place));
    } else {
      char last[kWindow] = {};
      std::memcpy(last, place, static_cast<size_t>(std::max<std::ptrdiff_t>(end_ - place, 0)));
      bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(last));
    }
    const __m256i any = _mm256_or_si256(_mm256_or_si256(_mm256_cmpeq_epi8(bytes, a_), _mm256_cmpeq_epi8(bytes, b_)),
                                        _mm256_cmpeq_epi8(bytes, c_));
    found_ = static_cast<uint32_t>(_mm256_movemask_epi8(any));
  }

  const char *window_ = nullptr, *end_;
  __m256i a_, b_, c_;
  uint32_t found_ = 0;
};

}  // namespace convoy
