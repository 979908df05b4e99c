#include <fmt/format.h>
#include <unistd.h>

#include <memory>

#include "core/base/byte_text.h"
#include "launcher/commands/commands.h"
#include "launcher/export/export_model.h"
#include "launcher/progress/console.h"
#include "launcher/progress/progress_text.h"
#include "launcher/signals.h"

namespace convoy {
namespace {

struct ExportWords {
  std::string run, out, format, type;
  bool best = false;
};

int run_export(const ExportWords& words) {
  survive_failed_writes();
  const Terminal terminal = find_terminal();
  Console console(STDOUT_FILENO, terminal.present ? terminal.columns : 0);
  const ModelExport request{.run = words.run,
                            .out = words.out,
                            .format = words.format,
                            .type = words.type,
                            .which = words.best ? CheckpointOfRun::best : CheckpointOfRun::newest};
  const ExportedModel model =
      export_model(request, [&](int64_t done, int64_t all) { console.live(weights_progress_text(done, all)); });
  console.end_live();
  console.line(readable(fmt::format("{}: {}", words.out, model.description)));
  for (const std::string& note : model.notes) console.line("note: " + note);
  return 0;
}

}  // namespace

void add_export_command(CommandLine& line) {
  auto words = std::make_shared<ExportWords>();
  Command command =
      line.command("export", "Write a model as others read it: a Hugging Face folder, a GGUF file or a PEFT adapter");
  command.positional("RUN", words->run, "run folder, checkpoint folder or model folder");
  command.positional("OUT", words->out, "folder, or .gguf file, to make");
  command.option("--format", words->format, "huggingface, gguf or, of a run with an adapter, peft");
  command.option("--type", words->type, "of a GGUF file's matrices: f32, f16, bf16, q8_0, q4_0; none: as they are");
  command.flag("--best", words->best, "the best checkpoint of a run that keeps one, in place of the newest");
  command.run([words] { return run_export(*words); });
}

}  // namespace convoy
