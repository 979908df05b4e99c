// A group of one rank: this process. Nothing is waited for, no MPI is started, and tensors may lie on any device.
#pragma once

#include <memory>

#include "core/comm/communicator.h"

namespace convoy {

std::unique_ptr<Communicator> make_local_communicator();

}  // namespace convoy
