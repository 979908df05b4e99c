// A device that computes wrong: its matrix products flip a bit of one element of their result when they are told to.
#pragma once

#include <functional>
#include <memory>

#include "core/device/device.h"

namespace convoy::test {

struct BitFlip {
  int64_t element = 0;  // of the result, taken modulo its length
  int bit = 22;         // of an f32, or the 16th of which for bf16
};
// Asked before every matrix product, numbered from 0: which bit to flip, if any.
using FaultPlan = std::function<const BitFlip*(int64_t product)>;

std::unique_ptr<Device> make_faulty_device(std::unique_ptr<Device> device, FaultPlan plan);

}  // namespace convoy::test
