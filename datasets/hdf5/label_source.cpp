#include "datasets/hdf5/label_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "datasets/hdf5/field_source.h"

namespace convoy::hdf5 {
namespace {

constexpr int64_t kMostClasses = 1 << 20;
constexpr int64_t kPieceElements = 1 << 19;

class LabelReader {
 public:
  LabelReader(const SourceArray& array, const std::string& shown, int64_t limit)
      : array_(array), shown_(shown), limit_(limit), of_row_(array.row_elements()) {
    if (of_row_ > 1 && limit > 0 && of_row_ != limit)
      throw DataError(
          fmt::format("{} has {} numbers a sample, with --classes {}; wanted one label, or {} numbers of "
                      "which one is 1",
                      shown, of_row_, limit, limit));
  }

  std::vector<int32_t> read() {
    std::vector<int32_t> labels;
    labels.reserve(static_cast<size_t>(array_.rows()));
    const int64_t band = array_.band_rows();
    const int64_t step = band * std::max<int64_t>(1, kPieceElements / (band * of_row_));
    for (int64_t begin = 0; begin < array_.rows(); begin += step) {
      const int64_t count = std::min(step, array_.rows() - begin);
      read_numbers(begin, count);
      for (int64_t row = 0; row < count; ++row) labels.push_back(label(begin + row, row * of_row_));
    }
    return labels;
  }

 private:
  void read_numbers(int64_t begin, int64_t count) {
    const auto elements = static_cast<size_t>(count * of_row_);
    integers_.resize(elements);
    if (array_.kind() == NumberKind::integer) return array_.read(begin, count, integers_.data());
    reals_.resize(elements);
    array_.read(begin, count, reals_.data());
    for (size_t i = 0; i < elements; ++i) {
      if (!(std::abs(reals_[i]) <= float{kMostClasses}) || reals_[i] != std::trunc(reals_[i]))
        refuse(begin + static_cast<int64_t>(i) / of_row_, static_cast<int64_t>(i) % of_row_,
               fmt::format("{}", reals_[i]), "a whole number: a label");
      integers_[i] = static_cast<int64_t>(reals_[i]);
    }
  }

  int32_t label(int64_t row, int64_t first) {
    if (of_row_ > 1) return place_of_one(row, first);
    const int64_t value = integers_[static_cast<size_t>(first)], most = (limit_ > 0 ? limit_ : kMostClasses) - 1;
    if (value < 0 || value > most)
      refuse(row, 0, fmt::format("{}", value),
             limit_ > 0 ? fmt::format("0 to {}, as --classes {} says", most, limit_) : fmt::format("0 to {}", most));
    return static_cast<int32_t>(value);
  }

  int32_t place_of_one(int64_t row, int64_t first) {
    int32_t found = -1;
    for (int64_t i = 0; i < of_row_; ++i) {
      const int64_t value = integers_[static_cast<size_t>(first + i)];
      if (value == 1 && found < 0)
        found = static_cast<int32_t>(i);
      else if (value != 0)
        refuse(row, i, fmt::format("{}", value),
               "rows of zeros with a single 1, the class; labels are one number a sample");
    }
    if (found < 0) refuse(row, 0, "the first of a row of zeros", "a single 1 in each row, the class");
    return found;
  }

  [[noreturn]] void refuse(int64_t row, int64_t element, const std::string& found, const std::string& wanted) const {
    throw DataError(
        fmt::format("{} is {}; wanted {}", place_of(shown_, array_.extents(), row, element), found, wanted));
  }

  const SourceArray& array_;
  const std::string& shown_;
  int64_t limit_, of_row_;
  std::vector<int64_t> integers_;
  std::vector<float> reals_;
};

}  // namespace

std::vector<int32_t> read_labels(const SourceArray& array, const std::string& shown, int64_t limit) {
  return LabelReader(array, shown, limit).read();
}

}  // namespace convoy::hdf5
