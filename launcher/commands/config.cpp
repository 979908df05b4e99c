#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <memory>

#include "launcher/commands/commands.h"
#include "launcher/config/config_keys.h"
#include "launcher/config/json_schema.h"
#include "launcher/config/load_config.h"
#include "launcher/config/validate.h"
#include "launcher/config/write_config.h"
#include "launcher/model_choice.h"
#include "launcher/plan/model_table.h"
#include "launcher/plan/run_planner.h"
#include "launcher/usage_error.h"

namespace convoy {
namespace {

struct Options {
  std::string config, key;
  std::vector<std::string> overrides;
  bool schema = false, model = false;
  int64_t rank_counts_of = 0;  // virtual ranks; 0: not asked for
};

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

// Raw, so that a script gets a name as it is.
void print_value(const Config& config, const std::string& key) {
  const auto value = config_value(config, key);
  if (!value) throw UsageError(fmt::format("--value {}: unknown key{}", key, key_advice(key, config_keys())));
  print(*value + "\n");
}

// The model as a run of this config would build it for its data.
void print_model(Config config) {
  config.batch.micro = 1;
  config.device = DeviceChoice::cpu;
  print(model_table(make_loss_graph(RunPlanner(std::move(config), {}).config())));
}

// `trainer config key=value` without a file starts from the defaults.
int print_config(const Options& options) {
  if (options.schema) {
    if (!options.config.empty() || !options.key.empty()) throw UsageError("--schema is of all configs; give it alone");
    print(config_schema(Config()));
    return 0;
  }
  if (options.config.empty() && options.key.empty() && !options.model && options.rank_counts_of == 0) {
    print(config_page(Config()));
    return 0;
  }
  const bool has_file = !options.config.empty() && options.config.find('=') == std::string::npos;
  std::vector<std::string> overrides = options.overrides;
  if (!has_file && !options.config.empty()) overrides.insert(overrides.begin(), options.config);
  const Config config = has_file ? load_config(options.config, overrides) : override_config(Config(), overrides);
  if (options.model)
    print_model(config);
  else if (options.rank_counts_of > 0)
    print(fmt::format("{}\n", fmt::join(rank_counts(config, options.rank_counts_of), "\n")));
  else if (options.key.empty())
    print(to_yaml(config));
  else
    print_value(config, options.key);
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
  command.option("--value", options->key, "print this key's value alone, as it is; run.dir for example");
  command.option("--rank-counts", options->rank_counts_of,
                 "print the numbers of ranks on which a run of so many virtual ranks can go on, largest first",
                 Allowed::from(1, 1e7));
  command.flag("--schema", options->schema, "print a JSON Schema of all keys, for editors and tools");
  command.flag("--model", options->model, "print the model's layers for its data: shapes, parameters, FLOPs");
  command.run([options] { return print_config(*options); });
}

}  // namespace convoy
