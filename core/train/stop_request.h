// What a signal asks of a run. Signals reach ranks at different moments, so all ranks first agree on it.
#pragma once

namespace convoy {

struct StopRequest {
  bool save = false;  // write a checkpoint and go on
  bool stop = false;  // write a checkpoint and end
};

}  // namespace convoy
