// GGUF files: what they hold, the model that it makes, its tokenizer and the numbers of its weights.
#include "core/base/error.h"
#include "datasets/gguf/peer_model.h"
#include "datasets/gguf/peer_tokenizer.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

// Bytes of a GGUF file one after the other.
struct Bytes {
  std::string text;
  template <class T>
  Bytes& number(T value) {
    text.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  Bytes& words(std::string_view value) {
    number(uint64_t{value.size()});
    text += value;
    return *this;
  }
  Bytes& named(std::string_view name, uint32_t type) { return words(name).number(type); }
};

std::string small_model() {
  Bytes b;
  b.text = "GGUF";
  b.number(uint32_t{3}).number(uint64_t{3}).number(uint64_t{10});
  b.named("general.architecture", 8).words("llama");
  for (const char* name : {"embedding_length", "feed_forward_length", "attention.head_count", "context_length"})
    b.named(std::string("llama.") + name, 4).number(uint32_t{32});
  b.named("llama.block_count", 10).number(uint64_t{1});
  b.named("llama.attention.layer_norm_rms_epsilon", 6).number(1e-5f);
  b.named("tokenizer.ggml.model", 8).words("gpt2");
  b.named("tokenizer.ggml.tokens", 9).number(uint32_t{8}).number(uint64_t{2}).words("a").words("b");
  b.named("tokenizer.ggml.merges", 9).number(uint32_t{8}).number(uint64_t{1}).words("a b");
  const uint32_t types[] = {8, 0, 12};
  const char* names[] = {"token_embd.weight", "output_norm.weight", "blk.0.attn_q.weight"};
  for (int i = 0; i < 3; ++i)
    b.words(names[i]).number(uint32_t{1}).number(uint64_t{256}).number(types[i]).number(uint64_t{0});
  b.text.append(1200, 'w');
  return b.text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  const convoy::FuzzFile file(data, bytes);
  convoy::refused_in_words([&] {
    const convoy::GgufFile gguf(file.path());
    std::vector<float> numbers;
    for (const convoy::GgufTensor& tensor : gguf.tensors()) {
      if (tensor.shape.elements() > 1 << 20 || tensor.rows() == 0) continue;
      numbers.resize(static_cast<size_t>(tensor.shape.elements()));
      convoy::refused_in_words([&] { gguf.read_rows(tensor, 0, tensor.rows(), numbers.data()); });
    }
    convoy::refused_in_words([&] { convoy::peer_tokenizer_files(gguf); });
    convoy::peer_model(gguf, "float32");
  });
  return 0;
}

std::vector<std::string> convoy::fuzz_seeds() { return {small_model()}; }
