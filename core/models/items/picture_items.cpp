#include "core/models/items/picture_items.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "core/layers/activation.h"
#include "core/layers/convolution.h"

namespace convoy {
namespace {

constexpr double kMostPixels = 65536;  // along a direction, of a window and what it moves by

void expect_directions(Keys& keys, const char* name, const PerDirection& numbers, bool is_sequence, bool may_be_empty) {
  const size_t most = is_sequence ? 1 : 2;
  if ((numbers.empty() && may_be_empty) || (!numbers.empty() && numbers.size() <= most)) return;
  keys.contradiction({name}, [=, &numbers](const std::string& path) {
    return fmt::format("{}{} = [{}] has {} numbers; one is wanted{}", path, name, fmt::join(numbers, ", "),
                       numbers.size(), is_sequence ? "" : ", or [height, width]");
  });
}

// Meanings of keys live as long as the program: of a sequence, and of a picture.
struct Meaning {
  const char *of_sequence, *of_picture;
  const char* of(bool is_sequence) const { return is_sequence ? of_sequence : of_picture; }
};

void describe_directions(Keys& keys, const char* name, PerDirection& numbers, const Meaning& meaning, bool is_sequence,
                         bool may_be_empty = false) {
  keys(name, numbers, "pixels", meaning.of(is_sequence), Allowed::from(1, kMostPixels));
  expect_directions(keys, name, numbers, is_sequence, may_be_empty);
}

void describe_padding(Keys& keys, WordOrNumbers& padding, const Meaning& meaning, bool is_sequence,
                      std::vector<std::string_view> words) {
  keys("padding", padding, "pixels", meaning.of(is_sequence), Allowed::words_or(std::move(words), 0, kMostPixels));
  if (padding.word.empty()) expect_directions(keys, "padding", padding.numbers, is_sequence, false);
}

constexpr Meaning kStride{"from one result to the next", "from one result to the next; or [height, width]"};

int64_t height_of(const PerDirection& numbers, bool is_sequence) { return is_sequence ? 1 : numbers.front(); }
int64_t width_of(const PerDirection& numbers) { return numbers.back(); }

Padding padding_of(const WordOrNumbers& padding, bool is_sequence) {
  if (padding.word == "same") return {Padding::Kind::same};
  if (padding.word == "causal") return {Padding::Kind::causal};
  if (padding.word == "valid") return {Padding::Kind::valid};
  return {Padding::Kind::number, is_sequence ? 0 : padding.numbers.front(), padding.numbers.back()};
}

}  // namespace

template <bool kIsSequence>
void ConvolutionItem<kIsSequence>::describe(Keys& keys) {
  keys("channels", channels, "channels", "of the result", Allowed::from(1, 1048576));
  describe_directions(keys, "kernel", kernel,
                      {"that a result is a sum over", "that a result is a sum over; or [height, width]"}, kIsSequence);
  describe_directions(keys, "stride", stride, kStride, kIsSequence);
  std::vector<std::string_view> words{"valid", "same"};
  if (kIsSequence) words.push_back("causal");
  describe_padding(
      keys, padding,
      {"of zeros: none, so many that stride 1 keeps the length, all in front so that nothing later is seen, "
       "or a number at each end",
       "of zeros: none, so many that stride 1 keeps the size, or a number on each side; or [height, width]"},
      kIsSequence, std::move(words));
  describe_directions(keys, "dilation", dilation,
                      {"from one of the kernel to the next", "from one of the kernel to the next; or [height, width]"},
                      kIsSequence);
  keys("groups", groups, "groups", "of channels, each summed apart; depthwise: each channel alone",
       Allowed::from(1, 1048576).or_word("depthwise"));
  keys("activation", activation, "", "of the result");
  keys("bias", bias, "", "whether a number is added to each channel");
}

// He et al., arXiv:1502.01852, where relu cuts half of what varies; without it LeCun, Bottou, Orr and Mueller,
// "Efficient BackProp" (1998): outputs of such weights vary as inputs do.
template <bool kIsSequence>
ValueId ConvolutionItem<kIsSequence>::add(Graph& graph, const std::string& name,
                                          std::span<const ValueId> inputs) const {
  ConvolutionOptions o{.name = name, .is_sequence = kIsSequence, .Cout = channels};
  o.Cin = graph.spec(inputs[0]).shape[-1];
  o.window = {.h = height_of(kernel, kIsSequence),
              .w = width_of(kernel),
              .stride_h = height_of(stride, kIsSequence),
              .stride_w = width_of(stride),
              .dilation_h = height_of(dilation, kIsSequence),
              .dilation_w = width_of(dilation),
              .padding = padding_of(padding, kIsSequence)};
  o.groups = groups.value_or(o.Cin);
  o.has_bias = bias;
  o.relu = activation == Activation::relu;
  const auto terms = static_cast<float>(std::max<int64_t>(1, o.window.h * o.window.w * o.Cin / o.groups));
  o.stddev = std::sqrt((o.relu ? 2.0f : 1.0f) / terms);
  const ValueId y = graph.add(name, std::make_unique<Convolution>(o), {inputs[0]})[0];
  if (o.relu || activation == Activation::none) return y;
  return graph.add(name + ".activation", std::make_unique<Activate>(activation), {y})[0];
}

template struct ConvolutionItem<false>;
template struct ConvolutionItem<true>;

template <PoolKind kKind, bool kIsSequence>
void PoolItem<kKind, kIsSequence>::describe(Keys& keys) {
  describe_directions(keys, "window", window,
                      {"that a result is made of", "that a result is made of; or [height, width]"}, kIsSequence);
  describe_directions(keys, "stride", stride,
                      {"from one result to the next; []: the window",
                       "from one result to the next; or [height, width]; []: "
                       "the window"},
                      kIsSequence, /*may_be_empty=*/true);
  describe_padding(keys, padding,
                   {"that counts for nothing: none, so many that stride 1 keeps the length, or a number at each end",
                    "that counts for nothing: none, so many that stride 1 keeps the size, or a number on each side; or "
                    "[height, width]"},
                   kIsSequence, {"valid", "same"});
}

template <PoolKind kKind, bool kIsSequence>
ValueId PoolItem<kKind, kIsSequence>::add(Graph& graph, const std::string& name,
                                          std::span<const ValueId> inputs) const {
  const PerDirection& step = stride.empty() ? window : stride;
  PoolOptions o{.name = name, .kind = kKind, .is_sequence = kIsSequence};
  o.window = {.h = height_of(window, kIsSequence),
              .w = width_of(window),
              .stride_h = height_of(step, kIsSequence),
              .stride_w = width_of(step),
              .padding = padding_of(padding, kIsSequence)};
  return graph.add(name, std::make_unique<Pool>(o), {inputs[0]})[0];
}

template struct PoolItem<PoolKind::max, false>;
template struct PoolItem<PoolKind::max, true>;
template struct PoolItem<PoolKind::average, false>;
template struct PoolItem<PoolKind::average, true>;

}  // namespace convoy
