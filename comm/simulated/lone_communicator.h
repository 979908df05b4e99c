// One rank of a group whose others are absent, so that what it does can be watched for any number of them: they are
// taken to have sent what it sends itself. Sums are therefore wrong, and nothing may be concluded from values.
#pragma once

#include <memory>

#include "core/comm/communicator.h"

namespace convoy::simulated {

// node_ranks: what local_size() says. Groups are to be made by group_of: split() cannot know who else there is.
std::unique_ptr<Communicator> make_lone_communicator(int rank, int ranks, int node_ranks);

}  // namespace convoy::simulated
