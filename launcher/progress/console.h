// What a person sees on standard output: lines that stay, and on a terminal one line below them that is redrawn in
// place.
#pragma once

#include <mutex>
#include <string>
#include <string_view>

namespace convoy {

// The terminal a person looks at. Under mpirun a rank's standard output is a pseudo-terminal of its own even where
// mpirun's goes to a file, so there the output of mpirun counts, the rank's parent. A terminal named "dumb" is none.
struct Terminal {
  bool present = false;
  int columns = 80;
};
Terminal find_terminal();

// Every method may be called by any thread. Text may hold any bytes, see readable(). What cannot be written (a closed
// pipe, also mpirun's, a full disk) is dropped: training is worth more than its progress display.
class Console {
 public:
  // fd stays the caller's. columns: of the terminal; 0: fd is no terminal, the live line is not shown.
  Console(int fd, int columns) : fd_(fd), columns_(columns) {}
  ~Console() { end_live(); }

  bool has_live_line() const { return columns_ > 0; }
  void line(std::string_view text);
  void live(std::string_view text);
  // Leaves the last live line standing, as a line that stays.
  void end_live();

 private:
  void write(std::string_view text);

  std::mutex mutex_;
  const int fd_, columns_;
  std::string live_;
};

}  // namespace convoy
