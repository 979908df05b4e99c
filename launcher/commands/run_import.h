// What the imports of `trainer data` have in common.
#pragma once

#include <string>
#include <vector>

#include "datasets/import_progress.h"
#include "launcher/commands/command_line.h"

namespace convoy {

template <class Options>
struct ImportWords {
  std::vector<std::string> inputs_and_out;
  Options options;
};

// Shows progress, then what was imported to `out`.
int show_import(const std::string& out, const std::function<ImportResult(const ImportProgressFunction&)>& import);

template <class Options>
int run_import(ImportWords<Options> words, ImportResult (*import)(const Options&, const ImportProgressFunction&)) {
  Options& options = words.options;
  options.inputs.assign(words.inputs_and_out.begin(), words.inputs_and_out.end() - 1);
  options.out = words.inputs_and_out.back();
  return show_import(options.out.string(),
                     [&](const ImportProgressFunction& progress) { return import(options, progress); });
}

void add_import_jsonl(Command& data);

}  // namespace convoy
