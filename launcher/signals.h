// Signals, and what each of those that would end a process (signal(7)) does to `trainer train`:
//
//   USR1                       saves and goes on
//   TERM, USR2                 save and stop, exit code 85; USR2 is there for launchers that end their ranks at TERM
//   HUP                        likewise: the terminal is gone. Stays ignored where it was, as under nohup
//   XCPU, PWR                  likewise: the limit on processor time is near, or the power fails
//   INT                        likewise; a second one: exit at once with 130, nothing saved
//   PIPE, XFSZ                 ignored: the write fails and says so to whoever wrote. A reader that went away, or a
//                              limit on the size of files, ends no training
//   ABRT BUS FPE ILL SEGV SYS  crashes: a stack is printed (crash_stack.h)
//   QUIT TRAP                  as ever: whoever sends them wants a core
//   ALRM VTALRM PROF IO        as ever, and so do STKFLT and the real-time ones: only a timer or descriptor that the
//                              process itself set up sends them, which here is a profiler's, with its own handler
#pragma once

#include <csignal>
#include <thread>

#include "core/train/stop_request.h"

namespace convoy {

// For commands that make something other than what they print, for the rest of the process: writes that fail say so to
// their caller instead of ending the process by PIPE or XFSZ.
void survive_failed_writes();

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
