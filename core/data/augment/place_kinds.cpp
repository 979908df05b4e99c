#include "core/data/augment/place_kinds.h"

#include <cmath>
#include <numbers>

#include "core/data/augment/picture.h"

namespace convoy {

void Flip::describe_own(Keys& keys) {
  keys("horizontal", horizontal, "", "probability that left and right change places", Allowed::from(0, 1));
  keys("vertical", vertical, "", "probability that top and bottom do", Allowed::from(0, 1));
}

std::string Flip::complaint(const BatchField& of) const { return complaint_of_pictures(of); }

void Flip::apply(const AugmentedSample& sample, SampleRandom& random) const {
  const bool left_right = random.happens(horizontal), top_bottom = random.happens(vertical);
  visit_picture(sample.x(), [&](const auto& p) {
    if (left_right)
      for (int64_t y = 0; y < p.H; ++y)
        for (int64_t x = 0; x < p.W / 2; ++x)
          std::swap_ranges(p.pixel(y, x), p.pixel(y, x) + p.C, p.pixel(y, p.W - 1 - x));
    if (top_bottom)
      for (int64_t y = 0; y < p.H / 2; ++y)
        std::swap_ranges(p.pixel(y, 0), p.pixel(y, 0) + p.W * p.C, p.pixel(p.H - 1 - y, 0));
  });
}

void Crop::describe_own(Keys& keys) {
  keys("padding", padding, "pixels", "by which the picture moves at most, in each direction", Allowed::from(1, 4096));
}

std::string Crop::complaint(const BatchField& of) const { return complaint_of_pictures(of); }

void Crop::apply(const AugmentedSample& sample, SampleRandom& random) const {
  const int64_t down = random.below(2 * padding + 1) - padding, right = random.below(2 * padding + 1) - padding;
  const Tensor before = sample.copy();
  visit_picture(sample.x(), [&](const auto& p) {
    using Element = std::remove_pointer_t<decltype(p.data)>;
    const Picture<Element> old{before.as<Element>(), p.H, p.W, p.C};
    std::fill_n(p.data, p.H * p.W * p.C, Element{});
    const int64_t first = std::max<int64_t>(0, -right), count = p.W - std::abs(right);
    for (int64_t y = std::max<int64_t>(0, -down); count > 0 && y < p.H - std::max<int64_t>(0, down); ++y)
      std::copy_n(old.pixel(y + down, first + right), count * p.C, p.pixel(y, first));
  });
}

void Rotate::describe_own(Keys& keys) {
  keys("degrees", degrees, "degrees", "by which it turns at most, either way", Allowed::from(0, 180));
}

std::string Rotate::complaint(const BatchField& of) const { return complaint_of_pictures(of); }

void Rotate::apply(const AugmentedSample& sample, SampleRandom& random) const {
  const double angle = static_cast<double>(random.uniform(-1, 1)) * degrees * std::numbers::pi / 180;
  const auto cosine = static_cast<float>(std::cos(angle)), sine = static_cast<float>(std::sin(angle));
  const Tensor before = sample.copy();
  visit_picture(sample.x(), [&](const auto& p) {
    using Element = std::remove_pointer_t<decltype(p.data)>;
    const Picture<Element> old{before.as<Element>(), p.H, p.W, p.C};
    const float middle_y = static_cast<float>(p.H - 1) / 2, middle_x = static_cast<float>(p.W - 1) / 2;
    const auto at = [&](int64_t y, int64_t x, int64_t c) {
      return old.holds(y, x) ? static_cast<float>(old.pixel(y, x)[c]) : 0.0f;
    };
    for (int64_t y = 0; y < p.H; ++y)
      for (int64_t x = 0; x < p.W; ++x) {
        const float dy = static_cast<float>(y) - middle_y, dx = static_cast<float>(x) - middle_x;
        const float from_y = middle_y + cosine * dy - sine * dx, from_x = middle_x + sine * dy + cosine * dx;
        const auto y0 = static_cast<int64_t>(std::floor(from_y)), x0 = static_cast<int64_t>(std::floor(from_x));
        const float fy = from_y - static_cast<float>(y0), fx = from_x - static_cast<float>(x0);
        for (int64_t c = 0; c < p.C; ++c) {
          const float top = at(y0, x0, c) * (1 - fx) + at(y0, x0 + 1, c) * fx;
          const float bottom = at(y0 + 1, x0, c) * (1 - fx) + at(y0 + 1, x0 + 1, c) * fx;
          p.pixel(y, x)[c] = p.element(top * (1 - fy) + bottom * fy);
        }
      }
  });
}

void Cutout::describe_own(Keys& keys) {
  keys("size", size, "pixels", "height and width of the square", Allowed::from(1, 4096));
}

std::string Cutout::complaint(const BatchField& of) const { return complaint_of_pictures(of); }

void Cutout::apply(const AugmentedSample& sample, SampleRandom& random) const {
  visit_picture(sample.x(), [&](const auto& p) {
    using Element = std::remove_pointer_t<decltype(p.data)>;
    const int64_t top = random.below(p.H) - size / 2, left = random.below(p.W) - size / 2;
    const int64_t first = std::max<int64_t>(0, left), end = std::min(p.W, left + size);
    for (int64_t y = std::max<int64_t>(0, top); first < end && y < std::min(p.H, top + size); ++y)
      std::fill_n(p.pixel(y, first), (end - first) * p.C, Element{});
  });
}

}  // namespace convoy
