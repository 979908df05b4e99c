#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/json_text.h"
#include "launcher/commands/commands.h"
#include "launcher/commands/sampling_words.h"
#include "launcher/generate/chat_choice.h"
#include "launcher/generate/text_stream.h"
#include "launcher/generate/text_writer.h"
#include "launcher/generate/token_choice.h"
#include "launcher/usage_error.h"

namespace convoy {
namespace {

struct GenerateWords {
  std::string folder, prompt, prompts, system, format;
  bool chat = false;
  std::vector<std::string> overrides;
  SamplingWords sampling;
};

void print_at_once(std::string_view piece) {
  std::fwrite(piece.data(), 1, piece.size(), stdout);
  if (std::fflush(stdout) != 0) throw FileError("write", "standard output", errno);
}

void check_words(const GenerateWords& words) {
  if (!words.prompt.empty() && !words.prompts.empty())
    throw UsageError(
        "--prompt and --prompts are both given; one of them says "
        "what to go on from");
  if (words.chat && words.prompt.empty() && words.prompts.empty())
    throw UsageError(
        "--chat wants --prompt TEXT, which is what the user says, "
        "or --prompts FILE");
  if (!words.chat && (!words.system.empty() || !words.format.empty()))
    throw UsageError(
        "--system and --format belong to a conversation; give "
        "--chat too, or use `trainer chat`");
}

// What a model makes of prompts, as the words say.
class Generation {
 public:
  Generation(const GenerateWords& words, const TrainedModel& trained) : words_(words), writer_(trained) {
    if (words.chat) format_ = choose_chat_format(words.format, writer_.settings(), writer_.tokenizer());
  }

  int print_one() {
    const FirstTokens first = begin(words_.prompt);
    if (first.shown) {
      TextStream prompt(writer_.tokenizer(), print_at_once);
      for (const int32_t token : first.tokens) prompt.add(token);
      prompt.finish();
    }
    writer_.write(request(first.tokens), print_at_once);
    print_at_once("\n");
    return 0;
  }

  // Each answer is what it would be alone; they are printed in the order of the file, each as soon as those before are.
  int print_all() {
    const std::vector<std::string> prompts = prompts_of_file();
    std::map<size_t, std::string> ended;  // and not yet printed
    size_t printed = 0;
    writer_.write_all(
        prompts.size(), [&](size_t i) { return request(begin(prompts[i]).tokens); },
        [&](size_t i, const WrittenText& written, const std::string& text) {
          const nlohmann::ordered_json answer = {{"prompt", prompts[i]},
                                                 {"text", text},
                                                 {"tokens", written.tokens.size()},
                                                 {"finish", written.ended ? "stop" : "length"}};
          ended[i] = json_text(answer) + "\n";
          for (; !ended.empty() && ended.begin()->first == printed; ++printed) {
            print_at_once(ended.begin()->second);
            ended.erase(ended.begin());
          }
        });
    return 0;
  }

 private:
  std::vector<std::string> prompts_of_file() const {
    std::ifstream file(words_.prompts);
    if (!file)
      throw UsageError(
          fmt::format("--prompts {}: cannot be read; wanted a file with a prompt in each line", words_.prompts));
    std::vector<std::string> prompts;
    for (std::string line; std::getline(file, line);) {
      if (line.ends_with('\r')) line.pop_back();
      if (!line.empty()) prompts.push_back(std::move(line));
    }
    return prompts;
  }
  FirstTokens begin(const std::string& prompt) const {
    if (!words_.chat) return first_tokens(writer_.tokenizer(), prompt);
    std::vector<ChatMessage> messages;
    if (!words_.system.empty()) messages.push_back({ChatRole::system, words_.system});
    messages.push_back({ChatRole::user, prompt});
    return {encode_chat(writer_.tokenizer(), write_chat(format_, messages)), false};
  }
  TextRequest request(const std::vector<int32_t>& tokens) const {
    TextRequest request{.tokens = tokens,
                        .most = words_.sampling.tokens,
                        .sampling = sampling_options(words_.sampling),
                        .stops = words_.sampling.stops,
                        .end_tokens = {}};
    if (words_.chat) end_with(end_of_answer(format_, writer_.tokenizer()), request);
    return request;
  }

  const GenerateWords& words_;
  TextWriter writer_;
  ChatFormat format_;
};

int run_generate(const GenerateWords& words) {
  check_words(words);
  const TrainedModel trained = open_trained_model(words.folder, words.overrides);
  Generation generation(words, trained);
  return words.prompts.empty() ? generation.print_one() : generation.print_all();
}

}  // namespace

void add_generate_command(CommandLine& line) {
  auto words = std::make_shared<GenerateWords>();
  Command command = line.command("generate", "Write text with a trained model");
  command.positional("RUN", words->folder, "run folder, checkpoint folder or model folder");
  command.positional("OVERRIDES", words->overrides, "change keys of the run's config, for example device=cpu");
  command.option("--prompt", words->prompt, "text to go on from; none: a line end, or whatever a text begins with");
  command.option("--prompts", words->prompts, "a file with a prompt in each line; prints a JSON object for each");
  command.flag("--chat", words->chat,
               "a prompt is what the user says, in the model's chat format; "
               "prints the answer");
  command.option("--system", words->system, "the system message, with --chat; none: the model's own, if it has one");
  command.option("--format", words->format,
                 "of --chat: chatml, llama3, mistral, gemma, zephyr, plain or "
                 "a YAML file");
  add_sampling_options(command, words->sampling);
  command.run([words] { return run_generate(*words); });
}

}  // namespace convoy
