// Initial weights: a function of seed, parameter number and element alone. The same on every rank and device.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/parameters/parameter_layout.h"
#include "core/parameters/parameter_storage.h"

namespace convoy {

// Initial values of one parameter: zeros, ones, what is given, uniform, or normal by Box and Muller over Philox.
// Throws DataError where they are not known.
std::vector<float> initial_values(const Parameter& parameter, int number, uint64_t seed);

// Elements [begin, end) of those.
void initial_range(const Parameter& parameter, int number, uint64_t seed, int64_t begin, int64_t end, float* out);

// Fills weights and, where there are any, master weights, and the states of the optimizer as they begin. Blocks.
// numbering: all parameters of the model, in order, whatever storage holds them.
void initialise(ParameterStorage& storage, const ParameterLayout& numbering, Device& device, Stream& stream,
                uint64_t seed);

// Host values (padded_elements, f32) into weights and master, or what this rank keeps of them. Blocks.
void set_weights(ParameterStorage& storage, Device& device, Stream& stream, const std::vector<float>& values);
// The same of one parameter (its elements, f32), where all weights are kept and none is trained.
void set_weight(ParameterStorage& storage, Device& device, Stream& stream, int parameter,
                const std::vector<float>& values);
// Likewise into a state of the optimizer.
void set_state(ParameterStorage& storage, Device& device, Stream& stream, const std::string& state,
               const std::vector<float>& values);

}  // namespace convoy
