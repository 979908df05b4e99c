// Which parameters a range of flat storage has something of.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/parameters/parameter_layout.h"

namespace convoy {

// work(parameter, first, count, place) for each parameter that [begin, end) has elements of: `count` of them, from its
// element `first` on, lie from begin + place on. In order.
template <class Work>
void for_parameters(const ParameterLayout& layout, int64_t begin, int64_t end, const Work& work) {
  const auto& all = layout.parameters();
  auto p = std::upper_bound(all.begin(), all.end(), begin,
                            [](int64_t element, const Parameter& parameter) { return element < parameter.end(); });
  for (; p != all.end() && p->offset < end; ++p) {
    const int64_t first = std::max(begin, p->offset), last = std::min(end, p->end());
    if (first < last) work(*p, first - p->offset, last - first, first - begin);
  }
}

}  // namespace convoy
