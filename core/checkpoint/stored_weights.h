// Parameters as model.safetensors holds them: whole, or in the pieces that ParameterSpec::stored says. Settings are
// not there: reading them gives what they are initialised with. Nor is what an adapter stands beside: that is read in
// the checkpoint of the model beneath.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/checkpoint/safetensors.h"
#include "core/layers/layer.h"

namespace convoy {

// weight: the parameter, in host memory or without any.
std::vector<NamedTensor> stored_weights(const ParameterSpec& parameter, const Tensor& weight);
// Their names, and where each begins in the parameter, in elements.
std::vector<std::pair<std::string, int64_t>> stored_places(const ParameterSpec& parameter);

// Reads a tensor of that name into f32 host memory of that shape.
using ReadStored = std::function<void(const std::string& name, const Tensor& out)>;
// values: the parameter's, f32.
void read_stored_weights(const ParameterSpec& parameter, float* values, const ReadStored& read);

// Reads elements [begin, begin + count) of a tensor of that name and shape, as f32.
using ReadStoredRange =
    std::function<void(const std::string& name, const Shape& shape, int64_t begin, int64_t count, float* out)>;
// Elements [begin, end) of the parameter, f32. No more is read, of a piece that is stored transposed in as many reads
// as it has columns.
void read_stored_range(const ParameterSpec& parameter, int64_t begin, int64_t end, float* values,
                       const ReadStoredRange& read);

}  // namespace convoy
