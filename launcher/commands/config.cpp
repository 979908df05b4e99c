#include <cstdio>
#include <memory>

#include "launcher/commands/commands.h"
#include "launcher/config/load_config.h"
#include "launcher/config/write_config.h"

namespace convoy {
namespace {

struct Options {
  std::string config;
  std::vector<std::string> overrides;
};

// `trainer config key=value` without a file starts from the defaults.
int print_config(const Options& options) {
  if (options.config.empty()) {
    std::fputs(config_page(Config()).c_str(), stdout);
    return 0;
  }
  const bool has_file = options.config.find('=') == std::string::npos;
  std::vector<std::string> overrides = options.overrides;
  if (!has_file) overrides.insert(overrides.begin(), options.config);
  const Config config = has_file ? load_config(options.config, overrides) : override_config(Config(), overrides);
  std::fputs(to_yaml(config).c_str(), stdout);
  return 0;
}

}  // namespace

void add_config_command(CommandLine& line) {
  auto options = std::make_shared<Options>();
  Command command =
      line.command("config", "Print every config key with default, unit and meaning, or a config resolved");
  command.positional("CONFIG", options->config, "config file to resolve; none: all keys, as a file to start from",
                     false);
  command.positional("OVERRIDES", options->overrides, "win over the file");
  command.run([options] { return print_config(*options); });
}

}  // namespace convoy
