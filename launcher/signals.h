// Signals that save and stop a run. USR1: save and go on. TERM and INT: save and stop, exit code 85; a second INT: exit
// at once with 130, nothing saved.
#pragma once

#include "core/train/stop_request.h"

namespace convoy {

// Catches the signals while it lives; afterwards they do again what they did before. One at a time in a process.
class Signals {
 public:
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // What was asked for since the last poll; a stop stays asked for. Any thread may call. Ranks are signalled one by
  // one, so they must agree on the answer before they act on it.
  StopRequest poll();
};

}  // namespace convoy
