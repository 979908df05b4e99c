#include "launcher/config/yaml_documents.h"

#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>

#include <sstream>

namespace convoy {
namespace {

// Looks only at where documents begin: the parser stands still where the next one begins at the same place.
class Progress final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override {
    if (mark.pos == last_) throw YAML::ParserException(mark, "nothing that is here can begin a key or a value");
    last_ = mark.pos;
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}

 private:
  int last_ = -1;
};

}  // namespace

std::vector<YAML::Node> yaml_documents(const std::string& text) {
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    for (Progress progress; parser.HandleNextDocument(progress);) {
    }
    return YAML::LoadAll(text);
  } catch (const YAML::DeepRecursion& error) {
    throw YAML::ParserException(error.mark, "groups in groups in groups, deeper than any config");
  }
}

}  // namespace convoy
