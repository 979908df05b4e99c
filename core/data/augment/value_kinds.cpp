#include "core/data/augment/value_kinds.h"

#include <cstring>

#include "core/data/augment/picture.h"

namespace convoy {
namespace {

float grey_of(const auto* pixel, int64_t C) {
  if (C == 3)
    return 0.299f * static_cast<float>(pixel[0]) + 0.587f * static_cast<float>(pixel[1]) +
           0.114f * static_cast<float>(pixel[2]);
  float sum = 0;
  for (int64_t c = 0; c < C; ++c) sum += static_cast<float>(pixel[c]);
  return sum / static_cast<float>(C);
}

template <class Element>
void mix(const Tensor& x, const Tensor& other, float share) {
  for (int64_t i = 0; i < x.elements(); ++i)
    x.as<Element>()[i] = Picture<Element>::element(share * static_cast<float>(x.as<Element>()[i]) +
                                                   (1 - share) * static_cast<float>(other.as<Element>()[i]));
}

}  // namespace

void ColorJitter::describe_own(Keys& keys) {
  keys("brightness", brightness, "", "by which its factor differs from 1 at most", Allowed::from(0, 1));
  keys("contrast", contrast, "", "the same", Allowed::from(0, 1));
  keys("saturation", saturation, "", "the same", Allowed::from(0, 1));
}

std::string ColorJitter::complaint(const BatchField& of) const { return complaint_of_pictures(of); }

void ColorJitter::apply(const AugmentedSample& sample, SampleRandom& random) const {
  const auto factor = [&](double most) { return 1 + static_cast<float>(most) * random.uniform(-1, 1); };
  const float b = factor(brightness), c = factor(contrast), s = factor(saturation);
  visit_picture(sample.x(), [&](const auto& p) {
    const int64_t pixels = p.H * p.W;
    double sum = 0;
    for (int64_t i = 0; i < pixels; ++i) sum += static_cast<double>(grey_of(p.data + i * p.C, p.C));
    const float mean = b * static_cast<float>(sum / static_cast<double>(pixels));
    for (int64_t i = 0; i < pixels; ++i) {
      auto* pixel = p.data + i * p.C;
      const float grey = mean + c * (b * grey_of(pixel, p.C) - mean);
      for (int64_t k = 0; k < p.C; ++k) {
        const float contrasted = mean + c * (b * static_cast<float>(pixel[k]) - mean);
        pixel[k] = p.element(grey + s * (contrasted - grey));
      }
    }
  });
}

void Noise::describe_own(Keys& keys) {
  keys("deviation", deviation, "",
       "of the noise, in standard deviations of each column, or in units of the field where those are not known",
       Allowed::from(0, 1e6));
}

std::string Noise::complaint(const BatchField& of) const {
  return of.dtype == DType::f32 ? "" : "is of real numbers (f32)";
}

void Noise::apply(const AugmentedSample& sample, SampleRandom& random) const {
  const std::vector<Column>& columns = sample.facts.columns;
  const Tensor& x = sample.x();
  for (int64_t i = 0; i < x.elements(); ++i) {
    const auto column = static_cast<size_t>(i);
    const double unit =
        column < columns.size() && columns[column].statistics ? columns[column].statistics->deviation : 1;
    x.as<float>()[i] += static_cast<float>(deviation * unit) * random.normal();
  }
}

void Mixup::describe_own(Keys& keys) {
  keys("alpha", alpha, "", "of Beta(alpha, alpha): near 0 hardly anything is mixed, 1 mixes evenly",
       Allowed::above_to(0, 2));
}

std::string Mixup::complaint(const BatchField& of) const {
  return of.dtype == DType::f32 || of.dtype == DType::u8 ? "" : "is of real numbers or bytes";
}

void Mixup::apply(const AugmentedSample& sample, SampleRandom& random) const {
  const auto share = static_cast<float>(random.beta(alpha));
  const std::span<const Tensor> other = sample.other(random.uniform());
  const bool keeps_classes = random.happens(share);
  for (size_t i = 0; i < sample.fields.size(); ++i) {
    const Tensor& x = sample.fields[i];
    if (x.dtype == DType::f32)
      mix<float>(x, other[i], share);
    else if (x.dtype == DType::u8)
      mix<uint8_t>(x, other[i], share);
    else if (!keeps_classes)
      std::memcpy(x.data, other[i].data, x.bytes());
  }
}

}  // namespace convoy
