// A device of plain loops and plain threads: what comm needs of one, for tests that run under ThreadSanitizer or must
// not depend on kernels. Operators other than Add, TreeSum and Cast throw.
#pragma once

#include <memory>

#include "core/device/device.h"

namespace convoy::test {

std::unique_ptr<Device> make_plain_device();

}  // namespace convoy::test
