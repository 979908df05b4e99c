// The command line of `trainer`: commands with positional words, options and flags. A thin coat over CLI11, which only
// command_line.cpp includes: it takes ten seconds to compile.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/config/allowed.h"

namespace CLI {
class App;
}

namespace convoy {

using CommandAction = std::function<int()>;  // returns the exit code

// One command. References handed to it must live as long as the command line.
class Command {
 public:
  Command(CLI::App& app, CommandAction& chosen) : app_(app), chosen_(chosen) {}

  // name: as the help shows it, "CONFIG".
  void positional(const char* name, std::string& value, const char* help, bool required = true);
  void positional(const char* name, std::vector<std::string>& values, const char* help, int at_least = 0);
  // name: "--tokenizer"; what value holds now is the default.
  void option(const char* name, std::string& value, const char* help);
  // Numbers are read as those of a config are: whole, or refused with advice.
  void option(const char* name, int64_t& value, const char* help, const Allowed& allowed);
  void option(const char* name, double& value, const char* help, const Allowed& allowed);
  void option(const char* name, std::vector<std::string>& values, const char* help);  // may be given many times
  void flag(const char* name, bool& value, const char* help);
  void footer(const char* text);
  void run(CommandAction action);
  Command command(const char* name, const char* description);  // below a group

 private:
  CLI::App& app_;          // owned by the command line,
  CommandAction& chosen_;  // as this
};

class CommandLine {
 public:
  CommandLine();
  ~CommandLine();

  // Add commands below it, or options and an action.
  Command command(const char* name, const char* description);
  // A first word that is no command but looks like a config file is read as this command's first word.
  void words_without_command_go_to(const char* command);

  // Chooses the command and runs it. --help and --version print and return 0. Throws UsageError.
  int run(int argc, const char* const* argv);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace convoy
