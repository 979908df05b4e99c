#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <iostream>
#include <memory>

#include "core/base/byte_text.h"
#include "core/base/error.h"
#include "core/base/files.h"
#include "launcher/commands/commands.h"
#include "launcher/commands/sampling_words.h"
#include "launcher/generate/chat_choice.h"
#include "launcher/generate/conversation.h"
#include "launcher/generate/text_writer.h"

namespace convoy {
namespace {

struct ChatWords {
  std::string folder, system, format;
  std::vector<std::string> overrides;
  SamplingWords sampling;
};

void show(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  if (std::fflush(stdout) != 0) throw FileError("write", "standard output", errno);
}

class ChatSession {
 public:
  ChatSession(const ChatWords& words, const TrainedModel& trained)
      : writer_(trained),
        format_(choose_chat_format(words.format, writer_.settings(), writer_.tokenizer())),
        conversation_(format_, writer_.tokenizer(), writer_.context(), words.sampling.tokens, words.system) {
    request_.most = words.sampling.tokens;
    request_.sampling = sampling_options(words.sampling);
    request_.stops = words.sampling.stops;
    end_with(end_of_answer(format_, writer_.tokenizer()), request_);
  }

  // A line each; a person is asked for the next one.
  void talk(bool with_person) {
    if (with_person) show(fmt::format("format {}; /exit ends\n", readable(format_.name)));
    while (true) {
      if (with_person) show("> ");
      std::string line;
      if (!std::getline(std::cin, line) || line == "/exit") break;
      if (line.ends_with('\r')) line.pop_back();
      if (!line.empty()) answer(line, with_person);
    }
    if (with_person) show("\n");
  }

 private:
  void answer(const std::string& line, bool with_person) try {
    request_.tokens = conversation_.ask(line);
    const auto left = writer_.context() - static_cast<int64_t>(request_.tokens.size());
    TextRequest request = request_;
    request.most = std::clamp<int64_t>(left, 1, request_.most);
    std::string text;
    writer_.write(request, [&](std::string_view piece) {
      text += piece;
      show(piece);
    });
    show("\n");
    conversation_.answer(text);
  } catch (const ConfigError& error) {  // too long
    if (!with_person) throw;
    show(fmt::format("{}\n", error.what()));
  }

  TextWriter writer_;
  ChatFormat format_;
  Conversation conversation_;
  TextRequest request_;
};

int run_chat(const ChatWords& words) {
  const TrainedModel trained = open_trained_model(words.folder, words.overrides);
  ChatSession session(words, trained);
  session.talk(isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0);
  return 0;
}

}  // namespace

void add_chat_command(CommandLine& line) {
  auto words = std::make_shared<ChatWords>();
  words->sampling.sampling.temperature = 0.7;
  words->sampling.sampling.top_p = 0.95;
  Command command = line.command("chat", "Talk with a trained model, in its chat format");
  command.positional("RUN", words->folder, "run folder, checkpoint folder or model folder");
  command.positional("OVERRIDES", words->overrides, "change keys of the run's config, for example device=cpu");
  command.option("--system", words->system, "the system message; none: the model's own, if it has one");
  command.option("--format", words->format,
                 "chatml, llama3, mistral, gemma, zephyr, plain or a YAML file; none: the model's own chat template's");
  add_sampling_options(command, words->sampling);
  command.footer(
      "Questions come from the terminal or, a line each, from standard input. /exit or the end of input ends.");
  command.run([words] { return run_chat(*words); });
}

}  // namespace convoy
