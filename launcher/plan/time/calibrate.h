// The rates of a device that is here, measured on a model's own products, attention and streams.
#pragma once

#include "core/device/device.h"
#include "launcher/plan/time/step_time.h"

namespace convoy {

// Takes a second or two. tally: of a micro-batch that the device could run; what it has none of keeps a rate of
// data sheets' order and is not used. Throws InternalError if memory for an operator cannot be had.
CardRates measured_rates(Device& device, const OperatorTally& tally);

}  // namespace convoy
