// What tests of models beside PyTorch share: weights out of a reference file and gradients beside those there, by the
// names that the peer has for them (core/checkpoint/stored_weights.h).
#pragma once

#include <string>
#include <vector>

#include "core/parameters/parameter_storage.h"
#include "tests/support/reference_file.h"

namespace convoy::test {

// A text that a dataset holds as bytes.
std::string reference_text(const ReferenceFile& file, const std::string& dataset);

// Flat as the layout says, of an adapter's model too: datasets FOLDER/weights/NAME.
std::vector<float> reference_weights(const ReferenceFile& file, const std::string& folder,
                                     const ParameterLayout& layout);

// Expects each of the peer's parameters' gradients within the tolerance, the norm of the difference over the norm, of
// FOLDER/gradients/NAME. Returns how many there are.
int expect_reference_gradients(const ReferenceFile& file, const std::string& folder, const ParameterStorage& parameters,
                               double tolerance);

}  // namespace convoy::test
