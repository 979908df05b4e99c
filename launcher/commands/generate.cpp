#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <memory>

#include "comm/local/local_communicator.h"
#include "core/base/error.h"
#include "core/base/files.h"
#include "core/config/precision.h"
#include "core/generate/generator.h"
#include "core/train/snapshot.h"
#include "launcher/commands/commands.h"
#include "launcher/device_choice.h"
#include "launcher/generate/text_stream.h"
#include "launcher/generate/token_choice.h"
#include "launcher/model_and_data.h"
#include "launcher/trained_model.h"

namespace convoy {
namespace {

struct GenerateWords {
  std::string folder, prompt;
  std::vector<std::string> overrides;
  int64_t tokens = 500, seed = 1;
  SamplingOptions sampling;
};

GeneratorModel generator_model(const TrainedModel& trained) {
  if (auto model = trained.config.model.family->generator(compute_dtype(trained.config.precision))) return *model;
  throw ConfigError(
      fmt::format("the model in {} is of the family {}, which writes no sequences; `trainer eval` evaluates it",
                  trained.checkpoint->folder().string(), trained.config.model.family.name()));
}

int run_generate(GenerateWords words) {
  words.sampling.seed = static_cast<uint64_t>(words.seed);
  const TrainedModel trained = open_trained_model(words.folder, words.overrides);
  const GeneratorModel model = generator_model(trained);
  const std::unique_ptr<Tokenizer> tokenizer = tokenizer_of(*trained.checkpoint);
  const FirstTokens first = first_tokens(*tokenizer, words.prompt);
  check_tokenizer(*trained.checkpoint, trained.config, *tokenizer);
  words.sampling.drawable = drawable_tokens(*tokenizer, trained.config.model.family->vocabulary());
  const std::unique_ptr<Communicator> alone = make_local_communicator();
  const std::unique_ptr<Device> device = make_device(trained.config, *alone);
  const std::unique_ptr<Stream> stream = device->make_stream(StreamKind::compute);
  const Graph graph = model.make_graph(1);
  const ParameterLayout layout(graph, 1);
  ParameterStorage weights(*device, *stream, layout, compute_dtype(trained.config.precision));
  restore_weights(*trained.checkpoint, *device, *stream, weights);

  TextStream text(*tokenizer, [](std::string_view piece) {
    std::fwrite(piece.data(), 1, piece.size(), stdout);
    if (std::fflush(stdout) != 0) throw FileError("write", "standard output", errno);
  });
  if (first.shown)
    for (const int32_t token : first.tokens) text.add(token);
  Generator(*device, weights, model).generate(first.tokens, words.tokens, words.sampling, [&](int32_t token) {
    if (token == tokenizer->end_of_text()) return false;
    text.add(token);
    return true;
  });
  text.finish();
  std::fputs("\n", stdout);
  return 0;
}

}  // namespace

void add_generate_command(CommandLine& line) {
  auto words = std::make_shared<GenerateWords>();
  Command command = line.command("generate", "Write text with a trained model");
  command.positional("RUN", words->folder, "run folder or checkpoint folder");
  command.positional("OVERRIDES", words->overrides, "change keys of the run's config, for example device=cpu");
  command.option("--prompt", words->prompt, "text to go on from; none: a line end, or whatever a text begins with");
  command.option("--tokens", words->tokens, "how many to write; an end-of-text token ends earlier",
                 Allowed::from(1, 1e9));
  command.option("--temperature", words->sampling.temperature, "0: always the most likely token",
                 Allowed::from(0, 1e6));
  command.option("--top-k", words->sampling.top_k, "choose among so many most likely tokens; 0: all",
                 Allowed::from(0, 1e9));
  command.option("--top-p", words->sampling.top_p, "choose among the fewest tokens that have this probability together",
                 Allowed::above_to(0, 1));
  command.option("--seed", words->seed, "the same text for the same seed", Allowed::any());
  command.run([words] { return run_generate(*words); });
}

}  // namespace convoy
