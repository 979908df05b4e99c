#include "core/parameters/initialise.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

#include "core/base/bf16.h"
#include "core/base/error.h"
#include "core/base/philox.h"
#include "core/parameters/state_names.h"

namespace convoy {

// fill(first, bits): of four values, the first of them by its number.
template <class Fill>
static void fill_by_fours(size_t count, uint32_t number, uint64_t seed, const Fill& fill) {
  const PhiloxKey key = philox_key(seed);
  const uint32_t stream = random_stream(RandomSite::initialisation, number);
  for (size_t i = 0; i < count; i += 4) {
    const auto group = static_cast<uint64_t>(i / 4);
    fill(i, philox(key, {static_cast<uint32_t>(group), stream, static_cast<uint32_t>(group >> 32), 0}));
  }
}

static void fill_normal(std::vector<float>& values, float stddev, uint32_t number, uint64_t seed) {
  fill_by_fours(values.size(), number, seed, [&](size_t i, const PhiloxCounter& bits) {
    for (size_t pair = 0; pair < 4; pair += 2) {
      // 1 - u lies in (0, 1]: its logarithm is finite.
      const double radius = std::sqrt(-2.0 * std::log(1.0 - static_cast<double>(philox_uniform(bits[pair]))));
      const double angle = 2 * std::numbers::pi * static_cast<double>(philox_uniform(bits[pair + 1]));
      if (i + pair < values.size()) values[i + pair] = stddev * static_cast<float>(radius * std::cos(angle));
      if (i + pair + 1 < values.size()) values[i + pair + 1] = stddev * static_cast<float>(radius * std::sin(angle));
    }
  });
}

// Of [-bound, bound).
static void fill_uniform(std::vector<float>& values, float bound, uint32_t number, uint64_t seed) {
  fill_by_fours(values.size(), number, seed, [&](size_t i, const PhiloxCounter& bits) {
    for (size_t k = 0; k < 4 && i + k < values.size(); ++k) values[i + k] = bound * (2 * philox_uniform(bits[k]) - 1);
  });
}

std::vector<float> initial_values(const Parameter& parameter, int number, uint64_t seed) {
  const Initialisation& how = parameter.spec.initialisation;
  std::vector<float> values(static_cast<size_t>(parameter.elements()), 0.0f);
  if (how.kind == Initialisation::Kind::ones) std::fill(values.begin(), values.end(), 1.0f);
  if (how.kind == Initialisation::Kind::unknown) throw DataError(how.advice);
  if (how.kind == Initialisation::Kind::given) {
    if (how.values == nullptr || how.values->size() != values.size())
      throw InternalError(fmt::format("{} of {} elements was given {} values", parameter.spec.name, values.size(),
                                      how.values == nullptr ? 0 : how.values->size()));
    values = *how.values;
  }
  if (how.kind == Initialisation::Kind::uniform) fill_uniform(values, how.stddev, static_cast<uint32_t>(number), seed);
  if (how.kind == Initialisation::Kind::normal) fill_normal(values, how.stddev, static_cast<uint32_t>(number), seed);
  return values;
}

void initialise(ParameterStorage& storage, const ParameterLayout& numbering, Device& device, Stream& stream,
                uint64_t seed) {
  std::vector<float> all(static_cast<size_t>(storage.layout().padded_elements()), 0.0f);
  for (const Parameter& parameter : storage.layout().parameters()) {
    const std::vector<float> values = initial_values(parameter, numbering.find(parameter.spec.name), seed);
    std::copy(values.begin(), values.end(), all.begin() + parameter.offset);
  }
  set_weights(storage, device, stream, all);
  for (const std::string& name : storage.states()) {
    const Tensor state = storage.state(name);
    if (name == kAverageState)
      set_state(storage, device, stream, name, all);
    else
      stream.zero(state.data, state.bytes());
  }
}

namespace {

// Host f32 values into device tensors, rounded to the tensors' dtype.
class Upload {
 public:
  Upload(Device& device, Stream& stream, size_t elements)
      : stream_(stream), staging_(device.allocate(elements * sizeof(float), MemoryKind::host)) {}

  void put(const Tensor& to, const float* values) {
    if (!to || to.elements() == 0) return;
    if (to.dtype == DType::f32)
      std::memcpy(staging_.data(), values, to.bytes());
    else
      std::transform(values, values + to.elements(), static_cast<bf16*>(staging_.data()),
                     [](float value) { return bf16(value); });
    stream_.copy(to.data, staging_.data(), to.bytes());
    stream_.synchronize();
  }

 private:
  Stream& stream_;
  Memory staging_;
};

}  // namespace

void set_weights(ParameterStorage& storage, Device& device, Stream& stream, const std::vector<float>& values) {
  Upload upload(device, stream, values.size());
  upload.put(storage.weights(), values.data());
  for (const OwnedRange& range : storage.owned()) {
    upload.put(storage.owned_state(storage.weight_shards(), range), values.data() + range.begin);
    upload.put(storage.owned_state(storage.master(), range), values.data() + range.begin);
  }
}

void set_weight(ParameterStorage& storage, Device& device, Stream& stream, int parameter,
                const std::vector<float>& values) {
  Upload(device, stream, values.size()).put(storage.weight(parameter), values.data());
}

void set_state(ParameterStorage& storage, Device& device, Stream& stream, const std::string& state,
               const std::vector<float>& values) {
  Upload upload(device, stream, values.size());
  for (const OwnedRange& range : storage.owned())
    upload.put(storage.owned_state(storage.state(state), range), values.data() + range.begin);
}

}  // namespace convoy
