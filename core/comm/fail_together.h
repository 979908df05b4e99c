// One rank's failure becomes every rank's, in an orderly way.
#pragma once

#include <functional>

#include "core/comm/communicator.h"

namespace convoy {

// What every rank throws at the same place: collectives are still possible.
struct SharedError : Error {
  using Error::Error;
};

// Collective. Does the work, which is this rank's alone, and waits for the other ranks'. If it threw on any rank, every
// rank throws a SharedError with the exit code and the words of the first of those: nobody is left waiting, and each
// can put away what it has begun.
void fail_together(Communicator& communicator, const std::function<void()>& work);

}  // namespace convoy
