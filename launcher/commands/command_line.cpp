#include "launcher/commands/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "core/base/nearest_name.h"
#include "launcher/config/allowed_values.h"
#include "launcher/config/parse_value.h"
#include "launcher/usage_error.h"

namespace convoy {
namespace {

constexpr CLI::ExitCodes kRefused = CLI::ExitCodes::ValidationError;

std::vector<CLI::App*> commands_of(CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

CLI::App* find_command(CLI::App& app, const std::string& name) {
  for (CLI::App* command : commands_of(app))
    if (command->get_name() == name) return command;
  return nullptr;
}

// "trainer data", as the help of a command begins.
std::string full_name(const CLI::App& app) {
  const CLI::App* parent = app.get_parent();
  return parent == nullptr ? app.get_name() : full_name(*parent) + " " + app.get_name();
}

[[noreturn]] void throw_unknown_command(CLI::App& app, const std::string& word) {
  std::vector<std::string> names;
  for (CLI::App* command : commands_of(app)) names.push_back(command->get_name());
  const std::string nearest = did_you_mean(word, names);
  throw UsageError(fmt::format("{} has no command {}{}", full_name(app), shortened(word),
                               nearest.empty() ? fmt::format("; there are {}", fmt::join(names, ", ")) : nearest));
}

// CLI11 takes the word `[a,b]`, a fine name, for a list of two. Such words are given to it behind a mark.
constexpr char kMark = '\x01';
std::string marked(std::string word) {
  return word.size() > 1 && word.front() == '[' && word.back() == ']' ? kMark + word : word;
}
std::string unmarked(std::string word) { return !word.empty() && word.front() == kMark ? word.substr(1) : word; }

bool looks_like_config(const std::string& word) {
  std::error_code ignored;
  return word.ends_with(".yaml") || word.ends_with(".yml") || std::filesystem::is_regular_file(word, ignored);
}

// The command that the words up to the first option or argument name.
CLI::App& deepest_command(CLI::App& app, const std::vector<std::string>& words, size_t first = 0) {
  if (commands_of(app).empty() || first == words.size() || words[first].starts_with("-")) return app;
  CLI::App* command = find_command(app, words[first]);
  if (command == nullptr) throw_unknown_command(app, words[first]);
  return deepest_command(*command, words, first + 1);
}

// CLI11's own reading takes nan and what follows a number, and clamps what does not fit.
template <class Number>
void add_number(CLI::App& app, const char* name, Number& value, const char* help, const Allowed& allowed) {
  const auto read = [&value, name, allowed](const std::string& text) {
    if (const auto problem = parse_value(text, value))
      throw CLI::ValidationError(fmt::format("{} = {} {}", name, shortened(text), *problem), kRefused);
    if (const auto problem = complaint(name, value, allowed)) throw CLI::ValidationError(*problem, kRefused);
  };
  const std::string range = allowed_text(allowed);
  app.add_option_function<std::string>(name, read, help)
      ->default_str(fmt::format("{}", value))
      ->type_name(range.empty() ? "NUMBER" : fmt::format("({})", range));
}

}  // namespace

void Command::positional(const char* name, std::string& value, const char* help, bool required) {
  app_.add_option(name, value, help)->required(required)->type_name("")->transform(unmarked);
}
void Command::positional(const char* name, std::vector<std::string>& values, const char* help, int at_least) {
  CLI::Option* option = app_.add_option(name, values, help)->type_name("");
  option->transform(unmarked);
  if (at_least > 0) option->required()->expected(at_least, CLI::detail::expected_max_vector_size);
}
void Command::option(const char* name, std::string& value, const char* help) {
  app_.add_option(name, value, help)->capture_default_str()->transform(unmarked);
}
void Command::option(const char* name, int64_t& value, const char* help, const Allowed& allowed) {
  add_number(app_, name, value, help, allowed);
}
void Command::option(const char* name, double& value, const char* help, const Allowed& allowed) {
  add_number(app_, name, value, help, allowed);
}
void Command::option(const char* name, std::vector<std::string>& values, const char* help) {
  app_.add_option(name, values, help)->allow_extra_args(false)->take_all()->transform(unmarked);
}
void Command::flag(const char* name, bool& value, const char* help) { app_.add_flag(name, value, help); }
void Command::footer(const char* text) { app_.footer(text); }

void Command::run(CommandAction action) {
  app_.callback([this_action = std::move(action), &chosen = chosen_] { chosen = this_action; });
}
Command Command::command(const char* name, const char* description) {
  return {*app_.add_subcommand(name, description), chosen_};
}

class CommandLine::Impl {
 public:
  CLI::App app{"Convoy trains neural networks on many devices, with the same bits for any number of them.", "trainer"};
  std::string default_command;
  CommandAction chosen;

  std::vector<std::string> words_of(int argc, const char* const* argv) {
    std::vector<std::string> words(argv + 1, argv + argc);
    if (!words.empty() && !words[0].starts_with("-") && find_command(app, words[0]) == nullptr &&
        looks_like_config(words[0]))
      words.insert(words.begin(), default_command);
    return words;
  }
};

CommandLine::CommandLine() : impl_(std::make_unique<Impl>()) {
  impl_->app.set_version_flag("--version", std::string("trainer ") + CONVOY_VERSION);
  impl_->app.footer("`trainer COMMAND --help` explains a command.");
}
CommandLine::~CommandLine() = default;

Command CommandLine::command(const char* name, const char* description) {
  return Command(impl_->app, impl_->chosen).command(name, description);
}
void CommandLine::words_without_command_go_to(const char* command) { impl_->default_command = command; }

int CommandLine::run(int argc, const char* const* argv) {
  std::vector<std::string> words = impl_->words_of(argc, argv);
  CLI::App& command = deepest_command(impl_->app, words);
  std::transform(words.begin(), words.end(), words.begin(), marked);
  try {
    impl_->app.parse(std::vector<std::string>(words.rbegin(), words.rend()));  // CLI11 takes them last first
  } catch (const CLI::Success& help_or_version) {
    return impl_->app.exit(help_or_version);
  } catch (const CLI::ParseError& error) {
    throw UsageError(fmt::format("{}; `{} --help` explains", error.what(), full_name(command)));
  }
  if (!impl_->chosen) throw UsageError("no command given\n" + command.help());
  return impl_->chosen();
}

}  // namespace convoy
