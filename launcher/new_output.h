// What a command makes whole or not at all: it lies beside its place until commit() gives it its name in one step, and
// vanishes if that is never called.
#pragma once

#include <filesystem>
#include <string>

namespace convoy {

class NewOutput {
 public:
  // Throws ConfigError if something is there already, an empty folder aside.
  explicit NewOutput(const std::filesystem::path& out);
  ~NewOutput();
  NewOutput(const NewOutput&) = delete;
  NewOutput& operator=(const NewOutput&) = delete;

  // Where to write: nothing is there yet.
  const std::filesystem::path& path() const { return path_; }
  // What was written there is durable: throws FileError.
  void commit();

 private:
  std::filesystem::path out_, path_;
};

}  // namespace convoy
