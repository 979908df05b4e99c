#include "core/parameters/initialise.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/base/error.h"
#include "core/base/philox.h"
#include "core/parameters/state_names.h"
#include "core/parameters/upload.h"

namespace convoy {

// put(i, bits): for each four elements that [begin, end) has something of, the first of them by its number.
template <class Put>
static void draw_by_fours(int64_t begin, int64_t end, uint32_t number, uint64_t seed, const Put& put) {
  const PhiloxKey key = philox_key(seed);
  const uint32_t stream = random_stream(RandomSite::initialisation, number);
  for (int64_t i = begin / 4 * 4; i < end; i += 4) {
    const auto group = static_cast<uint64_t>(i / 4);
    const PhiloxCounter bits =
        philox(key, {static_cast<uint32_t>(group), stream, static_cast<uint32_t>(group >> 32), 0});
    put(i, bits);
  }
}

static void fill_normal(float* out, int64_t begin, int64_t end, float stddev, uint32_t number, uint64_t seed) {
  const auto set = [&](int64_t i, double value) {
    if (i >= begin && i < end) out[i - begin] = stddev * static_cast<float>(value);
  };
  draw_by_fours(begin, end, number, seed, [&](int64_t i, const PhiloxCounter& bits) {
    for (size_t pair = 0; pair < 4; pair += 2) {
      // 1 - u lies in (0, 1]: its logarithm is finite.
      const double radius = std::sqrt(-2.0 * std::log(1.0 - static_cast<double>(philox_uniform(bits[pair]))));
      const double angle = 2 * std::numbers::pi * static_cast<double>(philox_uniform(bits[pair + 1]));
      set(i + static_cast<int64_t>(pair), radius * std::cos(angle));
      set(i + static_cast<int64_t>(pair) + 1, radius * std::sin(angle));
    }
  });
}

// Of [-bound, bound).
static void fill_uniform(float* out, int64_t begin, int64_t end, float bound, uint32_t number, uint64_t seed) {
  draw_by_fours(begin, end, number, seed, [&](int64_t i, const PhiloxCounter& bits) {
    for (int64_t k = std::max(i, begin); k < std::min(i + 4, end); ++k)
      out[k - begin] = bound * (2 * philox_uniform(bits[static_cast<size_t>(k - i)]) - 1);
  });
}

void initial_range(const Parameter& parameter, int number, uint64_t seed, int64_t begin, int64_t end, float* out) {
  const Initialisation& how = parameter.spec.initialisation;
  const int64_t count = end - begin;
  switch (how.kind) {
    case Initialisation::Kind::unknown:
      throw DataError(how.advice);
    case Initialisation::Kind::given:
      if (how.values == nullptr || static_cast<int64_t>(how.values->size()) != parameter.elements())
        throw InternalError(fmt::format("{} of {} elements was given {} values", parameter.spec.name,
                                        parameter.elements(), how.values == nullptr ? 0 : how.values->size()));
      std::copy_n(how.values->begin() + begin, count, out);
      return;
    case Initialisation::Kind::uniform:
      return fill_uniform(out, begin, end, how.stddev, static_cast<uint32_t>(number), seed);
    case Initialisation::Kind::normal:
      return fill_normal(out, begin, end, how.stddev, static_cast<uint32_t>(number), seed);
    default:
      std::fill_n(out, count, how.kind == Initialisation::Kind::ones ? 1.0f : 0.0f);
  }
}

std::vector<float> initial_values(const Parameter& parameter, int number, uint64_t seed) {
  std::vector<float> values(static_cast<size_t>(parameter.elements()));
  initial_range(parameter, number, seed, 0, parameter.elements(), values.data());
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
