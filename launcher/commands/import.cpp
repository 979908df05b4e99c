#include <fmt/format.h>
#include <unistd.h>

#include <memory>

#include "core/base/byte_text.h"
#include "launcher/commands/commands.h"
#include "launcher/import/import_model.h"
#include "launcher/progress/console.h"
#include "launcher/progress/progress_text.h"
#include "launcher/signals.h"
#include "launcher/usage_error.h"

namespace convoy {
namespace {

struct ModelImportWords {
  std::string source, out, type = "f32";
};

int run_model_import(const ModelImportWords& words) {
  survive_failed_writes();
  if (words.type != "f32" && words.type != "bf16")
    throw UsageError(fmt::format("--type {}: there are f32 and bf16", words.type));
  const ModelImport request{words.source, words.out, words.type == "bf16" ? DType::bf16 : DType::f32};
  const Terminal terminal = find_terminal();
  Console console(STDOUT_FILENO, terminal.present ? terminal.columns : 0);
  const ImportedModel model =
      import_model(request, [&](int64_t done, int64_t all) { console.live(weights_progress_text(done, all)); });
  console.end_live();
  console.line(readable(fmt::format("{}: imported, {}", words.out, model.description)));
  for (const std::string& note : model.notes) console.line("note: " + note);
  return 0;
}

}  // namespace

void add_import_command(CommandLine& line) {
  auto words = std::make_shared<ModelImportWords>();
  Command command = line.command("import", "Bring a published model in: a Hugging Face folder or a GGUF file");
  command.positional("SOURCE", words->source, "folder with config.json and model.safetensors, or a .gguf file");
  command.positional("OUT", words->out, "model folder to make; eval, generate and model.from take it");
  command.option("--type", words->type, "f32 or bf16: what a GGUF file's numbers are stored as");
  command.run([words] { return run_model_import(*words); });
}

}  // namespace convoy
