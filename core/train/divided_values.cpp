#include "core/train/divided_values.h"

#include <algorithm>

#include "core/ops/optimizer_update.h"

namespace convoy {
namespace {

// visit(part of the tensor, its place behind `begin`) for the values [begin, end).
template <class Visit>
void for_parts(const DividedValues& values, int64_t begin, int64_t end, const Visit& visit) {
  for (const OwnedRange& range : values.ranges) {
    const int64_t first = std::max(begin, range.offset), last = std::min(end, range.offset + range.elements());
    if (first < last) visit(values.tensor.range(range.begin + first - range.offset, last - first), first - begin);
  }
}

}  // namespace

void bring_together(const LeveledGroup& group, Stream& stream, const DividedValues& values, const Tensor& staging) {
  const DType dtype = values.tensor.dtype;
  const int64_t room = static_cast<int64_t>(staging.bytes() / size_of(dtype)) / group.size();
  const int64_t at_once = std::min(room / kParameterBlock * kParameterBlock, values.share);
  for (int64_t at = 0; at < values.share; at += at_once) {
    const int64_t n = std::min(at_once, values.share - at);
    const Tensor all{staging.data, dtype, {n * group.size()}};
    const auto part = [&](int64_t place, const auto& visit) {
      const int64_t begin = place * values.share + at;
      for_parts(values, begin, begin + n, [&](const Tensor& of_tensor, int64_t behind) {
        visit(of_tensor, all.range(place * n + behind, of_tensor.elements()));
      });
    };
    const Tensor mine = all.range(group.place() * n, n);
    int64_t filled = 0;
    part(group.place(), [&](const Tensor& of_tensor, const Tensor&) { filled += of_tensor.elements(); });
    if (filled < n) stream.zero(mine.data, mine.bytes());
    part(group.place(), [&](const Tensor& from, const Tensor& to) { stream.copy(to.data, from.data, from.bytes()); });
    group.all_gather(stream, all, mine);
    for (int64_t place = 0; place < group.size(); ++place)
      if (place != group.place())
        part(place, [&](const Tensor& to, const Tensor& from) { stream.copy(to.data, from.data, to.bytes()); });
  }
}

}  // namespace convoy
