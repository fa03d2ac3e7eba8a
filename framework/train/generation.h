// Generation: a model of tokens, such as gpt and char_lstm, goes on with a text.
//
//   Trainer trainer(Config::load("models/gpt.json"));
//   load_trained(trainer, "gpt.safetensors");
//   Generator generator(1);
//   const auto prompt = data::tokens_of("The ", trainer.data().classes, "the prompt");
//   for (const auto token : generate(trainer, prompt, 200, {.temperature = 0.8}, generator)) {
//     std::cout << trainer.data().classes[static_cast<std::size_t>(token)];
//   }
#pragma once

#include "framework/tensor/generator.h"
#include "framework/train/trainer.h"

#include <span>

namespace gradus {

/// How a next token is chosen: first the scores are divided by the temperature, then only the
/// top_k most probable tokens stay, then of these the fewest whose probabilities sum to top_p.
struct SamplingOptions {
  double temperature = 1;  ///< >= 0; 0: always the most probable token, of equal ones the first
  std::int64_t top_k = 0;  ///< >= 0; 0: all
  double top_p = 1;        ///< in (0, 1]
};

/// The probabilities that a next token is drawn with: softmax(scores / temperature), without the
/// tokens that do not stay, to the sum 1. Of equally probable ones the first stay. Throws
/// ValueError for no scores, NaN or infinity among them, and options out of range.
std::vector<double> next_token_probabilities(std::span<const double> scores,
                                             const SamplingOptions& options);

/// A token drawn with these probabilities; one draw of the generator, none at temperature 0.
std::int64_t sample_next_token(std::span<const double> scores, const SamplingOptions& options,
                               Generator& generator);

/// `count` tokens that follow those of the prompt (at least one), each sampled after the last
/// tokens before it, as many as an example of the data has. `seen` is called with each at once.
/// Throws ValueError for a token outside the data's classes, and for a model that does not give
/// scores [N, vocabulary, T] for tokens [N, T].
std::vector<std::int64_t> generate(Trainer& trainer, std::span<const std::int64_t> prompt,
                                   std::int64_t count, const SamplingOptions& options,
                                   Generator& generator,
                                   const std::function<void(std::int64_t token)>& seen = {});

}  // namespace gradus
