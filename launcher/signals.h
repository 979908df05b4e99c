// Signals that save and stop a run. USR1: save and go on. TERM, USR2 and INT: save and stop, exit code 85; a second INT:
// exit at once with 130, nothing saved. USR2 is there for launchers that hand it on but end their ranks at TERM.
#pragma once

#include <csignal>
#include <thread>

#include "core/train/stop_request.h"

namespace convoy {

// Catches the signals while it lives; afterwards they do again what they did before. One at a time in a process.
//
// They reach a thread of their own: the thread that makes this blocks them, and those it begins afterwards inherit
// that. A thread that multiplies must not be interrupted, since oneDNN points the stack register into a workspace, and
// the system would write the handler's frame over what lies below it.
class Signals {
 public:
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // What was asked for since the last poll; a stop stays asked for. Any thread may call. Ranks are signalled one by
  // one, so they must agree on the answer before they act on it.
  StopRequest poll();

 private:
  void listen();

  sigset_t mask_before_;
  int wake_ = -1;  // eventfd that ends listener_
  std::thread listener_;
};

}  // namespace convoy
