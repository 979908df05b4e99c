// Chat templates of published models: Jinja texts that write a conversation. Understood is what such templates use to
// write messages; what else one asks for is an error that names it.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/chat/template_tokens.h"
#include "datasets/chat/template_values.h"

namespace convoy::chat {

class ChatTemplate {
 public:
  // Throws TemplateError.
  explicit ChatTemplate(std::string_view text);

  // names: messages, bos_token, add_generation_prompt ... Throws TemplateError, also where the template raises one.
  std::string write(const nlohmann::json& names) const;

  using Statement = std::function<void(Scope&, std::string&)>;

 private:
  std::vector<Statement> statements_;
};

}  // namespace convoy::chat
